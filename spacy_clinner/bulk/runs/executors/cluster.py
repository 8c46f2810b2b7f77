"""Shards in processes of an engine: each keeps a guard, and with it a loaded pipeline, from shard to shard."""

import json
import zlib
from typing import NamedTuple
from uuid import uuid4

from ....errors import Errors
from ....quoting import coded
from ...batch import Failure
from ..annotating import ShardResult
from ..guard import Guard
from ..job import Job, Limit
from ..shards import Shard, ShardNote


class Work(NamedTuple):
    """What the processes of an engine do, in plain data: it travels with every shard.

    job (Job): What is done with each note.
    limit (Limit): How long batches may take.
    run (str): Unlike that of any other run, as the pipeline in the same folder may have changed since.
    """

    job: Job
    limit: Limit
    run: str

    @classmethod
    def begin(cls, job: Job, limit: Limit) -> "Work":
        """RETURNS (Work): The work of a new run."""
        return cls(job, limit, uuid4().hex)


# the guard of this process, and what it works at
_guard: tuple[Work, Guard] | None = None


def annotate_here(work: Work, shard: Shard) -> ShardResult | str:
    """Annotate a shard in this process.

    work (Work): What is done.
    shard (Shard): The notes.
    RETURNS (Union[ShardResult, str]): Its tables, or the coded message of what is wrong: an error that is raised would
        be wrapped by the engine, and logged with what it quotes.
    """
    try:
        return guard_here(work).annotate(shard)
    except Exception as error:
        return coded(error) or Errors.CE481.format(shard=shard.number, error=type(error).__name__)


def guard_here(work: Work) -> Guard:
    """RETURNS (Guard): The guard of this process, which ends one of another run."""
    global _guard
    if _guard is None or _guard[0] != work:
        if _guard is not None:
            _guard[1].close()
        _guard = work, Guard(work.job, work.limit)
    return _guard[1]


def tables_of(outcome: ShardResult | str) -> ShardResult:
    """What `annotate_here` has returned, as the driver wants it.

    outcome (Union[ShardResult, str]): It.
    RETURNS (ShardResult): The tables.
    RAISES (ValueError): What was wrong.
    """
    if isinstance(outcome, str):
        raise ValueError(outcome)
    return outcome


def pack_shard(shard: Shard) -> bytes:
    """RETURNS (bytes): A shard as compressed JSON."""
    # half of a pair of surrogates is no text to UTF-8, but a note may hold one
    return zlib.compress(json.dumps(shard, ensure_ascii=False).encode("utf8", "surrogatepass"), 1)


def unpack_shard(packed: bytes) -> Shard:
    """RETURNS (Shard): What `pack_shard` has packed."""
    number, notes = json.loads(zlib.decompress(packed).decode("utf8", "surrogatepass"))
    return Shard(
        number,
        tuple(
            ShardNote(id, text if isinstance(text, str) else Failure(*text), tuple(also)) for id, text, also in notes
        ),
    )


def pack_outcome(outcome: ShardResult | str) -> list[tuple[str, bytes]]:
    """RETURNS (List[Tuple[str, bytes]]): What `annotate_here` returns as names and contents of files."""
    said, files = (outcome, {}) if isinstance(outcome, str) else (outcome.counts, outcome.files)
    return [("", json.dumps(said).encode()), *files.items()]


def unpack_outcome(packed: list[tuple[str, bytes]]) -> ShardResult | str:
    """RETURNS (Union[ShardResult, str]): What `pack_outcome` has packed."""
    (_, said), *files = packed
    counts = json.loads(said)
    return counts if isinstance(counts, str) else ShardResult({name: bytes(file) for name, file in files}, counts)
