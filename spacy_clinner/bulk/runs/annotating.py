"""A shard through a pipeline: what a worker computes, a pure function of notes and job."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc, DocBin

from ...annotations.documents import check_group
from ...annotations.keys import DOC_ID_KEY
from ...errors import Errors
from ...quoting import coded
from ...reports.table import Table, table_content
from ..batch import Failure, annotate_texts
from ..documents import pack
from .counts import Counts
from .job import Job
from .note_nlp import NOTE_NLP, note_nlp_rows
from .rows import Rows, columns_of, rows_of
from .shards import Shard, ShardNote

# where `mark` is when no batch is under way: before the first, and while tables are made
NOWHERE = -1


class ShardResult(NamedTuple):
    """What is to be written of a shard.

    files (Dict[str, bytes]): Contents by table: "notes", "entities", "relations", "errors"; if the job asks for them
        "note_nlp" and "docs", which is there if a note could be annotated.
    counts (Dict[str, Any]): `Counts` as plain data.
    """

    files: dict[str, bytes]
    counts: dict[str, Any]


def annotate_shard(
    nlp: Language,
    job: Job,
    shard: Shard,
    batches: Iterable[range],
    failed: Mapping[int, Failure],
    mark: Callable[[int], None],
) -> ShardResult:
    """Annotate the notes of a shard and make its tables.

    nlp (Language): The pipeline.
    job (Job): The job.
    shard (Shard): The notes.
    batches (Iterable[range]): Positions of the notes that components see at once.
    failed (Mapping[int, Failure]): Notes that are known to end the process, by position: they are left out.
    mark (Callable[[int], None]): Is told the first position of each batch before that begins, and
        `NOWHERE` after the last.
    RETURNS (ShardResult): The tables.
    """
    columns = columns_of(job.also)
    if job.note_nlp:
        columns["note_nlp"] = NOTE_NLP
    tables: Rows = {name: [] for name in columns}
    counts, docbin = Counts(), DocBin(store_user_data=True)
    for batch in batches:
        mark(batch.start)
        notes = [shard.notes[i] for i in batch]
        texts = [failed.get(i, note.text) for i, note in zip(batch, notes, strict=True)]
        for note, found in zip(notes, annotate_texts(nlp, texts), strict=True):
            rows = _read(note, found, job, docbin)
            if job.note_nlp:
                rows["note_nlp"] = note_nlp_rows(rows, shard.number, len(tables["note_nlp"]), job)
            counts.add_note(rows)
            for name, more in rows.items():
                tables[name] += more
    mark(NOWHERE)
    files = {name: table_content(Table(columns[name], rows), job.format) for name, rows in tables.items()}
    # programs that read documents take a file without any for a damaged one
    if job.docs and len(docbin):
        files["docs"] = docbin.to_bytes()
    return ShardResult(files, counts.to_dict())


def _read(note: ShardNote, found: Doc | Failure, job: Job, docbin: DocBin) -> Rows:
    """The rows of a note; what a component left on a document may be unreadable, too."""
    try:
        if isinstance(found, Doc):
            check_group(found.spans, job.spans_key)
        rows = rows_of(note, found, job.also, job.spans_key)
        if isinstance(found, Doc) and job.docs:
            found.user_data[DOC_ID_KEY] = note.id
            pack(docbin, found)
        return rows
    except Exception as error:
        kind = type(error).__name__
        return rows_of(note, Failure(coded(error) or Errors.CE366.format(error=kind), kind), job.also, job.spans_key)
