import pytest
import spacy

from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.placing.align import align_mentions
from spacy_clinner.corpora.placing.record import Mention

TEXT = "Left and  right leg pains, no fever."


def align(*mentions, text=TEXT):
    doc, audit = spacy.blank("en").make_doc(text), ImportAudit()
    found = [Mention(f"T{n}", label, fragments, "") for n, (label, fragments) in enumerate(mentions, start=1)]
    spans, entities = align_mentions(doc, found, audit, "a")
    rows = [(row.annotation_id, row.start, row.end, row.label, row.problem) for row in audit.rows]
    return [(s.id_, s.text) for s in spans], [(e.id_, e.label_, e.text) for e in entities], rows, audit


def test_entities_are_in_the_order_of_the_text():
    spans, entities, rows, audit = align(("Symptom", ((30, 35),)), ("Site", ((16, 19),)))
    assert spans == [("T1", "fever"), ("T2", "leg")]
    assert entities == [("T2", "Site", "leg"), ("T1", "Symptom", "fever")]
    assert not rows
    assert audit.annotations == audit.entities == {"Symptom": 1, "Site": 1}


def test_of_overlapping_ones_the_longest_is_the_entity():
    spans, entities, rows, _ = align(("Site", ((16, 19),)), ("Symptom", ((10, 25),)), ("Site", ((10, 19),)))
    assert len(spans) == 3
    assert entities == [("T2", "Symptom", "right leg pains")]
    assert [(row[0], row[-1]) for row in rows] == [("T3", "overlapping"), ("T1", "overlapping")]


def test_of_equally_long_ones_the_first_in_the_text_is_kept_then_the_first_in_the_list():
    _, entities, _, _ = align(("B", ((16, 25),)), ("C", ((10, 19),)), ("A", ((10, 19),)))
    assert entities == [("T2", "C", "right leg")]


def test_fragments_parted_by_white_space_are_one_entity():
    spans, entities, rows, _ = align(("Site", ((10, 15), (16, 19))), ("Site", ((5, 8), (0, 4))))
    assert spans == [("T1", "right"), ("T1", "leg"), ("T2", "and"), ("T2", "Left")]
    assert entities == [("T2", "Site", "Left and"), ("T1", "Site", "right leg")]
    assert [row[-1] for row in rows] == ["discontinuous"] * 2


def test_other_discontinuous_ones_are_spans_only():
    spans, entities, rows, _ = align(("Site", ((0, 4), (16, 19))))
    assert spans == [("T1", "Left"), ("T1", "leg")]
    assert entities == []
    assert rows == [("T1", 0, 19, "Site", "discontinuous")]


@pytest.mark.parametrize(
    "fragment, text, problem",
    [
        ((20, 24), "pains", "misaligned"),
        ((8, 16), "right", "whitespace"),
        ((32, 36), "fever.", "misaligned"),
    ],
)
def test_spans_are_trimmed_and_expanded(fragment, text, problem):
    _, entities, rows, _ = align(("Symptom", (fragment,)))
    assert entities == [("T1", "Symptom", text)]
    assert rows == [("T1", *fragment, "Symptom", problem)]


@pytest.mark.parametrize("fragments", [((37, 37),), ((30, 99),), ((-1, 4),), ((4, 0),), ((0, 4), (30, 99))])
def test_what_lies_outside_of_the_text_is_not_imported(fragments):
    spans, entities, rows, audit = align(("Symptom", fragments))
    assert spans == entities == []
    assert [row[-1] for row in rows] == ["out of range"]
    assert audit.annotations == {"Symptom": 1} and not audit.entities


@pytest.mark.parametrize("fragment", [(4, 4), (4, 5), (8, 10)])
def test_what_is_empty_is_not_imported(fragment):
    spans, entities, rows, _ = align(("Symptom", (fragment,)))
    assert spans == entities == []
    assert [row[-1] for row in rows] == ["empty"]


def test_duplicates_are_one_entity_but_keep_their_ids_in_the_spans():
    spans, entities, rows, _ = align(("Site", ((16, 19),)), ("Site", ((16, 19),)), ("Site", ((15, 19),)))
    assert [id for id, _ in spans] == ["T1", "T2", "T3"]
    assert [entity[0] for entity in entities] == ["T1"]
    assert [(row[0], row[-1]) for row in rows] == [("T2", "duplicate"), ("T3", "whitespace"), ("T3", "duplicate")]


@pytest.mark.parametrize("text", ["", " ", "\n\r\n\t"])
def test_documents_without_words(text):
    spans, entities, rows, _ = align(("Symptom", ((0, len(text)),)), ("Symptom", ((0, 9),)), text=text)
    assert spans == entities == []
    assert [row[-1] for row in rows] == ["empty", "out of range"]
