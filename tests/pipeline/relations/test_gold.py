"""The entities between which an example teaches relations."""

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.pipeline.relations.gold import taught_entities

NLP = spacy.blank("en")
KEY = "drugs"


def document(*spans, key=None):
    """A document with spans (start, end, label, concept) in `doc.ents` or in a group; no key and no spans: not read."""
    doc = Doc(NLP.vocab, words=["take", "aspirin", "forte", "daily"], user_data={DOC_ID_KEY: "note7"})
    made = [Span(doc, start, end, label, kb_id=concept) for start, end, label, concept in spans]
    if key:
        doc.spans[key] = made
    elif made:
        doc.set_ents(made)
    return doc


@pytest.mark.parametrize("key", [None, KEY])
def test_of_the_gold(key):
    gold = document((1, 3, "DRUG", "D1"), key=key)
    found = taught_entities(Example(document((1, 2, "X", ""), key=key), gold), key, from_gold=True)
    assert [(span.start, span.end, span.label_, span.kb_id_) for span in found.spans] == [(1, 3, "DRUG", "D1")]
    assert found.spans[0].doc is not gold and found.gold == [(5, 18, "DRUG")]


@pytest.mark.parametrize("key", [None, KEY])
def test_of_an_earlier_component(key):
    predicted = document((1, 2, "X", ""), key=key)
    found = taught_entities(Example(predicted, document((1, 3, "DRUG", "D1"), key=key)), key, from_gold=False)
    assert [(span.start, span.end, span.label_) for span in found.spans] == [(1, 2, "X")]
    assert found.gold == [(5, 12, "X")]


@pytest.mark.parametrize("key, other", [(None, KEY), (KEY, None), (KEY, "others")])
def test_where_nobody_has_looked(key, other):
    predicted, gold = document((1, 2, "X", ""), key=other), document((1, 3, "DRUG", ""), key=key)
    with pytest.raises(ValueError, match="CE254.*note7"):
        taught_entities(Example(predicted, gold), key, from_gold=False)
    # the gold's are taken all the same, and a document of nothing has none to look for
    assert len(taught_entities(Example(predicted, gold), key, from_gold=True).spans) == 1
    empty = Example(Doc(NLP.vocab), Doc(NLP.vocab))
    assert taught_entities(empty, None, from_gold=False).spans == []
