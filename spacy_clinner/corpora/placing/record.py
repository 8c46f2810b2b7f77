"""A document as its corpus has it, by characters: what every reader makes, and what `place` makes a `Doc` of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Fragments = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Mention:
    """One or more fragments of the text (characters, end exclusive) with a label.

    id (str): Its identifier in the document.
    label (str): Its label.
    fragments (Tuple[Tuple[int, int], ...]): Start and end of each fragment.
    text (Optional[str]): The text that its file quotes; None: it quotes none.
    """

    id: str
    label: str
    fragments: Fragments
    text: str | None = None

    @property
    def extent(self) -> tuple[int, int]:
        """Where its first character is, and where its last one ends."""
        return min(start for start, _ in self.fragments), max(end for _, end in self.fragments)


class Link(NamedTuple):
    """A relation between two annotations, by their ids; the child says something about the head. `problem`: why it
    cannot be one ("": it can)."""

    id: str
    label: str
    head: str
    child: str
    problem: str = ""


class Attribute(NamedTuple):
    """What is said of an annotation.

    id (str): Its identifier.
    name (str): What is said, in the corpus' words: "POLARITY:NEG".
    target (str): The annotation's id.
    assertion (Optional[str]): The assertion that this is: "negated"; None: it is none.
    """

    id: str
    name: str
    target: str
    assertion: str | None = None


class Reference(NamedTuple):
    """An annotation that names others by their ids."""

    id: str
    label: str
    targets: Sequence[str]


class Problem(NamedTuple):
    """What of a document was not read, for the audit: the annotation's id, the problem, what was done, its label."""

    annotation_id: str
    problem: str
    action: str
    label: str = ""


@dataclass
class Record:
    """A document without tokens.

    id (str): Its identifier.
    text (str): Its text.
    mentions (Optional[List[Mention]]): What is annotated, with the annotators' offsets; None: it is not annotated.
    links (Optional[List[Link]]): Relations between mentions; None: relations are not annotated.
    attributes (List[Attribute]): What is said of mentions.
    asserted (bool): Whether assertions are annotated: whether a mention of which nothing is said is plainly so.
    references (List[Reference]): What names mentions besides, and is kept as data.
    concepts (Mapping[str, str]): Concepts by the mentions' ids, "" for an unknown one.
    partial (bool): Whether what is no entity is unknown.
    problems (List[Problem]): What of it was not read.
    left_out (str): Why its reader leaves it out ("": it does not).
    spans_key (Optional[str]): Span group for all fragments of all mentions; None: there is to be none.
    data (Dict[str, Any]): What the document keeps in its `user_data`, if it is annotated.
    """

    id: str
    text: str
    mentions: list[Mention] | None = None
    links: list[Link] | None = None
    attributes: list[Attribute] = field(default_factory=list)
    asserted: bool = False
    references: list[Reference] = field(default_factory=list)
    concepts: Mapping[str, str] = field(default_factory=dict)
    partial: bool = False
    problems: list[Problem] = field(default_factory=list)
    left_out: str = ""
    spans_key: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
