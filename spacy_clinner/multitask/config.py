"""The config of a training on many corpora: an ordinary one of spaCy's, filled, which `spacy train` reads."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from thinc.api import Config

from ..annotations.keys import SPANS_KEY
from ..configs import NAMES_KEPT, lost_settings
from ..recipes.compose import compose
from ..recipes.recipe import find_recipe
from ..toml_file import refuse
from .corpora_file import Corpora
from .heads import HeadPlan, plan_heads

SHARED = "tok2vec"
UNION = "union"
DOMAINS = "spacy_clinner.DomainCorpus.v1"


def compose_multitask(corpora: Corpora) -> Config:
    """Make the config of a training on many corpora.

    corpora (Corpora): The corpora file.
    RETURNS (Config): The config of its encoder's recipe, with one encoder that all heads share, a reader for each
        corpus, and F1 of all of them, alike, as the score.
    RAISES (ValueError): CE084 if a label cannot stand in a config, CE354 if there is no such encoder, CE357 if vectors
        are given and the encoder reads none.
    """
    _check_labels(corpora)
    settings, heads = corpora.settings, plan_heads(corpora)
    recipe = find_recipe("ner", "demo" if settings.small else "any", settings.encoder)
    config = compose(recipe, settings.lang, settings.vectors)
    tagger = _share_encoder(config)
    for head in heads:
        _add_head(config, head, tagger, corpora)
    if len(heads) > 1:
        _add_union(config, heads, settings.rule)
    for kind in dict.fromkeys(head.kind for head in heads if head.kind):
        _add_layers(config, kind, heads)
    trained = [name for name in ("transformer", SHARED) if name in config["components"]]
    for head in heads:
        trained += [name for name in (_layers_of(head.kind), head.name) if name not in trained and name]
    config["nlp"]["pipeline"] = [*trained, *([UNION] if len(heads) > 1 else [])]
    for part in ("train", "dev"):
        config["corpora"][part] = _domain_corpus(corpora, part, config["corpora"][part])
    config["training"]["batcher"] = _batcher(corpora)
    config["training"]["score_weights"] = _score_weights(list(corpora.corpora), heads)
    config["initialize"]["after_init"] |= {
        "blocks": {name: {"target": name} for name in trained},
        "up_to": None,
        "pipe": None,
    }
    return config


def compose_replay(corpora: Corpora, target: str) -> Config:
    """Make the config of a training on one corpus that goes on reading the others.

    corpora (Corpora): The corpora file.
    target (str): Name of the corpus that counts: an epoch is one pass over it, each batch has as many words of the
        others, and its dev documents alone choose.
    RETURNS (Config): The config.
    RAISES (ValueError): CE084, CE354 and CE357 as `compose_multitask`.
    """
    config = compose_multitask(corpora)
    batcher, dev = config["training"]["batcher"], config["corpora"]["dev"]
    config["training"]["batcher"] = {
        "@batchers": "spacy_clinner.batch_by_domain.v1",
        "target": [target],
        "target_words": batcher["words"],
        "source_words": batcher["words"],
        "seed": batcher["seed"],
        "source_weights": batcher["weights"] and {n: w for n, w in batcher["weights"].items() if n != target},
        "buffer": 1000,
    }
    for part in ("domains", "label_maps", "annotated"):
        dev[part] = {target: dev[part][target]}
    config["training"]["score_weights"] = _score_weights([target], plan_heads(corpora))
    return config


def _check_labels(corpora: Corpora) -> None:
    """A label that a config does not give back would be outside of entities in the gold, and nobody would know."""
    problems = [
        f"corpora.{name}: the label {label!r} must be of {NAMES_KEPT}"
        for name, corpus in corpora.corpora.items()
        for label in lost_settings(corpus.label_map)
    ]
    if problems:
        raise refuse(corpora.path, problems)


def _share_encoder(config: Config) -> dict[str, Any]:
    """Make a component of the encoder, and take the tagger out; RETURNS (Dict[str, Any]): its settings, listening."""
    components = config["components"]
    tagger = components.pop("ner")
    if SHARED not in components:
        components[SHARED] = {"factory": "clinner_tok2vec", "model": tagger["model"]["tok2vec"]}
    tagger["model"]["tok2vec"] = _listener()
    return tagger


def _listener() -> dict[str, Any]:
    width = f"${{components.{SHARED}.model.encode.width}}"
    return {"@architectures": "spacy.Tok2VecListener.v1", "width": width, "upstream": SHARED}


def _layers_of(kind: str | None) -> str | None:
    """The component of a type's layers."""
    return f"{SHARED}_{kind}" if kind else None


def _add_layers(config: Config, kind: str, heads: Sequence[HeadPlan]) -> None:
    """Give a type layers of its own: those of the encoder once more, on the encoder's rows."""
    encoder = config["components"][SHARED]["model"]
    config["components"][_layers_of(kind)] = {
        "factory": "clinner_tok2vec",
        "model": {
            "@architectures": "spacy_clinner.OfDomains.v1",
            "domains": list(dict.fromkeys(name for head in heads if head.kind == kind for name in head.corpora)),
            "tok2vec": {**deepcopy(encoder), "embed": _listener()},
        },
    }


def _add_head(config: Config, head: HeadPlan, tagger: dict[str, Any], corpora: Corpora) -> None:
    others = {label for name in head.corpora for label in corpora.corpora[name].annotated} - set(head.labels)
    settings = deepcopy(tagger) | {
        "domains": None if len(head.corpora) == len(corpora.corpora) else head.corpora,
        "gold_labels": head.labels if others else None,
        "score_prefix": head.score_prefix,
        "set_ents": head.spans_key == SPANS_KEY,
        "spans_key": head.spans_key,
    }
    if upstream := _layers_of(head.kind):
        settings["model"]["tok2vec"] = {
            "@architectures": "spacy_clinner.LayersListener.v1",
            "width": f"${{components.{upstream}.model.tok2vec.encode.width}}",
            "upstream": upstream,
        }
    config["components"][head.name] = settings
    config["initialize"]["components"][head.name] = {"labels": head.labels}


def _add_union(config: Config, heads: Sequence[HeadPlan], rule: str) -> None:
    config["components"][UNION] = {
        "factory": "clinner_entity_union",
        "heads": [head.spans_key for head in heads],
        "labels": {},
        "assumed": {},
        "rule": rule,
        "threshold": None,
        "spans_key": SPANS_KEY,
        "set_ents": True,
        # a key of its own: those of the heads choose
        "score_prefix": UNION,
        "scorer": {"@scorers": "spacy_clinner.ner_scorer.v1"},
    }


def _domain_corpus(corpora: Corpora, part: str, reader: dict[str, Any]) -> dict[str, Any]:
    return {
        "@readers": DOMAINS,
        "label_maps": {name: corpus.label_map for name, corpus in corpora.corpora.items()},
        "audit": None,
        "annotated": {name: corpus.annotated for name, corpus in corpora.corpora.items()},
        "domains": {
            name: {**deepcopy(reader), "path": str(corpus.parts[part])} for name, corpus in corpora.corpora.items()
        },
    }


def _batcher(corpora: Corpora) -> dict[str, Any]:
    sampling = corpora.settings.sampling
    return {
        "@batchers": "spacy_clinner.batch_by_corpus.v1",
        "words": sampling.words,
        "exponent": sampling.exponent,
        "weights": {name: sampling.weights[name] for name in corpora.corpora} if sampling.weights else None,
        "mixed": sampling.mixed,
        "seed": "${system.seed}",
    }


def _score_weights(names: Sequence[str], heads: Sequence[HeadPlan]) -> dict[str, float | None]:
    """F1 of each corpus of dev counts alike; of a corpus with several heads, that of each of them."""
    weights: dict[str, float | None] = dict.fromkeys(("ents_f", "ents_p", "ents_r", "ents_per_type"))
    for name in names:
        own = [head for head in heads if name in head.corpora]
        share = round(1 / len(names) / len(own), 4)
        weights |= {_score_key(head, name, names): share for head in own}
    return weights


def _score_key(head: HeadPlan, corpus: str, names: Sequence[str]) -> str:
    """Under which key `ner_scorer` has a head's F1 on a corpus: one alone is not told apart."""
    key = f"ents_{head.score_prefix}_f" if head.score_prefix else "ents_f"
    return f"{key}_{corpus}" if len(set(head.corpora) & set(names)) > 1 else key
