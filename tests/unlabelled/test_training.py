"""Configs of trainings that read labelled notes beside their gold."""

from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.util import load_config, registry

from spacy_clinner.annotations.keys import DOMAIN_KEY
from spacy_clinner.unlabelled.labelling import Labelling
from spacy_clinner.unlabelled.training import (
    NOTES,
    calibrated_anew,
    gold_group,
    gold_groups,
    gold_labels,
    with_notes,
    without_notes,
)

from ..toys.tagger import make_nlp, references

CONFIGS = Path(__file__).parents[2] / "configs"
PLAIN = CONFIGS / "ner_charcnn-bilstm_crf.cfg"
REPLAY = CONFIGS / "ner-transfer_charcnn-bilstm_crf_replay.cfg"
LADTL = CONFIGS / "ner-transfer_charcnn-bilstm_crf_ladtl.cfg"


@pytest.fixture
def files(tmp_path):
    nlp = make_nlp()
    docs = [doc for doc in references(nlp) if len(doc)] * 20
    for name in ("train", "source", "notes"):
        DocBin(docs=docs).to_disk(tmp_path / f"{name}.spacy")
    return tmp_path


def batches(config, files, **paths):
    config["paths"] |= {name: str(files / f"{name}.spacy") for name in ("train", "source")} | paths
    config = config.interpolate()
    resolved = registry.resolve({"corpus": config["corpora"]["train"], "batcher": config["training"]["batcher"]})
    for batch in resolved["batcher"](list(resolved["corpus"](spacy.blank("en")))):
        words: dict[str, int] = {}
        for example in batch:
            domain = example.reference.user_data[DOMAIN_KEY]
            words[domain] = words.get(domain, 0) + len(example)
        yield words


def test_notes_join_a_plain_training(files):
    config = load_config(PLAIN)
    config["training"]["batcher"]["size"] = 100
    (first, *_) = batches(with_notes(config, files / "notes.spacy", 2.0), files)
    assert first == {"gold": pytest.approx(100, abs=9), NOTES: pytest.approx(200, abs=9)}
    # what it was made of stays
    assert config["corpora"]["train"]["@readers"] == "spacy_clinner.WindowCorpus.v1"


def test_notes_join_a_training_with_replay(files):
    config = load_config(REPLAY)
    config["training"]["batcher"] |= {"target_words": 100, "source_words": 60}
    found = list(batches(with_notes(config, files / "notes.spacy", 0.5), files))
    assert found[0]["target"] == pytest.approx(100, abs=9)
    of_source, of_notes = (sum(words.get(name, 0) for words in found) for name in ("source", NOTES))
    # drawn by chance, in these shares
    assert of_source + of_notes == pytest.approx(110 * len(found), abs=9 * len(found))
    assert of_source > of_notes / 2 and of_notes > of_source / 2


def test_notes_teach_the_heads_that_the_target_teaches(files):
    config = with_notes(load_config(LADTL), files / "notes.spacy")
    domains = {name: block["domains"] for name, block in config["components"].items() if "domains" in block}
    assert domains == {"ner": ["target", NOTES], "ner_source": ["source"]}
    assert config["corpora"]["train"]["domains"].keys() == {"target", "source", NOTES}


def test_notes_join_a_training_that_draws_nothing_from_its_source(files):
    config = load_config(REPLAY)
    config["training"]["batcher"] |= {"target_words": 100, "source_words": 0}
    (first, *_) = batches(with_notes(config, files / "notes.spacy"), files)
    assert set(first) == {"target", NOTES}


def test_sources_keep_their_weights(files):
    config = load_config(REPLAY)
    config["corpora"]["train"]["domains"]["more"] = dict(config["corpora"]["train"]["domains"]["source"])
    with pytest.raises(ValueError, match="CE442.*source_weights"):
        with_notes(config, files / "notes.spacy")
    config["training"]["batcher"]["source_weights"] = {"source": 3, "more": 1}
    joined = with_notes(config, files / "notes.spacy")["training"]["batcher"]
    assert joined["source_weights"] == {"source": 375.0, "more": 125.0, NOTES: 500} and joined["source_words"] == 1000


@pytest.mark.parametrize("path", [PLAIN, REPLAY, LADTL])
@pytest.mark.parametrize("source_words", [500, 0])
def test_notes_take_the_place_of_earlier_ones(path, source_words):
    config = load_config(path)
    if path != PLAIN:
        config["training"]["batcher"]["source_words"] = source_words
    assert without_notes(config) == config
    earlier = with_notes(config, Path("earlier.spacy"), 0.7)
    assert "earlier.spacy" not in without_notes(earlier).to_str()
    assert with_notes(without_notes(earlier), Path("notes.spacy")) == with_notes(config, Path("notes.spacy"))


def test_a_config_that_is_not_filled_in():
    config = load_config(REPLAY)
    filled = with_notes(config, Path("notes.spacy"))
    del config["training"]["batcher"]["source_weights"]
    assert with_notes(without_notes(config), Path("notes.spacy")) == filled


def test_a_domain_that_is_called_notes_stays():
    config = load_config(REPLAY)
    domains, batcher = config["corpora"]["train"]["domains"], config["training"]["batcher"]
    domains["notes"] = {**domains["source"], "path": "ward-notes.spacy"}
    batcher["source_weights"] = {"source": 1, "notes": 3}
    assert without_notes(config) == config
    taught = with_notes(config, Path("labelled.spacy"))
    assert taught["corpora"]["train"]["domains"]["notes"] == domains["notes"]
    assert taught["training"]["batcher"]["source_weights"].keys() == {"source", "notes", NOTES}


def test_all_notes_are_read_as_they_are(files):
    config = load_config(PLAIN)
    config["corpora"]["train"] = {"@readers": "spacy.Corpus.v1", "path": "${paths.train}", "gold_preproc": False}
    config["corpora"]["train"] |= {"max_length": 0, "limit": 2, "augmenter": {"@augmenters": "spacy.lower_case.v1"}}
    domains = with_notes(config, files / "notes.spacy")["corpora"]["train"]["domains"]
    assert domains["gold"] == config["corpora"]["train"]
    assert domains[NOTES] | {"path": None} == config["corpora"]["train"] | dict.fromkeys(("path", "augmenter")) | {
        "limit": 0
    }


def test_notes_are_aligned_with_nothing(files):
    config = load_config(LADTL)
    config["components"]["alignment"]["source"] = []
    alignment = with_notes(config, files / "notes.spacy")["components"]["alignment"]
    assert alignment["source"] == ["source"] and alignment["target"] == ["target"]


def test_batches_of_other_kinds(files):
    config = load_config(PLAIN)
    for change in ({"@batchers": "spacy.batch_by_sequence.v1"}, {"size": {"@schedules": "compounding.v1"}}):
        changed = config.copy()
        changed["training"]["batcher"] |= change
        with pytest.raises(ValueError, match=r"CE442.*training\.batcher"):
            with_notes(changed, files / "notes.spacy")
    config = load_config(REPLAY)
    config["corpora"]["train"]["domains"]["target"] = {"@readers": "mine.v1"}
    with pytest.raises(ValueError, match=r"CE442.*mine\.v1"):
        with_notes(config, files / "notes.spacy")
    with pytest.raises(ValueError, match="CE440.*share"):
        with_notes(load_config(PLAIN), files / "notes.spacy", 0)


def test_labels_of_the_gold(files):
    config = load_config(PLAIN)
    config["paths"]["train"] = str(files / "train.spacy")
    assert gold_labels(config, make_nlp()) == {"DOSAGE", "DRUG", "PROBLEM"}
    config = load_config(REPLAY)
    config["paths"] |= {"train": str(files / "train.spacy"), "source": str(files / "source.spacy")}
    only = {"target": {"DRUG": "DRUG"}}
    config["corpora"]["train"]["label_maps"] = only
    # of the target alone: those of the source are not predicted
    assert gold_labels(config, make_nlp()) == {"DRUG"}
    config["initialize"]["components"]["ner"]["label_domains"] = None
    assert gold_labels(config, make_nlp()) == {"DOSAGE", "DRUG", "PROBLEM"}


def test_labels_are_those_that_the_taggers_of_the_target_learn(files):
    nlp = make_nlp()
    (both, *_) = [doc for doc in references(nlp) if len({ent.label_ for ent in doc.ents}) > 1]
    labels = {ent.label_ for ent in both.ents}
    both.spans["gold"] = list(both.ents)
    both.set_ents([ent for ent in both.ents if ent.label_ == "DRUG"])
    DocBin(docs=[both]).to_disk(files / "train.spacy")

    def found(path, **settings):
        config = load_config(path)
        config["paths"] |= {name: str(files / f"{name}.spacy") for name in ("train", "source")}
        config["components"]["ner"] |= settings
        return gold_labels(config, nlp)

    assert found(PLAIN) == {"DRUG"}
    assert found(PLAIN, gold_from="spans", spans_key="gold") == labels > {"DRUG"}
    assert found(PLAIN, gold_from="spans", spans_key="gold", gold_labels=[*labels - {"DRUG"}]) == labels - {"DRUG"}
    # the source teaches a head of its own
    assert found(LADTL) == {"DRUG"} < found(LADTL, domains=None)
    # spaCy's own tagger learns from entities
    assert found(PLAIN, factory="ner") == {"DRUG"}


def test_gold_in_a_span_group():
    config = load_config(PLAIN)
    assert gold_groups(config, Labelling("sure")) == []
    config["components"]["ner"] |= {"gold_from": "spans", "spans_key": "gold"}
    assert gold_groups(config, Labelling("all")) == ["gold"]
    with pytest.raises(ValueError, match="CE449.*gold"):
        gold_groups(config, Labelling("sure"))


def test_where_the_gold_is_that_decides():
    config = load_config(PLAIN)
    assert gold_group(config) is None
    config["components"]["ner"] |= {"gold_from": "spans", "spans_key": "gold"}
    assert gold_group(config) == "gold"
    config["components"]["more"] = {**config["components"]["ner"], "spans_key": "other"}
    assert gold_group(config) is None


def test_another_callback_comes_before_calibration():
    config = load_config(REPLAY)
    assert calibrated_anew(config) == config
    config["components"]["ner"]["temperature"] = 1.2
    dropped = {"@callbacks": "spacy_clinner.drop_labels.v1"}
    config["training"]["before_to_disk"] = dropped
    found = calibrated_anew(config)["training"]["before_to_disk"]
    assert found == {"@callbacks": "spacy_clinner.calibrate.v1", "domains": ["target"], "before": dropped}
    config["training"]["before_to_disk"] = found
    assert calibrated_anew(config) == config
