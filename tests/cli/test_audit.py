from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli

MARKER = "Zebedee"


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
