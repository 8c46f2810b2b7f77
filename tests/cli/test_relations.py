"""The commands about relations, on a small pipeline that knows its notes by heart."""

import json

import pytest
import spacy
from spacy.tokens import DocBin, Span
from spacy.training import Example
from thinc.api import fix_random_seed
from typer.testing import CliRunner

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.annotations.keys import CONCEPT_RELATIONS_KEY, RELATIONS_KEY
from spacy_clinner.calibration.calibrate import calibrate
from spacy_clinner.cli import clinner_cli
from spacy_clinner.experiments.relation_runs import LOWEST, predict_relations, score_thresholds, set_threshold
from spacy_clinner.scoring.relations.evaluation import evaluate_relations
from spacy_clinner.training.gold_ents_corpus import give_gold_entities

from ..toys.calibration import in_group
from ..toys.relations import NOTES, examples, make_nlp, train


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A pipeline that finds drugs alone, and notes."""
    folder = tmp_path_factory.mktemp("relations")
    nlp = make_nlp()
    train(nlp)
    ruler = nlp.add_pipe("entity_ruler", first=True)
    ruler.add_patterns([{"label": "DRUG", "pattern": drug} for drug in ("aspirin", "codeine", "drug")])
    nlp.to_disk(folder / "model")
    references = [pair.y for pair in examples(nlp)]
    DocBin(docs=references, store_user_data=True).to_disk(folder / "dev.spacy")
    return folder


def call(*args):
    return CliRunner().invoke(clinner_cli, [*map(str, args)])


def test_scores_given_entities_and_end_to_end(folder):
    result = call("evaluate-relations", folder / "model", folder / "dev.spacy", "-o", folder / "s.json")
    assert result.exit_code == 0, result.output
    scores = json.loads((folder / "s.json").read_text())
    assert scores["gold"]["strict"]["micro"]["f"] == 1.0 and scores["gold"]["proposed"] == 1.0
    # without doses, one relation of five is left
    assert scores["predicted"]["strict"]["micro"]["r"] == pytest.approx(1 / 5)
    assert scores["predicted"]["proposed"] == pytest.approx(1 / 5)
    assert {"date", "command", "versions", "threshold"} <= scores.keys()
    assert "20.0 % of the gold relations were candidates" in result.output


@pytest.fixture(scope="module")
def in_groups(tmp_path_factory):
    """As `folder`, with all entities in a span group."""
    folder = tmp_path_factory.mktemp("in_groups")
    nlp = make_nlp(spans_key="found")
    pairs = examples(nlp, with_entities=False)
    for pair in pairs:
        in_group([pair.y], "found")
    optimizer = nlp.initialize(lambda: pairs)
    optimizer.learn_rate = 0.01
    for _ in range(60):
        nlp.update([Example(nlp.make_doc(pair.y.text), pair.y) for pair in pairs], sgd=optimizer)
    ruler = nlp.add_pipe("span_ruler", first=True, config={"spans_key": "found"})
    ruler.add_patterns([{"label": "DRUG", "pattern": drug} for drug in ("aspirin", "codeine", "drug")])
    nlp.to_disk(folder / "model")
    DocBin(docs=[pair.y for pair in pairs], store_user_data=True).to_disk(folder / "dev.spacy")
    return folder


def test_entities_in_a_span_group_are_given_and_found(in_groups, tmp_path):
    model, dev = in_groups / "model", in_groups / "dev.spacy"
    result = call("evaluate-relations", model, dev, "--bootstrap", 0, "-o", tmp_path / "s.json")
    assert result.exit_code == 0, result.output
    scores = json.loads((tmp_path / "s.json").read_text())
    assert scores["gold"]["strict"]["micro"]["f"] == 1.0 and scores["gold"]["proposed"] == 1.0
    # without doses, one relation of five is left
    assert scores["predicted"]["strict"]["micro"]["r"] == pytest.approx(1 / 5)
    nlp = spacy.load(model)
    nlp.remove_pipe("span_ruler")
    nlp.to_disk(tmp_path / "no_finder")
    result = call("evaluate-relations", tmp_path / "no_finder", dev)
    assert result.exit_code == 1 and "CE259" in result.output
    (found,) = calibrate(nlp, read_docs(dev))
    assert found.documents == 3 and found.gold == 5


def test_a_pipeline_must_have_what_is_scored(folder, tmp_path):
    nlp = spacy.load(folder / "model", exclude=["entity_ruler"])
    nlp.to_disk(tmp_path / "no_tagger")
    result = call("evaluate-relations", tmp_path / "no_tagger", folder / "dev.spacy")
    assert result.exit_code == 1 and "CE259" in result.output
    assert call("evaluate-relations", tmp_path / "no_tagger", folder / "dev.spacy", "--entities", "gold").exit_code == 0
    spacy.blank("en").to_disk(tmp_path / "blank")
    result = call("evaluate-relations", tmp_path / "blank", folder / "dev.spacy")
    assert result.exit_code == 1 and "CE258" in result.output


def test_the_threshold_is_chosen_and_stored(folder, tmp_path):
    nlp = spacy.load(folder / "model")
    nlp.get_pipe("relations").cfg["threshold"] = 0.999
    nlp.to_disk(tmp_path / "strict")
    result = call("choose-threshold", tmp_path / "strict", folder / "dev.spacy", tmp_path / "out", "--gold-entities")
    assert result.exit_code == 0, result.output
    chosen = spacy.load(tmp_path / "out")
    threshold = chosen.get_pipe("relations").cfg["threshold"]
    assert 0.05 <= threshold <= 0.95 and chosen.config["components"]["relations"]["threshold"] == threshold
    # the best of several equal ones is the middle one
    assert 0.2 < threshold < 0.8
    assert call("choose-threshold", tmp_path / "strict", folder / "dev.spacy", tmp_path / "out").exit_code == 1


def test_a_threshold_may_be_for_odds_against_the_best(folder, tmp_path):
    words = ("choose-threshold", folder / "model", folder / "dev.spacy")
    result = call(*words, tmp_path / "out", "--gold-entities", "--relative")
    assert result.exit_code == 0 and "relative = true" in result.output, result.output
    chosen = spacy.load(tmp_path / "out")
    settings = chosen.config["components"]["relations"]
    assert settings["relative"] is True and chosen.get_pipe("relations").cfg["relative"] is True
    assert chosen.get_pipe("relations").cfg["threshold"] == settings["threshold"]
    # the note without relations gets at least one, so precision cannot be whole at any threshold; the table says so
    scores = evaluate_relations(predict_relations(chosen, read_docs(folder / "dev.spacy"), given_entities=True))
    assert f"{100 * scores['strict'].averages['micro'].f:.2f}" in result.output
    assert scores["strict"].averages["micro"].p < 1
    # it stays so unless one asks for probabilities
    for name, options, relative in (("same", (), True), ("plain", ("--absolute",), False)):
        call("choose-threshold", tmp_path / "out", folder / "dev.spacy", tmp_path / name, "--gold-entities", *options)
        assert spacy.load(tmp_path / name).get_pipe("relations").cfg["relative"] is relative


def test_scores_at_thresholds_change_no_pipeline(folder, monkeypatch):
    nlp = spacy.load(folder / "model")
    nlp.get_pipe("relations").cfg["threshold"] = 0.999
    settings = dict(nlp.get_pipe("relations").cfg), nlp.config.to_str()
    monkeypatch.setattr(type(nlp), "select_pipes", None)
    docs = read_docs(folder / "dev.spacy")
    scores = score_thresholds(nlp, docs, True, [LOWEST, 0.5, 1.0], relative=False)
    assert scores[1] == (1.0, 1.0, 1.0) and scores[2] == (0.0, 0.0, 0.0) and scores[0][1] == 1.0
    assert score_thresholds(nlp, docs, True, [1.0], relative=True) != scores[2:]
    assert (dict(nlp.get_pipe("relations").cfg), nlp.config.to_str()) == settings and not nlp.disabled
    # what is asked of it is not kept either
    (unsure, *_) = predict_relations(nlp, docs, True, at_least=0.0)
    (sure, *_) = predict_relations(nlp, docs, True)
    assert len(unsure.x._.relations) == 3 * 6 and len(sure.x._.relations) < len(unsure.x._.relations)


@pytest.mark.parametrize("doses", [["narrow", "broad"], ["broad", "narrow"]])
def test_what_drops_another_relation_must_be_sure_enough_itself(doses):
    fix_random_seed(0)
    nlp = make_nlp(level="concepts")
    # so few that one is more probable than the other
    train(nlp, steps=4)
    gold = examples(nlp, NOTES[:1])[0].y
    names = ["drug", doses[0], "drug", doses[1]]
    gold.set_ents([Span(gold, *ent, kb_id=name) for ent, name in zip(NOTES[0][1], names, strict=True)])
    gold.user_data[CONCEPT_RELATIONS_KEY] = [["HAS", "drug", "narrow"], ["HAS", "drug", "broad"]]
    set_threshold(nlp, LOWEST, False)
    (pair,) = predict_relations(nlp, [gold], given_entities=True)
    found = {relation.probability for relation in pair.x._.relations if relation.label == "HAS"}
    assert len(found) == 2
    thresholds = [LOWEST, sum(found) / 2]
    assert [recall for _, recall, _ in score_thresholds(nlp, [gold], True, thresholds, False)] == [1.0, 0.5]
    nlp.add_pipe("clinner_specific_relations").initialize(broader=[("narrow", "broad")])
    # the narrow one, then the more probable one
    assert [recall for _, recall, _ in score_thresholds(nlp, [gold], True, thresholds, False)] == [0.5, 0.5]


def test_concepts_are_judged_once_however_often_they_are_mentioned():
    nlp = make_nlp()
    pair = examples(nlp, NOTES[:1])[0]
    gold = pair.y
    gold.set_ents([Span(gold, e.start, e.end, e.label_, kb_id=f"{e.label_}|X" if e.start == 1 else e.label_)
                   for e in gold.ents])  # fmt: skip
    gold.user_data[CONCEPT_RELATIONS_KEY] = [["HAS", "DRUG", "DOSE"], ["HAS", "OTHER", "DOSE"]]
    give_gold_entities(pair.x, gold)
    pair.x.user_data[RELATIONS_KEY] = [r for r in gold.user_data[RELATIONS_KEY] if r["label"] == "HAS"]
    scores = evaluate_relations([pair])["concepts"]
    # DRUG-DOSE twice, and X-DOSE
    assert scores.counts.total.tolist() == [[1, 2, 1, 2]]


def test_no_threshold_is_chosen_where_none_is_better(folder, tmp_path):
    docs = read_docs(folder / "dev.spacy")
    for doc in docs:
        del doc.user_data[RELATIONS_KEY]
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "untold.spacy")
    for doc in docs:
        doc.user_data[RELATIONS_KEY] = []
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "none.spacy")
    for name, code in (("untold", "CE298"), ("none", "CE448")):
        result = call("choose-threshold", folder / "model", tmp_path / f"{name}.spacy", tmp_path / "out")
        assert result.exit_code == 1 and code in result.output and not (tmp_path / "out").exists()


def test_the_gold_is_not_replaced(folder):
    dev = folder / "dev.spacy"
    before = dev.read_bytes()
    result = call("evaluate-relations", folder / "model", dev, "--output", dev)
    assert result.exit_code == 1 and "CE344" in result.output and dev.read_bytes() == before


def test_resamples_are_not_negative(folder):
    assert call("evaluate-relations", folder / "model", folder / "dev.spacy", "--bootstrap", "-1").exit_code == 2
