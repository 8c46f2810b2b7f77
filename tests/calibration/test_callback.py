import pytest
import spacy
from spacy.cli.train import train
from spacy.tokens import DocBin
from thinc.api import Config

from spacy_clinner.annotations.keys import DOMAIN_KEY
from spacy_clinner.calibration.callback import calibrate_on_dev
from spacy_clinner.recipes.compose import compose
from spacy_clinner.recipes.recipe import find_recipe

from ..toys import tagger
from ..toys.calibration import dev_of_tagger

CALIBRATE = {"@callbacks": "spacy_clinner.calibrate.v1", "domains": None, "before": None}


def write(path, docs):
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return str(path)


def train_toy(folder, docs_of_train, docs_of_dev, callback):
    config = compose(find_recipe(corpus="demo")).copy()
    config["paths"] |= {
        "train": write(folder / "train.spacy", docs_of_train),
        "dev": write(folder / "dev.spacy", docs_of_dev),
    }
    config["training"] |= {"max_steps": 30, "eval_frequency": 10, "before_to_disk": callback}
    path = folder / "config.cfg"
    Config(config).to_disk(path)
    train(path, folder / "out")
    return spacy.load(folder / "out" / "model-last")


def test_what_is_saved_is_calibrated_and_the_training_goes_on_as_without(tmp_path):
    blank = spacy.blank("en")
    found = []
    for name, callback in (("with", CALIBRATE), ("without", None)):
        (tmp_path / name).mkdir()
        found.append(train_toy(tmp_path / name, tagger.references(blank) * 5, dev_of_tagger(blank), callback))
    calibrated, plain = found
    one, other = (nlp.get_pipe("ner") for nlp in found)
    assert other.cfg["temperature"] == 1.0 != one.cfg["temperature"]
    assert one.model.to_bytes() == other.model.to_bytes()
    known = calibrated.meta["clinner_calibration"]["ner"]
    assert list(known["data"]) == [str(tmp_path / "with" / "dev.spacy")]
    assert list(calibrated.meta["clinner_training_data"]) == [str(tmp_path / "with" / "train.spacy")]
    assert calibrated.config["training"]["before_to_disk"]["@callbacks"] == "spacy_clinner.calibrate.v1"
    assert "clinner_calibration" not in plain.meta


@pytest.fixture
def nlp(tmp_path):
    nlp = tagger.make_nlp()
    tagger.train(nlp)
    docs = dev_of_tagger(nlp)
    for number, doc in enumerate(docs):
        doc.user_data[DOMAIN_KEY] = "target" if number < 10 else "source"
    nlp.config["corpora"] = {
        name: {"@readers": "spacy.Corpus.v1", "path": write(tmp_path / f"{name}.spacy", of_name), "gold_preproc": False}
        for name, of_name in (("train", tagger.references(nlp)), ("dev", docs))
    }
    return nlp


def test_only_the_domains_that_are_named_count(nlp):
    everything, target = calibrate_on_dev(nlp), calibrate_on_dev(nlp, ["target"])
    n = [copy.meta["clinner_calibration"]["tagger"]["documents"] for copy in (everything, target)]
    assert n == [12, 8]
    assert nlp.get_pipe("tagger").cfg["temperature"] == 1.0


def test_the_callback_before_is_called_first(nlp):
    def rename(nlp):
        nlp.meta["name"] = "renamed"
        return nlp

    assert calibrate_on_dev(nlp, before=rename).meta["name"] == "renamed"


def test_a_single_document_of_dev_leaves_it_as_it_is(nlp, tmp_path):
    write(tmp_path / "dev.spacy", dev_of_tagger(nlp)[:1])
    with pytest.warns(UserWarning, match="CW381"):
        copy = calibrate_on_dev(nlp)
    assert copy.get_pipe("tagger").cfg["temperature"] == 1.0 and "tagger" not in copy.meta["clinner_calibration"]


def test_dev_without_gold_leaves_it_as_it_is(nlp):
    with pytest.warns(UserWarning, match="CW382"):
        copy = calibrate_on_dev(nlp, ["nowhere"])
    assert copy.get_pipe("tagger").cfg["temperature"] == 1.0 and "tagger" not in copy.meta["clinner_calibration"]
