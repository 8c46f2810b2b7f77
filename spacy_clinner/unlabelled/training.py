"""The config of a training that reads notes which a model has labelled, beside its gold."""

from copy import deepcopy
from pathlib import Path
from typing import Any

from spacy.language import Language
from thinc.api import Config

from ..annotations.keys import DOMAIN_KEY
from ..errors import Errors
from ..training.whole_corpora import whole_corpus

GOLD, NOTES = "gold", "notes"
BY_DOMAIN = "spacy_clinner.batch_by_domain.v1"
DOMAINS = "spacy_clinner.DomainCorpus.v1"


def gold_labels(config: Config, nlp: Language) -> set[str]:
    """Find the labels that a training's gold has; of a transfer, those that are predicted.

    config (Config): The config.
    nlp (Language): A pipeline with the training's tokenizer.
    RETURNS (Set[str]): Labels of `doc.ents` and of span groups.
    """
    config = config.interpolate()
    reader, _ = whole_corpus(config, config["training"]["train_corpus"])
    settings = config["initialize"].get("components", {}).values()
    domains = {domain for one in settings for domain in one.get("label_domains") or ()}
    labels: set[str] = set()
    for example in reader(nlp):
        doc = example.reference
        if not domains or doc.user_data.get(DOMAIN_KEY) in domains:
            labels.update(span.label_ for spans in (doc.ents, *doc.spans.values()) for span in spans)
    return labels


def with_notes(config: Config, notes: Path, share: float = 1.0) -> Config:
    """Let a training read notes besides what it reads.

    config (Config): A config whose batches are of a number of words (`spacy.batch_by_words.v1`), or pair domains
        (`spacy_clinner.batch_by_domain.v1`).
    notes (Path): `.spacy` file of the notes.
    share (float): Words of notes in a batch as a multiple of the words of (target) gold, above 0.
    RETURNS (Config): The config in which they are one more domain of the source, and teach the heads that the target
        teaches.
    RAISES (ValueError): CE442 if its batches or its reader are of another kind, CE440 for a share of 0 or less.
    """
    if not share > 0:
        raise ValueError(Errors.CE440.format(setting="share", value=share))
    config = config.copy()
    section, _, name = str(config["training"]["train_corpus"]).partition(".")
    corpus, batcher = config.get(section, {}).get(name, {}), config["training"].get("batcher", {})
    if corpus.get("@readers") != DOMAINS:
        corpus, batcher = _as_domain(corpus, batcher)
    if batcher.get("@batchers") != BY_DOMAIN:
        raise ValueError(Errors.CE442.format(setting="training.batcher", value=batcher.get("@batchers")))
    reader = corpus["domains"][batcher["target"][0]]
    if "path" not in reader:
        raise ValueError(Errors.CE442.format(setting=config["training"]["train_corpus"], value=reader.get("@readers")))
    of_notes = round(share * batcher["target_words"])
    weights = _weights(corpus, batcher) | {NOTES: of_notes}
    corpus["domains"][NOTES] = {**deepcopy(reader), "path": str(notes)}
    batcher |= {"source_words": batcher["source_words"] + of_notes, "source_weights": weights}
    config[section][name], config["training"]["batcher"] = corpus, batcher
    for component in config["components"].values():
        domains = component.get("domains")
        # what learns from the gold of some corpora learns from notes that are labelled like it
        if domains and set(domains) & set(batcher["target"]):
            component["domains"] = [*domains, NOTES]
    return config


def _as_domain(corpus: dict[str, Any], batcher: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A corpus without domains as the one that counts; RETURNS (tuple): reader and batcher."""
    words = batcher.get("size")
    if batcher.get("@batchers") != "spacy.batch_by_words.v1" or not isinstance(words, int):
        raise ValueError(Errors.CE442.format(setting="training.batcher", value=batcher.get("@batchers")))
    joined = {"@readers": DOMAINS, "domains": {GOLD: corpus}, "label_maps": None, "annotated": None, "audit": None}
    pairs = {"@batchers": BY_DOMAIN, "target": [GOLD], "target_words": words, "source_words": 0}
    return joined, {**pairs, "seed": "${system.seed}", "source_weights": None, "buffer": 1000}


def _weights(corpus: dict[str, Any], batcher: dict[str, Any]) -> dict[str, float]:
    """Words of each source in a batch, before notes come in."""
    sources = [name for name in corpus["domains"] if name not in batcher["target"]]
    weights = batcher["source_weights"]
    if not batcher["source_words"]:
        # weights may not name what nothing is drawn from
        return dict.fromkeys(sources, 0.0)
    if weights is None:
        if len(sources) > 1:
            raise ValueError(Errors.CE442.format(setting="training.batcher.source_weights", value=None))
        weights = dict.fromkeys(sources, 1.0)
    total = sum(weights.values())
    return {name: batcher["source_words"] * weight / total for name, weight in weights.items()}
