import warnings

import pytest
import spacy
from hypothesis import given, settings

from spacy_clinner.annotations.keys import DOC_ID_KEY, RELATIONS_KEY
from spacy_clinner.corpora.audit import RELATION, ImportAudit
from spacy_clinner.corpora.formats.brat import parse_brat
from spacy_clinner.corpora.formats.brat_docs import brat_record, doc_to_brat
from spacy_clinner.corpora.formats.options import ReadOptions
from spacy_clinner.corpora.placing.place import place

from ..strategies import brat_documents

TEXT = "No mild fever, aspirin 5 mg."
ANN = (
    "T1\tSeverity 3 7\tmild\nT2\tSymptom 8 13\tfever\nT3\tDrug 15 22\taspirin\nT4\tDosage 23 27\t5 mg\n"
    "E1\tSymptom:T2\nR1\tMODIFY Arg1:T4 Arg2:T3\t\nR2\tMODIFY Arg1:T1 Arg2:E1\t\n"
)
DOSAGE = {"head": [15, 22], "child": [23, 27], "label": "MODIFY"}
SEVERITY = {"head": [8, 13], "child": [3, 7], "label": "MODIFY"}


@pytest.fixture(scope="module")
def tokenizer():
    return spacy.blank("en").tokenizer


def imported(tokenizer, ann, **settings):
    audit = ImportAudit()
    return place(brat_record(parse_brat("a", TEXT, ann), ReadOptions(**settings)), tokenizer, audit), audit


def relation_rows(audit):
    return [(row.annotation_id, row.label, row.action) for row in audit.rows if row.problem == RELATION]


def test_relations_point_from_child_to_head_and_are_sorted(tokenizer):
    doc, audit = imported(tokenizer, ANN)
    assert doc.user_data[RELATIONS_KEY] == [SEVERITY, DOSAGE]
    assert audit.relations == audit.linked == {"MODIFY": 2} and not audit.rows
    assert ["MODIFY", "2", "2"] in [line.split() for line in audit.summary().splitlines()]


def test_another_role_may_be_the_head(tokenizer):
    doc, _ = imported(tokenizer, ANN, head_role="Arg1")
    assert doc.user_data[RELATIONS_KEY][0] == {"head": [3, 7], "child": [8, 13], "label": "MODIFY"}


def test_none_and_not_annotated_differ(tokenizer):
    assert imported(tokenizer, "")[0].user_data[RELATIONS_KEY] == []
    assert RELATIONS_KEY not in imported(tokenizer, ANN, head_role=None)[0].user_data


@pytest.mark.parametrize(
    "line, action",
    [
        ("R9\tMODIFY Arg1:T9 Arg2:T2", "left out: T9 not in doc.ents"),
        ("R9\tMODIFY Arg1:T2 Arg2:T2", "left out: head and child are one entity"),
        ("R9\tMODIFY Arg1:T1 Arg2:T2", "left out: there already"),
        ("R9\tMODIFY Arg1:T2 Arg3:T1", "left out: not two arguments, one of them Arg2 (--head-role)"),
        ("R9\tMODIFY Arg1:T1 Arg2:T2 Arg3:T3", "left out: not two arguments, one of them Arg2 (--head-role)"),
    ],
)
def test_what_is_left_out_has_a_row(tokenizer, line, action):
    doc, audit = imported(tokenizer, f"{ANN}T9\tSite 3 13;15 22\tmild fever aspirin\n{line}\n")
    assert doc.user_data[RELATIONS_KEY] == [SEVERITY, DOSAGE]
    assert relation_rows(audit) == [("R9", "MODIFY", action)]
    assert audit.relations == {"MODIFY": 3} and audit.linked == {"MODIFY": 2}


@pytest.mark.parametrize("label", ["Drug", "Chemical"])
def test_the_entity_that_is_there_stands_for_others_at_its_offsets(tokenizer, label):
    doc, _ = imported(tokenizer, f"{ANN}T9\t{label} 15 22\taspirin\nR9\tDOSE Arg1:T4 Arg2:T9\n")
    assert {"head": [15, 22], "child": [23, 27], "label": "DOSE"} in doc.user_data[RELATIONS_KEY]


@given(brat_documents())
@settings(max_examples=150, deadline=None)
def test_each_relation_is_kept_or_has_a_row(tokenizer, brat):
    doc = place(brat_record(brat), tokenizer, audit := ImportAudit())
    kept = doc.user_data[RELATIONS_KEY]
    assert len(kept) + len(relation_rows(audit)) == len(brat.relations) == audit.relations.total()
    offsets = {(entity.start_char, entity.end_char) for entity in doc.ents}
    assert all(tuple(relation[end]) in offsets for relation in kept for end in ("head", "child"))
    assert kept == sorted(kept, key=lambda one: (one["head"], one["child"], one["label"]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = place(brat_record(doc_to_brat(doc, ents_only=True)), tokenizer, ImportAudit())
    assert again.user_data.get(RELATIONS_KEY, []) == kept


def test_predicted_relations_are_written(tokenizer):
    doc, _ = imported(tokenizer, ANN)
    doc.user_data[RELATIONS_KEY] = [DOSAGE | {"head_label": "Drug", "child_label": "Dosage", "probability": 0.9}]
    (relation,) = doc_to_brat(doc, ents_only=True).relations
    assert (relation.label, relation.arguments) == ("MODIFY", (("Arg1", "T4"), ("Arg2", "T3")))


def test_relations_of_other_entities_are_not_written_silently(tokenizer):
    doc = tokenizer(TEXT)
    doc.set_ents([doc.char_span(8, 13, label="Symptom")], default="outside")
    doc.user_data.update({DOC_ID_KEY: "a", RELATIONS_KEY: [SEVERITY]})
    with pytest.warns(UserWarning, match="CW001.*1 of 1"):
        assert not doc_to_brat(doc).relations


def test_a_duplicate_with_white_space_around_it_is_the_entity(tokenizer):
    """As the audit says of it."""
    ann = ANN.replace("Arg1:T1 Arg2:E1", "Arg1:T1 Arg2:T5") + "T5\tSymptom 7 13\t fever\n"
    doc, audit = imported(tokenizer, ann)
    assert doc.user_data[RELATIONS_KEY] == [SEVERITY, DOSAGE] and relation_rows(audit) == []
    assert ("T5", "duplicate") in [(row.annotation_id, row.problem) for row in audit.rows]
