"""A worker under watch: a note that kills its process, or that takes for ever, is found and left out.

A worker that dies may have been killed by chance, as by somebody who needs the memory. So a batch has a second try as
it is; then its notes are tried one by one, and a note is given up if the worker has ended with it alone, twice.
"""

import multiprocessing
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from ctypes import c_longlong
from multiprocessing.connection import wait
from typing import Any

from ...errors import Errors
from ...processes import START_METHOD
from ..batch import Failure
from .annotating import NOWHERE, ShardResult
from .job import Job, Limit
from .shards import Shard, batches
from .worker import serve

# the vocabulary of a pipeline grows with all it reads, so a worker is replaced after so many characters
CHARACTERS_PER_WORKER = 250_000_000
SECONDS_TO_LOOK = 0.5
# after how many ends a batch's notes are tried alone, taken alone, and given up
LOOK_FOR_CULPRITS, TAKE_ALONE, GIVE_UP = 2, 4, 6
# tries of what ends without being at a note: loading, or making tables
TRIES = 3


class _WorkerEnded(Exception):
    """A worker has ended before it had a result.

    position (int): First position of the batch that was under way.
    failure (Failure): What is to be said of a note if it was the cause.
    """

    def __init__(self, position: int, failure: Failure) -> None:
        super().__init__(failure.kind)
        self.position, self.failure = position, failure


class Guard:
    """A worker's guard. The worker is started when it is first needed.

    job (Job): The job.
    limit (Limit): How long batches may take.
    """

    def __init__(self, job: Job, limit: Limit) -> None:
        self.job, self.limit = job, limit
        self._context: Any = multiprocessing.get_context(START_METHOD)
        self._position = self._context.RawValue(c_longlong, NOWHERE)
        self._process: multiprocessing.process.BaseProcess | None = None
        self._closed = False
        self._characters = 0

    def annotate(self, shard: Shard) -> ShardResult:
        """Annotate a shard, whatever its notes do to the worker.

        shard (Shard): The notes.
        RETURNS (ShardResult): Its tables; notes that end the worker have a row of errors.
        RAISES (ValueError): CE471 if the worker cannot load the pipeline, CE472 if it ends again and again without
            being at a note, CE487 if its tables cannot be made.
        """
        parts = batches(shard.notes, self.job.batch_size)
        failed: dict[int, Failure] = {}
        ends: Counter[int] = Counter()
        while True:
            try:
                return self._ask(shard, parts, failed)
            except _WorkerEnded as end:
                position = end.position
                ends[position] += 1
                if position == NOWHERE:
                    if ends[position] == TRIES:
                        raise ValueError(Errors.CE472.format(shard=shard.number, n=TRIES)) from None
                    continue
                part = next(part for part in parts if part.start == position)
                if ends[position] == LOOK_FOR_CULPRITS:
                    failed |= self._find_culprits(shard, part, failed)
                elif ends[position] == TAKE_ALONE:
                    # together they need more memory than there is
                    at = parts.index(part)
                    parts[at : at + 1] = [range(i, i + 1) for i in part]
                elif ends[position] >= GIVE_UP:
                    failed |= dict.fromkeys(part, end.failure)

    def close(self) -> None:
        """End the worker, also one that is at work."""
        self._closed = True
        self._end_worker()

    def _find_culprits(self, shard: Shard, part: Sequence[int], failed: Mapping[int, Failure]) -> dict[int, Failure]:
        """The notes of a batch with which the worker ends alone, twice."""
        found: dict[int, Failure] = {}
        ends: Counter[int] = Counter()
        while True:
            alone = [range(i, i + 1) for i in part if i not in failed and i not in found]
            try:
                self._ask(shard, alone, found)
                return found
            except _WorkerEnded as end:
                ends[end.position] += 1
                if end.position == NOWHERE and ends[NOWHERE] == TRIES:
                    return found
                if end.position != NOWHERE and ends[end.position] == 2:
                    found[end.position] = end.failure

    def _ask(self, shard: Shard, parts: Sequence[range], failed: Mapping[int, Failure]) -> ShardResult:
        """One try. Raises `_WorkerEnded`."""
        process = self._worker()
        self._characters += sum(note.length for note in shard.notes)
        self._position.value = NOWHERE
        seen, since = NOWHERE, time.monotonic()
        lengths = {part.start: sum(shard.notes[i].length for i in part) for part in parts}
        lengths[NOWHERE] = sum(lengths.values())
        try:
            self._connection.send((shard, list(parts), dict(failed)))
            while not wait([self._connection, process.sentinel], SECONDS_TO_LOOK):
                position, now = self._position.value, time.monotonic()
                if position != seen:
                    seen, since = position, now
                elif now - since > self._seconds(lengths[seen]):
                    raise self._ended(Failure(Errors.CE473.format(seconds=round(now - since)), "TimeLimit"))
            answer = self._connection.recv()
        except (EOFError, OSError):
            raise self._ended(Failure(Errors.CE349, "Killed")) from None
        if isinstance(answer, str):
            raise ValueError(Errors.CE487.format(shard=shard.number, place=answer))
        return answer

    def _seconds(self, characters: int) -> float:
        return self.limit.seconds + self.limit.seconds_per_mb * characters / 1e6

    def _ended(self, failure: Failure) -> _WorkerEnded:
        position = self._position.value
        self._end_worker()
        return _WorkerEnded(position, failure)

    def _worker(self) -> multiprocessing.process.BaseProcess:
        """The worker, with its pipeline loaded."""
        if self._process is not None and self._characters > CHARACTERS_PER_WORKER:
            self._end_worker()
        for _ in range(TRIES):
            if self._process is not None:
                return self._process
            if self._closed:
                break
            self._connection, other = self._context.Pipe()
            self._process = self._context.Process(target=serve, args=(other, self._position, self.job), daemon=True)
            self._process.start()
            other.close()
            self._characters = 0
            try:
                problem = self._connection.recv()
            except EOFError:
                self._end_worker()
                continue
            if problem:
                self._end_worker()
                raise ValueError(problem)
        if self._process is None:
            raise ValueError(Errors.CE471.format(pipeline=self.job.pipeline, error="it was killed meanwhile"))
        return self._process

    def _end_worker(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.join()
            self._connection.close()
