"""Brat standoff: a `.txt` file with a document's text and an `.ann` file with its annotations, one a line.

Source: the brat standoff format, https://brat.nlplab.org/standoff.html
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import Errors
from ..files import read_text
from .writing import check_id

Arguments = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Textbound:
    """T: one or more fragments of the text (characters, end exclusive) with a label."""

    id: str
    label: str
    fragments: tuple[tuple[int, int], ...]
    text: str


@dataclass(frozen=True)
class Event:
    """E: an event of a type, its trigger's id and its arguments as (role, id)."""

    id: str
    label: str
    trigger: str
    arguments: Arguments = ()


@dataclass(frozen=True)
class Relation:
    """R: a relation of a type between arguments, (role, id) each."""

    id: str
    label: str
    arguments: Arguments


@dataclass(frozen=True)
class Equiv:
    """*: a symmetric, transitive relation between its members' ids. It has no id of its own."""

    label: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Attribute:
    """A or M: an attribute of another annotation; a value of None means that it is set."""

    id: str
    label: str
    target: str
    value: str | None = None


@dataclass(frozen=True)
class Normalization:
    """N: an entry of another resource, such as "UMLS:C0011849", for another annotation."""

    id: str
    label: str
    target: str
    reference: str
    text: str = ""


@dataclass(frozen=True)
class Note:
    """#: an annotator's remark on another annotation."""

    id: str
    label: str
    target: str
    text: str = ""


@dataclass
class BratDocument:
    """A document and its annotations; `annotated` is False if there was a text, but no `.ann` file."""

    id: str
    text: str
    textbounds: list[Textbound] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    equivs: list[Equiv] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    normalizations: list[Normalization] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    annotated: bool = True

    @property
    def mentions(self) -> list[Textbound] | None:
        """Text-bound annotations; None if the document is not annotated."""
        return self.textbounds if self.annotated else None


def mention_text(text: str, fragments: tuple[tuple[int, int], ...]) -> str:
    """The text column of a T line: its fragments joined by spaces, line ends replaced by spaces."""
    return re.sub(r"[\r\n]", " ", " ".join(text[start:end] for start, end in fragments))


def _textbound(id: str, label: str, offsets: str, text: str | None) -> Textbound:
    fragments = (pair.split(" ") for pair in offsets.split(";"))
    return Textbound(id, label, tuple((int(start), int(end)) for start, end in fragments), text or "")


def _arguments(text: str) -> Arguments:
    return tuple(tuple(pair.split(":", 1)) for pair in text.split())  # type: ignore[misc]


# Of each kind of line: the list it belongs to, its pattern, and how to make it from the pattern's groups.
_ARGS = r"(?: [^\s:]+:\S+)"
_LINES: dict[str, tuple[str, re.Pattern, Callable]] = {
    "T": ("textbounds", re.compile(r"(T\S+)\t(\S+) (-?\d+ -?\d+(?:;-?\d+ -?\d+)*)(?:\t(.*))?", re.ASCII), _textbound),
    "E": (
        "events",
        re.compile(rf"(E\S+)\t([^\s:]+):(\S+)({_ARGS}*)\s*"),
        lambda id, label, trigger, args: Event(id, label, trigger, _arguments(args)),
    ),
    "R": (
        "relations",
        re.compile(rf"(R\S+)\t(\S+)({_ARGS}+)\s*"),
        lambda id, label, args: Relation(id, label, _arguments(args)),
    ),
    "*": ("equivs", re.compile(r"\*\t(\S+)((?: \S+)+)\s*"), lambda label, ids: Equiv(label, tuple(ids.split()))),
    "A": ("attributes", re.compile(r"(A\S+)\t(\S+) (\S+)(?: (.+))?"), Attribute),
    "M": ("attributes", re.compile(r"(M\S+)\t(\S+) (\S+)(?: (.+))?"), Attribute),
    "N": (
        "normalizations",
        re.compile(r"(N\S+)\t(\S+) (\S+) (\S+)(?:\t(.*))?"),
        lambda id, label, target, reference, text: Normalization(id, label, target, reference, text or ""),
    ),
    "#": (
        "notes",
        re.compile(r"(#\S+)\t(\S+) (\S+)(?:\t(.*))?"),
        lambda id, label, target, text: Note(id, label, target, text or ""),
    ),
}


def parse_brat(doc_id: str, text: str, ann: str) -> BratDocument:
    """Parse the annotations of a document. Offsets are not checked here: that is the import's business.

    doc_id (str): Identifier of the document.
    text (str): Its text.
    ann (str): Contents of its `.ann` file; empty lines and a byte order mark are skipped.
    RETURNS (BratDocument): The document.
    RAISES (ValueError): CE002 for a line that is no annotation, CE004 for an id used twice.
    """
    doc, seen = BratDocument(doc_id, text), set()
    for number, line in enumerate(ann.removeprefix("\ufeff").split("\n"), start=1):
        line = line.removesuffix("\r")
        if not line:
            continue
        kind, pattern, make = _LINES.get(line[0], ("", None, None))
        match = pattern.fullmatch(line) if pattern else None
        if match is None:
            raise ValueError(Errors.CE002.format(doc=doc_id, line=number))
        annotation = make(*match.groups())
        id = getattr(annotation, "id", None)
        if id in seen:
            raise ValueError(Errors.CE004.format(doc=doc_id, line=number, id=id))
        if id is not None:
            seen.add(id)
        getattr(doc, kind).append(annotation)
    return doc


def format_brat(doc: BratDocument) -> str:
    """Write the annotations of a document as brat writes them, grouped by kind.

    doc (BratDocument): The document.
    RETURNS (str): Contents of its `.ann` file; `parse_brat` gives the same document back.
    """
    lines = []
    for t in doc.textbounds:
        lines.append(f"{t.id}\t{t.label} {';'.join(f'{start} {end}' for start, end in t.fragments)}\t{t.text}")
    for e in doc.events:
        lines.append(f"{e.id}\t{e.label}:{e.trigger} {_format_arguments(e.arguments)}")
    for r in doc.relations:
        lines.append(f"{r.id}\t{r.label} {_format_arguments(r.arguments)}\t")
    for q in doc.equivs:
        lines.append(f"*\t{q.label} {' '.join(q.members)}")
    for a in doc.attributes:
        lines.append(f"{a.id}\t{a.label} {a.target}" + (f" {a.value}" if a.value is not None else ""))
    for n in doc.normalizations:
        lines.append(f"{n.id}\t{n.label} {n.target} {n.reference}\t{n.text}")
    for note in doc.notes:
        lines.append(f"{note.id}\t{note.label} {note.target}\t{note.text}")
    return "".join(f"{line}\n" for line in lines)


def _format_arguments(arguments: Arguments) -> str:
    return " ".join(f"{role}:{id}" for role, id in arguments)


def read_brat(folder: Path) -> Iterator[BratDocument]:
    """Read the documents of a folder in the order of their names; a document's id is its file's name without `.txt`.

    folder (Path): Folder with `.txt` and `.ann` files; its subfolders are not read.
    YIELDS (BratDocument): Its documents.
    RAISES (ValueError): CE005 for a folder without documents, CE003 for annotations without text, CE001 for a file
        that is not UTF-8, CE002 and CE004 for its lines.
    """
    for path in brat_paths(folder):
        ann = path.with_suffix(".ann")
        text = read_text(path)
        if ann.exists():
            yield parse_brat(path.stem, text, read_text(ann))
        else:
            yield BratDocument(path.stem, text, annotated=False)


def brat_paths(folder: Path) -> list[Path]:
    """The `.txt` files of a brat folder, sorted by name.

    folder (Path): The folder.
    RETURNS (List[Path]): Its texts.
    RAISES (ValueError): CE005 if there are none, CE003 for annotations without text.
    """
    for ann in sorted(folder.glob("*.ann")):
        if not ann.with_suffix(".txt").exists():
            raise ValueError(Errors.CE003.format(doc=ann.stem))
    paths = sorted(folder.glob("*.txt"))
    if not paths:
        raise ValueError(Errors.CE005.format(path=folder.name, kind="brat documents (.txt and .ann files)"))
    return paths


def brat_files(doc: BratDocument) -> dict[str, str | None]:
    """The files of a document.

    doc (BratDocument): The document.
    RETURNS (Dict[str, Optional[str]]): Contents of ID.txt and ID.ann; None: there must not be one, as the document is
        not annotated.
    RAISES (ValueError): CE012 if its id is no plain file name, CE333 for an annotation that would not be read back.
    """
    check_id(doc.id)
    if doc.annotated and not _reads_back(doc):
        raise ValueError(Errors.CE333.format(doc=doc.id, format="brat", what=_first_unreadable(doc)))
    return {f"{doc.id}.txt": doc.text, f"{doc.id}.ann": format_brat(doc) if doc.annotated else None}


def _reads_back(doc: BratDocument) -> bool:
    try:
        return parse_brat(doc.id, doc.text, format_brat(doc)) == doc
    except ValueError:
        return False


def _first_unreadable(doc: BratDocument) -> str:
    """What of a document that is not read back cannot be read alone, either."""
    for kind in dict.fromkeys(kind for kind, _, _ in _LINES.values()):
        for item in getattr(doc, kind):
            if not _reads_back(BratDocument(doc.id, doc.text, **{kind: [item]})):
                return f"{getattr(item, 'id', '*')!r} of the label {item.label!r}"
    return "its list of annotations"
