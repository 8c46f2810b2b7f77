"""An invented clinical corpus in four specialties, generated from lexicons and templates written for this project."""

from .corpus import SPLITS, digest, generate_note, generate_split, note_to_doc
from .lexicon import LABELS, SPECIALTIES, base_terms
from .note import Note

__all__ = [
    "LABELS",
    "Note",
    "SPECIALTIES",
    "SPLITS",
    "base_terms",
    "digest",
    "generate_note",
    "generate_split",
    "note_to_doc",
]
