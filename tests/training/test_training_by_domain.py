"""The config of docs/guide/domains.md: two heads on a shared encoder, each taught by its own corpora."""

import io

import pytest
import spacy
from spacy import util
from spacy.cli.init_config import fill_config
from spacy.tokens import DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import Config

from ..paths import DOCS

CONFIG = (DOCS / "guide" / "domains.md").read_text(encoding="utf8").split("```ini\n")[1].split("```")[0]


def write(path, labels):
    nlp = spacy.blank("en")
    docs = [nlp.make_doc(f"severe fever in Boston\nno cough number {n}") for n in range(5)]
    for doc in docs:
        doc.set_ents([Span(doc, start, start + 1, label) for start, label in labels])
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return str(path)


@pytest.fixture
def config(tmp_path):
    (tmp_path / "base.cfg").write_text(CONFIG)
    _, filled = fill_config(tmp_path / "filled.cfg", tmp_path / "base.cfg", silent=True)
    target = write(tmp_path / "target.spacy", [(6, "DISEASE")])
    overrides = {
        "paths.source": write(tmp_path / "source.spacy", [(1, "Sign_symptom"), (3, "Date"), (5, "Other")]),
        "paths.target": target,
        "paths.dev": target,
        "training.max_steps": 2,
        "training.eval_frequency": 1,
        "training.batcher.target_words": 8,
        "training.batcher.source_words": 8,
    }
    return Config().from_str(filled.to_str(), overrides=overrides)


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_two_heads_learn_from_their_domains(config, max_epochs):
    util.fix_random_seed(0)
    config["training"]["max_epochs"] = max_epochs
    nlp = init_nlp(config)
    assert nlp.get_pipe("source_ner").labels == ("PROBLEM",)
    assert nlp.get_pipe("target_ner").labels == ("DISEASE",)
    weights = {name: nlp.get_pipe(name).model.to_bytes() for name in ("tok2vec", "source_ner", "target_ner")}
    train(nlp, stdout=io.StringIO(), stderr=io.StringIO())
    for name, before in weights.items():
        assert nlp.get_pipe(name).model.to_bytes() != before, name
