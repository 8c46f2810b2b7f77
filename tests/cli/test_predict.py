import csv
import io
import json
import re

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin, SpanGroup
from typer.testing import CliRunner

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.annotations.keys import ASSERTIONS_KEY, DOC_ID_KEY, RELATIONS_KEY, SPANS_KEY
from spacy_clinner.cli import clinner_cli
from spacy_clinner.corpora.importing import import_files
from spacy_clinner.scoring.predictions import read_predictions

from ..toys.forked import run_python
from ..toys.tagger import TEXTS, make_nlp, train

NOTE = "Denies pain. Given aspirin 5mg."
WORDS = [("pain", "Problem"), ("aspirin", "Drug"), ("5mg", "Dosage")]
FOUND = [(NOTE.index(word), NOTE.index(word) + len(word), label) for word, label in WORDS]


@Language.component("say_more")
def say_more(doc):
    """Probabilities, an assertion and a relation, and an error where a note asks for one."""
    if "fail" in doc.text:
        raise RuntimeError(doc.text)
    scores = [0.12345678, 0.5, 2 / 3][: len(doc.ents)]
    doc.spans[SPANS_KEY] = SpanGroup(doc, spans=list(doc.ents), attrs={"scores": scores})
    doc.spans["second"] = list(doc.ents[:1])
    offsets = [[entity.start_char, entity.end_char] for entity in doc.ents]
    doc.user_data[ASSERTIONS_KEY] = [[*ends, "negated"] for ends in offsets[:1]]
    doc.user_data[RELATIONS_KEY] = [
        {"head": head, "child": child, "label": "HAS", "probability": 0.9}
        for head, child in zip(offsets[1:], offsets[2:], strict=False)
    ]
    if "odd" in doc.text:
        doc.user_data[RELATIONS_KEY] = [{"head": 7}]
    return doc


@pytest.fixture
def room(tmp_path, monkeypatch):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": label, "pattern": word} for word, label in WORDS])
    nlp.add_pipe("say_more")
    nlp.to_disk(tmp_path / "model")
    for name, text in {"a.txt": NOTE, "ward/b.TXT": "Nothing.\r\n", "ward/.c.txt": "hidden"}.items():
        (tmp_path / "notes" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "notes" / name).write_text(text, encoding="utf8", newline="")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def predict(*args):
    result = CliRunner().invoke(clinner_cli, ["predict", "model", *map(str, args)])
    result.words = " ".join(result.output.split())
    return result


def test_predictions_that_evaluate_reads(room):
    result = predict("notes", "new/p.jsonl")
    assert result.exit_code == 0, result.output
    assert "Read 2 of 3 files, left out 1: ward/.c.txt (hidden" in result.words
    assert "2 of 2 notes" in result.words and "aspirin" not in result.output
    first, second = map(json.loads, (room / "new" / "p.jsonl").read_text().splitlines())
    assert first == {
        "id": "a",
        "entities": [list(entity) for entity in FOUND],
        "probabilities": [0.123457, 0.5, 0.666667],
        "assertions": [[*FOUND[0][:2], "negated"]],
        "relations": [{"head": [19, 26], "child": [27, 30], "label": "HAS", "probability": 0.9}],
    }
    assert second == {"id": "ward/b", "entities": [], "relations": []}
    assert read_predictions(room / "new" / "p.jsonl") == {"a": frozenset(FOUND), "ward/b": frozenset()}


def test_a_row_an_entity(room):
    assert predict("notes", "p.csv").exit_code == 0
    rows = list(csv.DictReader(io.StringIO((room / "p.csv").read_bytes().decode("utf8"), newline="")))
    assert [tuple(row.values()) for row in rows] == [
        ("a", "7", "11", "Problem", "pain", "0.123", "negated"),
        ("a", "19", "26", "Drug", "aspirin", "0.500", ""),
        ("a", "27", "30", "Dosage", "5mg", "0.667", ""),
    ]


def test_documents_with_all_that_they_hold(room):
    assert predict("notes", "p.spacy").exit_code == 0
    first, second = DocBin().from_disk(room / "p.spacy").get_docs(spacy.blank("en").vocab)
    assert first.user_data[DOC_ID_KEY] == "a" and second.user_data[DOC_ID_KEY] == "ward/b"
    assert [(e.start_char, e.end_char, e.label_) for e in first.ents] == FOUND
    assert len(first.spans[SPANS_KEY].attrs["scores"]) == 3 and first.user_data[RELATIONS_KEY]


def test_brat_folders_that_convert_reads(room):
    assert predict("notes", "out").exit_code == 0
    assert (room / "out" / "ward" / "b.txt").read_bytes() == b"Nothing.\r\n"
    assert (room / "out" / "ward" / "b.ann").read_text() == ""
    ann = (room / "out" / "a.ann").read_text()
    assert "T2\tDrug 19 26\taspirin\n" in ann and "R1\tHAS Arg1:T3 Arg2:T2\t\n" in ann
    assert "A1\tnegated T1\n" in ann and "#1\tAnnotatorNotes T1\tprobability 0.123\n" in ann
    import_files(room / "out", room / "back.spacy", "brat")
    docs = list(DocBin().from_disk(room / "back.spacy").get_docs(spacy.blank("en").vocab))
    assert [(e.start_char, e.end_char, e.label_) for e in docs[0].ents] == FOUND and len(docs) == 2


@pytest.mark.parametrize("to", ["prodigy", "label-studio", "doccano", "iob2", "bioes"])
def test_formats_of_convert(room, to):
    assert predict("notes", "out", "--to", to).exit_code == 0
    files = [path for path in (room / "out").rglob("*") if path.is_file()]
    assert len(files) == (2 if to in ("iob2", "bioes") else 1)
    assert "Drug" in "".join(path.read_text(encoding="utf8") for path in files)


def test_ids_with_folders_that_are_no_files(room):
    for name in ("a.txt", "b.2024/a", "b", "c.jsonl/a", "c"):
        (room / "more" / f"{name}.txt").parent.mkdir(parents=True, exist_ok=True)
        (room / "more" / f"{name}.txt").write_text(NOTE)
    assert predict("more", "out").exit_code == 0
    assert len(list((room / "out").rglob("*.ann"))) == 5


def test_a_span_group(room):
    assert predict("notes", "p.jsonl", "--spans-key", "second").exit_code == 0
    assert read_predictions(room / "p.jsonl")["a"] == {FOUND[0]}
    assert predict("notes", "out", "--to", "iob2", "--spans-key", "second").exit_code == 0
    assert "Drug" not in (room / "out" / "a.tsv").read_text()
    result = predict("notes", "p.jsonl", "--spans-key", "absent")
    assert result.exit_code == 1 and "CE348" in result.output and "CE347" in result.output
    assert read_predictions(room / "p.jsonl")["a"] == {FOUND[0]}


@pytest.mark.parametrize("command", ["predict model notes p.jsonl", "table notes t.csv --model model"])
def test_what_a_component_left_unreadable_costs_its_note_alone(room, command):
    """Not those that hours have been spent on."""
    (room / "notes" / "odd.txt").write_text("An odd note of Mr. Smith")
    result = CliRunner().invoke(clinner_cli, command.split())
    assert result.exit_code == 1 and "Note 'odd': [CE366]" in result.output
    assert "Smith" not in result.output and "CE365" not in result.output
    written = (room / ("p.jsonl" if "predict" in command else "t.csv")).read_text()
    ids = [re.split('[",]+', line)[3 if "predict" in command else 0] for line in written.splitlines()]
    assert "a" in ids and "odd" not in ids


@pytest.mark.parametrize("output", ["p.jsonl", "p.csv", "p.spacy", "out"])
def test_what_fails_is_told_and_the_others_are_written(room, output):
    (room / "notes" / "ward" / "bad.txt").write_bytes("Fièvre".encode("latin-1"))
    (room / "notes" / "worse.txt").write_text("Let it fail, Mr. Smith")
    result = predict("notes", output)
    assert result.exit_code == 1
    assert "2 of 4 notes" in result.words and "2 notes are missing" in result.words
    assert "Note 'ward/bad': [CE001]" in result.words and "Note 'worse': [CE342]" in result.words
    assert "'say_more'" in result.words and "Smith" not in result.output and "Traceback" not in result.output
    assert (room / output).exists()
    assert not [path.name for path in room.iterdir() if path.name.startswith(".")]


def test_tables_are_read_by_the_names_of_their_columns(room):
    (room / "t.csv").write_text(f'NOTE,KEY\n"{NOTE}",7\nx\n')
    result = predict("t.csv", "p.jsonl", "--id-column", "KEY", "--text-column", "NOTE")
    assert result.exit_code == 1 and "Note 't.csv, row 2': [CE410]" in result.words and "1 of 2 notes" in result.words
    assert [json.loads(line)["id"] for line in (room / "p.jsonl").read_text().splitlines()] == ["7"]
    result = predict("t.csv", "q.jsonl", "--id-column", "KEY")
    assert result.exit_code == 1 and "CE409" in result.words and "'KEY'" in result.words
    assert not (room / "q.jsonl").exists()


def test_nothing_is_replaced_when_all_notes_fail(room):
    assert predict("notes", "p.jsonl").exit_code == 0
    before = (room / "p.jsonl").read_text()
    (room / "n.jsonl").write_text('{"id": "a", "text": "fail"}\n')
    result = predict("n.jsonl", "p.jsonl")
    assert result.exit_code == 1 and "CE342" in result.output and "CE347" in result.output
    assert (room / "p.jsonl").read_text() == before
    assert not [path.name for path in room.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    "arguments, code",
    [
        (("notes", "notes/a.txt", "p.jsonl"), "CE301"),
        (("notes", "notes"), "CE344"),
        (("notes", "notes", "--to", "csv"), "CE344"),
        (("notes", "file", "--to", "brat"), "CE344"),
        (("notes", "p.xml", "--to", "xml"), "CE008"),
        (("model/vocab", "p.jsonl"), "CE005"),
        (("n.jsonl", "out"), "CE012"),
        (("folders.jsonl", "out"), "CE012"),
        (("folders.jsonl", "out", "--to", "i2b2-2009"), "CE012"),
    ],
)
def test_wrong_arguments_end_before_anything_is_annotated(room, arguments, code):
    (room / "file").write_text("x")
    (room / "n.jsonl").write_text('{"id": "../a", "text": "x"}\n')
    # the folder of one would be the text of the other
    ids = ("a", "b", "a.txt/deep/c")
    (room / "folders.jsonl").write_text("".join(json.dumps({"id": doc_id, "text": "x"}) + "\n" for doc_id in ids))
    (room / "model" / "config.cfg").unlink()
    before = sorted(room.rglob("*"))
    result = predict(*arguments)
    assert result.exit_code == 1 and code in result.output and "Traceback" not in result.output
    assert sorted(room.rglob("*")) == before


@pytest.mark.parametrize("options", [("-n", "0"), ("-n", "2", "-g", "0"), ("-b", "0"), ("-n", "-2")])
def test_impossible_numbers_are_a_question_of_usage(room, options):
    result = predict("notes", "p.jsonl", *options)
    assert result.exit_code == 2 and not (room / "p.jsonl").exists()


@pytest.mark.slow
def test_two_processes_of_a_trained_pipeline_in_a_process_of_its_own(tmp_path):
    nlp = make_nlp()
    train(nlp)
    nlp.add_pipe("merge_entities")
    nlp.to_disk(tmp_path / "model")
    texts = [text for text, _ in TEXTS] * 3
    lines = (json.dumps({"id": str(n), "text": text}) + "\n" for n, text in enumerate(texts))
    (tmp_path / "n.jsonl").write_text("".join(lines))
    command = ["-m", "spacy", "clinner", "predict", "model", "n.jsonl", "p.jsonl"]
    done = run_python(*command, "-n", "2", "-b", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = read_predictions(tmp_path / "p.jsonl")
    assert list(found) == [str(n) for n in range(len(texts))]
    expected = {(e.start_char, e.end_char, e.label_) for e in nlp(texts[0]).ents}
    assert found["0"] == found["5"] == found["10"] == expected != frozenset()


LINE = json.dumps({"id": "a", "text": NOTE}) + "\n"


@pytest.mark.parametrize(
    "name, content, options",
    [
        ("two.jsonl", LINE, ()),
        ("two.JSONL", LINE, ()),
        ("two.jsonl", json.dumps({"note": NOTE, "entities": []}), ("--text-column", "note")),
        ("gold.jsonl", json.dumps({"id": "a", "text": NOTE, "entities": []}), ()),
        ("two.csv", f"id,text\na,{NOTE}\n", ()),
        ("two.CSV", f"id,text\na,{NOTE}\n", ()),
        ("two.csv", f"KEY;NOTE\na;{NOTE}\n", ("--id-column", "KEY", "--text-column", "NOTE")),
        ("visits.csv", f"id,start,text\na,2020-01-01,{NOTE}\n", ()),
        ("long.csv", f'"{NOTE * 10_000}"', ()),
        ("note.txt", NOTE, ("--to", "jsonl")),
        ("other.spacy", NOTE, ()),
    ],
)
def test_only_an_earlier_output_is_replaced(room, name, content, options):
    """The last of a list of files may be one of notes, or gold, when the name of the output was forgotten."""
    (room / name).write_text(content)
    result = predict("notes", name, *options)
    assert result.exit_code == 1 and "CE344" in result.words and (room / name).read_text() == content
    assert "aspirin" not in result.output


@pytest.mark.parametrize("merge", [False, True])
def test_gold_is_no_earlier_output(room, merge):
    """Not even predictions that somebody has written again, as when they were corrected, or with others."""
    assert predict("notes", "p.spacy").exit_code == 0
    gold = DocBin(docs=read_docs(room / "p.spacy"), store_user_data=True)
    if merge:
        gold.merge(DocBin(store_user_data=True).from_disk(room / "p.spacy"))
    gold.to_disk(room / "gold.spacy")
    before = (room / "gold.spacy").read_bytes()
    result = predict("p.spacy", "gold.spacy")
    assert result.exit_code == 1 and "CE344" in result.words and (room / "gold.spacy").read_bytes() == before


@pytest.mark.parametrize("output", ["p.jsonl", "p.JSONL", "p.csv", "p.spacy"])
def test_the_same_command_replaces_what_it_has_written(room, output):
    (room / output).touch()
    for _ in range(3):
        assert predict("notes", output).exit_code == 0


@pytest.mark.parametrize("output", ["notes/pred", "notes/p.jsonl", "notes/ward/p.spacy"])
def test_nothing_is_written_where_it_would_be_read(room, output):
    """The next command would take it for notes."""
    result = predict("notes", output)
    assert result.exit_code == 1 and "CE344" in result.words and not (room / output).exists()


def test_a_file_that_is_read_is_not_replaced(room):
    assert predict("notes", "p.spacy").exit_code == 0
    before = (room / "p.spacy").read_bytes()
    for output in ("p.spacy", "notes/../p.spacy"):
        result = predict("p.spacy", output)
        assert result.exit_code == 1 and "CE344" in result.words and (room / "p.spacy").read_bytes() == before
