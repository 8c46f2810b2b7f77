"""Source and target in one `spacy train`: two heads on a shared encoder, each taught by its own corpora."""

import io

import pytest
import spacy
from spacy import util
from spacy.cli.init_config import fill_config
from spacy.tokens import DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import Config

CONFIG = """
[paths]
source = null
target = null

[system]
seed = 0
gpu_allocator = null

[nlp]
lang = "en"
pipeline = ["tok2vec","source","target"]

[components]

[components.tok2vec]
factory = "tok2vec"

[components.tok2vec.model]
@architectures = "spacy.HashEmbedCNN.v2"
pretrained_vectors = null
width = 16
depth = 1
embed_size = 100
window_size = 1
maxout_pieces = 2
subword_features = true

[components.source]
factory = "clinner_crf_tagger"
domains = ["source"]
spans_key = "source"
set_ents = false

[components.source.model]
@architectures = "spacy_clinner.CRFTagger.v1"

[components.source.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = 16

[components.target]
factory = "clinner_crf_tagger"
domains = ["target"]
spans_key = "target"

[components.target.model]
@architectures = "spacy_clinner.CRFTagger.v1"

[components.target.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = 16

[corpora]

[corpora.train]
@readers = "spacy_clinner.DomainCorpus.v1"

[corpora.train.domains]

[corpora.train.domains.source]
@readers = "spacy_clinner.WindowCorpus.v1"
path = ${paths.source}

[corpora.train.domains.target]
@readers = "spacy.Corpus.v1"
path = ${paths.target}
gold_preproc = false

[corpora.train.label_maps]

[corpora.train.label_maps.source]
Sign_symptom = "PROBLEM"
PLACE = ""

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${paths.target}

[training]
dev_corpus = "corpora.dev"
train_corpus = "corpora.train"
max_steps = 2
eval_frequency = 1

[training.batcher]
@batchers = "spacy_clinner.batch_by_domain.v1"
target = ["target"]
target_words = 8
source_words = 8

[training.optimizer]
@optimizers = "Adam.v1"
use_averages = false
"""


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
    paths = {
        "paths.source": write(tmp_path / "source.spacy", [(1, "Sign_symptom"), (3, "PLACE")]),
        "paths.target": write(tmp_path / "target.spacy", [(6, "DISEASE")]),
    }
    return Config().from_str(filled.to_str(), overrides=paths)


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_two_heads_learn_from_their_domains(config, max_epochs):
    util.fix_random_seed(0)
    config["training"]["max_epochs"] = max_epochs
    nlp = init_nlp(config)
    assert nlp.get_pipe("source").labels == ("PROBLEM",)
    assert nlp.get_pipe("target").labels == ("DISEASE",)
    weights = {name: nlp.get_pipe(name).model.to_bytes() for name in ("tok2vec", "source", "target")}
    train(nlp, stdout=io.StringIO(), stderr=io.StringIO())
    for name, before in weights.items():
        assert nlp.get_pipe(name).model.to_bytes() != before, name
