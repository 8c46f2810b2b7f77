import pytest
from typer.testing import CliRunner

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.cli import clinner_cli

MARKER = "Zebedee"
ANN = "T1\tSymptom 0 4\tPain\nR1\tSAME Arg1:T1 Arg2:T1\t\n"


@pytest.fixture
def room(tmp_path):
    """A folder with a brat corpus and its splits."""
    (tmp_path / "brat").mkdir()
    (tmp_path / "splits").mkdir()
    for doc_id, split in {"a": "train", "b": "dev", "c": "test"}.items():
        (tmp_path / "brat" / f"{doc_id}.txt").write_text(f"Pain, said {MARKER}.")
        (tmp_path / "brat" / f"{doc_id}.ann").write_text(ANN)
        (tmp_path / "splits" / f"{split}.txt").write_text(f"{doc_id}\n")
    return tmp_path


def convert(*args):
    return CliRunner().invoke(clinner_cli, ["convert", *map(str, args)])


def test_there_and_back(room):
    result = convert(room / "brat", room / "all.spacy", "--format", "brat", "--audit", room / "audit.tsv")
    assert result.exit_code == 0
    assert "3 documents" in result.output and "Symptom" in result.output and MARKER not in result.output
    assert (room / "audit.tsv").exists()
    assert convert(room / "all.spacy", room / "back", "--to", "brat").exit_code == 0
    assert (room / "back" / "a.ann").read_text() == ANN
    assert convert(room / "all.spacy", room / "ents", "--to", "brat", "--ents-only").exit_code == 0
    assert (room / "ents" / "a.ann").read_text() == "T1\tSymptom 0 4\tPain\n"
    assert convert(room / "all.spacy", room / "columns", "--to", "bioes").exit_code == 0
    assert (room / "columns" / "a.tsv").read_text().startswith("Pain\tS-Symptom\n,\tO\n")
    assert convert(room / "columns", room / "columns.spacy", "--format", "iob").exit_code == 0
    assert [len(doc.ents) for doc in read_docs(room / "columns.spacy")] == [1, 1, 1]


def test_splits(room):
    assert convert(room / "brat", room / "out", "--format", "brat", "--splits", room / "splits").exit_code == 0
    assert sorted(path.name for path in (room / "out").iterdir()) == ["dev.spacy", "test.spacy", "train.spacy"]


def test_splits_of_a_column_file_are_made_of_its_ids(room):
    marks = "# doc note-x\nPain\tB\n\n-DOCSTART-\nNo\tO\n\n# doc note-y\nFever\tB\n"
    (room / "notes.tsv").write_text(marks)
    common = ("--format", "iob", "--label", "Symptom", "--ids", room / "ids.txt")
    result = convert(room / "notes.tsv", room / "all.spacy", *common)
    assert result.exit_code == 0 and "3 documents; ids: note-x .. note-y" in result.output
    ids = (room / "ids.txt").read_text().splitlines()
    assert ids == ["note-x", "notes-2", "note-y"]
    for split, doc_id in zip(("train", "dev", "test"), ids, strict=True):
        (room / "splits" / f"{split}.txt").write_text(f"{doc_id}\n")
    assert convert(room / "notes.tsv", room / "out", *common, "--splits", room / "splits").exit_code == 0
    assert [len(read_docs(room / "out" / f"{split}.spacy")[0].ents) for split in ("train", "dev", "test")] == [1, 0, 1]


def test_splits_are_drawn_by_patient(room):
    (room / "patients.tsv").write_text("a\tone\nb\ttwo\nc\tone\n")
    draw = ("--split", "50,50", "--seed", "3", "--by", room / "patients.tsv")
    result = convert(room / "brat", room / "out", "--format", "brat", *draw)
    assert result.exit_code == 0 and "--splits" in result.output
    lists = {split: (room / "out" / f"{split}.txt").read_text() for split in ("train", "dev")}
    assert sorted(lists.values()) == ["a\nc\n", "b\n"]
    assert convert(room / "brat", room / "again", "--format", "brat", "--splits", room / "out").exit_code == 0
    for split in lists:
        assert (room / "out" / f"{split}.spacy").read_bytes() == (room / "again" / f"{split}.spacy").read_bytes()
    (room / "patients.tsv").write_text("a\tone\nb\ttwo\n")
    result = convert(room / "brat", room / "other", "--format", "brat", *draw)
    assert result.exit_code == 1 and "CE305" in result.output and "'c'" in result.output
    assert not (room / "other").exists()


def test_a_document_to_leave_out_that_is_not_there(room):
    (room / "list.txt").write_text("a b\n")
    result = convert(room / "brat", room / "all.spacy", "--format", "brat", "--leave-out", room / "list.txt")
    assert result.exit_code == 1 and "CE009" in result.output and not (room / "all.spacy").exists()


@pytest.mark.parametrize(
    "arguments, code",
    [
        ((), "CE015"),
        (("--format", "brat", "--to", "brat"), "CE015"),
        (("--format", "xml", "--split", "60,20,20"), "CE008"),
        (("--format", "brat", "--split", "60,20,20", "--splits", "splits"), "CE307"),
        (("--format", "brat", "--by", "patients.tsv"), "CE307"),
        (("--format", "brat", "--split", "60,20"), "CE303"),
        (("--to", "brat"), "CE070"),
        (("--format", "brat", "--tokenizer", "file"), "CE312"),
        (("--format", "xml", "--tokenizer", "file", "--split", "60,20,20"), "CE008"),
    ],
)
def test_wrong_arguments_end_with_a_coded_message(room, arguments, code):
    (room / "text.spacy").write_text(MARKER)
    result = convert(room / ("text.spacy" if "CE070" in code else "brat"), room / "out", *arguments)
    assert result.exit_code == 1
    assert code in result.output and "Traceback" not in result.output


@pytest.mark.parametrize("content", [f"{MARKER} is no annotation", f"X1\t{MARKER}", "T1\tSymptom 0\tPain"])
def test_errors_quote_no_text(room, content):
    (room / "brat" / "b.ann").write_text(content)
    result = convert(room / "brat", room / "all.spacy", "--format", "brat")
    assert result.exit_code == 1
    assert "CE002" in result.output and MARKER not in result.output
    assert not (room / "all.spacy").exists()


@pytest.mark.parametrize(
    "words",
    [
        "brat brat/a.txt --format brat",
        "brat new.spacy --format brat --audit brat/audit.tsv",
        "brat new.spacy --format brat --ids brat/ids.txt",
        "brat new --format brat --splits splits --ids splits/train.txt",
        "brat new --format brat --split 50,50 --by patients.tsv --audit patients.tsv",
        "brat new.spacy --format brat --leave-out patients.tsv --ids patients.tsv",
        "notes.tsv notes.tsv --format iob2",
        "notes.tsv new.spacy --format iob2 --audit new.spacy",
        "notes.tsv new.spacy --format iob2 --audit new.tsv --ids ../room/new.tsv",
        "notes.tsv ../room/notes.tsv --format iob2",
    ],
)
def test_what_is_read_is_not_replaced(room, monkeypatch, words):
    (room / "patients.tsv").write_text("a\tone\nb\ttwo\nc\tone\n")
    (room / "notes.tsv").write_text("Pain\tB-Symptom\n")
    (room.parent / "room").symlink_to(room, target_is_directory=True)
    monkeypatch.chdir(room)
    before = {path: path.is_file() and path.read_bytes() for path in room.rglob("*")}
    result = convert(*words.split())
    (room.parent / "room").unlink()
    assert result.exit_code == 1 and ("CE344" in result.output or "CE014" in result.output)
    assert {path: path.is_file() and path.read_bytes() for path in room.rglob("*")} == before


def test_an_output_beside_what_is_read(room, monkeypatch):
    monkeypatch.chdir(room)
    assert convert("brat", ".", "--format", "brat", "--splits", "splits", "--ids", "brat.txt").exit_code == 0
    assert convert("brat", "splits", "--format", "brat", "--splits", "splits").exit_code == 0
    # no format is read from .spacy files
    assert convert("brat", "brat/all.spacy", "--format", "brat").exit_code == 0


def test_a_missing_source_is_a_usage_error(room):
    assert convert(room / "nowhere", room / "all.spacy", "--format", "brat").exit_code == 2


@pytest.mark.slow
@pytest.mark.realdata
def test_maccrobat(data_dir, tmp_path):
    corpus = data_dir / "maccrobat2020"
    result = convert(corpus / "brat", tmp_path / "out", "--format", "brat", "--splits", corpus / "splits")
    assert result.exit_code == 0
    assert [len(read_docs(tmp_path / "out" / f"{split}.spacy")) for split in ("train", "dev", "test")] == [160, 20, 20]


@pytest.mark.parametrize("tool, file", [("prodigy", "jsonl"), ("doccano", "jsonl"), ("label-studio", "json")])
def test_annotation_tools(room, tool, file):
    assert convert(room / "brat", room / "all.spacy", "--format", "brat").exit_code == 0
    result = convert(room / "all.spacy", room / "out", "--to", tool)
    assert result.exit_code == 0 and "Wrote 3 documents" in result.output
    assert [path.name for path in (room / "out").iterdir()] == [f"all.{file}"]
    assert convert(room / "out", room / "back.spacy", "--format", tool).exit_code == 0
    for doc, back in zip(read_docs(room / "all.spacy"), read_docs(room / "back.spacy"), strict=True):
        assert back.text == doc.text and back.user_data["clinner_doc_id"] == doc.user_data["clinner_doc_id"]
        assert [(e.start_char, e.end_char, e.label_) for e in back.ents] == [(0, 4, "Symptom")]


def test_options_of_other_formats_are_not_ignored(room):
    given = {
        ("--format", "pubtator"): ("--head-role", "--assertion"),
        ("--format", "brat"): ("--n-sents", "--label"),
        ("--format", "prodigy"): ("--no-relations", "--delimiter"),
        ("--to", "bioes"): ("--assertion",),
    }
    for direction, options in given.items():
        for option in options:
            value = {"--no-relations": [], "--n-sents": [2]}.get(option, ["X=negated"])
            result = convert(room / "brat", room / "out", *direction, option, *value)
            assert result.exit_code == 1 and "CE462" in result.output and not (room / "out").exists()


@pytest.mark.parametrize(
    "options",
    [
        ["--to", "brat", "--leave-out", "ids.txt"],
        ["--to", "brat", "--split", "60,20,20"],
        ["--to", "bioes", "--audit", "audit.tsv"],
        ["--to", "bioes", "--lang", "en"],
        ["--format", "brat", "--ents-only"],
    ],
)
def test_options_of_the_other_direction_are_not_ignored(room, options):
    assert convert(room / "brat", room / "all.spacy", "--format", "brat").exit_code == 0
    source = room / "all.spacy" if "--to" in options else room / "brat"
    result = convert(source, room / "out", *options)
    assert result.exit_code == 1 and "CE322" in result.output and not (room / "out").exists()
