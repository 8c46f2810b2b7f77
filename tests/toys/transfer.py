"""A small char-CNN, hash and BiLSTM tagger, its encoder its own or shared, and a `spacy train` of it."""

import re
import sys
from pathlib import Path

import spacy
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config_from_str, load_model_from_config
from thinc.api import Config

from spacy_clinner.annotations.keys import DOMAIN_KEY

from ..paths import DOCS
from .tagger import examples, references

ENCODER = {
    "@architectures": "spacy_clinner.WindowedTok2Vec.v1",
    "embed": {
        "@architectures": "spacy_clinner.ConcatEmbed.v1",
        "parts": {
            "chars": {"@architectures": "spacy_clinner.CharCNNEmbed.v1", "nF": 16, "width": 8},
            "words": {
                "@architectures": "spacy.MultiHashEmbed.v2",
                "width": 16,
                "attrs": ["NORM"],
                "rows": [50],
                "include_static_vectors": False,
            },
        },
    },
    "encode": {"@architectures": "spacy_clinner.BiLSTMEncoder.v1", "width": 32},
}
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32}
HEAD = {"@architectures": "spacy_clinner.CRFTagger.v1"}


def own_encoder(name="ner", encoder=ENCODER, **settings):
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_crf_tagger", name=name, config={"model": {**HEAD, "tok2vec": encoder}, **settings})
    return nlp


def shared_encoder(*heads, factory="clinner_tok2vec", encoder=ENCODER, **settings):
    nlp = spacy.blank("en")
    nlp.add_pipe(factory, name="tok2vec", config={"model": encoder})
    for head in heads or ["ner"]:
        config = {"model": {**HEAD, "tok2vec": LISTENER}, **settings, **SETTINGS.get(head, {})}
        nlp.add_pipe("clinner_crf_tagger", name=head, config=config)
    return nlp


def borrowing_head():
    """A shared encoder whose width is a variable of the config, and a head that borrows it for one of its own."""
    config = Config(shared_encoder().config, is_interpolated=False).copy()
    config["vars"] = {"width": 32}
    config["components"]["tok2vec"]["model"]["encode"]["width"] = "${vars.width}"
    width = "${components.tok2vec.model.encode.width}"
    own = {"embed": {**LISTENER, "width": width}, "encode": {**ENCODER["encode"], "width": width}}
    config["components"]["ner"]["model"]["tok2vec"] = {"@architectures": ENCODER["@architectures"], **own}
    return load_model_from_config(config)


SETTINGS = {
    "source": {"domains": ["source"], "set_ents": False, "spans_key": "source", "score_prefix": "source"},
    "target": {"domains": ["target"], "score_prefix": "target", "tie_to": "source"},
}


def relabeled(nlp, names):
    """The toy examples with other names of labels; entities whose label gets none are left out."""
    pairs = examples(nlp)
    for pair in pairs:
        spans = [(ent, names.get(ent.label_, ent.label_)) for ent in pair.y.ents]
        renamed = [spacy.tokens.Span(pair.y, ent.start, ent.end, name) for ent, name in spans if name]
        pair.y.set_ents(renamed)
    return pairs


def stamped(nlp, names=None):
    """The toy examples in both domains; the target's labels by other names."""
    pairs = []
    for domain, renamed in (("source", {}), ("target", names or {})):
        for pair in relabeled(nlp, renamed):
            pair.x.user_data[DOMAIN_KEY] = pair.y.user_data[DOMAIN_KEY] = domain
            pairs.append(pair)
    return pairs


def initialized(nlp, make=examples):
    nlp.initialize(lambda: make(nlp))
    return nlp


def weights(model) -> list:
    return [node.get_param(name).copy() for node in model.walk() for name in node.param_names if node.has_param(name)]


def moved(before, model) -> list[bool]:
    return [bool((old != new).any()) for old, new in zip(before, weights(model), strict=True)]


def write_docs(path: Path, domains=(None,)) -> Path:
    """The toy documents once for each domain, stamped."""
    nlp = spacy.blank("en")
    docs = []
    for domain in domains:
        for doc in references(nlp):
            if len(doc):
                if domain:
                    doc.user_data[DOMAIN_KEY] = domain
                docs.append(doc)
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


def run_training(config: str, out: Path, steps: int, eval_frequency: int = 100, stdout=sys.stdout):
    """`spacy train` without its command line."""
    loaded = load_config_from_str(config)
    loaded["training"].update(max_steps=steps, max_epochs=0, eval_frequency=min(eval_frequency, steps))
    nlp = init_nlp(loaded)
    out.mkdir(parents=True, exist_ok=True)
    return train(nlp, out, stdout=stdout)[0]


def snippets(page: str) -> list[str]:
    """The blocks of settings on a page of the docs."""
    text = (DOCS / "guide" / page).read_text(encoding="utf8")
    return re.findall(r"```ini\n(.*?)```", text, flags=re.DOTALL)
