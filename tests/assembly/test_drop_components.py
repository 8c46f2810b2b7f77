import json

import pytest
import spacy
from spacy.language import Language

from spacy_clinner.assembly.calibrated import tell_calibrations
from spacy_clinner.assembly.drop_components import drop_components

from ..pipeline.tagger.test_crf_tagger import same_annotation
from ..toys.forked import run_python
from ..toys.tagger import TEXTS, entities
from ..toys.transfer import moved, shared_encoder, stamped, weights


@pytest.fixture(scope="module")
def trained():
    nlp = shared_encoder("source", "target")
    optimizer = nlp.initialize(lambda: stamped(nlp))
    optimizer.learn_rate = 0.02
    for _ in range(40):
        nlp.update(stamped(nlp), sgd=optimizer)
    nlp.meta["clinner_transfer"] = {"source": "en_other 1.0"}
    nlp.config["training"].update(frozen_components=["source"], before_to_disk=None)
    nlp.config["initialize"]["components"]["source"] = {"labels": ["DRUG"]}
    return nlp


def test_copy_annotates_the_same_and_the_pipeline_is_untouched(trained):
    before = json.dumps(trained.config), {name: weights(trained.get_pipe(name).model) for name in trained.pipe_names}
    docs = list(trained.pipe(text for text, _ in TEXTS))
    assert any(entities(doc) for doc in docs)
    copy = drop_components(trained, ["source"])
    assert copy.pipe_names == ["tok2vec", "target"] and trained.pipe_names == ["tok2vec", "source", "target"]
    for left, right in zip(docs, copy.pipe(text for text, _ in TEXTS), strict=True):
        same_annotation(left, right)
        assert "source" not in right.spans
    assert json.dumps(trained.config) == before[0]
    for name, old in before[1].items():
        assert not any(moved(old, trained.get_pipe(name).model))
    assert trained.get_pipe("target").cfg["tie_to"] == "source"
    assert trained.update(stamped(trained))["target/tie"] > 0


@pytest.mark.slow
def test_a_callback_that_another_one_calls_is_not_left_either(trained):
    drop = {"@callbacks": "spacy_clinner.drop_components.v1", "names": ["source"]}
    calibrate = {"@callbacks": "spacy_clinner.calibrate.v1", "domains": ["target"]}
    trained.config["training"]["before_to_disk"] = {**calibrate, "before": drop}
    copy = drop_components(trained, ["source"])
    assert copy.config["training"]["before_to_disk"] == {**calibrate, "before": None}
    assert trained.config["training"]["before_to_disk"]["before"] == drop


@pytest.mark.slow
def test_nothing_of_the_dropped_is_left(trained, tmp_path):
    trained.config["training"]["before_to_disk"] = {
        "@callbacks": "spacy_clinner.drop_components.v1",
        "names": ["source"],
    }
    blocks = {"head": {"target": "target:crf"}, "encoder": {"target": "tok2vec"}, "other": {"target": "source:crf"}}
    trained.config["initialize"]["after_init"] = {"@callbacks": "spacy_clinner.transfer_layers.v1", "blocks": blocks}
    copy = drop_components(trained, ["source"])
    copy.to_disk(tmp_path / "model")
    config = spacy.util.load_config(tmp_path / "model" / "config.cfg")
    assert "source" not in config["components"] and config["components"]["target"]["tie_to"] is None
    assert config["training"]["frozen_components"] == [] and config["training"]["before_to_disk"] is None
    assert config["initialize"]["components"] == {}
    assert sorted(config["initialize"]["after_init"]["blocks"]) == ["encoder", "head"]
    assert not (tmp_path / "model" / "source").exists()
    meta = json.loads((tmp_path / "model" / "meta.json").read_text())
    assert meta["clinner_transfer"] == {"source": "en_other 1.0"} and set(meta["labels"]) == {"tok2vec", "target"}
    code = f"import spacy; nlp = spacy.load({str(tmp_path / 'model')!r}); print(len(nlp({TEXTS[1][0]!r}).ents))"
    done = run_python("-c", code)
    assert int(done.stdout) == len(trained(TEXTS[1][0]).ents) > 0
    loaded = spacy.load(tmp_path / "model")
    optimizer = loaded.resume_training()
    assert "target/tie" not in loaded.update(stamped(loaded), sgd=optimizer)


class Lexicon:
    """A component of another package, which is saved to folders alone."""

    def __init__(self):
        self.words = []

    def __call__(self, doc):
        return doc

    def to_disk(self, path, exclude=()):
        path.mkdir()
        (path / "words.txt").write_text("\n".join(self.words))

    def from_disk(self, path, exclude=()):
        self.words = (path / "words.txt").read_text().split("\n")


@Language.factory("toy_lexicon")
def create_lexicon(nlp, name):
    return Lexicon()


def test_what_is_saved_to_folders_alone_comes_along():
    nlp = spacy.blank("en")
    nlp.add_pipe("toy_lexicon").words = ["fever", "cough"]
    nlp.add_pipe("sentencizer")
    copy = drop_components(nlp, ["sentencizer"])
    assert copy.get_pipe("toy_lexicon").words == ["fever", "cough"]


def test_unknown_names_and_encoders_in_use(trained):
    with pytest.raises(ValueError, match="CE233.*'aligner'.*source, target"):
        drop_components(trained, ["aligner"])
    with pytest.raises(ValueError, match="CE249.*'tok2vec'.*target"):
        drop_components(trained, ["tok2vec", "source"])


def test_what_was_told_of_the_dropped_is_not_told_any_more(trained):
    told = {"temperature": 1.5, "interval": [1.0, 2.0]}
    tell_calibrations(trained, {"source": told, "target": told})
    copy = drop_components(trained, ["source"])
    assert set(copy.meta["clinner_calibration"]) == {"target"} and "source" not in copy.meta["notes"]
    assert set(trained.meta["clinner_calibration"]) == {"source", "target"}
    tell_calibrations(trained, {})
