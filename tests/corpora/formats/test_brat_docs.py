import time

import pytest
import spacy
from hypothesis import given, settings
from spacy.tokens import DocBin
from spacy.training import Corpus
from spacy.vocab import Vocab

from spacy_clinner.annotations.keys import BRAT_KEY, BRAT_SPANS_KEY, DOC_ID_KEY, RELATIONS_KEY
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.formats.brat import BratDocument, parse_brat, read_brat
from spacy_clinner.corpora.formats.brat_docs import brat_record, doc_to_brat
from spacy_clinner.corpora.placing.place import place
from spacy_clinner.corpora.placing.record import Mention
from spacy_clinner.text.tokenizer import create_clinical_tokenizer

from ..strategies import brat_documents
from .test_brat import ANN, TEXT


@pytest.fixture(scope="module")
def nlp():
    nlp = spacy.blank("en")
    nlp.tokenizer = create_clinical_tokenizer(nlp)
    return nlp


def through_docbin(docs):
    stored = DocBin(store_user_data=True, docs=docs).to_bytes()
    return list(DocBin().from_bytes(stored).get_docs(Vocab()))


def test_entities_spans_and_plain_data(nlp):
    doc = place(brat_record(parse_brat("a", TEXT, ANN)), nlp.tokenizer, audit := ImportAudit())
    assert doc.text == TEXT
    assert [(e.text, e.label_) for e in doc.ents] == [("pain", "Symptom"), ("fever", "Symptom")]
    assert [(s.id_, s.text) for s in doc.spans[BRAT_SPANS_KEY]] == [
        ("T1", "Left"),
        ("T1", "leg"),
        ("T2", "pain"),
        ("T3", "fever"),
    ]
    assert doc.user_data[DOC_ID_KEY] == "a"
    data = doc.user_data[BRAT_KEY]
    assert data["textbounds"][0] == {"id": "T1", "label": "Site", "fragments": [[0, 4], [15, 18]], "text": "Left leg"}
    assert data["events"][0] == {"id": "E1", "label": "Symptom", "trigger": "T2", "arguments": [["Site", "T1"]]}
    assert data["relations"] == [{"id": "R1", "label": "MODIFY", "arguments": [["Arg1", "T1"], ["Arg2", "E1"]]}]
    assert data["equivs"] == [{"label": "OVERLAP", "members": ["E1", "E2"]}]
    assert data["attributes"][0] == {"id": "A1", "label": "Negated", "target": "E2", "value": None}
    assert [row.problem for row in audit.rows] == ["discontinuous", "relation"]
    assert audit.documents == 1


@given(brat_documents())
@settings(max_examples=150, deadline=None)
def test_round_trip_through_docbin_loses_nothing(nlp, brat):
    (doc,) = through_docbin([place(brat_record(brat), nlp.tokenizer, ImportAudit())])
    assert doc_to_brat(doc) == brat


@given(brat_documents())
@settings(max_examples=150, deadline=None)
def test_whatever_is_no_entity_has_a_row(nlp, brat):
    doc = place(brat_record(brat), nlp.tokenizer, audit := ImportAudit())
    unchanged = {(e.id_, ((e.start_char, e.end_char),)) for e in doc.ents}
    rows = {row.annotation_id for row in audit.rows}
    assert all((t.id, t.fragments) in unchanged or t.id in rows for t in brat.textbounds)
    assert {entity.id_ for entity in doc.ents} <= {span.id_ for span in doc.spans[BRAT_SPANS_KEY]}


def test_a_text_without_annotations_has_missing_entities(nlp):
    unannotated = BratDocument("a", "Pain.", annotated=False)
    doc = place(brat_record(unannotated), nlp.tokenizer, audit := ImportAudit())
    assert not doc.has_annotation("ENT_IOB")
    assert [(row.doc_id, row.problem) for row in audit.rows] == [("a", "unannotated")]
    assert doc_to_brat(through_docbin([doc])[0]) == unannotated
    none = place(brat_record(BratDocument("b", "Pain.")), nlp.tokenizer, ImportAudit())
    assert none.has_annotation("ENT_IOB") and not none.ents
    assert doc_to_brat(none).annotated


def test_references_without_a_span_have_a_row(nlp):
    ann = "T1\tSymptom 0 99\tPain\nE1\tSymptom:T1\nR1\tMODIFY Arg1:E1 Arg2:T7\n*\tSAME T1 T7\nA1\tNegated E1\n"
    doc = place(brat_record(parse_brat("a", "Pain.", ann)), nlp.tokenizer, audit := ImportAudit())
    assert [(row.annotation_id, row.problem) for row in audit.rows if row.problem == "dangling"] == [
        ("E1", "dangling"),
        ("R1", "dangling"),
        ("*", "dangling"),
        ("A1", "dangling"),
    ]
    assert len(doc.spans[BRAT_SPANS_KEY]) == len(doc.ents) == 0


def test_a_changed_text_has_a_row_that_does_not_quote_it(nlp):
    brat = parse_brat("a", "Pain.", "T1\tSymptom 0 4\tZebedee\n")
    place(brat_record(brat), nlp.tokenizer, audit := ImportAudit())
    assert [(row.annotation_id, row.problem) for row in audit.rows] == [("T1", "text differs")]
    assert "Zebedee" not in str(audit.rows)


def test_entities_of_other_documents_become_text_bound_annotations(nlp):
    doc = nlp.make_doc("No fever\nor chills")
    doc.set_ents([doc.char_span(3, 18, label="Symptom")], default="outside")
    doc.user_data[DOC_ID_KEY] = "a"
    assert doc_to_brat(doc).textbounds == [Mention("T1", "Symptom", ((3, 8), (9, 18)), "fever or chills")]


def test_predictions_on_an_imported_document_can_be_written(nlp):
    doc = place(brat_record(parse_brat("a", TEXT, ANN)), nlp.tokenizer, ImportAudit())
    doc.set_ents([doc.char_span(0, 4, label="Predicted")], default="outside")
    assert len(doc_to_brat(doc).textbounds) == 3
    predicted = Mention("T1", "Predicted", ((0, 4),), "Left")
    assert doc_to_brat(doc, ents_only=True) == BratDocument("a", TEXT, [predicted])


def test_spacy_reads_the_same_tokens(nlp, tmp_path):
    text = "Hb 9.5g/dL.EF=0.20\r\n\r\nplan: 5mg."
    brat = BratDocument("a", text, [Mention("T1", "Lab_value", ((3, 10),), "9.5g/dL")])
    doc = place(brat_record(brat), nlp.tokenizer, ImportAudit())
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "train.spacy")
    (example,) = Corpus(tmp_path / "train.spacy")(nlp)
    assert [token.text for token in example.predicted] == [token.text for token in doc]
    assert [(e.start_char, e.end_char, e.label_) for e in example.reference.ents] == [(3, 10, "Lab_value")]


def test_a_note_of_a_million_characters_is_fast(nlp):
    words = 1_000_000 // 8
    text = "pain5mg " * words
    found = [Mention(f"T{n}", "Symptom", ((8 * n, 8 * n + 4),), "pain") for n in range(0, words, 25)]
    start = time.process_time()
    doc = place(brat_record(BratDocument("a", text, found)), nlp.tokenizer, audit := ImportAudit())
    assert time.process_time() - start < 20
    assert len(doc.ents) == len(found) and not audit.rows


@pytest.mark.slow
@pytest.mark.realdata
def test_maccrobat_round_trip_and_counts(nlp, data_dir):
    root = data_dir / "maccrobat2020"
    brats = list(read_brat(root / "brat", ImportAudit()))
    audit = ImportAudit()
    docs = [place(brat_record(brat), nlp.tokenizer, audit) for brat in brats]
    assert [doc_to_brat(doc) for doc in through_docbin(docs)] == brats
    assert audit.documents == 200 and audit.annotations.total() == 25_189
    entity_problems = {"overlapping": 437, "discontinuous": 44, "misaligned": 30, "whitespace": 4}
    assert audit.problems == entity_problems | {"relation": 325, "assertion": 44}
    assert audit.relations["MODIFY"] == 11_571 and audit.linked["MODIFY"] == 11_389
    assert audit.relations.total() == 16_307 and audit.linked.total() == 15_982
    assert sum(len(doc.user_data[RELATIONS_KEY]) for doc in docs) == 15_982
    count = {
        split: sum(len(doc.ents) for doc in docs if doc.user_data[DOC_ID_KEY] in ids)
        for split in ("train", "dev", "test")
        for ids in [set((root / "splits" / f"{split}.txt").read_text().split())]
    }
    assert count == {"train": 19_835, "dev": 2_228, "test": 2_650}
    assert audit.entities.total() == 24_713
