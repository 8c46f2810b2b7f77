"""Where probabilities come from: the tagger that writes the entities, or another tool's file."""

import json

import pytest
import spacy
from thinc.api import fix_random_seed

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.scoring.predictions import predict, read_predictions, write_predictions
from spacy_clinner.scoring.probabilities import predict_with_probabilities, read_probabilities

from ..toys.relations import LISTENER
from ..toys.relations import SMALL_TOK2VEC as SHARED
from ..toys.tagger import SMALL_MODEL, examples, make_nlp, references, train


@pytest.fixture(scope="module")
def nlp():
    fix_random_seed(0)
    nlp = make_nlp(spans_key="own", threshold=0.6)
    train(nlp, 15)
    return nlp


def by_brute_force(nlp, doc, at_least=0.05):
    """Every span and label of a document that only the tagger has seen."""
    tagger, n = nlp.get_pipe("tagger"), len(doc)
    spans = [doc[start:end] for start in range(n) for end in range(start + 1, n + 1)]
    found = {}
    for span in spans:
        for label in tagger.labels:
            if (probability := tagger.span_probability(doc, span.start, span.end, label)) >= at_least:
                found[Entity(span.start_char, span.end_char, label)] = probability
    return found


def check(nlp, alone, docs, found):
    predicted, probabilities = found
    assert sum(map(len, predicted.values())) > 3
    for (name, possible), doc in zip(probabilities.possible.items(), docs, strict=True):
        assert possible == pytest.approx(by_brute_force(alone, alone(doc.text)), abs=1e-5)
        for entity, probability in probabilities.predicted[name].items():
            assert probability == pytest.approx(possible[entity], abs=1e-5)


def test_a_tagger_is_asked_for_all_that_may_be(nlp):
    docs = references(nlp)
    found = predict_with_probabilities(nlp, docs)
    assert found[0] == predict(nlp, docs)
    check(nlp, nlp, docs, found)
    assert any(found[1].possible[name].keys() - entities for name, entities in found[0].items())
    # the group that it is set to write is its own too
    assert predict_with_probabilities(nlp, docs, "own") == found
    for find in (predict, predict_with_probabilities):
        with pytest.raises(ValueError, match="CE348.*'other'.*own"):
            find(nlp, docs, "other")


def test_components_behind_it_change_nothing():
    """They join tokens, and overwrite the rows that a listener reads."""
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_tok2vec", name="tok2vec", config={"model": SHARED})
    nlp.add_pipe("clinner_crf_tagger", name="tagger", config={"model": {**SMALL_MODEL, "tok2vec": LISTENER}})
    nlp.add_pipe("tok2vec", name="later")
    train(nlp, 40)
    nlp.add_pipe("merge_entities")
    ruler = nlp.add_pipe("entity_ruler", config={"overwrite_ents": True})
    ruler.add_patterns([{"label": "TIME", "pattern": "today"}])
    with nlp.select_pipes(enable=["tok2vec", "tagger"]):
        alone = predict_with_probabilities(nlp, references(nlp))
        check(nlp, nlp, references(nlp), alone)
    predicted, probabilities = predict_with_probabilities(nlp, references(nlp))
    assert probabilities.possible == alone[1].possible and sum(map(len, alone[0].values())) > 3
    ruled = Entity(40, 45, "TIME")
    assert predicted["#0"] == {*alone[0]["#0"], ruled} and ruled not in probabilities.predicted["#0"]
    assert probabilities.predicted == alone[1].predicted


def test_a_pipeline_without_tagger_says_nothing():
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "DRUG", "pattern": "aspirin"}])
    predicted, probabilities = predict_with_probabilities(nlp, references(nlp))
    assert predicted["#1"] and not any(probabilities.predicted.values()) and probabilities.possible is None


def test_a_group_of_another_component_has_scores_and_nothing_else():
    nlp = spacy.blank("en")
    nlp.add_pipe("spancat", config={"spans_key": "sc", "threshold": 0.0}).add_label("DRUG")
    nlp.initialize(lambda: examples(nlp))
    predicted, probabilities = predict_with_probabilities(nlp, references(nlp), "sc")
    assert probabilities.predicted["#1"].keys() == predicted["#1"] and probabilities.possible is None
    assert all(0 < one < 1 for one in probabilities.predicted["#1"].values())


def test_what_was_written_is_read_again(nlp, tmp_path):
    predicted, probabilities = predict_with_probabilities(nlp, references(nlp))
    write_predictions(tmp_path / "p.jsonl", predicted, probabilities.predicted)
    assert read_predictions(tmp_path / "p.jsonl") == predicted
    assert read_probabilities(tmp_path / "p.jsonl").predicted == probabilities.predicted
    write_predictions(tmp_path / "p.jsonl", predicted)
    assert "probabilities" not in (tmp_path / "p.jsonl").read_text()
    assert not any(read_probabilities(tmp_path / "p.jsonl").predicted.values())


def test_probabilities_of_another_tool(tmp_path):
    lines = [
        {"id": "a", "entities": [[5, 7, "B"], [0, 4, "A"], [0, 4, "A"]], "probabilities": [1, 0.25, 0.25]},
        {"id": "b", "entities": [[0, 4, "A"], [5, 7, "A"]], "probabilities": [None, 0]},
        {"id": "c", "entities": [[0, 4, "A"]]},
    ]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = read_probabilities(tmp_path / "p.jsonl")
    assert found.predicted == {
        "a": {Entity(5, 7, "B"): 1.0, Entity(0, 4, "A"): 0.25},
        "b": {Entity(5, 7, "A"): 0.0},
        "c": {},
    }
    assert found.possible is None


@pytest.mark.parametrize(
    "given", ["[]", "[0.1]", "0.5", '["0.5", 1]', "[1.01, 0]", "[-0.1, 0]", "[NaN, 0]", "[true, 1]"]
)
def test_what_are_no_probabilities(tmp_path, given):
    line = f'{{"id": "a", "entities": [[0, 4, "A"], [5, 6, "A"]], "probabilities": {given}}}\n'
    (tmp_path / "p.jsonl").write_text('{"id": "b", "entities": []}\n' + line)
    with pytest.raises(ValueError, match=r"CE361.*p\.jsonl, line 2"):
        read_probabilities(tmp_path / "p.jsonl")
    # who does not want them does not read them
    assert len(read_predictions(tmp_path / "p.jsonl")["a"]) == 2


def test_an_entity_has_one_probability(tmp_path):
    line = '{"id": "a", "entities": [[0, 4, "A"], [0, 4, "A"]], "probabilities": [0.1, 0.2]}'
    (tmp_path / "p.jsonl").write_text(line)
    with pytest.raises(ValueError, match="CE361"):
        read_probabilities(tmp_path / "p.jsonl")
