import pytest
import spacy

from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.exporting import export_docs
from spacy_clinner.corpora.formats.column_lines import ColumnFormat
from spacy_clinner.corpora.importing import import_corpus
from spacy_clinner.corpora.original_gold import kept_gold, read_gold

LINES = ["Seen today.", "Fever since Monday.", "Gave aspirin 100 mg."]
QUOTED = {"PROBLEM": "Fever", "TIME": "Monday", "DRUG": "aspirin"}
WITH, WITHOUT = "\r\n".join(LINES), "\n".join(LINES)
MARK = "\ufeff"


@pytest.fixture
def read(tmp_path):
    """Import a document of brat; returns it with the audit."""

    def read_brat(text, ann):
        (tmp_path / "brat").mkdir(exist_ok=True)
        (tmp_path / "brat" / "a.txt").write_bytes(text.encode())
        (tmp_path / "brat" / "a.ann").write_bytes(ann.encode())
        return read_folder(tmp_path / "brat", "brat")

    return read_brat


def read_folder(path, format):
    (doc,) = import_corpus(path, format, spacy.blank("en"), ColumnFormat(), audit := ImportAudit())
    return doc, audit


def annotate(text, quoted=QUOTED):
    """Annotations made on a text."""
    places = ((label, text.index(mention), mention) for label, mention in quoted.items())
    return "".join(
        f"T{n}\t{label} {start} {start + len(mention)}\t{mention}\n" for n, (label, start, mention) in enumerate(places)
    )


@pytest.mark.parametrize(
    "text, counted, what",
    [
        (WITH, WITHOUT, "no carriage returns"),
        (WITHOUT, WITH, "a carriage return at each line end"),
        (MARK + WITHOUT, WITHOUT, "no byte order mark"),
        (WITHOUT, MARK + WITHOUT, "a byte order mark"),
        (MARK + WITH, WITHOUT, "no carriage returns and no byte order mark"),
    ],
)
def test_annotations_of_another_form_of_the_text_are_moved(tmp_path, read, text, counted, what):
    doc, audit = read(text, annotate(counted))
    assert doc.text == text and {e.label_: e.text for e in doc.ents} == QUOTED
    action = f"moved: all quoted texts fit offsets that count {what}"
    assert [(row.doc_id, row.problem, row.action) for row in audit.rows] == [("a", "counted otherwise", action)]
    # a model is judged by the same offsets, and what is written back fits the text beside it
    assert kept_gold([doc]).documents == read_gold(tmp_path / "brat", "brat", [doc]).documents
    export_docs([doc], tmp_path / "back", "brat")
    again, audit = read_folder(tmp_path / "back", "brat")
    assert {e.label_: e.text for e in again.ents} == QUOTED and not audit.rows


@pytest.mark.parametrize("text", [WITH, WITHOUT, MARK + WITH, "\r".join(LINES), "\r\r\n".join(LINES)])
def test_offsets_count_what_the_file_holds(read, text):
    doc, audit = read(text, annotate(text))
    assert {e.label_: e.text for e in doc.ents} == QUOTED and not audit.rows


def test_if_it_does_not_explain_all_offsets_are_believed(read):
    _, audit = read(WITH, annotate(WITHOUT) + "T9\tX 0 4\tZebedee\n")
    assert audit.problems["text differs"] == 4 and "counted otherwise" not in audit.problems
    # nothing is quoted, so nothing shows how it was counted
    _, audit = read(WITH, "T1\tX 11 16\nT2\tX 300 305\n")
    assert "counted otherwise" not in audit.problems


def test_pubtator(tmp_path):
    # offsets that count two characters between title and abstract
    content = "1|t|Rash.\r\n1|a|After aspirin.\r\n1\t0\t4\tRash\tDisease\tD1\r\n1\t13\t20\taspirin\tChemical\tC1\r\n"
    (tmp_path / "a.pubtator").write_bytes(content.encode())
    doc, audit = read_folder(tmp_path, "pubtator")
    assert [e.text for e in doc.ents] == ["Rash", "aspirin"] and audit.problems == {"counted otherwise": 1}
