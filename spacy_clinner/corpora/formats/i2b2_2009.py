"""The entries of the i2b2 2009 medication challenge: a drug and its fields a line, by line and token.

    m="metformin" 10:3 10:3||do="500 mg" 10:4 10:5||mo="nm"||f="b.i.d." 10:6 10:6||du="nm"||r="nm"||ln="list"

Lines of the text count from 1, tokens (between white space) of a line from 0; "nm" is not mentioned. A field in several
pieces has its ranges parted by commas.
Source: Uzuner, Solti & Cadag 2010, JAMIA 17(5):514-518, https://pmc.ncbi.nlm.nih.gov/articles/PMC2995677
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...errors import Errors
from ...files import LINE_END, MARK, read_text, split_lines
from ...progress import progress
from ..audit import COUNTED_OTHERWISE, ImportAudit
from ..discovery import find_files, leave_out, names_by_id, without_ending
from ..placing.record import Fragments, Mention

DRUG = "DRUG"
# fields of a line in their order, and their labels here
FIELDS = {"m": DRUG, "do": "DOSAGE", "mo": "MODE", "f": "FREQUENCY", "du": "DURATION", "r": "REASON"}
NOT_MENTIONED = "nm"
SUFFIX = ".i2b2.entries"
_ENDINGS = (SUFFIX, "_gold.entries", ".entries")
_LINE_FEED = re.compile(r"\n")
_TOKEN = re.compile(r"\S+")
_SPAN = r"\d{1,9}:\d{1,9} +\d{1,9}:\d{1,9}"
_RANGES = rf"{_SPAN}(?: *, *{_SPAN})*"
_ENTRY = re.compile(
    r" *\|\| *".join(rf'{name}="(.*?)"(?: +({_RANGES}))?' for name in FIELDS) + r' *\|\| *ln="([^"|]*)" *', re.ASCII
)
_RANGE = re.compile(r"(\d+):(\d+) +(\d+):(\d+)")
_ELLIPSIS = "..."


@dataclass(frozen=True)
class Entry:
    """A line.

    fields (Mapping[str, Fragments]): By label: the characters of each field that is mentioned; `DRUG` always is.
    context (str): "list" or "narrative".
    """

    fields: Mapping[str, Fragments]
    context: str


@dataclass(frozen=True)
class EntryDocument:
    """A text and its entries.

    id (str): Its identifier: the file's name without extension.
    text (str): The text.
    entries (Optional[List[Entry]]): Its entries; None: it is not annotated.
    """

    id: str
    text: str
    entries: list[Entry] | None


class TokenPlaces:
    """Where the tokens of a text are, by line and number, and by character. A byte order mark is in none of them.

    text (str): The text.
    line_end (Pattern): What ends its lines.
    """

    def __init__(self, text: str, line_end: re.Pattern = LINE_END) -> None:
        self.text = text
        self.spans: list[tuple[int, int]] = []
        self.places: list[tuple[int, int]] = []
        first = len(MARK) if text.startswith(MARK) else 0
        ends = [end.span() for end in line_end.finditer(text)]
        lines = zip([first, *(after for _, after in ends)], [*(end for end, _ in ends), len(text)], strict=True)
        for line, (start, end) in enumerate(lines, start=1):
            for number, token in enumerate(_TOKEN.finditer(text, start, end)):
                self.spans.append(token.span())
                self.places.append((line, number))
        self.index = {place: i for i, place in enumerate(self.places)}

    def characters(self, first: tuple[int, int], last: tuple[int, int]) -> tuple[int, int] | None:
        """RETURNS (Optional[Tuple[int, int]]): Characters from a token to another; None if there are no such tokens."""
        if first not in self.index or last not in self.index or first > last:
            return None
        return self.spans[self.index[first]][0], self.spans[self.index[last]][1]

    def tokens(self, start: int, end: int) -> tuple[int, int]:
        """RETURNS (Tuple[int, int]): Indices of the first and last token that share a character with a span."""
        first = bisect_right(self.spans, start, key=lambda span: span[1])
        return first, bisect_left(self.spans, end, key=lambda span: span[0]) - 1

    def words(self, fragments: Fragments) -> list[str]:
        """RETURNS (List[str]): The tokens of a field, without those that stand for a gap, in lower case."""
        pieces = " ".join(self.text[start:end] for start, end in fragments)
        return [word for word in pieces.lower().split() if word != _ELLIPSIS]


def parse_entries(content: str, text: str, file: str, line_end: re.Pattern = LINE_END) -> list[Entry]:
    """Parse the entries of a document.

    content (str): Contents of the entry file; empty lines are skipped.
    text (str): The document's text.
    file (str): Name of the entry file, for errors.
    line_end (Pattern): What ends the text's lines.
    RETURNS (List[Entry]): Its entries.
    RAISES (ValueError): CE025 for a line that is no entry, CE026 for offsets without a token, CE027 for a field that
        quotes another text than that at its offsets, but for case and white space.
    """
    places = TokenPlaces(text, line_end)
    entries = []
    for number, line in enumerate(split_lines(content), start=1):
        if not line.strip():
            continue
        match = _ENTRY.fullmatch(line)
        if match is None:
            raise ValueError(Errors.CE025.format(file=file, line=number))
        *values, context = match.groups()
        fields = {}
        for (name, label), quoted, ranges in zip(FIELDS.items(), values[::2], values[1::2], strict=True):
            if (quoted == NOT_MENTIONED) != (ranges is None) or (label == DRUG and ranges is None):
                raise ValueError(Errors.CE025.format(file=file, line=number))
            if ranges is None:
                continue
            found = [places.characters((int(a), int(b)), (int(c), int(d))) for a, b, c, d in _RANGE.findall(ranges)]
            fragments = tuple(place for place in found if place is not None)
            if len(fragments) < len(found):
                raise ValueError(Errors.CE026.format(file=file, line=number, field=name, offsets=ranges))
            if places.words(fragments) != [word for word in quoted.lower().split() if word != _ELLIPSIS]:
                raise ValueError(Errors.CE027.format(file=file, line=number, field=name, offsets=ranges))
            fields[label] = fragments
        entries.append(Entry(fields, context))
    return entries


def widen_entries(entries: list[Entry], text: str) -> list[Entry] | None:
    """Widen fields to whole tokens between white space.

    entries (List[Entry]): The entries.
    text (str): The document's text.
    RETURNS (Optional[List[Entry]]): The same with wider fields; None if one holds no character of a token.
    """
    places = TokenPlaces(text)
    widened = []
    for entry in entries:
        fields = {}
        for label, fragments in entry.fields.items():
            tokens = [places.tokens(start, end) for start, end in fragments]
            if any(first > last for first, last in tokens):
                return None
            fields[label] = tuple((places.spans[first][0], places.spans[last][1]) for first, last in tokens)
        widened.append(Entry(fields, entry.context))
    return widened


def format_entries(entries: list[Entry], text: str) -> str:
    """Write entries; fields are widened to whole tokens between white space.

    entries (List[Entry]): The entries.
    text (str): The document's text.
    RETURNS (str): Contents of the entry file; `parse_entries` gives the same entries back.
    """
    places = TokenPlaces(text)
    return "".join(
        "||".join(f"{name}={_format_field(entry.fields.get(label), places)}" for name, label in FIELDS.items())
        + f'||ln="{entry.context}"\n'
        for entry in entries
    )


def read_i2b2_2009(path: Path, audit: ImportAudit) -> Iterator[EntryDocument]:
    """Read the documents of a folder: texts `ID` or `ID.txt`, entries `ID.i2b2.entries`, `ID_gold.entries` or
    `ID.entries`; shows progress.

    path (Path): The folder; its sub-folders are read, too, and are part of the ids (train/ID).
    audit (ImportAudit): Gets a row for every file that is left out, and for every document whose lines are counted
        otherwise.
    YIELDS (EntryDocument): The documents in the order of their ids; a text without entries is not annotated.
    RAISES (ValueError): CE005 if there is no text, CE028 for entries without a text, CE301 for two files of one
        document, CE302 for a name that can be no id, CE001 and CE300 for a file that is no text in UTF-8, and those of
        `parse_entries`.
    """
    files = find_files(path, audit) if path.is_dir() else {}
    entries = names_by_id(files, lambda name: without_ending(name, *_ENDINGS))
    others = sorted(files.keys() - entries.values())
    texts = names_by_id(others, lambda name: _id_of_text(name, entries))
    for doc_id in sorted(entries.keys() - texts.keys()):
        raise ValueError(Errors.CE028.format(file=entries[doc_id], doc=doc_id))
    if not texts:
        raise ValueError(Errors.CE005.format(path=path.name, kind="text (ID or ID.txt, beside ID.i2b2.entries)"))
    leave_out(set(others) - set(texts.values()), "neither a text (ID, ID.txt) nor entries", audit)
    for doc_id, name in progress(sorted(texts.items()), unit="doc", desc="Read"):
        text, found = read_text(files[name], name), None
        if doc_id in entries:
            content = read_text(files[entries[doc_id]], entries[doc_id])
            found = _fit_entries(content, text, entries[doc_id], doc_id, audit)
        yield EntryDocument(doc_id, text, found)


def _id_of_text(name: str, entries: Collection[str]) -> str | None:
    if name in entries or not PurePosixPath(name).suffix:
        return name
    return without_ending(name, ".txt")


def _fit_entries(content: str, text: str, file: str, doc_id: str, audit: ImportAudit) -> list[Entry]:
    """Parse entries; if they fit only lines that a carriage return does not end, these were counted."""
    try:
        return parse_entries(content, text, file)
    except ValueError as error:
        unfit = error
    try:
        entries = parse_entries(content, text, file, _LINE_FEED)
    except ValueError:
        raise unfit from None
    audit.add(COUNTED_OTHERWISE, "all entries fit lines that no carriage return ends: read so", doc_id=doc_id)
    return entries


def mentions_of(entries: list[Entry]) -> dict[tuple[str, Fragments], Mention]:
    """Find what is annotated.

    entries (List[Entry]): Entries of a document.
    RETURNS (Dict[Tuple[str, Fragments], Mention]): Drugs and fields by label and fragments, numbered T1, T2, ... in
        the entries' order; what several entries share is there once.
    """
    found: dict[tuple[str, Fragments], Mention] = {}
    for entry in entries:
        for label in (label for label in FIELDS.values() if label in entry.fields):
            fragments = tuple(entry.fields[label])
            found.setdefault((label, fragments), Mention(f"T{len(found) + 1}", label, fragments))
    return found


def _format_field(fragments: Fragments | None, places: TokenPlaces) -> str:
    if fragments is None:
        return f'"{NOT_MENTIONED}"'
    words, ranges = [], []
    for start, end in fragments:
        first, last = places.tokens(start, end)
        piece = places.text[places.spans[first][0] : places.spans[last][1]]
        words.append(" ".join(piece.split()))
        ranges.append("{}:{} {}:{}".format(*places.places[first], *places.places[last]))
    return f'"{f" {_ELLIPSIS} ".join(words)}" {",".join(ranges)}'
