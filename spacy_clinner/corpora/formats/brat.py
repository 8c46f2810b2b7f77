"""Brat standoff: a `.txt` file with a document's text and an `.ann` file with its annotations, one a line.

Source: the brat standoff format, https://brat.nlplab.org/standoff.html
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...errors import Errors
from ...files import read_text, split_lines
from ...progress import progress
from ..audit import ImportAudit
from ..discovery import find_files, leave_out, names_by_id, without_ending
from ..placing.offsets import fit_offsets, mention_text
from ..placing.record import Mention
from ..writing import check_id

Arguments = tuple[tuple[str, str], ...]


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
    """A document and its annotations; `annotated` is False if there was a text, but no `.ann` file. A T line is a
    `Mention`: one or more fragments of the text with a label."""

    id: str
    text: str
    textbounds: list[Mention] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    equivs: list[Equiv] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    normalizations: list[Normalization] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    annotated: bool = True


def _textbound(id: str, label: str, offsets: str, text: str | None) -> Mention:
    fragments = (pair.split(" ") for pair in offsets.split(";"))
    return Mention(id, label, tuple((int(start), int(end)) for start, end in fragments), text or "")


def _arguments(text: str) -> Arguments:
    return tuple(tuple(pair.split(":", 1)) for pair in text.split())  # type: ignore[misc]


# Of each kind of line: the list it belongs to, its pattern, and how to make it from the pattern's groups.
_ARGS = r"(?: [^\s:]+:\S+)"
_SPAN = r"-?\d{1,9} -?\d{1,9}"
_LINES: dict[str, tuple[str, re.Pattern, Callable]] = {
    "T": ("textbounds", re.compile(rf"(T\S+)\t(\S+) ({_SPAN}(?:;{_SPAN})*)(?:\t(.*))?", re.ASCII), _textbound),
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


# Of a line that begins with no kind's letter: nothing matches it.
_NO_LINE = ("", re.compile("(?!)"), tuple)


def parse_brat(doc_id: str, text: str, ann: str) -> BratDocument:
    """Parse the annotations of a document. Offsets are not checked here: that is the import's business.

    doc_id (str): Identifier of the document.
    text (str): Its text.
    ann (str): Contents of its `.ann` file; empty lines and a byte order mark are skipped.
    RETURNS (BratDocument): The document.
    RAISES (ValueError): CE002 for a line that is no annotation, CE004 for an id used twice.
    """
    doc, seen = BratDocument(doc_id, text), set()
    annotation: Any = None
    for number, line in enumerate(split_lines(ann), start=1):
        if not line.strip():
            continue
        kind, pattern, make = _LINES.get(line[0], _NO_LINE)
        match = pattern.fullmatch(line)
        if match is None:
            if not _goes_on(annotation, line, text):
                raise ValueError(Errors.CE002.format(doc=doc_id, line=number))
            annotation = doc.textbounds[-1] = replace(annotation, text=f"{annotation.text} {line}")
            continue
        annotation = make(*match.groups())
        id = getattr(annotation, "id", None)
        if id in seen:
            raise ValueError(Errors.CE004.format(doc=doc_id, line=number, id=id))
        if id is not None:
            seen.add(id)
        getattr(doc, kind).append(annotation)
    return doc


def _goes_on(annotation: object, line: str, text: str) -> bool:
    """Whether a line goes on with the text that the one before it quotes: brat keeps a carriage return in it."""
    if not isinstance(annotation, Mention):
        return False
    words = f"{annotation.text} {line}".split()
    return words == mention_text(text, annotation.fragments).split()[: len(words)]


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


def read_brat(folder: Path, audit: ImportAudit) -> Iterator[BratDocument]:
    """Read the documents of a folder and its sub-folders in the order of their names, showing progress.

    folder (Path): The folder, as of `find_brat`.
    audit (ImportAudit): Gets a row for every file that is left out, and for every document whose annotations are moved.
    YIELDS (BratDocument): Its documents, their annotations as of `fit_offsets`.
    RAISES (ValueError): Those of `find_brat`, CE001 and CE300 for a file that is no text in UTF-8, CE002 and CE004 for
        its lines.
    """
    for doc_id, (path, annotations) in progress(find_brat(folder, audit).items(), unit="doc", desc="Read"):
        text = read_text(path, doc_id + path.suffix)
        if annotations is None:
            yield BratDocument(doc_id, text, annotated=False)
        else:
            doc = parse_brat(doc_id, text, read_text(annotations, doc_id + annotations.suffix))
            yield replace(doc, textbounds=fit_offsets(doc_id, text, doc.textbounds, audit))


def find_brat(folder: Path, audit: ImportAudit) -> dict[str, tuple[Path, Path | None]]:
    """Find the documents of a folder and its sub-folders.

    folder (Path): The folder. A document's id is the path of its text below it without ending: note1, train/note1.
    audit (ImportAudit): Gets a row for every file that is left out.
    RETURNS (Dict[str, Tuple[Path, Optional[Path]]]): By id: the text (`.txt`) and, if there are some, the annotations
        (`.ann`, beside it).
    RAISES (ValueError): CE005 for a folder without documents, CE003 for annotations without text, CE301 for two files
        of one document, CE302 for a name that can be no id.
    """
    files = find_files(folder, audit) if folder.is_dir() else {}
    texts = names_by_id(files, lambda name: without_ending(name, ".txt"))
    annotations = names_by_id(files, lambda name: without_ending(name, ".ann"))
    for doc_id in sorted(annotations.keys() - texts.keys()):
        raise ValueError(Errors.CE003.format(doc=doc_id))
    if not texts:
        raise ValueError(Errors.CE005.format(path=folder.name, kind="brat documents (.txt and .ann files)"))
    read = {*texts.values(), *annotations.values()}
    leave_out(files.keys() - read, "ends neither in .txt nor in .ann", audit)
    return {doc_id: (files[name], files.get(annotations.get(doc_id, ""))) for doc_id, name in texts.items()}


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
            alone: dict[str, Any] = {kind: [item]}
            if not _reads_back(BratDocument(doc.id, doc.text, **alone)):
                return f"{getattr(item, 'id', '*')!r} of the label {item.label!r}"
    return "its list of annotations"
