import pytest
import spacy
from spacy.tokens import Span
from typer.testing import CliRunner

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.cli import clinner_cli
from spacy_clinner.corpora.importing import write_docbin

MARKER = "Zebedee"
PAIN = "Then pain began in both legs"
OTHER = "Nobody could say why it had not been so, or whether it would."


def audit(*args):
    return CliRunner().invoke(clinner_cli, ["audit", *map(str, args)])


def test_problems_are_counted_and_written_without_text(tmp_path):
    (tmp_path / "brat").mkdir()
    (tmp_path / "brat" / "a.txt").write_text(f"{MARKER} has pain")
    (tmp_path / "brat" / "a.ann").write_text(f"T1\tPatient 0 6\t{MARKER[:6]}\nT2\tSymptom 12 99\tpain\n")
    (tmp_path / "brat" / "b.txt").write_text(MARKER)
    result = audit(tmp_path / "brat", "--out", tmp_path / "audit.tsv")
    assert result.exit_code == 0
    for word in ("misaligned", "out of range", "unannotated", "Patient", "Symptom"):
        assert word in result.output
    rows = (tmp_path / "audit.tsv").read_text()
    assert len(rows.splitlines()) == 4
    assert MARKER[:6] not in result.output + rows


def test_column_files(tmp_path):
    (tmp_path / "notes.tsv").write_text("pain\tI-Symptom\n")
    assert audit(tmp_path / "notes.tsv").exit_code == 0
    result = audit(tmp_path / "notes.tsv", "--format", "iob2")
    assert result.exit_code == 0 and "illegal tag" in result.output
    result = audit(tmp_path / "notes.tsv", "--ids", tmp_path / "ids.txt", "--tokenizer", "file")
    assert "ids: notes\n" in result.output and (tmp_path / "ids.txt").read_text() == "notes\n"
    (tmp_path / "b.ann").touch()
    (tmp_path / "b.txt").touch()
    assert "CE312" in audit(tmp_path, "--tokenizer", "file").output


def test_an_unreadable_corpus_ends_with_a_coded_message(tmp_path):
    (tmp_path / "a.ann").write_text("")
    result = audit(tmp_path)
    assert result.exit_code == 1 and "CE003" in result.output


@pytest.fixture
def corpora(tmp_path, monkeypatch):
    """Of two documents in train, one is the test's, and the other one has a sentence of it."""
    monkeypatch.chdir(tmp_path)
    nlp = spacy.blank("en")
    texts = {"a": f"{MARKER} had never felt pain in her chest.", "b": f"She was well before. {OTHER} {PAIN}", "c": PAIN}
    docs = {}
    for doc_id, text in texts.items():
        doc = docs[doc_id] = nlp(text)
        doc.user_data[DOC_ID_KEY] = doc_id
        doc.set_ents([Span(doc, token.i, token.i + 1, "Symptom") for token in doc if token.text == "pain"])
    write_docbin([docs["a"], docs["b"]], tmp_path / "train.spacy")
    write_docbin([docs["c"]], tmp_path / "test.spacy")
    write_docbin([docs["a"]], tmp_path / "dev.spacy")
    return tmp_path


def test_what_is_in_two_corpora(corpora):
    result = audit("train.spacy", "--against", "test.spacy", "--against", "dev.spacy", "--out", "rows.tsv")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["test.spacy", "0", "1", "6", "1", "1", "1"] in lines
    assert ["dev.spacy", "1", "0", "9", "1", "1", "1"] in lines
    header, *rows = [line.split("\t") for line in (corpora / "rows.tsv").read_text().splitlines()]
    assert header[:4] == ["doc_id", "start", "end", "what"]
    assert [row[0] for row in rows] == ["b", "a"] and [row[-1] for row in rows] == ["c", "a"]
    assert MARKER not in result.output + (corpora / "rows.tsv").read_text()


def test_a_corpus_without_what_is_in_another(corpora):
    names = ["--against", "test.spacy", "--against", "dev.spacy"]
    result = audit("train.spacy", *names, "--leave-out", "out/clean.spacy")
    assert "Left out: 1 documents, 1 sentences, 6 tokens, 2 entities" in " ".join(result.output.split())
    (doc,) = read_docs(corpora / "out" / "clean.spacy")
    assert not doc.ents and doc.has_annotation("ENT_IOB") and doc.user_data[DOC_ID_KEY] == "b"
    assert (corpora / "out" / "clean.spacy").stat().st_mode & 0o777 == 0o600
    lines = [line.split() for line in audit("out/clean.spacy", *names).output.splitlines()]
    assert ["test.spacy", "0", "0", "0", "0", "0", "1"] in lines


@pytest.mark.parametrize(
    "words, code",
    [
        ("train.spacy", "CE391"),
        ("train.spacy --against test.spacy --format brat", "CE392"),
        ("train.spacy --against test.spacy --ids ids.txt", "CE392"),
        ("train.spacy --against test.spacy --token-column 0", "CE392"),
        ("train.spacy --leave-out clean.spacy", "CE392"),
        ("train.spacy --against test.spacy --leave-out train.spacy", "CE344"),
        ("train.spacy --against test.spacy --leave-out ./test.spacy", "CE344"),
        ("train.spacy --against test.spacy --out test.spacy", "CE344"),
        ("rows.tsv --out rows.tsv", "CE344"),
        ("rows.tsv --ids rows.tsv", "CE344"),
        ("dev.spacy --against train.spacy --leave-out clean.spacy", "CE394"),
        ("rows.tsv --against test.spacy", "CE070"),
    ],
)
def test_what_cannot_be_compared(corpora, words, code):
    (corpora / "rows.tsv").write_text("pain\tO\n")
    before = {path.name: path.read_bytes() for path in corpora.iterdir()}
    result = audit(*words.split())
    assert result.exit_code == 1 and code in result.output
    assert {path.name: path.read_bytes() for path in corpora.iterdir()} == before
