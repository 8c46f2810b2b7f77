"""Column files: one token a line, its tag in another column, an empty line between sentences, -DOCSTART- lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ..constants import DOC_ID_KEY
from ..errors import Errors
from ..files import read_text
from .audit import ImportAudit
from .tags import PREFIXES, TAG, chunks_to_tags, detect_scheme, tags_to_chunks
from .writing import check_name, pieces_of

DOCSTART = "-DOCSTART-"
BOM = "\ufeff"
SUFFIXES = (".tsv", ".conll", ".iob", ".iob2", ".bio", ".bioes", ".txt")


@dataclass(frozen=True)
class ColumnFormat:
    """How a column file is laid out.

    scheme (Optional[str]): "iob1", "iob2" or "bioes" (BILOU, too); None: told from the tags.
    token_column (int): Column of the token, from 0; negative ones count from the end.
    tag_column (int): Column of the tag.
    delimiter (Optional[str]): Between columns; None: a tab if the line has one, else a space.
    n_sents (Optional[int]): Sentences a document; None: a document is what is between -DOCSTART- lines, or the file.
    """

    scheme: str | None = None
    token_column: int = 0
    tag_column: int = -1
    delimiter: str | None = None
    n_sents: int | None = None


@dataclass
class _Sentence:
    """Tokens and tags; `number`: the line its first token is on; `opens`: whether it follows a -DOCSTART-."""

    number: int
    opens: bool
    words: list[str]
    tags: list[str]


def read_columns(path: Path, vocab: Vocab, layout: ColumnFormat, audit: ImportAudit) -> Iterator[Doc]:
    """Read a column file; every token is followed by a space.

    path (Path): The file.
    vocab (Vocab): Vocabulary of the documents.
    layout (ColumnFormat): Its columns and tags.
    audit (ImportAudit): Gets the counts, and a row for every entity whose tags were illegal.
    YIELDS (Doc): Documents with `doc.ents`, sentence starts, and their id: the file's name without extension, and a
        number if the file holds several.
    RAISES (ValueError): CE001 for a file that is not UTF-8, CE006 for a line without the token's or the tag's column,
        CE007 for a tag that is none.
    """
    sentences = _read_sentences(path, layout)
    scheme = layout.scheme or detect_scheme([sentence.tags for sentence in sentences])
    groups = _group(sentences, layout.n_sents)
    for n, group in enumerate(groups, start=1):
        yield _make_doc(path.stem if len(groups) == 1 else f"{path.stem}-{n}", group, vocab, scheme, audit)


def column_paths(path: Path) -> list[Path]:
    """The column files of a folder, sorted by name, or the file itself.

    path (Path): A file, or a folder with files that end in one of `SUFFIXES`.
    RETURNS (List[Path]): The files.
    RAISES (ValueError): CE005 if there are none.
    """
    if path.is_file():
        return [path]
    paths = sorted(found for found in path.glob("*") if found.suffix in SUFFIXES)
    if not paths:
        raise ValueError(Errors.CE005.format(path=path.name, kind=f"column file ({', '.join(SUFFIXES)})"))
    return paths


def format_columns(doc: Doc, scheme: str, delimiter: str = "\t") -> str:
    """Write a document as columns, its tokens first, its tags second.

    White-space tokens are left out. Sentences are those of the document, or its lines if it has none; one that would
    end inside an entity goes on.

    doc (Doc): The document.
    scheme (str): "iob1", "iob2" or "bioes".
    delimiter (str): Between columns.
    RETURNS (str): The file's content.
    RAISES (ValueError): CE013 for a token with a delimiter or a line end in it, or one that a reader takes for
        something else, CE330 for a label that is empty or holds white space, CE331 for an entity that holds nothing
        else.
    """
    for entity in doc.ents:
        check_name(doc, scheme, "label", entity.label_, r"\s")
        pieces_of(entity)
    lines = []
    for start, end in _sentence_offsets(doc):
        kept = [i for i in range(start, end) if not doc[i].text.isspace()]
        place = {i: n for n, i in enumerate(kept)}
        chunks = []
        for entity in doc[start:end].ents:
            inside = [place[i] for i in range(entity.start, entity.end) if i in place]
            chunks.append((inside[0], inside[-1] + 1, entity.label_))
        for i, tag in zip(kept, chunks_to_tags(len(kept), chunks, scheme), strict=True):
            text = doc[i].text
            if text == DOCSTART or text[:1] in ("", BOM) or any(part in text for part in (delimiter, "\n", "\r")):
                raise ValueError(Errors.CE013.format(doc=doc.user_data.get(DOC_ID_KEY, ""), token=i))
            lines.append(f"{text}{delimiter}{tag}\n")
        if kept:
            lines.append("\n")
    return "".join(lines)


def _read_sentences(path: Path, layout: ColumnFormat) -> list[_Sentence]:
    sentences: list[_Sentence] = []
    current = _Sentence(0, True, [], [])
    for number, line in enumerate(read_text(path).removeprefix(BOM).split("\n"), start=1):
        cells = _cells(line.removesuffix("\r"), layout.delimiter)
        if not cells or cells[0] == DOCSTART:
            if current.words:
                sentences.append(current)
            current = _Sentence(0, bool(cells) or (current.opens and not current.words), [], [])
            continue
        word, tag = (_column(cells, column, path, number) for column in (layout.token_column, layout.tag_column))
        if not TAG.fullmatch(tag) or (layout.scheme and tag[0] not in f"O{PREFIXES[layout.scheme]}"):
            scheme, prefixes = layout.scheme or "iob or bioes", ", ".join(PREFIXES[layout.scheme or "bioes"])
            found = {"file": path.name, "line": number, "column": layout.tag_column}
            raise ValueError(Errors.CE007.format(**found, scheme=scheme, prefixes=prefixes))
        current.number = current.number or number
        current.words.append(word)
        current.tags.append(tag)
    return [*sentences, current] if current.words else sentences


def _cells(line: str, delimiter: str | None) -> list[str]:
    if not line.strip(" \t"):
        return []
    delimiter = delimiter or ("\t" if "\t" in line else " ")
    return [cell for cell in line.split(delimiter) if cell or delimiter != " "]


def _column(cells: Sequence[str], column: int, path: Path, number: int) -> str:
    if not -len(cells) <= column < len(cells) or len(cells) < 2 or not cells[column]:
        raise ValueError(Errors.CE006.format(file=path.name, line=number, found=len(cells), column=column))
    return cells[column]


def _group(sentences: list[_Sentence], n_sents: int | None) -> list[list[_Sentence]]:
    groups: list[list[_Sentence]] = []
    for sentence in sentences:
        if sentence.opens or not groups or (n_sents and len(groups[-1]) >= n_sents):
            groups.append([])
        groups[-1].append(sentence)
    return groups


def _make_doc(doc_id: str, sentences: list[_Sentence], vocab: Vocab, scheme: str, audit: ImportAudit) -> Doc:
    words = [word for sentence in sentences for word in sentence.words]
    starts = [i == 0 for sentence in sentences for i in range(len(sentence.words))]
    doc = Doc(vocab, words=words, sent_starts=starts)
    doc.user_data[DOC_ID_KEY] = doc_id
    entities, offset = [], 0
    for sentence in sentences:
        for chunk in tags_to_chunks(sentence.tags, scheme):
            span = Span(doc, offset + chunk.start, offset + chunk.end, label=chunk.label)
            entities.append(span)
            if chunk.repaired:
                place = {"doc_id": doc_id, "start": span.start_char, "end": span.end_char, "label": chunk.label}
                action = f"read as an entity; {chunk.repaired} (line {sentence.number + chunk.start})"
                audit.add("illegal tag", action, **place)
        offset += len(sentence.words)
    doc.set_ents(entities, default="outside")
    audit.documents += 1
    audit.annotations.update(span.label_ for span in entities)
    audit.entities.update(span.label_ for span in entities)
    return doc


def _sentence_offsets(doc: Doc) -> Iterator[tuple[int, int]]:
    """Token offsets of the document's sentences, or of its lines if it has none."""
    if doc.has_annotation("SENT_START"):
        starts = [token.i for token in doc if token.is_sent_start]
    else:
        starts = [token.i + 1 for token in doc if token.text.isspace() and "\n" in token.text]
    starts = [0, *(i for i in starts if 0 < i < len(doc) and doc[i].ent_iob_ != "I")]
    return zip(starts, [*starts[1:], len(doc)], strict=True)
