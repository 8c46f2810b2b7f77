"""From end to end: two heads that learned from corpora of their own, one union, all commands."""

import json

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.util import load_config_from_str, load_model_from_config
from typer.testing import CliRunner

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.annotations.keys import DOC_ID_KEY, SPANS_KEY
from spacy_clinner.annotations.span_groups import probabilities_of
from spacy_clinner.annotations.writers import entity_tagger, written_labels
from spacy_clinner.assembly.drop_components import drop_components
from spacy_clinner.assembly.keep_heads import others_than
from spacy_clinner.assembly.settings import change_settings
from spacy_clinner.calibration.calibrate import find_calibrated
from spacy_clinner.calibration.check_below import entity_bound
from spacy_clinner.cli import clinner_cli
from spacy_clinner.scoring.predictions import pipeline_labels
from spacy_clinner.scoring.probabilities import AT_LEAST, predict_with_probabilities

from ...toys.heads import examples, gold, make_heads, train
from ...toys.tagger import TEXTS, entities
from ...toys.transfer import ENCODER, HEAD, LISTENER, snippets


@pytest.fixture(scope="module")
def nlp():
    return train(make_heads())


@pytest.fixture(scope="module")
def room(nlp, tmp_path_factory):
    """The saved pipeline, gold of all types, gold of each corpus, and a note."""
    folder = tmp_path_factory.mktemp("union")
    nlp.to_disk(folder / "model")
    for name, docs in (("all", gold(nlp)), ("dev", [one.y for one in examples(nlp)] * 2)):
        copies = [doc.copy() for doc in docs]
        for number, doc in enumerate(copies):
            doc.user_data[DOC_ID_KEY] = f"n{number}"
        DocBin(docs=copies, store_user_data=True).to_disk(folder / f"{name}.spacy")
    (folder / "notes").mkdir()
    (folder / "notes" / "a.txt").write_text(TEXTS[1][0], encoding="utf8")
    return folder


def clinner(*args):
    result = CliRunner().invoke(clinner_cli, [*map(str, args)])
    assert result.exit_code == 0, result.output
    return result.output


def test_it_finds_what_both_have_learned(nlp):
    for doc, reference in zip(nlp.pipe(text for text, _ in TEXTS), gold(nlp), strict=True):
        assert entities(doc) == entities(reference)
        of_heads = {(s.start, s.end) for key in ("drugs", "problems") for s in doc.spans[key]}
        assert {(s.start, s.end) for s in doc.spans[SPANS_KEY]} == of_heads


def test_each_has_its_own_scores(nlp):
    references = gold(nlp)
    scores = nlp.evaluate([spacy.training.Example(nlp.make_doc(doc.text), doc) for doc in references])
    assert scores["ents_all_f"] == 1.0 and set(scores["ents_all_per_type"]) == {"DOSE", "DRUG", "PROBLEM"}
    assert 0 < scores["ents_problems_r"] < 1


def test_what_may_be_is_what_its_heads_say(nlp):
    docs = gold(nlp)
    predicted, probabilities = predict_with_probabilities(nlp, docs)
    assert sum(map(len, predicted.values())) > 4
    names = {"DOSAGE": "DOSE"}
    for name, doc in zip(predicted, nlp.pipe(doc.text for doc in docs), strict=True):
        expected = {}
        for head in ("drugs", "problems"):
            tagger = nlp.get_pipe(head)
            ((rows, of_head),) = tagger.spans_above([doc], AT_LEAST)
            for (start, end, label), p in zip(rows.tolist(), of_head.tolist(), strict=True):
                span, label = doc[start:end], tagger.labels[label]
                entity = Entity(span.start_char, span.end_char, names.get(label, label))
                expected[entity] = max(p, expected.get(entity, 0))
        assert probabilities.possible[name] == pytest.approx(expected, abs=1e-4)
        for entity in predicted[name]:
            assert probabilities.predicted[name][entity] == pytest.approx(expected[entity], abs=1e-4)
    assert set(probabilities.possible) == set(predicted) and any(probabilities.possible.values())


def test_who_writes_what(nlp):
    assert entity_tagger(nlp) == "union" and entity_tagger(nlp, "drugs") == "drugs"
    assert pipeline_labels(nlp) == written_labels(nlp, "union") == {"DOSE", "DRUG", "PROBLEM"}
    assert pipeline_labels(nlp, "drugs") == {"DOSAGE", "DRUG"}
    assert find_calibrated(nlp) == ["drugs", "problems"]
    nlp.meta["clinner_calibration"] = {"drugs": {"check_below": 0.4}, "problems": {"check_below": 0.6}}
    assert (entity_bound(nlp), entity_bound(nlp, "drugs")) == (0.6, 0.4)
    del nlp.meta["clinner_calibration"]


def test_a_union_of_a_union_and_of_groups_that_tell_nothing_more(nlp, room):
    other = spacy.load(room / "model")
    other.add_pipe("span_ruler", config={"spans_key": "rules"}).add_patterns([{"label": "X", "pattern": "daily"}])
    outer = {"heads": [SPANS_KEY], "labels": {SPANS_KEY: {"DOSE": "D", "PROBLEM": ""}}, "spans_key": "outer"}
    other.add_pipe("clinner_entity_union", name="outer", config=outer)
    assert entity_tagger(other) == "outer" and pipeline_labels(other) == {"D", "DRUG"}
    predicted, probabilities = predict_with_probabilities(other, gold(nlp))
    assert {entity.label for of_doc in probabilities.possible.values() for entity in of_doc} == {"D", "DRUG"}
    with_rules = {"heads": ["outer", "rules"], "assumed": {"rules": 1.0}, "spans_key": "last"}
    other.add_pipe("clinner_entity_union", name="last", config=with_rules)
    assert pipeline_labels(other) == {"D", "DRUG", "X"}
    predicted, probabilities = predict_with_probabilities(other, gold(nlp))
    assert probabilities.possible is None and Entity(18, 23, "X") in probabilities.predicted["#1"]
    # a group that no component declares to write
    other.get_pipe("last").cfg["heads"] = ["outer", "unknown"]
    assert pipeline_labels(other) == {"D", "DRUG"}


def test_evaluate(nlp, room, tmp_path):
    clinner("evaluate", room / "model", room / "all.spacy", "-o", room / "scores.json", "--bootstrap", 0)
    found = json.loads((room / "scores.json").read_text())
    assert found["modes"]["strict"]["micro"]["f"] == 1.0 and found["calibration"]["without_probability"] == 0
    # what the union leaves out may still be
    docs = list(nlp.pipe(text for text, _ in TEXTS))
    known = sorted(p for doc in docs for p in probabilities_of(doc, SPANS_KEY).values())
    strict = spacy.load(room / "model")
    change_settings(strict, "union", threshold=known[len(known) // 2])
    strict.to_disk(tmp_path / "strict")
    clinner("evaluate", tmp_path / "strict", room / "all.spacy", "-o", tmp_path / "scores.json", "--bootstrap", 0)
    found = json.loads((tmp_path / "scores.json").read_text())
    left_out = found["calibration"]["not_predicted"]["all"]
    assert 0 < found["predicted"] < len(known) and left_out["n"] >= len(known) - found["predicted"]


def test_annotate_table_and_predict(nlp, room):
    output = clinner("annotate", room / "model", room / "notes" / "a.txt")
    rows = [line.split() for line in output.splitlines()]
    doc = nlp(TEXTS[1][0])
    known = probabilities_of(doc, SPANS_KEY)
    for ent in doc.ents:
        (row,) = (row for row in rows if row[: len(ent)] == [token.text for token in ent])
        assert ent.label_ in row and f"{known[ent.start, ent.end, ent.label]:.3f}" in row
    clinner("table", room / "notes", room / "t.csv", "-m", room / "model")
    assert "DOSE" in (room / "t.csv").read_text()
    clinner("predict", room / "model", room / "notes", room / "p.jsonl")
    (record,) = map(json.loads, (room / "p.jsonl").read_text().splitlines())
    assert {label for _, _, label in record["entities"]} == {"DOSE", "DRUG"}


def test_calibrate_each_head_on_its_own_gold(room, tmp_path):
    clinner("calibrate", room / "model", room / "dev.spacy", "-o", tmp_path / "out", "--training-data")
    told = spacy.load(tmp_path / "out").meta["clinner_calibration"]
    assert set(told) == {"drugs", "problems"}
    # DRUG and DOSAGE, and PROBLEM, in two copies each
    assert (told["drugs"]["gold"], told["problems"]["gold"]) == (6, 6)
    clinner("strip", tmp_path / "out", tmp_path / "one", "--keep", "drugs")
    stripped = spacy.load(tmp_path / "one")
    assert set(stripped.meta["clinner_calibration"]) == {"drugs"} and "problems" not in stripped.meta["notes"]


def test_strip_keeps_heads(nlp, room, tmp_path):
    output = clinner("strip", room / "model", tmp_path / "one", "--keep", "drugs")
    assert "tok2vec, drugs, union" in output
    one = spacy.load(tmp_path / "one")
    assert one.get_pipe("union").heads == ("drugs",)
    config = one.config["components"]["union"]
    assert config["heads"] == ["drugs"] and config["labels"] == {"drugs": {"DOSAGE": "DOSE"}}
    for text, _ in TEXTS:
        expected = [entity for entity in entities(nlp(text)) if entity[2] != "PROBLEM"]
        assert entities(one(text)) == expected
    clinner("strip", room / "model", tmp_path / "other", "--keep", "problems", "--drop", "union")
    assert spacy.load(tmp_path / "other").pipe_names == ["tok2vec", "problems"]
    clinner("strip", room / "model", tmp_path / "both", "--keep", "problems", "--keep", "drugs")
    assert spacy.load(tmp_path / "both").get_pipe("union").heads == ("drugs", "problems")


@pytest.mark.parametrize(
    "args, code, says",
    [
        (["--keep", "union"], 1, "CE233"),
        (["--drop", "drugs", "--drop", "problems"], 1, "CE379"),
        ([], 2, "--keep"),
    ],
)
def test_strip_says_what_cannot_be(room, tmp_path, args, code, says):
    result = CliRunner().invoke(clinner_cli, ["strip", str(room / "model"), str(tmp_path / "out"), *args])
    assert result.exit_code == code and says in result.output and not (tmp_path / "out").exists()


def test_an_encoder_goes_with_its_last_head():
    nlp = make_heads()
    nlp.add_pipe("clinner_tok2vec", name="second", config={"model": ENCODER}, after="problems")
    model = {**HEAD, "tok2vec": {**LISTENER, "upstream": "second"}}
    nlp.add_pipe("clinner_crf_tagger", name="third", config={"model": model, "spans_key": "third"}, after="second")
    nlp.add_pipe("span_ruler")
    # what learns nothing is no head
    assert others_than(nlp, ["drugs", "problems"]) == ["third", "second"]
    assert others_than(nlp, ["third"], ["span_ruler"]) == ["span_ruler", "drugs", "problems", "tok2vec"]
    with pytest.raises(ValueError, match=r"CE379.*'union'.*drugs, problems"):
        drop_components(nlp, others_than(nlp, ["third"]))
    with pytest.raises(ValueError, match=r"CE233.*--keep.*'span_ruler'.*drugs, problems, third \(heads\)"):
        others_than(nlp, ["span_ruler"])
    nlp.disable_pipe("drugs")
    assert others_than(nlp, ["drugs"]) == ["problems", "third"]


def test_the_guide_s_config_is_a_pipeline():
    (snippet,) = snippets("entity_union.md")
    nlp = load_model_from_config(load_config_from_str(snippet), auto_fill=True)
    nlp.initialize(lambda: examples(nlp))
    nlp.update(examples(nlp))
    assert pipeline_labels(nlp) == {"DOSE", "DRUG", "PROBLEM"}
    assert nlp(TEXTS[0][0]).spans.keys() == {"drugs", "problems", SPANS_KEY}
    weights_of = nlp.config["training"]["score_weights"]
    assert {name for name, value in weights_of.items() if value} == {"ents_drugs_f", "ents_problems_f"}
