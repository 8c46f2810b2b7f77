"""What a part of the data holds, and what of it a training cannot use."""

import spacy
from spacy.attrs import LOWER
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.annotations.keys import DOC_ID_KEY, RELATIONS_KEY
from spacy_clinner.scoring.data_counts import Misfit, PartCounts, total
from spacy_clinner.text.windows import Windows

NLP = spacy.blank("en")
LINES = {"lines": Windows("lines", 0, 3)}


def example(text, spans=(), key=None, **user_data):
    """A document with entities by tokens; None: not annotated."""
    doc = NLP.make_doc(text)
    if spans is not None and key is None:
        doc.set_ents([Span(doc, *span) for span in spans])
    elif spans is not None:
        doc.spans[key] = [Span(doc, *span) for span in spans]
    doc.user_data.update(user_data)
    return Example(NLP.make_doc(doc.text), doc)


def count(*examples, windows=None, **settings):
    counts = PartCounts(**settings)
    for found in examples:
        counts.add(found, windows or {})
    return counts


def test_documents_and_labels():
    relations = [{"head": [0, 5], "child": [6, 10], "label": "WITH"}] * 2
    counts = count(
        example("Fever and cough.", [(0, 1, "PROBLEM"), (2, 3, "PROBLEM")], **{RELATIONS_KEY: relations}),
        example("Aspirin\n for fever", [(0, 1, "DRUG"), (3, 4, "PROBLEM")]),
        example("Nothing.", []),
        example("Not read.", None),
        word_attr=LOWER,
    )
    assert (counts.documents, counts.without_gold, counts.other_tokens) == (4, 1, 0)
    assert counts.entities == {"PROBLEM": 3, "DRUG": 1} and counts.documents_with == {"PROBLEM": 2, "DRUG": 1}
    assert counts.relations == {"WITH": 2} and not counts.misfits and not counts.cut
    assert counts.words.total() == 12 and counts.words[NLP.vocab.strings["fever"]] == 2


def test_gold_of_several_groups():
    both = example("Fever now", [(0, 1, "PROBLEM")], key="more")
    both.reference.set_ents([Span(both.reference, 1, 2, "DATE")])
    counts = count(both, example("Cough", None), example("x", [], key="more"), gold_keys=("more", None))
    assert counts.entities == {"PROBLEM": 1, "DATE": 1} and (counts.documents, counts.without_gold) == (3, 1)


def test_entities_that_windows_cut():
    counts = count(
        example("a b\nc d e f g", [(1, 4, "CROSSING"), (4, 5, "INSIDE")]),
        example("a b c d e f g", [(0, 4, "LONG"), (4, 6, "INSIDE")]),
        windows={**LINES, "whole": Windows("strides", 0, 99)},
    )
    assert counts.cut == {"lines": {"CROSSING": 1, "LONG": 1}, "whole": {}}
    assert +counts.too_long["lines"] == {"LONG": 1}


def with_tokens(words, spaces, reference_words, reference_spaces, span):
    """A document whose gold was made with other tokens than the pipeline's."""
    reference = Doc(NLP.vocab, words=reference_words, spaces=reference_spaces)
    reference.set_ents([Span(reference, *span)])
    reference.user_data[DOC_ID_KEY] = "note-7"
    return Example(Doc(NLP.vocab, words=words, spaces=spaces), reference)


def test_entities_that_do_not_fit_the_tokens():
    words, finer = ["give", "10", "mg-aspirin"], ["give", "10", "mg", "-aspirin"]
    spaces, finer_spaces = [True, True, False], [True, True, False, False]
    counts = count(with_tokens(words, spaces, finer, finer_spaces, (1, 3, "DOSAGE")))
    assert counts.misfits == [Misfit("note-7", Entity(5, 10, "DOSAGE"))] and counts.other_tokens == 1
    counts = count(with_tokens(words, spaces, finer, finer_spaces, (1, 4, "DOSAGE")))
    assert counts.misfits == [] and counts.other_tokens == 1


def test_windows_hold_tokens_of_the_pipeline():
    words, coarser = ["10", "mg", "-", "aspirin"], ["10", "mg-aspirin"]
    found = with_tokens(words, [True, False, False, False], coarser, [True, False], (0, 2, "DOSAGE"))
    counts = count(found, windows=LINES)
    assert counts.cut["lines"] == counts.too_long["lines"] == {"DOSAGE": 1}


def test_total():
    one, other = count(example("Fever", [(0, 1, "A")])), count(example("Cough", [(0, 1, "A")]), example("Fever", []))
    whole = total([one, other])
    assert (whole.documents, len(whole.texts)) == (3, 2) and whole.entities == whole.documents_with == {"A": 2}
