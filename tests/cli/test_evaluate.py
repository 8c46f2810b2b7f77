import hashlib
import json
import os

import pytest
import spacy
from spacy.tokens import DocBin, Span
from typer.testing import CliRunner

from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.cli import clinner_cli
from spacy_clinner.corpora.formats.brat import BratDocument, format_brat
from spacy_clinner.corpora.importing import import_files
from spacy_clinner.corpora.placing.record import Mention

TEXT = "chest pain since yesterday, given aspirin today"
GOLD = [(0, 2, "Problem"), (6, 7, "Drug")]


def write_model(path, patterns):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": label, "pattern": text} for text, label in patterns.items()])
    nlp.to_disk(path)


def write_data(path, n=4, spans=GOLD, key=None):
    nlp, docs = spacy.blank("en"), []
    for i in range(n):
        doc = nlp.make_doc(TEXT)
        doc.user_data[DOC_ID_KEY] = f"note-{i}"
        if key:
            doc.spans[key] = [Span(doc, *span) for span in spans]
        else:
            doc.set_ents([Span(doc, *span) for span in spans])
        docs.append(doc)
    DocBin(docs=docs, store_user_data=True).to_disk(path)


@pytest.fixture
def room(tmp_path):
    """A folder with a model that finds all, one that finds half, and data."""
    write_model(tmp_path / "full", {"chest pain": "Problem", "aspirin": "Drug"})
    write_model(tmp_path / "half", {"aspirin": "Drug", "pain": "Problem"})
    write_data(tmp_path / "test.spacy")
    return tmp_path


def test_names_that_are_not_utf8_cost_no_result(room):
    folder = room / os.fsdecode(b"\xc4rzte")
    folder.mkdir()
    for name in ("full", "half", "test.spacy"):
        (room / name).rename(folder / name)
    data, output = folder / "test.spacy", folder / "new" / "out.json"
    result = evaluate(folder / "full", data, "--output", output, "--compare", folder / "half", "--bootstrap", 100)
    assert result.exit_code == 0, result.output
    found = json.loads(output.read_text())
    assert found["data"]["path"] == rf"{room}/\udcc4rzte/test.spacy"
    assert found["model"]["path"] == rf"{room}/\udcc4rzte/full"


@pytest.fixture
def brat(tmp_path):
    """A corpus whose annotators marked a part of a word; and the data that an import makes of it."""
    mentions = [
        Mention("T1", "Problem", ((1, 10),), "hest pain"),
        Mention("T2", "Drug", ((34, 41),), "aspirin"),
        Mention("T3", "Drug", ((28, 33), (42, 47)), "given today"),
    ]
    (tmp_path / "brat").mkdir()
    for doc_id in "abc":
        (tmp_path / "brat" / f"{doc_id}.txt").write_text(TEXT)
        (tmp_path / "brat" / f"{doc_id}.ann").write_text(format_brat(BratDocument(doc_id, TEXT, mentions)))
    import_files(tmp_path / "brat", tmp_path / "brat.spacy", "brat")
    return tmp_path / "brat"


def evaluate(*args):
    return CliRunner().invoke(clinner_cli, ["evaluate", *map(str, args)])


def test_result_file(room):
    result = evaluate(room / "half", room / "test.spacy", "--output", room / "new" / "out.json", "--bootstrap", 100)
    assert result.exit_code == 0, result.output
    saved = json.loads((room / "new" / "out.json").read_text(encoding="utf8"))
    assert saved["documents"] == 4
    assert saved["modes"]["strict"]["micro"]["f"] == 0.5
    assert saved["modes"]["strict"]["per_label"]["Drug"]["support"] == 4
    assert saved["modes"]["type"]["micro"]["interval"]["f"] == [1.0, 1.0]
    assert saved["confusion"]["entities"]["labels"] == ["Drug", "Problem"]
    assert saved["bootstrap"]["resamples"] == 100
    assert saved["data"]["sha256"] == hashlib.sha256((room / "test.spacy").read_bytes()).hexdigest()
    assert saved["model"] == {"path": str(room / "half"), "name": "en_pipeline", "version": "0.0.0"}
    assert saved["versions"].keys() >= {"spacy_clinner", "spacy", "thinc", "python"}
    assert saved["command"] and saved["date"]
    assert "comparison" not in saved
    for shown in ("Drug", "Problem", "micro", "macro", "token_binary", "interval"):
        assert shown in result.output


@pytest.mark.parametrize("option, name", [("--output", "test.spacy"), ("--predictions", "other.jsonl")])
def test_what_is_read_is_not_replaced(room, option, name):
    (room / "other.jsonl").write_text('{"id": "note-0", "entities": []}')
    before = (room / name).read_bytes()
    result = evaluate(room / "other.jsonl", room / "test.spacy", "--bootstrap", 0, option, room / name)
    assert result.exit_code == 1 and "CE344" in result.output and (room / name).read_bytes() == before


def test_compare(room):
    result = evaluate(room / "full", room / "test.spacy", "--compare", room / "half", "-o", room / "out.json")
    assert result.exit_code == 0, result.output
    comparison = json.loads((room / "out.json").read_text())["comparison"]
    assert (comparison["model"], comparison["other"], comparison["difference"]) == (1.0, 0.5, 0.5)
    # of four documents, only swapping all or none gives the difference again
    assert comparison["p_value"] == pytest.approx(2 / 2**4, abs=0.01)
    assert comparison["other_modes"]["modes"]["strict"]["micro"]["f"] == 0.5
    assert "difference" in result.output


def test_another_tools_predictions_score_as_the_model_does(room):
    result = evaluate(room / "half", room / "test.spacy", "-o", room / "a.json", "--predictions", room / "p.jsonl")
    assert result.exit_code == 0, result.output
    assert json.loads((room / "p.jsonl").read_text().splitlines()[0]) == {
        "id": "note-0",
        "entities": [[6, 10, "Problem"], [34, 41, "Drug"]],
    }
    result = evaluate(room / "p.jsonl", room / "test.spacy", "-o", room / "b.json")
    assert result.exit_code == 0, result.output
    one, other = (json.loads((room / name).read_text()) for name in ("a.json", "b.json"))
    assert one["modes"] == other["modes"]
    assert other["model"]["sha256"]


def test_gold_in_a_span_group(room):
    write_data(room / "spans.spacy", key="head")
    result = evaluate(room / "full", room / "spans.spacy", "--gold-spans-key", "head", "-o", room / "out.json")
    assert result.exit_code == 0, result.output
    assert json.loads((room / "out.json").read_text())["modes"]["strict"]["micro"]["f"] == 1.0


@pytest.mark.filterwarnings("ignore:.*CW061")
def test_data_without_entities_and_without_intervals(room):
    write_data(room / "none.spacy", spans=[])
    write_model(room / "silent", {"xyz": "Drug"})
    result = evaluate(room / "silent", room / "none.spacy", "--bootstrap", 0, "-o", room / "out.json")
    assert result.exit_code == 0, result.output
    assert "interval" not in json.loads((room / "out.json").read_text())["modes"]["strict"]["micro"]


def test_no_option_is_passed_over(room):
    result = evaluate(room / "p.jsonl", room / "test.spacy", "--spans-key", "head")
    assert result.exit_code == 2 and "--spans-key" in result.output


def test_labels_of_one_side_are_warned_of(room):
    write_model(room / "other", {"aspirin": "Medication"})
    with pytest.warns(UserWarning) as caught:
        assert evaluate(room / "other", room / "test.spacy").exit_code == 0
    messages = [str(warning.message) for warning in caught if "[CW06" in str(warning.message)]
    assert len(messages) == 2
    assert "Drug, Problem" in messages[0] and "Medication" in messages[1]


def test_wrong_input_ends_with_its_code(room):
    DocBin().to_disk(room / "empty.spacy")
    result = evaluate(room / "full", room / "empty.spacy")
    assert result.exit_code == 1
    assert "CE062" in result.output
    (room / "p.jsonl").write_text('{"id": "note-0", "entities": []}\n')
    result = evaluate(room / "p.jsonl", room / "test.spacy", "-o", room / "out.json")
    assert result.exit_code == 1
    assert "CE065" in result.output
    assert not (room / "out.json").exists()


def test_nothing_that_is_read_is_replaced(room):
    (room / "notes.jsonl").write_text('{"id": "a", "text": "chest pain"}\n')
    (room / "p.jsonl").write_text("".join(f'{{"id": "note-{i}", "entities": []}}\n' for i in range(4)))
    for option, name in (("--output", "test.spacy"), ("--output", "p.jsonl"), ("--predictions", "notes.jsonl")):
        before = (room / name).read_bytes()
        result = evaluate(room / "p.jsonl", room / "test.spacy", option, room / name)
        assert result.exit_code == 1 and "CE344" in result.output and (room / name).read_bytes() == before
    result = evaluate(room / "half", room / "test.spacy", "--compare", room / "p.jsonl", "--output", room / "p.jsonl")
    assert result.exit_code == 1 and "CE344" in result.output
    # what such a command has written may be
    for _ in range(2):
        result = evaluate(room / "half", room / "test.spacy", "--predictions", room / "new.jsonl", "--bootstrap", 0)
        assert result.exit_code == 0, result.output


def test_note_text_is_never_printed(room):
    result = evaluate(room / "half", room / "test.spacy", "-o", room / "out.json", "--predictions", room / "p.jsonl")
    for text in (result.output, (room / "out.json").read_text(), (room / "p.jsonl").read_text()):
        assert "aspirin" not in text


def test_both_golds(room, brat):
    result = evaluate(room / "full", room / "brat.spacy", "-o", room / "out.json", "--predictions", room / "p.jsonl")
    assert result.exit_code == 0, result.output
    saved = json.loads((room / "out.json").read_text())
    assert saved["modes"]["strict"]["micro"]["f"] == 1
    original = saved["original_gold"]
    # aspirin is right; chest pain was marked otherwise, and the drug in pieces cannot be found
    assert original["strict"]["micro"]["p"] == 1 / 2 and original["strict"]["micro"]["r"] == 1 / 3
    assert original["strict"]["per_label"]["Problem"]["f"] == 0 and original["source"] == {"kept_in": "the documents"}
    assert original["strict_of_the_data"]["micro"]["f"] == pytest.approx(2 / 5)
    assert original["in_the_data"] == {
        "as annotated": 3, "moved": 3, "overlapping": 0, "discontinuous": 3, "left out": 0,
    }  # fmt: skip
    lines = [line.split() for line in result.output.splitlines()]
    assert "model against doc.ents 100.00 100.00 100.00 6".split() in lines
    assert "model against the annotators' offsets 50.00 33.33 40.00 9".split() in lines
    assert "only" not in result.output and "aspirin" not in result.output
    # predictions of another tool count by their characters
    (room / "marked.jsonl").write_text(
        "".join(json.dumps({"id": i, "entities": [[1, 10, "Problem"], [34, 41, "Drug"]]}) + "\n" for i in "abc")
    )
    options = ("-o", room / "out.json", "--compare", room / "p.jsonl")
    result = evaluate(room / "marked.jsonl", room / "brat.spacy", *options)
    assert result.exit_code == 0, result.output
    saved = json.loads((room / "out.json").read_text())
    assert saved["modes"]["strict"]["micro"]["f"] == 0.5 and saved["original_gold"]["strict"]["micro"]["p"] == 1
    comparison = saved["comparison"]
    assert (comparison["model"], comparison["other"]) == (0.5, 1)
    assert comparison["original_gold"]["model"] == pytest.approx(0.8)
    assert comparison["original_gold"]["other"] == pytest.approx(0.4)
    assert comparison["original_gold"]["other_scores"] == original
    assert all(f"compared, against {gold}" in result.output for gold in ("doc.ents", "the annotators' offsets"))


def test_gold_of_a_corpus(room, brat):
    docs = list(DocBin().from_disk(room / "brat.spacy").get_docs(spacy.blank("en").vocab))
    for doc in docs:
        del doc.user_data["clinner_brat"]
    DocBin(docs=docs[:2], store_user_data=True).to_disk(room / "brat.spacy")
    bare = evaluate(room / "full", room / "brat.spacy", "-o", room / "out.json")
    assert bare.exit_code == 0, bare.output
    assert "only: no annotators' offsets" in bare.output and "--gold" in bare.output
    assert json.loads((room / "out.json").read_text())["original_gold"] is None

    gold = ("--gold", brat, "--format", "brat")
    result = evaluate(room / "full", room / "brat.spacy", "-o", room / "out.json", *gold, "--compare", room / "half")
    assert result.exit_code == 0, result.output
    assert "Read 6 of 6 files" in result.output
    saved = json.loads((room / "out.json").read_text())
    assert saved["original_gold"]["source"] == {"path": str(brat), "format": "brat", "files": "Read 6 of 6 files"}
    assert (saved["original_gold"]["documents"], saved["original_gold"]["ignored_documents"]) == (2, 1)
    assert saved["comparison"]["original_gold"]["difference"] == 0
    assert "1 documents of" in result.output

    (brat / "b.txt").write_text(TEXT.replace("pain", "ache"))
    result = evaluate(room / "full", room / "brat.spacy", *gold)
    assert result.exit_code == 1 and "CE071" in result.output and "ache" not in result.output
    result = evaluate(room / "full", room / "brat.spacy", "--format", "brat")
    assert result.exit_code == 1 and "CE075" in result.output


@pytest.mark.filterwarnings("ignore:.*CW06")
def test_documents_of_two_corpora(room, brat):
    vocab = spacy.blank("en").vocab
    docs = [list(DocBin().from_disk(room / name).get_docs(vocab)) for name in ("test.spacy", "brat.spacy")]
    DocBin(docs=sum(docs, []), store_user_data=True).to_disk(room / "both.spacy")
    result = evaluate(room / "full", room / "both.spacy", "-o", room / "out.json")
    assert result.exit_code == 0, result.output
    assert json.loads((room / "out.json").read_text())["original_gold"]["documents"] == 3
    assert "4 documents have no annotators' offsets" in result.output


def test_labels_that_the_import_left_out_are_warned_of(room, brat):
    for path in brat.glob("*.ann"):
        path.write_text(path.read_text().replace("T3\tDrug", "T3\tTiming"))
    import_files(brat, room / "brat.spacy", "brat")
    with pytest.warns(UserWarning, match="CW060.*: Timing"):
        assert evaluate(room / "full", room / "brat.spacy").exit_code == 0
