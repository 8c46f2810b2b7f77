"""Which heads a model of many corpora has, which labels each of them learns, and which corpora teach it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..annotations.keys import SPANS_KEY
from ..toml_file import refuse
from .corpora_file import Corpora

ONE = "ner"


@dataclass
class HeadPlan:
    """A tagger.

    name (str): Name of its component.
    spans_key (str), score_prefix (str): As of `clinner_crf_tagger`.
    kind (Optional[str]): The type whose layers it reads; None: it reads the shared encoder.
    labels (List[str]): Its labels.
    corpora (List[str]): Names of the corpora that teach it.
    """

    name: str
    spans_key: str
    score_prefix: str
    kind: str | None = None
    labels: list[str] = field(default_factory=list)
    corpora: list[str] = field(default_factory=list)

    def add(self, corpus: str, label: str) -> None:
        """Let a corpus teach a label.

        corpus (str): Name of the corpus.
        label (str): The label.
        """
        self.labels += [label] if label not in self.labels else []
        self.corpora += [corpus] if corpus not in self.corpora else []


def plan_heads(corpora: Corpora) -> list[HeadPlan]:
    """Find the heads that a corpora file asks for.

    corpora (Corpora): The file.
    RETURNS (List[HeadPlan]): The heads; those that share a type's layers are neighbours.
    RAISES (ValueError): CE084 if two heads would have one name, or two labels be one type (`types_of`).
    """
    heads: dict[str, HeadPlan] = {}
    learned: dict[str, str] = {}

    def add(name: str, what: str, corpus: str, label: str, kind: str | None = None) -> None:
        if learned.setdefault(name, what) != what:
            raise refuse(corpora.path, [f"the heads of {what} and of {learned[name]} would both be {name}: rename one"])
        heads.setdefault(name, _head(name, kind)).add(corpus, label)

    join = corpora.settings.join
    types = types_of(corpora) if join in ("types", "types+corpora") else {}
    for corpus in corpora.corpora.values():
        for label in filter(None, corpus.labels.values()):
            kind = types.get(label, "")
            name, what = {
                "labels": (ONE, "all corpora"),
                "types": (kind, f"type {kind}"),
                "corpora": (corpus.name, f"corpus {corpus.name}"),
                "types+corpora": (f"{kind}_{corpus.name}", f"type {kind} of corpus {corpus.name}"),
            }[join]
            add(name, what, corpus.name, label, kind if join == "types+corpora" else None)
        for label in filter(None, corpus.own.values()):
            add(f"own_{corpus.own_head}", f"own sense {corpus.own_head}", corpus.name, label)
    if list(heads) == [ONE]:
        return [HeadPlan(ONE, SPANS_KEY, "", None, heads[ONE].labels, heads[ONE].corpora)]
    kinds = [None, *types.values()]
    return sorted(heads.values(), key=lambda head: kinds.index(head.kind))


def types_of(corpora: Corpora) -> dict[str, str]:
    """Find the types of labels.

    corpora (Corpora): The file.
    RETURNS (Dict[str, str]): The type of each label that is in no sense of its own; without `types`, a label is a type
        of its own.
    RAISES (ValueError): CE084 if two of these types would have one name.
    """
    named: Mapping[str, str] = {label: kind for kind, own in corpora.settings.types.items() for label in own}
    labels = [label for corpus in corpora.corpora.values() for label in corpus.labels.values() if label]
    types = {label: named.get(label, _as_name(label)) for label in dict.fromkeys(labels)}
    first: dict[str, str] = {}
    for label, kind in types.items():
        if not named and first.setdefault(kind, label) != label:
            problem = f"the labels {first[kind]!r} and {label!r} would be one type, {kind}: name all types in `types`"
            raise refuse(corpora.path, [problem])
    return types


def _head(name: str, kind: str | None = None) -> HeadPlan:
    return HeadPlan(name if name == ONE else f"{ONE}_{name}", f"ents_{name}", name, kind)


def _as_name(label: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in label).lower()
