"""Pictures of labels, terms and confusion."""

import re

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_clinner.reports.label_plots import frequent_terms, plot_confusion, plot_labels, plot_terms
from spacy_clinner.scoring.confusion import count_confusion

NLP = spacy.blank("en")


def make_doc(words, *spans):
    doc = Doc(NLP.vocab, words=words)
    doc.set_ents([Span(doc, start, end, label=label) for start, end, label in spans])
    return doc


def texts(path):
    return [re.sub(r"\s+", " ", text) for text in re.findall(r">([^<>]*\S[^<>]*)</text>", path.read_text("utf8"))]


@pytest.fixture
def docs():
    common = [make_doc(["Chest", "pain", "and", "fever"], (0, 2, "PROBLEM"), (3, 4, "PROBLEM")) for _ in range(5)]
    rare = [make_doc(["Smith", "had", "chest", "pain"], (0, 1, "NAME"), (2, 4, "PROBLEM")) for _ in range(4)]
    # often, but in one note
    return [*common, *rare, make_doc(["gout"] * 9, *((i, i + 1, "PROBLEM") for i in range(9)))]


def test_terms_of_few_documents_are_not_shown(docs):
    assert frequent_terms(docs) == [("chest pain", "PROBLEM", 9), ("fever", "PROBLEM", 5)]
    assert frequent_terms(docs, n=1) == [("chest pain", "PROBLEM", 9)]
    assert frequent_terms(docs, min_documents=1)[-1] == ("smith", "NAME", 4)
    assert frequent_terms([]) == []


def test_pictures_say_what_they_show(docs, tmp_path):
    pairs = [("A", "A")] * 6 + [("A", "B")] * 2 + [("A", None)] * 2 + [(None, "B")]
    confusion = count_confusion(pairs, ["A", "B", "<C> & co"])
    for plot, found in ((plot_labels, confusion), (plot_confusion, confusion), (plot_terms, frequent_terms(docs))):
        plot(tmp_path / plot.__name__, found, title="T", note="n")
        assert {"T", "n"} <= set(texts(tmp_path / f"{plot.__name__}.svg"))
        assert (tmp_path / f"{plot.__name__}.png").read_bytes().startswith(b"\x89PNG")
    shown = texts(tmp_path / "plot_confusion.svg")
    assert {"60", "20", "100", "A (10)", "B (0)", "(none) (1)", "&lt;C&gt; &amp; co (0)"} <= set(shown)
    assert {"chest pain", "fever"} <= set(texts(tmp_path / "plot_terms.svg"))


def test_nothing_to_show(tmp_path):
    empty = count_confusion([], [])
    assert np.array_equal(empty.matrix, [[0]])
    plot_labels(tmp_path / "labels", empty, title="T", note="n")
    plot_confusion(tmp_path / "confusion", empty, title="T", note="n")
    plot_terms(tmp_path / "terms", [], title="T", note="n")
    assert len(list(tmp_path.iterdir())) == 6


def test_terms_are_no_formulas(tmp_path):
    plot_terms(tmp_path / "terms", [("$___$", "A $x$", 5), ("$first_name$", "A $x$", 4)], title="T", note="n")
    assert {"$___$", "$first_name$", "A $x$"} <= {text.strip() for text in texts(tmp_path / "terms.svg")}
