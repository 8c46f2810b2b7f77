"""Column files <-> documents: sentences of tagged tokens become lines of text with entities in it."""

import re
import warnings
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ...annotations.keys import DOC_ID_KEY
from ...errors import Errors, Warnings
from ...files import MARK
from ...progress import progress
from ...text.windows import has_line_end
from ..audit import ImportAudit
from ..discovery import claim_id, select_files
from ..placing.record import Mention, Record
from ..writing import check_name, pieces_of
from .column_lines import DOCSTART, ColumnFormat, Row, Section, read_sections
from .options import ReadOptions, WriteOptions
from .tags import Chunk, chunks_to_tags, detect_scheme, tags_to_chunks

SUFFIXES = (".tsv", ".conll", ".iob", ".iob2", ".bio", ".bioes", ".txt")
# What spaCy takes at once (the default of `nlp.max_length`).
MAX_LENGTH = 1_000_000


@dataclass(frozen=True)
class Sentence:
    """A sentence of a column file.

    words (Sequence[str]): Its tokens.
    lines (Sequence[int]): The file's line of each.
    chunks (Sequence[Chunk]): Its entities, as offsets of words.
    gaps (Sequence[str]): What stands between the words.
    """

    words: Sequence[str]
    lines: Sequence[int]
    chunks: Sequence[Chunk]
    gaps: Sequence[str]

    @cached_property
    def text(self) -> str:
        """The words with the gaps between them."""
        return "".join(word + gap for word, gap in zip(self.words, [*self.gaps, ""], strict=True))

    @cached_property
    def offsets(self) -> list[tuple[int, int]]:
        """Where each word begins and ends in the text."""
        found, end = [], 0
        for word, gap in zip(self.words, ["", *self.gaps], strict=True):
            start, end = end + len(gap), end + len(gap) + len(word)
            found.append((start, end))
        return found


@dataclass(frozen=True)
class ColumnDocument:
    """A document of a column file: its identifier and its sentences."""

    id: str
    sentences: Sequence[Sentence]

    @cached_property
    def text(self) -> str:
        """The sentences, a line each."""
        return "\n".join(sentence.text for sentence in self.sentences)

    @cached_property
    def mentions(self) -> list[Mention]:
        """The entities by characters; an id names the line of the file where one begins."""
        found, offset = [], 0
        for sentence in self.sentences:
            for chunk in sentence.chunks:
                start, end = sentence.offsets[chunk.start][0], sentence.offsets[chunk.end - 1][1]
                fragments = ((offset + start, offset + end),)
                name = f"line {sentence.lines[chunk.start]}"
                found.append(Mention(name, chunk.label, fragments, sentence.text[start:end]))
            offset += len(sentence.text) + 1
        return found


def read_columns(
    path: Path, layout: ColumnFormat, audit: ImportAudit, name: str | None = None
) -> Iterator[ColumnDocument]:
    """Read a column file.

    Warns (CW311) of a document that is longer than spaCy takes.

    path (Path): The file.
    layout (ColumnFormat): Its columns and tags.
    audit (ImportAudit): Gets a row for every token that is empty or holds white space, for every entity whose tags were
        illegal, for the comments, and for what has no token at all.
    name (Optional[str]): The file's name below the corpus' folder, such as train/notes.tsv; None: its own.
    YIELDS (ColumnDocument): Its documents. The id is the one that the file gives, else the file's name without
        extension, and a number if the file holds several; pieces of `n_sents` are numbered, too.
    RAISES (ValueError): Those of `read_sections`.
    """
    name = name or path.name
    sections, comments = read_sections(path, layout)
    if comments:
        action = f"lines that begin with # and hold no tag: {len(comments)}, the first is line {comments[0]}; not read"
        audit.add("comment", action, doc_id=name)
    scheme = layout.scheme or detect_scheme([[r.tag for r in rows] for s in sections for rows in s.sentences])
    found = False
    for doc_id, sentences in _documents(sections, layout.n_sents, name.removesuffix(path.suffix)):
        made = [_make_sentence(rows, scheme, doc_id, audit) for rows in sentences]
        document = ColumnDocument(doc_id, [sentence for sentence in made if sentence.words])
        if not document.sentences:
            audit.add("no token", "no document", doc_id=doc_id)
            continue
        if len(document.text) > MAX_LENGTH:
            sizes = {"n": len(document.sentences), "length": len(document.text), "limit": MAX_LENGTH}
            warnings.warn(Warnings.CW311.format(doc=doc_id, **sizes), stacklevel=2)
        found = True
        yield document
    if not found:
        audit.add("no token", "no document", doc_id=name)


def column_record(document: ColumnDocument) -> Record:
    """Make a record of a document of a column file.

    document (ColumnDocument): The document.
    RETURNS (Record): The record.
    """
    return Record(document.id, document.text, document.mentions)


def read_corpus(path: Path, audit: ImportAudit, options: ReadOptions, scheme: str | None) -> Iterator[Record]:
    """Read a column file, or those of a folder and its sub-folders, showing progress.

    path (Path): A file or folder.
    audit (ImportAudit): Gets a row for every file that is left out, and the rows of `read_columns`.
    options (ReadOptions): Its layout names the columns.
    scheme (Optional[str]): "iob1", "iob2" or "bioes"; None: told from the tags of each file.
    YIELDS (Record): The documents.
    RAISES (ValueError): CE005 if there is none, CE301 for an id that is there twice, and those of `find_columns` and
        `read_columns`.
    """
    layout = replace(options.layout, scheme=scheme)
    owners: dict[str, str] = {}
    for name, file in progress(find_columns(path, audit).items(), unit="file", desc="Read"):
        for document in read_columns(file, layout, audit, name):
            claim_id(document.id, name, owners)
            yield column_record(document)
    if not owners:
        raise ValueError(Errors.CE005.format(path=path.name, kind="token"))


def write_columns(docs: Sequence[Doc], options: WriteOptions, scheme: str) -> Iterator[dict[str, str]]:
    """Make the files of documents.

    docs (Sequence[Doc]): The documents, with their ids.
    options (WriteOptions): Not used.
    scheme (str): "iob1", "iob2" or "bioes".
    YIELDS (Dict[str, str]): Contents of ID.tsv.
    RAISES (ValueError): Those of `format_columns`.
    """
    for doc in docs:
        yield {f"{doc.user_data[DOC_ID_KEY]}.tsv": format_columns(doc, scheme)}


def find_columns(path: Path, audit: ImportAudit) -> dict[str, Path]:
    """Find the column files of a folder and its sub-folders.

    path (Path): A file, or a folder with files that end in one of `SUFFIXES`.
    audit (ImportAudit): Gets a row for every file that is left out.
    RETURNS (Dict[str, Path]): The files by name, as of `select_files`.
    RAISES (ValueError): CE005 if there are none, CE302 as `select_files`.
    """
    endings = ", ".join(SUFFIXES)
    files = select_files(path, lambda name: name.endswith(SUFFIXES), f"ends in none of {endings}", audit)
    if not files:
        raise ValueError(Errors.CE005.format(path=path.name, kind=f"column file ({endings})"))
    return files


def format_columns(doc: Doc, scheme: str, delimiter: str = "\t") -> str:
    """Write a document as columns, its tokens first, its tags second.

    White-space tokens are left out. Sentences are those of the document, or its lines if it has none; one that would
    end inside an entity goes on.

    doc (Doc): The document.
    scheme (str): "iob1", "iob2" or "bioes".
    delimiter (str): Between columns.
    RETURNS (str): The file's content.
    RAISES (ValueError): CE013 for a token with a delimiter or white space in it, or one that a reader takes for
        something else, CE330 for a label that is empty or holds white space, CE331 for an entity that holds nothing
        else.
    """
    for entity in doc.ents:
        check_name(doc, scheme, "label", entity.label_, r"\s")
        pieces_of(entity)
    lines = []
    entities = doc.ents
    starts = [entity.start for entity in entities]
    for start, end in _sentence_offsets(doc):
        kept = [i for i in range(start, end) if not doc[i].text.isspace()]
        place = {i: n for n, i in enumerate(kept)}
        chunks = []
        # no entity crosses the end of a sentence here
        for entity in entities[bisect_left(starts, start) : bisect_left(starts, end)]:
            inside = [place[i] for i in range(entity.start, entity.end) if i in place]
            chunks.append((inside[0], inside[-1] + 1, entity.label_))
        for i, tag in zip(kept, chunks_to_tags(len(kept), chunks, scheme), strict=True):
            text = doc[i].text
            if text == DOCSTART or text[:1] in ("", MARK) or delimiter in text or re.search(r"\s", text):
                raise ValueError(Errors.CE013.format(doc=doc.user_data.get(DOC_ID_KEY, ""), token=i))
            lines.append(f"{text}{delimiter}{tag}\n")
        if kept:
            lines.append("\n")
    return "".join(lines)


def _documents(sections: Sequence[Section], n_sents: int | None, stem: str) -> Iterator[tuple[str, list[list[Row]]]]:
    """Ids and sentences of documents: sections, or their pieces of `n_sents` sentences."""
    cut = [(section.id, list(_pieces(section.sentences, n_sents))) for section in sections]
    total, number = sum(len(pieces) for _, pieces in cut), 0
    for given, pieces in cut:
        for n, piece in enumerate(pieces, start=1):
            number += 1
            if given is None:
                yield stem if total == 1 else f"{stem}-{number}", piece
            else:
                yield given if len(pieces) == 1 else f"{given}-{n}", piece


def _pieces(sentences: list[list[Row]], n_sents: int | None) -> Iterator[list[list[Row]]]:
    size = n_sents or len(sentences) or 1
    for start in range(0, max(len(sentences), 1), size):
        yield sentences[start : start + size]


def _make_sentence(rows: Sequence[Row], scheme: str, doc_id: str, audit: ImportAudit) -> Sentence:
    """The sentence without its empty tokens; an entity goes on behind one of them."""
    kept = [row for row in rows if row.word]
    place_of = {row.line: n for n, row in enumerate(kept)}
    for row in rows:
        place: dict[str, Any] = {"doc_id": doc_id, "annotation_id": f"line {row.line}", "label": row.tag[2:]}
        if not row.word:
            audit.add("empty token", "left out", **place)
        elif len(row.word.split()) > 1:
            audit.add("space in token", "white space parts it into tokens", **place)
    chunks = []
    for chunk in tags_to_chunks([row.tag for row in rows], scheme):
        if chunk.repaired:
            place = {"doc_id": doc_id, "annotation_id": f"line {rows[chunk.start].line}", "label": chunk.label}
            audit.add("illegal tag", f"read as an entity; {chunk.repaired}", **place)
        inside = [place_of[row.line] for row in rows[chunk.start : chunk.end] if row.word]
        if inside:
            chunks.append(Chunk(inside[0], inside[-1] + 1, chunk.label))
        else:
            audit.annotations[chunk.label] += 1
    return Sentence([row.word for row in kept], [row.line for row in kept], chunks, [" "] * (len(kept) - 1))


def _sentence_offsets(doc: Doc) -> Iterator[tuple[int, int]]:
    """Token offsets of the document's sentences, or of its lines if it has none."""
    if doc.has_annotation("SENT_START"):
        starts = [token.i for token in doc if token.is_sent_start]
    else:
        starts = [token.i + 1 for token in doc if token.text.isspace() and has_line_end(token.text)]
    starts = [0, *(i for i in starts if 0 < i < len(doc) and doc[i].ent_iob_ != "I")]
    return zip(starts, [*starts[1:], len(doc)], strict=True)
