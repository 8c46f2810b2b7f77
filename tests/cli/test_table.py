import csv

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import SpanGroup
from typer.testing import CliRunner

from spacy_clinner.annotations.keys import ASSERTIONS_KEY, DOC_ID_KEY, RELATIONS_KEY, SPANS_KEY
from spacy_clinner.bulk.runs.run import run_notes
from spacy_clinner.bulk.runs.settings import RunSettings
from spacy_clinner.cli import clinner_cli
from spacy_clinner.corpora.importing import write_docbin
from spacy_clinner.reports.table import Table, write_table

from ..toys import relations as relation_toy
from ..toys.bulk_runs import InPlace

NOTE = "Given aspirin 5mg."


@Language.component("relate_neighbours", assigns=["doc._.relations"])
def relate_neighbours(doc):
    """Every entity is the child of the one before it."""
    offsets = [[entity.start_char, entity.end_char] for entity in doc.ents]
    doc.user_data[RELATIONS_KEY] = [
        {"head": head, "child": child, "label": "Dosage", "probability": 0.5}
        for head, child in zip(offsets, offsets[1:], strict=False)
    ]
    return doc


@Language.component("give_scores")
def give_scores(doc):
    """A probability and two assertions for the first entity."""
    first = doc.ents[0]
    doc.spans[SPANS_KEY] = SpanGroup(doc, spans=[first], attrs={"scores": [2 / 3]})
    doc.user_data[ASSERTIONS_KEY] = [[first.start_char, first.end_char, what] for what in ("negated", "family")]
    return doc


@pytest.fixture
def room(tmp_path):
    nlp = spacy.blank("en")
    patterns = [{"label": "Drug", "pattern": "aspirin"}, {"label": "Dosage", "pattern": "5mg"}]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    nlp.add_pipe("relate_neighbours")
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "notes").mkdir()
    for doc_id in "ab":
        (tmp_path / "notes" / f"{doc_id}.txt").write_text(NOTE)
    doc = nlp(NOTE)
    doc.user_data[DOC_ID_KEY] = "c"
    write_docbin([doc], tmp_path / "docs.spacy")
    return tmp_path


def table(*args):
    return CliRunner().invoke(clinner_cli, ["table", *map(str, args)])


def rows(path):
    with path.open(encoding="utf8", newline="") as file:
        return [
            (row["doc_id"], row["head_text"], row["Dosage"], row["Dosage_probability"]) for row in csv.DictReader(file)
        ]


def test_annotated_documents(room):
    result = table(room / "docs.spacy", room / "t.csv")
    assert result.exit_code == 0, result.output
    assert rows(room / "t.csv") == [("c", "aspirin", "5mg", "0.500")]
    assert "text of the notes" in result.output.replace("\n", " ") and "aspirin" not in result.output


@pytest.mark.parametrize("notes", [["notes"], ["notes/a.txt", "notes/b.txt"]])
def test_a_pipeline_and_notes(room, notes):
    result = table(*(room / name for name in notes), room / "t.csv", "--model", room / "model")
    assert result.exit_code == 0, result.output
    assert rows(room / "t.csv") == [("a", "aspirin", "5mg", "0.500"), ("b", "aspirin", "5mg", "0.500")]


def test_notes_without_a_row_are_named(room):
    (room / "notes" / "c.txt").write_text("Nothing.")
    result = table(room / "notes", room / "t.csv", "--model", room / "model")
    assert [row[0] for row in rows(room / "t.csv")] == ["a", "b"]
    words = " ".join(result.output.split())
    assert "Read 3 of 3 files" in words and "1 notes have no row, as none was found: c" in words


def test_a_pipeline_without_relations_has_a_row_an_entity(room):
    nlp = spacy.load(room / "model")
    nlp.remove_pipe("relate_neighbours")
    nlp.add_pipe("give_scores")
    nlp.to_disk(room / "entities")
    assert table(room / "notes", room / "t.csv", "--model", room / "entities").exit_code == 0
    with (room / "t.csv").open(encoding="utf8", newline="") as file:
        assert file.read().splitlines()[:3] == [
            "id,start,end,label,text,probability,assertions",
            "a,6,13,Drug,aspirin,0.667,negated; family",
            "a,14,17,Dosage,5mg,,",
        ]
    result = table(room / "notes", room / "t.csv", "--model", room / "entities", "--head-label", "Drug", "--show")
    assert "Wrote 2 rows" in result.output.replace("\n", " ")
    assert ["aspirin", "(0.667)", "Drug", "negated;", "family"] in [line.split() for line in result.output.splitlines()]


def test_a_trained_extractor_gives_all_its_columns_and_heads(tmp_path):
    nlp = relation_toy.make_nlp()
    relation_toy.train(nlp, steps=1)
    ruler = nlp.add_pipe("entity_ruler", before="relations")
    ruler.add_patterns([{"label": "DRUG", "pattern": "aspirin"}, {"label": "OTHER", "pattern": "daily"}])
    nlp.get_pipe("relations").cfg["threshold"] = 1.0
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "a.txt").write_text("take aspirin daily")
    assert table(tmp_path / "a.txt", tmp_path / "t.csv", "--model", tmp_path / "model").exit_code == 0
    with (tmp_path / "t.csv").open(encoding="utf8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["head_text"] == "aspirin" and row["HAS"] == row["ALONE_probability"] == ""


def test_a_table_of_a_run_is_that_of_its_notes(room):
    """A run annotates as many notes as there are; its folder is all that the table needs, once it is complete."""
    settings = RunSettings(docs=True, shard_bytes=5)
    with pytest.raises(KeyboardInterrupt):
        run_notes([room / "notes"], room / "run", str(room / "model"), InPlace(breaks_after=0), settings=settings)
    result = table(room / "run", room / "t.csv")
    assert result.exit_code == 1 and "[CE486]" in result.output and "--resume" in result.output
    run_notes([room / "notes"], room / "run", str(room / "model"), InPlace(), settings=settings, resume=True)
    assert table(room / "run", room / "of_run.csv").exit_code == 0
    assert table(room / "notes", room / "t.csv", "--model", room / "model").exit_code == 0
    assert rows(room / "of_run.csv") == rows(room / "t.csv") != []
    (room / "notes" / "c.txt").write_bytes("Fièvre".encode("latin-1"))
    run_notes([room / "notes"], room / "with_errors", str(room / "model"), InPlace(), settings=settings)
    with pytest.warns(UserWarning, match=r"CW470.*with_errors could not annotate 1 notes"):
        assert table(room / "with_errors", room / "of_others.csv").exit_code == 0
    assert rows(room / "of_others.csv") == rows(room / "of_run.csv")
    run_notes([room / "notes"], room / "without", str(room / "model"), InPlace(), settings=RunSettings())
    assert "--docs" in table(room / "without", room / "t.csv").output


def test_notes_that_fail_are_told_and_the_others_are_in_the_table(room):
    (room / "notes" / "ward").mkdir()
    (room / "notes" / "ward" / "c.TXT").write_text(NOTE)
    (room / "notes" / "b.txt").write_bytes("Fièvre".encode("latin-1"))
    result = table(room / "notes", room / "t.csv", "--model", room / "model")
    assert result.exit_code == 1 and "Note 'b': [CE001]" in result.output
    assert [row[0] for row in rows(room / "t.csv")] == ["a", "ward/c"]


def test_no_table_of_no_notes(room):
    for doc_id in "ab":
        (room / "notes" / f"{doc_id}.txt").write_bytes("Fièvre".encode("latin-1"))
    result = table(room / "notes", room / "t.csv", "--model", room / "model")
    assert result.exit_code == 1 and "CE347" in result.output and not (room / "t.csv").exists()


def test_chosen_heads(room):
    assert table(room / "docs.spacy", room / "t.csv", "--head-label", "Drug", "--head-label", "Dosage").exit_code == 0
    assert [row[1] for row in rows(room / "t.csv")] == ["aspirin", "5mg"]


def test_a_head_that_the_pipeline_does_not_know(room):
    result = table(room / "notes", room / "t.csv", "--model", room / "model", "--head-label", "DRUG")
    words = " ".join(result.output.split())
    assert result.exit_code == 1 and "CE455" in words and "DRUG. It finds: Dosage, Drug" in words
    assert not (room / "t.csv").exists()


def test_a_head_that_no_note_has(room):
    result = table(room / "docs.spacy", room / "t.csv", "--head-label", "DRUG", "--head-label", "Dosage")
    assert result.exit_code == 0, result.output
    words = " ".join(result.output.split())
    assert "No note has an entity of the labels DRUG; there are: Dosage, Drug" in words
    assert "No note has" not in table(room / "docs.spacy", room / "u.csv", "--head-label", "Drug").output


@pytest.mark.parametrize(
    "arguments, code",
    [
        (("docs.spacy", "t.txt"), "CE086"),
        (("docs.spacy", "notes", "t.csv"), "CE088"),
        (("docs.spacy", "docs.spacy", "t.csv"), "CE064"),
        (("model", "t.csv", "--model", "model"), "CE005"),
        (("notes", "notes/a.txt", "t.csv", "--model", "model"), "CE301"),
        (("notes/a.spacy", "t.csv"), "CE070"),
    ],
)
def test_wrong_arguments_end_with_a_coded_message(room, arguments, code):
    (room / "notes" / "a.spacy").write_text(NOTE)
    result = table(*(name if name.startswith("--") else room / name for name in arguments))
    assert result.exit_code == 1
    assert code in result.output and "Traceback" not in result.output and "aspirin" not in result.output
    assert not (room / "t.csv").exists()


def test_the_help_says_that_the_file_holds_text():
    assert "holds text of the notes" in " ".join(table("--help").output.split())


def test_the_table_is_shown_on_request(room):
    result = table(room / "docs.spacy", room / "t.csv", "--show")
    assert ["aspirin", "5mg", "(0.500)"] in [line.split() for line in result.output.splitlines()]


def test_a_table_takes_the_place_of_no_notes(room):
    notes = room / "notes.csv"
    notes.write_text(f"id,text\na,{NOTE}\n")
    result = table(notes, notes, "--model", room / "model")
    assert result.exit_code == 1 and "CE344" in result.output and notes.read_text().startswith("id,text")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
@pytest.mark.parametrize("documents", [True, False])
def test_a_table_takes_the_place_of_a_table_alone(room, name, documents):
    pytest.importorskip("pyarrow")
    nlp = spacy.load(room / "model")
    nlp.remove_pipe("relate_neighbours")
    nlp.to_disk(room / "model")
    arguments = [room / "docs.spacy"] if documents else [room / "notes", "--model", room / "model"]
    for _ in range(2):
        assert table(*arguments, room / name).exit_code == 0
    write_table(room / name, Table({"id": "string", "text": "string"}, [{"id": "a", "text": NOTE}]))
    before = (room / name).read_bytes()
    result = table(*arguments, room / name)
    assert result.exit_code == 1 and "CE344" in result.output and (room / name).read_bytes() == before


def test_a_group_that_is_not_there(room):
    for args in ([room / "docs.spacy"], [room / "notes", "--model", room / "model"]):
        result = table(*args, room / "t.csv", "--spans-key", "typo")
        assert result.exit_code == 1 and "CE348" in result.output and not (room / "t.csv").exists()
