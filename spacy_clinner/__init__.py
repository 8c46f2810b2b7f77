"""Clinical named-entity recognition for the specialty in which you have few labels.

Importing this package registers nothing and loads no torch: spaCy finds the components through entry points.
"""

__version__ = "0.1.0"
