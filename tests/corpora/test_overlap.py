import unicodedata

import pytest

from spacy_clinner.corpora.overlap import find_overlaps

REPORT = "A man of 60 years came with chest pain that had started two days before and was worse at night."


def test_the_same_report_in_other_dress():
    others = {"b": REPORT.upper().replace(" ", "\n") + "!", "c": "A woman of 40 years had no pain, and went home."}
    assert list(find_overlaps({"a": REPORT}, others)) == [("a", "b", 1.0)]


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKD"])
def test_the_same_characters_in_other_code_points(form):
    text = "Señora, 54 años, con hipertensión y ﬁebre: 5 µg al día en la STRASSE IL-2 de ℃."
    other = unicodedata.normalize(form, text).replace("hiper", "hiper\u00ad").replace("IL-2", "__IL_2__")
    other = other.replace("µ", "\u03bc").replace("STRASSE", "Straße")
    assert list(find_overlaps({"a": text}, {"b": other})) == [("a", "b", 1.0)]


def test_signs_are_no_words():
    assert list(find_overlaps({"a": "___ was here on ___"}, {"b": "Was here on _"})) == [("a", "b", 1.0)]


def test_part_of_a_report_counts_by_the_shorter_text():
    long = REPORT + " " + " ".join(f"word{i}" for i in range(100))
    assert list(find_overlaps({"a": long}, {"b": REPORT})) == [("a", "b", 1.0)]
    half = " ".join(REPORT.split()[:13])
    assert list(find_overlaps({"a": half + " x y z u v w q r"}, {"b": REPORT}, share=0.9)) == []
    ((_, _, share),) = find_overlaps({"a": half + " x y z u v w q r"}, {"b": REPORT}, share=0.3)
    assert share == pytest.approx(6 / 13)


def test_a_mapping_with_itself():
    texts = {"a": REPORT, "b": REPORT, "c": "Other words than those"}
    assert sorted(find_overlaps(texts, texts)) == [("a", "b", 1.0), ("b", "a", 1.0)]


def test_short_and_empty_texts():
    assert list(find_overlaps({"a": "No pain", "b": ""}, {"c": "no pain!", "d": "", "e": "..."})) == [("a", "c", 1.0)]
