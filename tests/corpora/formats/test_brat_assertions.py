"""Attributes of brat as assertions, and back: nothing is lost, and what was changed is written."""

import warnings

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.vocab import Vocab
from typer.testing import CliRunner

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.annotations.keys import ASSERTIONS_KEY, DOC_ID_KEY
from spacy_clinner.cli import clinner_cli
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.formats.brat import Attribute, BratDocument, Note, parse_brat, read_brat
from spacy_clinner.corpora.formats.brat_assertions import KNOWN, parse_assertions
from spacy_clinner.corpora.formats.brat_docs import brat_record, doc_to_brat
from spacy_clinner.corpora.formats.options import ReadOptions
from spacy_clinner.corpora.importing import DEFAULT_LAYOUT, blank_pipeline, import_corpus
from spacy_clinner.corpora.placing.place import place
from spacy_clinner.scoring.assertions import assertion_score

from ..strategies import brat_documents

TEXT = "No fever, no rash. Had chest pain."
TEXTBOUNDS = "T1\tSymptom 3 8\tfever\nT2\tSymptom 13 17\trash\nT3\tSymptom 23 33\tchest pain\n"
# two of rash say the same; T3 is asserted through the event that it triggers
ANN = f"""{TEXTBOUNDS}E1\tSymptom:T3 \nA1\tNegation T1\nA2\tPOLARITY T2 NEG\nA7\tNegated T2\nA4\tPOLARITY E1 MAYBE_POS
A5\tPOLARITY T1 POS\nA6\tGrade E1 high\n#1\tAnnotatorNotes A1\tsure\n#2\tAnnotatorNotes A6\tasked
"""
FEVER, RASH, PAIN = [3, 8, "negated"], [13, 17, "negated"], [23, 33, "uncertain"]
TOKENIZER = spacy.blank("en").tokenizer


def imported(ann, assertions=None, text=TEXT):
    audit = ImportAudit()
    brat = parse_brat("a", text, ann)
    doc = place(brat_record(brat, ReadOptions(assertions=assertions)), TOKENIZER, audit)
    stored = DocBin(docs=[doc], store_user_data=True).to_bytes()
    return next(DocBin().from_bytes(stored).get_docs(Vocab())), brat, audit


def said_of(doc):
    """A DocBin gives back tuples."""
    return [list(row) for row in doc.user_data[ASSERTIONS_KEY]]


def test_attributes_become_assertions():
    doc, brat, audit = imported(ANN)
    assert said_of(doc) == [FEVER, RASH, PAIN]
    assert doc_to_brat(doc) == brat
    assert not audit.rows
    assert audit.attributes == {name: 1 for name in audit.attributes} and audit.attributes.total() == 6
    assert {*audit.asserted} == {"Negation", "POLARITY:NEG", "Negated", "POLARITY:MAYBE_POS"}
    assert "attribute" in audit.summary() and "Grade:high" in audit.summary()


def test_documents_without_assertions_say_nothing_unless_attributes_are_named():
    assert ASSERTIONS_KEY not in imported(TEXTBOUNDS)[0].user_data
    assert ASSERTIONS_KEY not in imported(f"{TEXTBOUNDS}A1\tGrade T1 high\n")[0].user_data
    assert said_of(imported(TEXTBOUNDS, {"Negation": "negated"})[0]) == []
    # none is read, and all comes back
    doc, brat, _ = imported(ANN, {})
    assert ASSERTIONS_KEY not in doc.user_data and doc_to_brat(doc) == brat


def test_users_name_attributes():
    doc, brat, _ = imported(ANN, {"Grade:high": "certain", "POLARITY:POS": "certain"})
    assert said_of(doc) == [[3, 8, "certain"], [23, 33, "certain"]]
    # written without being named once more: the document knows what it was imported with
    assert doc_to_brat(doc) == brat


def test_an_assertion_about_no_entity_has_a_row_and_comes_back():
    ann = "T1\tSymptom 19 33\tHad chest pain\nT2\tSite 23 28\tchest\nA1\tNegated T2\nA2\tNegated T9\nA3\tNegated T1\n"
    doc, brat, audit = imported(ann)
    rows = [(row.annotation_id, row.label, row.action) for row in audit.rows if row.problem == "assertion"]
    assert rows == [
        ("A1", "Negated", "kept as data: T2 not in doc.ents"),
        ("A2", "Negated", "kept as data: T9 not in doc.ents"),
    ]
    assert said_of(doc) == [[19, 33, "negated"]]
    assert doc_to_brat(doc) == brat
    # the table of entities has no column for it
    assert "assertion" not in next(audit.counts())


def test_what_was_changed_is_written():
    doc, brat, _ = imported(ANN)
    doc.user_data[ASSERTIONS_KEY] = [RASH, [23, 33, "negated"]]
    written = doc_to_brat(doc)
    wanted = {attribute.id: attribute for attribute in brat.attributes}
    # of fever and the event of chest pain something else is said now; A7 is the highest number there was
    del wanted["A1"], wanted["A4"]
    assert written.attributes == [*wanted.values(), Attribute("A8", "negated", "E1")]
    assert written.notes == [Note("#2", "AnnotatorNotes", "A6", "asked")]
    assert (written.textbounds, written.events) == (brat.textbounds, brat.events)
    back = place(brat_record(written), TOKENIZER, ImportAudit())
    assert said_of(back) == said_of(doc)


def test_an_attribute_is_written_by_the_name_that_is_given():
    doc, _, _ = imported(TEXTBOUNDS)
    doc.user_data[ASSERTIONS_KEY] = [FEVER, PAIN, [23, 33, "family"]]
    names = {"POLARITY:NEG": "negated", "Negation": "negated", "Hedged": "uncertain"}
    for ents_only in (False, True):
        assert doc_to_brat(doc, ents_only, names).attributes == [
            Attribute("A1", "POLARITY", "T1", "NEG"),
            Attribute("A2", "Hedged", "T3"),
            Attribute("A3", "family", "T3"),
        ]


def test_an_annotation_that_is_not_in_doc_ents_can_be_asserted():
    doc, brat, _ = imported("T1\tSymptom 19 33\tHad chest pain\nT2\tSymptom 23 33\tchest pain\n")
    assert [entity.ent_id_ for entity in doc.ents] == ["T1"]
    doc.user_data[ASSERTIONS_KEY] = [[23, 33, "negated"]]
    assert doc_to_brat(doc).attributes == [Attribute("A1", "negated", "T2")]


@pytest.mark.parametrize("ents_only", [False, True])
def test_assertions_about_other_spans_are_warned_of(ents_only):
    doc, _, _ = imported(TEXTBOUNDS)
    doc.user_data[ASSERTIONS_KEY] = [FEVER, [0, 2, "negated"]]
    with pytest.warns(UserWarning, match="CW321.*'a': 1 of 2"):
        assert len(doc_to_brat(doc, ents_only).attributes) == 1


def test_a_piece_of_an_annotation_is_not_asserted():
    doc, brat, _ = imported("T1\tSymptom 3 8;13 17\tfever rash\n")
    doc.user_data[ASSERTIONS_KEY] = [FEVER]
    with pytest.warns(UserWarning, match="CW321"):
        assert doc_to_brat(doc) == brat


def others(brat):
    """Attributes that assert nothing: these are named by their label, or by label and value."""
    return [a for a in brat.attributes if not {a.label, f"{a.label}:{a.value}"} & set(KNOWN)]


@given(brat=brat_documents(), data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_change_of_assertions_is_read_back(brat, data):
    doc = place(brat_record(brat), TOKENIZER, ImportAudit())
    ends = [(entity.start_char, entity.end_char) for entity in doc.ents]
    said = st.sampled_from(["negated", "family", "historical"])
    rows = data.draw(st.lists(st.tuples(st.sampled_from(ends), said), unique=True) if ends else st.just([]))
    doc.user_data[ASSERTIONS_KEY] = sorted([*pair, what] for pair, what in rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        written = doc_to_brat(doc)
    again = place(brat_record(written, ReadOptions(assertions=KNOWN)), TOKENIZER, ImportAudit())
    assert said_of(again) == said_of(doc)
    assert others(written) == others(brat)


@pytest.mark.parametrize(
    "pairs", [["Negation"], ["=negated"], ["a b=negated"], ["A=x y"], ["A=x", "A=y"], ["A=", "B=x"]]
)
def test_wrong_pairs_are_refused(pairs):
    with pytest.raises(ValueError, match="CE321"):
        parse_assertions(pairs)


def test_pairs():
    assert parse_assertions([]) is None and parse_assertions(["none"]) == {}
    assert parse_assertions(["A=x", "B:very likely=y"]) == {"A": "x", "B:very likely": "y"}


def test_the_command_names_attributes_both_ways(tmp_path):
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "a.ann").write_text(f"{TEXTBOUNDS}A1\tAbsent T1\n")

    def run(*arguments):
        result = CliRunner().invoke(clinner_cli, ["convert", *map(str, arguments)])
        assert result.exit_code == 0, result.output

    run(tmp_path, tmp_path / "a.spacy", "--format", "brat", "--assertion", "Absent=negated", "--assertion", "H=family")
    (doc,) = read_docs(tmp_path / "a.spacy")
    assert said_of(doc) == [FEVER]
    run(tmp_path / "a.spacy", tmp_path / "out", "--to", "brat", "--ents-only", "--assertion", "Absent=negated")
    assert (tmp_path / "out" / "a.ann").read_text() == f"{TEXTBOUNDS}A1\tAbsent T1\n"


def test_the_default_reads_what_is_written():
    doc, _, _ = imported(TEXTBOUNDS)
    doc.user_data[ASSERTIONS_KEY] = [[3, 8, name] for name in sorted(set(KNOWN.values()))]
    back = place(brat_record(doc_to_brat(doc, ents_only=True)), TOKENIZER, ImportAudit())
    assert said_of(back) == said_of(doc)


@pytest.mark.realdata
def test_maccrobat(data_dir):
    """Of 1,270 polarities but POS, 1,226 are of entities in doc.ents; they come back, and so does a change of one."""
    folder = data_dir / "maccrobat2020" / "brat"
    audit = ImportAudit()
    docs = list(import_corpus(folder, "brat", blank_pipeline("en", "clinical"), DEFAULT_LAYOUT, audit))
    asserted = [doc for doc in docs if ASSERTIONS_KEY in doc.user_data]
    found = [said for doc in asserted for *_, said in doc.user_data[ASSERTIONS_KEY]]
    assert (len(asserted), found.count("negated"), found.count("uncertain")) == (195, 1_008, 218)
    assert audit.attributes["POLARITY:NEG"] == 1_049 and audit.asserted["POLARITY:NEG"] == 1_008
    assert audit.attributes.total() == 1_416 and audit.problems["assertion"] == 44
    originals = {brat.id: brat for brat in read_brat(folder, ImportAudit())}
    for doc in docs:
        assert doc_to_brat(doc) == originals[doc.user_data[DOC_ID_KEY]]
    doc = asserted[0]
    start, end, said = doc.user_data[ASSERTIONS_KEY].pop(0)
    doc.user_data[ASSERTIONS_KEY].insert(0, [start, end, "family"])
    before, after = originals[doc.user_data[DOC_ID_KEY]], doc_to_brat(doc)
    (gone,) = set(before.attributes) - set(after.attributes)
    (come,) = set(after.attributes) - set(before.attributes)
    assert KNOWN[f"{gone.label}:{gone.value}"] == said and come.label == "family" and come.target == gone.target


def test_assertions_of_a_corpus_are_gold_of_the_scorer():
    doc, _, _ = imported(ANN)
    guess = doc.copy()
    guess.user_data = {ASSERTIONS_KEY: [FEVER]}
    scores = assertion_score([Example(guess, doc)])
    assert (scores["assertions_p"], scores["assertions_r"]) == (1, 1 / 3)


def test_a_document_without_annotation_has_no_assertions():
    doc = place(
        brat_record(BratDocument("a", TEXT, annotated=False), ReadOptions(assertions=KNOWN)), TOKENIZER, ImportAudit()
    )
    assert ASSERTIONS_KEY not in doc.user_data
