"""The config of a training that reads notes which a model has labelled, beside its gold."""

from copy import deepcopy
from pathlib import Path
from typing import Any

from spacy.language import Language
from thinc.api import Config

from ..errors import Errors
from ..pipeline.gold_settings import GoldSettings
from ..training.whole_corpora import whole_corpus
from .labelling import Labelling

# the second is no name that a domain of a user's has
GOLD, NOTES = "gold", "labelled_by_model"
TAGGER, ALIGNMENT = "clinner_crf_tagger", "clinner_mmd_alignment"
BY_DOMAIN = "spacy_clinner.batch_by_domain.v1"
DOMAINS = "spacy_clinner.DomainCorpus.v1"
CALIBRATE = "spacy_clinner.calibrate.v1"


# of a reader: what of its documents it leaves out or changes
EVERYTHING = {"limit": 0, "augmenter": None}


def gold_labels(config: Config, nlp: Language) -> set[str]:
    """Find the labels that a training's gold has for the taggers that notes teach; of a transfer, those predicted.

    config (Config): The config.
    nlp (Language): A pipeline with the training's tokenizer.
    RETURNS (Set[str]): The labels.
    """
    settings = config.interpolate()
    reader, _ = whole_corpus(config, settings["training"]["train_corpus"])
    learned = _learned(settings)
    return {label for example in reader(nlp) for gold in learned for label in gold.labels([example.reference])}


def gold_groups(config: Config, labelling: Labelling) -> list[str]:
    """Find the span groups in which the taggers that notes teach look for their gold.

    config (Config): The config.
    labelling (Labelling): How predictions become gold.
    RETURNS (List[str]): Their keys; none for taggers that learn from `doc.ents`.
    RAISES (ValueError): CE449 if there are some, and notes are to be annotated in part: a group is all or nothing.
    """
    groups = sorted({gold.spans_key for gold in _learned(config.interpolate()) if gold.gold_from == "spans"})
    if groups and labelling.labels == "sure":
        raise ValueError(Errors.CE449.format(groups=", ".join(groups)))
    return groups


def gold_group(config: Config) -> str | None:
    """Find where the gold is by which the taggers that notes teach are judged.

    config (Config): The config.
    RETURNS (Optional[str]): The span group that all of them learn from; None: `doc.ents`.
    """
    groups = {gold.spans_key if gold.gold_from == "spans" else None for gold in _learned(config.interpolate())}
    return groups.pop() if len(groups) == 1 else None


def without_notes(config: Config) -> Config:
    """Undo `with_notes`: a pipeline that has learned from notes is trained again from its gold.

    config (Config): A config, with or without notes.
    RETURNS (Config): The config without them.
    """
    section, _, name = str(config["training"]["train_corpus"]).partition(".")
    weights = config["training"].get("batcher", {}).get("source_weights") or {}
    if NOTES not in weights:
        return config
    config = config.copy()
    batcher = config["training"]["batcher"]
    of_notes = batcher["source_words"] * weights[NOTES] / sum(weights.values())
    others = {domain: weight for domain, weight in weights.items() if domain != NOTES}
    batcher |= {
        "source_words": round(batcher["source_words"] - of_notes),
        "source_weights": others if any(others.values()) else None,
    }
    del config[section][name]["domains"][NOTES]
    for component in config["components"].values():
        if NOTES in (component.get("domains") or ()):
            component["domains"] = [domain for domain in component["domains"] if domain != NOTES]
    return config


def calibrated_anew(config: Config) -> Config:
    """Let a training of a calibrated pipeline's config end in a calibrated one: what fits old scores fits no new ones.

    config (Config): A config.
    RETURNS (Config): The config, with `spacy_clinner.calibrate.v1` if a component has a temperature.
    """
    calibrated = any(component.get("temperature", 1) != 1 for component in config["components"].values())
    before = config["training"].get("before_to_disk")
    if not calibrated or (before or {}).get("@callbacks") == CALIBRATE:
        return config
    config = config.copy()
    domains = config["training"].get("batcher", {}).get("target")
    config["training"]["before_to_disk"] = {"@callbacks": CALIBRATE, "domains": domains, "before": before}
    return config


def with_notes(config: Config, notes: Path, share: float = 1.0) -> Config:
    """Let a training read notes besides what it reads.

    config (Config): A config whose batches are of a number of words (`spacy.batch_by_words.v1`), or pair domains
        (`spacy_clinner.batch_by_domain.v1`).
    notes (Path): `.spacy` file of the notes.
    share (float): Words of notes in a batch as a multiple of the words of (target) gold, above 0.
    RETURNS (Config): The config in which they are one more domain of the source, and teach the heads that the target
        teaches. No domain is aligned with them.
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
    for component in config["components"].values():
        if component.get("factory") == ALIGNMENT and not component.get("source"):
            # empty, it would take notes, which are like the target, for one
            component["source"] = [domain for domain in corpus["domains"] if domain not in component["target"]]
    whole = {setting: value for setting, value in EVERYTHING.items() if setting in reader}
    corpus["domains"][NOTES] = {**deepcopy(reader), **whole, "path": str(notes)}
    batcher |= {"source_words": batcher["source_words"] + of_notes, "source_weights": weights}
    config[section][name], config["training"]["batcher"] = corpus, batcher
    for component in config["components"].values():
        domains = component.get("domains")
        # what learns from the gold of some corpora learns from notes that are labelled like it
        if domains and set(domains) & set(batcher["target"]):
            component["domains"] = [*domains, NOTES]
    return config


def _learned(config: Config) -> list[GoldSettings]:
    """Gold of the taggers that notes teach, which are those of the target; other taggers than ours read `doc.ents`."""
    target = config["training"].get("batcher", {}).get("target")
    learned = []
    for name, component in config["components"].items():
        domains = component.get("domains")
        if component.get("factory") == TAGGER and not (target and domains and set(domains).isdisjoint(target)):
            predicted = config["initialize"].get("components", {}).get(name, {}).get("label_domains")
            settings = {setting: component[setting] for setting in GoldSettings._fields if setting in component}
            learned.append(GoldSettings(**settings | {"domains": predicted or domains}))
    return learned or [GoldSettings()]


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
    weights = batcher.get("source_weights")
    if not batcher["source_words"]:
        # weights may not name what nothing is drawn from
        return dict.fromkeys(sources, 0.0)
    if weights is None:
        if len(sources) > 1:
            raise ValueError(Errors.CE442.format(setting="training.batcher.source_weights", value=None))
        weights = dict.fromkeys(sources, 1.0)
    total = sum(weights.values())
    return {name: batcher["source_words"] * weight / total for name, weight in weights.items()}
