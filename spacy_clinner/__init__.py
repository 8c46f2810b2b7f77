"""Clinical named-entity recognition for the specialty in which you have few labels.

Importing this package registers nothing and loads no torch: spaCy finds the components through entry points.
"""

import os

__version__ = "0.1.0"

# torch's oneDNN keeps a prepared LSTM for each shape it meets, by default up to 1,024, and notes have all. Over 700
# new notes the demo's tagger grew by 131 MB with 1,024, by 28 MB with 64 and by 14 to 25 MB with 16, in 4.4, 4.4 and
# 4.5 CPU seconds. The value is read once, when oneDNN is first used, which is later than this; a user's own stays.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
