"""The corpora file: which corpora there are, what each of them annotates, and how one model is to learn from them."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, StrictBool, StrictInt, StrictStr

from ..toml_file import SEED, check_toml, problems_of_overrides, problems_of_repeated, read_toml, refuse

# One tag space; a head for each type of entities; a head for each corpus; the same above layers that a type shares.
Join = Literal["labels", "types", "corpora", "types+corpora"]
Rule = Literal["probability", "longest", "priority"]
# the setting by which a stage starts from the model of another one
SOURCE_MODEL = "paths.source_model"
# names of components and domains, which stand in dotted names of settings
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class OwnSense(BaseModel, extra="forbid"):
    """Labels that a corpus uses in a sense of its own: they get a head that other corpora do not teach."""

    head: StrictStr = ""
    labels: dict[StrictStr, StrictStr] = {}


class CorpusEntry(BaseModel, extra="forbid"):
    """A corpus: its files, and what becomes of each of its labels."""

    train: StrictStr
    dev: StrictStr
    test: StrictStr | None = None
    labels: dict[StrictStr, StrictStr] = {}
    own: OwnSense = OwnSense()


class UnseenEntry(BaseModel, extra="forbid"):
    """A corpus that nobody learns from."""

    test: StrictStr
    labels: dict[StrictStr, StrictStr]


class Sampling(BaseModel, extra="forbid"):
    """As the settings of `spacy_clinner.batch_by_corpus.v1`."""

    words: StrictInt = 500
    exponent: float = 0.5
    weights: dict[StrictStr, float] = {}
    mixed: StrictBool = True


class Hierarchy(BaseModel, extra="forbid"):
    """The stages of `clinner hierarchy`: for which corpora, how often, and what of their configs differs."""

    targets: list[StrictStr] = []
    seeds: list[StrictInt] = [0, 1, 2]
    share: float = 100
    single: dict[StrictStr, Any] = {}
    all: dict[StrictStr, Any] = {}
    type: dict[StrictStr, Any] = {}
    finetune: dict[StrictStr, Any] = {}
    target: dict[StrictStr, Any] = {}


class CorporaFile(BaseModel, extra="forbid"):
    """What a file holds."""

    lang: StrictStr = "en"
    encoder: StrictStr = "charcnn-bilstm"
    small: StrictBool = False
    vectors: StrictStr | None = None
    join: Join = "labels"
    rule: Rule = "probability"
    types: dict[StrictStr, list[StrictStr]] = {}
    sampling: Sampling = Sampling()
    hierarchy: Hierarchy = Hierarchy()
    corpora: dict[StrictStr, CorpusEntry]
    unseen: dict[StrictStr, UnseenEntry] = {}


@dataclass(frozen=True)
class Corpus:
    """A corpus of the plan.

    name (str): Its name, and that of its domain.
    train (Path), dev (Path), test (Optional[Path]): Its documents.
    labels (Mapping[str, str]): What its labels are called in the model; "" for those that leave the gold.
    own (Mapping[str, str]): The same for those that it uses in a sense of its own.
    own_head (str): Name of the head that learns these.
    """

    section = "corpora"
    name: str
    train: Path
    dev: Path
    test: Path | None
    labels: Mapping[str, str]
    own: Mapping[str, str]
    own_head: str

    @property
    def label_map(self) -> dict[str, str]:
        """RETURNS (Dict[str, str]): New names of all labels."""
        return {**self.labels, **self.own}

    @property
    def annotated(self) -> list[str]:
        """RETURNS (List[str]): Labels of the model that it was annotated for."""
        return _learned(self.label_map)

    @property
    def parts(self) -> dict[str, Path]:
        """RETURNS (Dict[str, Path]): Its files by "train", "dev" and "test"."""
        return {part: path for part in ("train", "dev", "test") if (path := getattr(self, part)) is not None}


@dataclass(frozen=True)
class UnseenCorpus:
    """A corpus that nobody learns from: what is learned from the others is tested on it.

    name (str): Its name.
    test (Path): Its documents.
    label_map (Mapping[str, str]): What its labels are called in the model; "" for those that leave the gold.
    """

    section = "unseen"
    name: str
    test: Path
    label_map: Mapping[str, str]

    @property
    def annotated(self) -> list[str]:
        """RETURNS (List[str]): Labels of the model that it was annotated for."""
        return _learned(self.label_map)

    @property
    def parts(self) -> dict[str, Path]:
        """RETURNS (Dict[str, Path]): Its file, by "test"."""
        return {"test": self.test}


@dataclass(frozen=True)
class Corpora:
    """A corpora file that was read.

    path (Path): The file.
    settings (CorporaFile): All that concerns no single corpus.
    corpora (Mapping[str, Corpus]): The corpora by name.
    unseen (Mapping[str, UnseenCorpus]): The corpora that only test, by name.
    """

    path: Path
    settings: CorporaFile
    corpora: Mapping[str, Corpus]
    unseen: Mapping[str, UnseenCorpus] = field(default_factory=dict)

    def subset(self, names: Iterable[str], labels: Collection[str] | None = None) -> "Corpora":
        """Take some of the corpora.

        names (Iterable[str]): Their names.
        labels (Optional[Collection[str]]): Labels of the model that stay; the others leave the gold. None for all.
        RETURNS (Corpora): The file without the others.
        """
        chosen = {}
        for name in names:
            corpus = self.corpora[name]
            maps = [
                {own: label if labels is None or label in labels else "" for own, label in one.items()}
                for one in (corpus.labels, corpus.own)
            ]
            chosen[name] = replace(corpus, labels=maps[0], own=maps[1])
        return replace(self, corpora=chosen)


def read_corpora_file(path: Path) -> Corpora:
    """Read a corpora file.

    path (Path): The TOML file; its relative paths start from the working directory.
    RETURNS (Corpora): The corpora and settings.
    RAISES (ValueError): CE084 if a setting is unknown, missing or of another type, a name is none, a label is in two
        senses or of no type; CE001 and CE300 if the file is no text in UTF-8.
    """
    spec = check_toml(path, read_toml(path), CorporaFile)
    corpora = {name: _corpus(name, entry) for name, entry in spec.corpora.items()}
    unseen = {name: UnseenCorpus(name, Path(entry.test), entry.labels) for name, entry in spec.unseen.items()}
    if problems := [*_problems(spec, corpora), *_problems_of_unseen(corpora, unseen)]:
        raise refuse(path, problems)
    return Corpora(path, spec, corpora, unseen)


def _learned(label_map: Mapping[str, str]) -> list[str]:
    return list(dict.fromkeys(filter(None, label_map.values())))


def _corpus(name: str, entry: CorpusEntry) -> Corpus:
    test = None if entry.test is None else Path(entry.test)
    return Corpus(
        name, Path(entry.train), Path(entry.dev), test, entry.labels, entry.own.labels, entry.own.head or name
    )


def _problems(spec: CorporaFile, corpora: Mapping[str, Corpus]) -> Iterator[str]:
    """What is wrong with keys that concern each other."""
    if not corpora:
        yield "corpora: there are none"
    names = [*corpora, *spec.types, *(corpus.own_head for corpus in corpora.values())]
    for name in dict.fromkeys(names):
        if not NAME.fullmatch(name):
            yield f"{name!r} is no name: letters, digits, - and _ only"
    for corpus in corpora.values():
        if not corpus.annotated:
            yield f"corpora.{corpus.name}.labels: none of its labels is learned"
        for label in sorted(corpus.labels.keys() & corpus.own.keys()):
            yield f"corpora.{corpus.name}: the label {label!r} is both in `labels` and in `own`"
    yield from _problems_of_senses(corpora)
    yield from _problems_of_types(spec, corpora)
    if spec.join == "types+corpora" and spec.encoder == "hashcnn":
        yield "join: hashcnn has no layers for types; take another encoder, or 'types' or 'corpora'"
    yield from _problems_of_stages(spec.hierarchy)
    for name in spec.hierarchy.targets:
        if name not in corpora or corpora[name].test is None:
            yield f"hierarchy.targets: {name!r} is no corpus with a test set"
    if spec.sampling.weights and spec.sampling.weights.keys() != corpora.keys():
        yield f"sampling.weights: it must name each of {', '.join(corpora)}, and no other"


def _problems_of_stages(hierarchy: Hierarchy) -> Iterator[str]:
    if not hierarchy.seeds:
        yield "hierarchy.seeds: there are none"
    if not 0 < hierarchy.share <= 100:
        yield "hierarchy.share: it is a percentage above 0, of at most 100"
    yield from problems_of_repeated("hierarchy.seeds", hierarchy.seeds)
    yield from problems_of_repeated("hierarchy.targets", hierarchy.targets)
    for stage in ("single", "all"):
        yield from problems_of_overrides(f"hierarchy.{stage}", getattr(hierarchy, stage))
    for stage in ("type", "finetune", "target"):
        # which start from the model of the stage before
        yield from problems_of_overrides(f"hierarchy.{stage}", getattr(hierarchy, stage), (SEED, SOURCE_MODEL))


def _problems_of_senses(corpora: Mapping[str, Corpus]) -> Iterator[str]:
    """In the union of all heads, a label must have one sense."""
    heads: dict[str, dict[str, str]] = {}
    for corpus in corpora.values():
        for label in filter(None, corpus.labels.values()):
            heads.setdefault(label, {}).setdefault("", corpus.name)
        for label in filter(None, corpus.own.values()):
            heads.setdefault(label, {}).setdefault(corpus.own_head, corpus.name)
    for label, by_head in heads.items():
        if len(by_head) > 1:
            yield f"the label {label!r} has another sense in each of {', '.join(by_head.values())}: give it other names"


def _problems_of_types(spec: CorporaFile, corpora: Mapping[str, Corpus]) -> Iterator[str]:
    labels = {label for corpus in corpora.values() for label in corpus.labels.values() if label}
    typed = [label for own in spec.types.values() for label in own]
    for label in sorted(labels & {label for label in typed if typed.count(label) > 1}):
        yield f"types: the label {label!r} is in two types"
    for label in sorted(set(typed) - labels):
        yield f"types: no corpus has the label {label!r}"
    if spec.types and (untyped := sorted(labels - set(typed))):
        yield f"types: no type has {', '.join(untyped)}"


def _problems_of_unseen(corpora: Mapping[str, Corpus], unseen: Mapping[str, UnseenCorpus]) -> Iterator[str]:
    taught = {label for corpus in corpora.values() for label in corpus.annotated}
    for name, corpus in unseen.items():
        if not NAME.fullmatch(name):
            yield f"{name!r} is no name: letters, digits, - and _ only"
        if name in corpora:
            yield f"unseen.{name}: a corpus of this name teaches"
        if not corpus.annotated:
            yield f"unseen.{name}.labels: none of its labels is tested"
        if more := sorted(set(corpus.annotated) - taught):
            yield f"unseen.{name}.labels: no corpus teaches {', '.join(more)}"
