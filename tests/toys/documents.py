"""A document with one entity, and a line break between its words."""

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.annotations.keys import DOC_ID_KEY

WORDS = ["no", "chest", "pain", "\n", "today"]
PAIN = Entity(3, 13, "Problem")


def make_doc(name=None, **kwargs):
    doc = Doc(Vocab(), words=WORDS)
    doc.set_ents([Span(doc, 1, 3, "Problem")], **kwargs)
    if name:
        doc.user_data[DOC_ID_KEY] = name
    return doc
