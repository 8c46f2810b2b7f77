"""A folder with a small config and corpora, to experiment in."""

from spacy import util
from spacy.tokens import DocBin

from spacy_clinner.annotations.keys import DOC_ID_KEY

from .tagger import make_nlp, references

TRAINING = """
[paths]
train = null
dev = null
model = null

[system]
seed = 0

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = ${paths.train}

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${paths.dev}

[training]
seed = ${system.seed}
max_steps = 4
eval_frequency = 2

[training.score_weights]
ents_f = 1.0
"""


def make_room(folder):
    """Write `config.cfg`, and `train.spacy`, `dev.spacy` and `test.spacy` with the same few documents."""
    nlp = make_nlp()
    nlp.config.merge(util.load_config_from_str(TRAINING)).to_disk(folder / "config.cfg")
    docs = [doc for doc in references(nlp) if len(doc)]
    for i, doc in enumerate(docs):
        doc.user_data[DOC_ID_KEY] = f"note-{i}"
    for name in ("train", "dev", "test"):
        DocBin(docs=docs, store_user_data=True).to_disk(folder / f"{name}.spacy")
    return folder


def data_overrides(room):
    return {"paths.train": str(room / "train.spacy"), "paths.dev": str(room / "dev.spacy")}
