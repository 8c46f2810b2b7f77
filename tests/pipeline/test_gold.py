import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_clinner.annotations.keys import DOC_ID_KEY, DOMAIN_KEY, LABELS_KEY
from spacy_clinner.layers.crf import UNKNOWN
from spacy_clinner.pipeline.gold import encode_gold
from spacy_clinner.pipeline.gold_settings import GoldSettings

NLP = spacy.blank("en")
LABELS = {"A": 0, "B": 1}
# layers.tags: O, then blocks B, I, E, S of two labels
OUT, B_A, I_A, E_A, S_A, S_B = 0, 1, 3, 5, 7, 8


def encode(examples, gold_from="ents", spans_key="k", domains=None):
    return encode_gold(examples, LABELS, GoldSettings(gold_from, spans_key, domains)).tags.tolist()


def annotated(words, spans, **set_ents):
    doc = Doc(NLP.vocab, words=words)
    doc.set_ents([Span(doc, start, end, label=label) for start, end, label in spans], **set_ents)
    return doc


def test_same_tokens():
    doc = annotated(list("abcdef"), [(0, 3, "A"), (4, 5, "B")])
    assert encode([Example(doc.copy(), doc)]) == [B_A, I_A, E_A, OUT, S_B, OUT]


def test_unannotated_document_tokens_and_domains_are_unknown():
    plain = Doc(NLP.vocab, words=["a", "b"])
    partial = annotated(["a", "b", "c"], [(1, 2, "A")], missing=[], default="missing")
    other = annotated(["a"], [(0, 1, "A")])
    other.user_data[DOMAIN_KEY] = "cardiology"
    pairs = [Example(doc.copy(), doc) for doc in (plain, partial, other)]
    assert encode(pairs) == [UNKNOWN, UNKNOWN, UNKNOWN, S_A, UNKNOWN, S_A]
    assert encode(pairs, domains=["cardiology"]) == [UNKNOWN] * 5 + [S_A]


def test_span_groups_absent_empty_and_overlapping():
    absent, empty, full = (Doc(NLP.vocab, words=["a", "b", "c"]) for _ in range(3))
    empty.spans["k"] = []
    full.spans["k"] = [Span(full, 0, 1, "B"), Span(full, 0, 2, "A")]
    pairs = [Example(doc.copy(), doc) for doc in (absent, empty, full)]
    assert encode(pairs, gold_from="spans") == [UNKNOWN] * 3 + [OUT] * 3 + [B_A, E_A, OUT]


def test_white_space_at_the_ends_is_no_part_of_an_entity():
    doc = Doc(NLP.vocab, words=["\n", "a", "b", "\n", " "])
    doc.spans["k"] = [Span(doc, 0, 4, "A"), Span(doc, 4, 5, "B")]
    assert encode([Example(doc.copy(), doc)], gold_from="spans") == [OUT, B_A, E_A, OUT, OUT]


def test_other_tokens_align_and_misaligned_entities_are_unknown():
    reference = annotated(["5", "mg", "aspirin", "now"], [(0, 2, "A"), (2, 3, "B")])
    predicted = Doc(NLP.vocab, words=["5", "m", "g", "aspirin", "now"], spaces=[True, False, True, True, True])
    assert encode([Example(predicted, reference)]) == [B_A, I_A, E_A, S_B, OUT]
    predicted = Doc(NLP.vocab, words=["5", "mg asp", "irin", "now"], spaces=[True, False, True, True])
    assert encode([Example(predicted, reference)]) == [UNKNOWN, UNKNOWN, UNKNOWN, OUT]


def test_errors_name_document_and_offset_but_no_text():
    doc = annotated(["secret", "word"], [(1, 2, "C")])
    doc.user_data[DOC_ID_KEY] = "note-7"
    with pytest.raises(ValueError, match="CE203.*'note-7', character 7.*'C'") as error:
        encode([Example(doc.copy(), doc)])
    assert "secret" not in str(error.value) and "word" not in str(error.value)
    with pytest.raises(ValueError, match="CE202.*'note-7'"):
        encode([Example(Doc(NLP.vocab, words=["other", "text", "x"]), doc)])


def test_no_documents():
    assert encode([]) == [] and np.array(encode([Example(NLP.make_doc(""), NLP.make_doc(""))])).size == 0


def encoded(docs, **settings):
    return encode_gold([Example(doc.copy(), doc) for doc in docs], LABELS, GoldSettings(spans_key="k", **settings))


def test_outside_may_be_of_labels_that_were_not_annotated():
    full = annotated(list("ab"), [(0, 1, "A")])
    partial = annotated(list("abcd"), [(1, 3, "A")], missing=[])
    partial.user_data[LABELS_KEY] = ["A"]
    gold = encoded([full, partial])
    assert gold.tags.tolist() == [S_A, OUT, UNKNOWN, B_A, E_A, UNKNOWN]
    outside_or_b = [tag in (OUT, 2, 4, 6, S_B) for tag in range(9)]
    assert gold.allowed[[2, 5]].tolist() == [outside_or_b] * 2
    assert gold.n_supervised == 6
    assert encoded([full]).allowed is None


def test_no_label_of_the_head_was_annotated():
    doc = annotated(list("ab"), [])
    doc.user_data[LABELS_KEY] = ["C"]
    gold = encoded([doc])
    assert gold.tags.tolist() == [UNKNOWN] * 2 and gold.allowed.all() and gold.n_supervised == 0


def test_missing_tokens_stay_unknown_where_labels_were_not_annotated():
    doc = annotated(list("abc"), [(0, 1, "A")], missing=[], default="missing")
    doc.user_data[LABELS_KEY] = ["A"]
    gold = encoded([doc])
    assert gold.tags.tolist() == [S_A, UNKNOWN, UNKNOWN] and gold.allowed.all() and gold.n_supervised == 1


@pytest.mark.parametrize("gold_from", ["ents", "spans"])
def test_labels_that_a_head_does_not_learn_are_outside(gold_from):
    doc = annotated(list("abc"), [(0, 1, "A"), (1, 3, "B")])
    doc.spans["k"] = [*doc.ents, Span(doc, 0, 3, "B")]
    assert encoded([doc], gold_from=gold_from, gold_labels=["A"]).tags.tolist() == [S_A, OUT, OUT]
