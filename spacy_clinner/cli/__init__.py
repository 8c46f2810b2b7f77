"""`python -m spacy clinner ...`: one command a file, thin; heavy imports live inside the commands."""

from . import annotate, audit, convert, demo_corpus, evaluate, import_neuroner, strip  # noqa: F401
from ._app import clinner_cli

__all__ = ["clinner_cli"]
