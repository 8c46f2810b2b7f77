import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.training import Example

from spacy_clinner.annotations.keys import DOC_ID_KEY, DOMAIN_KEY, LABELS_KEY, SOFT_KEY
from spacy_clinner.pipeline.gold import encode_gold
from spacy_clinner.pipeline.gold_settings import GoldSettings
from spacy_clinner.training.window_corpus import create_window_corpus, cut_example

NLP = spacy.blank("en")


@pytest.fixture
def reference():
    doc = NLP.make_doc("No fever today\nsevere chest\npain now\nend of note")
    doc.set_ents([Span(doc, 1, 2, "A"), Span(doc, 4, 8, "B")], missing=[doc[9:11]], default="outside")
    doc.spans["k"] = [Span(doc, 1, 3, "C"), Span(doc, 9, 11, "D")]
    doc.user_data.update({DOC_ID_KEY: "n1", DOMAIN_KEY: "neurology", "big": list(range(100))})
    return doc


def windows(reference, **settings):
    example = Example(NLP.make_doc(reference.text), reference)
    return list(cut_example(example, **{"unit": "lines", "min_tokens": 0, "max_tokens": 99, **settings}))


def test_windows_hold_all_text_and_gold(reference):
    found = windows(reference)
    assert "".join(pair.y.text_with_ws for pair in found) == reference.text
    assert [pair.x.text for pair in found] == [pair.y.text for pair in found]
    assert [(ent.text, ent.label_) for pair in found for ent in pair.y.ents] == [("fever", "A")]
    assert [[(span.start, span.end, span.label_) for span in pair.y.spans["k"]] for pair in found[:2]] == [
        [(1, 3, "C")],
        [],
    ]


def test_entities_over_a_border_are_unannotated_and_so_are_missing_tokens(reference):
    second, third, fourth = windows(reference)[1:4]
    assert [token.ent_iob_ for token in second.y] == ["", "", ""]
    assert [token.ent_iob_ for token in third.y] == ["", "O", ""]
    assert [token.ent_iob_ for token in fourth.y] == ["", "O", "O"]


def test_a_group_with_a_span_over_a_border_is_in_neither_window(reference):
    third, fourth = windows(reference)[2:4]
    assert reference.spans["k"][1].start == 9 and not third.y.spans and not fourth.y.spans
    settings = GoldSettings("spans", "k")
    assert [settings.is_supervised(pair.y) for pair in windows(reference)[:4]] == [True, True, False, False]


@pytest.mark.parametrize(("probability", "taught"), [(0.9, False), (0.02, True)])
def test_what_is_probable_over_a_border_is_not_taught_as_outside(probability, taught):
    doc = NLP.make_doc("took insulin\nglargine today")
    scores = np.array([0.4, probability], dtype="f")
    spans = [Span(doc, 0, 1, "A"), Span(doc, 1, 4, "A")]
    doc.spans[SOFT_KEY] = SpanGroup(doc, name=SOFT_KEY, spans=spans, attrs={"scores": scores})
    first, second = windows(doc)
    assert [GoldSettings().is_soft(pair.y) for pair in (first, second)] == [taught, taught]
    if taught:
        assert first.y.spans[SOFT_KEY].attrs["scores"].tolist() == scores[:1].tolist()


def test_labels_that_nobody_looked_for_stay_open():
    doc = NLP.make_doc("No fever today\nnor pain")
    doc.set_ents([Span(doc, 1, 2, "A")])
    doc.user_data[LABELS_KEY] = ["A"]
    gold = encode_gold(windows(doc), {"A": 0, "B": 1}, GoldSettings())
    whole = encode_gold([Example(NLP.make_doc(doc.text), doc)], {"A": 0, "B": 1}, GoldSettings())
    assert gold.tags.tolist() == whole.tags.tolist() and (gold.allowed == whole.allowed).all()


def test_domain_and_id_go_along_but_nothing_heavy(reference):
    assert all(pair.y.user_data == {DOC_ID_KEY: "n1", DOMAIN_KEY: "neurology"} for pair in windows(reference))


def test_unannotated_stays_unannotated():
    doc = Doc(NLP.vocab, words=["a", "\n", "b"])
    assert not any(pair.y.has_annotation("ENT_IOB") for pair in windows(doc))


def test_other_tokens_are_an_error(reference):
    other = Doc(NLP.vocab, words=["No fever", "today"])
    other.user_data[DOC_ID_KEY] = "n2"
    with pytest.raises(ValueError, match="CE206.*'n2'"):
        list(cut_example(Example(reference, other), unit="lines", min_tokens=0, max_tokens=9))


def test_reads_files(reference, tmp_path):
    DocBin(docs=[reference, reference], store_user_data=True).to_disk(tmp_path / "c.spacy")
    assert len(list(create_window_corpus(tmp_path / "c.spacy")(NLP))) == 2 * len(windows(reference))
    assert len(list(create_window_corpus(tmp_path / "c.spacy", limit=1)(NLP))) == len(windows(reference))


def test_tokens_keep_their_annotation():
    words = ["Fiebre", "alta", "\n", "Dolor"]
    doc = Doc(NLP.vocab, words=words, lemmas=["fiebre", "alto", "", "dolor"], pos=["NOUN", "ADJ", "SPACE", "NOUN"],
              tags=["N", "A", "_SP", "N"], morphs=["Number=Sing", "", "", ""], sent_starts=[1, -1, -1, 1])  # fmt: skip
    first, second = (pair.y for pair in windows(doc))
    assert [(t.lemma_, t.pos_, t.tag_, str(t.morph), t.is_sent_start) for t in first][:2] == [
        ("fiebre", "NOUN", "N", "Number=Sing", True),
        ("alto", "ADJ", "A", "", False),
    ]
    assert second[0].lemma_ == "dolor" and second[0].is_sent_start


def test_a_path_that_is_null():
    with pytest.raises(ValueError, match="E913"):
        create_window_corpus(None)
