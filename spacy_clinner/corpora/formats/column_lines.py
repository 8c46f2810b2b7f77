"""Lines of column files: one token a line, its tag in another column, an empty line between sentences.

Beside tokens there are marks of documents (`-DOCSTART-`, `# newdoc`), which may name them, and comments.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import Errors
from ...files import read_lines
from .tags import PREFIXES, TAG

# "-DOCSTART- -X- O"; with an id in brackets: "-DOCSTART- (case 7)"
DOCSTART = "-DOCSTART-"
DOCSTART_ID = re.compile(r"\((?P<id>[^()]*\w[^()]*)\)")
# "# newdoc", "# newdoc id = case 7", "# doc case-7", "# doc_id: case-7", "###MEDLINE:95369245"
DOC_COMMENT = re.compile(
    r"#+\s*(?:newdoc|doc|document|medline|pmid)(?:[ _-]?id)?(?:\s*[:=]\s*|\s+(?=\S+$))(?P<id>\S.*)|#+\s*newdoc\b.*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ColumnFormat:
    """How a column file is laid out.

    scheme (Optional[str]): "iob1", "iob2" or "bioes" (BILOU, too); None: told from the tags.
    token_column (int): Column of the token, from 0; negative ones count from the end.
    tag_column (int): Column of the tag; -1 is the last that holds something.
    delimiter (Optional[str]): Between columns; None: a tab if the line has one, else a space.
    n_sents (Optional[int]): Sentences a document; None: a document is what is between two marks, or the file.
    label (Optional[str]): Label of tags that have none (B, I, O).
    """

    scheme: str | None = None
    token_column: int = 0
    tag_column: int = -1
    delimiter: str | None = None
    n_sents: int | None = None
    label: str | None = None


@dataclass(frozen=True)
class Row:
    """A token without outer white space, its tag, and their line in the file, from 1."""

    line: int
    word: str
    tag: str


@dataclass
class Section:
    """The sentences between two marks of documents, and the id that the first mark gives (None: it gives none)."""

    id: str | None = None
    sentences: list[list[Row]] = field(default_factory=lambda: [[]])


def read_sections(path: Path, layout: ColumnFormat) -> tuple[list[Section], list[int]]:
    """Read the lines of a column file.

    Lines end in CR LF, LF or CR. A line that begins with #, and holds no tag or has more or fewer columns than all
    others, marks a document, or is a comment.

    path (Path): The file.
    layout (ColumnFormat): Its columns and tags.
    RETURNS (Tuple[List[Section], List[int]]): Its sections (one without sentences has an id), and the numbers of the
        lines that are comments.
    RAISES (ValueError): CE001 and CE300 for a file that is no text in UTF-8, CE006 for a line without the token's or
        the tag's column, CE007 for a tag that is none, CE310 if that is likely a header, CE311 for a tag without a
        label.
    """
    lines = read_lines(path)
    has_tabs = layout.delimiter is None and any("\t" in line for line in lines)
    # how many columns there are; without any such line nothing can be told from the number
    widths = {len(_cells(line, layout)) for line in map(str.strip, lines) if line and not line.startswith("#")}
    sections: list[Section] = [Section()]
    comments: list[int] = []
    has_rows = False
    for number, line in enumerate(map(str.strip, lines), start=1):
        if not line:
            sections[-1].sentences.append([])
        elif _cells(line, layout)[:1] == [DOCSTART]:
            found = DOCSTART_ID.search(line)
            _open(sections, found and found["id"].strip())
        elif _is_comment(line, layout, has_tabs, widths):
            found = DOC_COMMENT.fullmatch(line)
            if found:
                _open(sections, found["id"])
            else:
                comments.append(number)
        else:
            sections[-1].sentences[-1].append(_row(path, lines, number, layout, first=not has_rows))
            has_rows = True
    for section in sections:
        section.sentences = [sentence for sentence in section.sentences if sentence]
    return [section for section in sections if section.sentences or section.id], comments


def _open(sections: list[Section], doc_id: str | None) -> None:
    """Begin a section; of two marks without a token between them, the one with an id counts."""
    if any(sections[-1].sentences) or (doc_id and sections[-1].id):
        sections.append(Section())
    sections[-1].id = doc_id or sections[-1].id


def _is_comment(line: str, layout: ColumnFormat, has_tabs: bool, widths: Collection[int]) -> bool:
    """Whether a line is no token "#": its last word may look like a tag, as in "# Blood group O"."""
    if not line.startswith("#"):
        return False
    cells = _cells(line, layout)
    is_short = has_tabs and "\t" not in line
    return is_short or _tag(cells, layout) is None or (bool(widths) and len(cells) not in widths)


def _row(path: Path, lines: Sequence[str], number: int, layout: ColumnFormat, first: bool) -> Row:
    cells = _cells(lines[number - 1], layout)
    tag = _tag(cells, layout)
    if tag is not None and _has(cells, layout.token_column):
        return Row(number, cells[layout.token_column].strip(), tag)
    place = {"file": path.name, "line": number, "column": layout.tag_column}
    if not (_has(cells, layout.tag_column) and _has(cells, layout.token_column)):
        raise ValueError(Errors.CE006.format(**place, token=layout.token_column, found=len(cells)))
    prefixes = PREFIXES[layout.scheme or "bioes"]
    if cells[layout.tag_column].strip().upper() in {*prefixes}:
        raise ValueError(Errors.CE311.format(**place))
    following = next((line for line in lines[number:] if line.strip()), "")
    if first and _tag(_cells(following, layout), layout) is not None:
        raise ValueError(Errors.CE310.format(**place))
    tagged = ", ".join(str(i) for i, cell in enumerate(cells) if TAG.fullmatch(cell.strip())) or "none"
    scheme = layout.scheme or "iob or bioes"
    raise ValueError(Errors.CE007.format(**place, scheme=scheme, prefixes=", ".join(prefixes), tagged=tagged))


def _cells(line: str, layout: ColumnFormat) -> list[str]:
    delimiter = layout.delimiter or ("\t" if "\t" in line else " ")
    cells = [cell for cell in line.split(delimiter) if cell or delimiter != " "]
    while layout.tag_column == -1 and cells and not cells[-1].strip():
        cells.pop()
    return cells


def _has(cells: Sequence[str], column: int) -> bool:
    return len(cells) > 1 and -len(cells) <= column < len(cells)


def _tag(cells: Sequence[str], layout: ColumnFormat) -> str | None:
    """The tag, its prefix in upper case; None if there is none of the scheme."""
    if not _has(cells, layout.tag_column):
        return None
    cell = cells[layout.tag_column].strip()
    tag = cell[:1].upper() + cell[1:]
    if layout.label and tag != "O" and len(tag) == 1:
        tag = f"{tag}-{layout.label}"
    known = TAG.fullmatch(tag) and (layout.scheme is None or tag[0] in f"O{PREFIXES[layout.scheme]}")
    return tag if known else None
