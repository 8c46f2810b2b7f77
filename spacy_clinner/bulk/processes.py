"""Notes shared among processes.

Not by `nlp.pipe(n_process=...)`, which waits forever for a process that was killed, as by a system without memory.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import Errors
from ..forks import compute_in_one_thread
from ..processes import end_with_parent
from .batch import Failure, annotate_batch
from .documents import TRANSFORMER_DATA
from .notes import Note

Batch = Sequence[Note]

# the pipeline of a process that works
_nlp: Language | None = None


def annotate_in_processes(
    nlp: Language, batches: Iterable[Batch], n_process: int
) -> Iterator[tuple[Batch, list[Doc | Failure]]]:
    """Annotate batches of notes.

    nlp (Language): The pipeline.
    batches (Iterable[Sequence[Note]]): The batches.
    n_process (int): Number of processes; -1: one a CPU core.
    YIELDS (Tuple[Sequence[Note], List[Union[Doc, Failure]]]): The batches in their order, and what `annotate_batch`
        returned for each. Documents come without encoders' output.
    """
    batches, n_process = iter(batches), (os.cpu_count() or 1) if n_process == -1 else n_process
    waiting: deque[tuple[Batch, Future]] = deque()
    pool = _start(nlp, n_process)
    try:
        while True:
            # twice as many as processes, so that none has to wait for the next
            for batch in islice(batches, 2 * n_process - len(waiting)):
                waiting.append((batch, _submit(pool, batch)))
            if not waiting:
                return
            batch, future = waiting[0]
            if not _is_broken(future):
                waiting.popleft()
                yield batch, _unpack(nlp, future.result())
                continue
            pool.shutdown()
            while waiting:
                batch, future = waiting.popleft()
                yield batch, _unpack(nlp, _one_by_one(nlp, batch) if _is_broken(future) else future.result())
            pool = _start(nlp, n_process)
    finally:
        pool.shutdown(cancel_futures=True)


def _one_by_one(nlp: Language, batch: Batch) -> list[bytes | Failure]:
    """Try the notes of a batch whose process has died; one that ends another process is left out."""
    found: list[bytes | Failure] = []
    pool = None
    for note in batch:
        pool = pool or _start(nlp, 1)
        future = _submit(pool, [note])
        if _is_broken(future):
            found.append(Failure(Errors.CE349, "killed"))
            pool.shutdown()
            pool = None
        else:
            found += future.result()
    if pool:
        pool.shutdown()
    return found


def _start(nlp: Language, n_process: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(n_process, initializer=_take_pipeline, initargs=(nlp,))


def _submit(pool: ProcessPoolExecutor, batch: Batch) -> Future:
    try:
        return pool.submit(_annotate, batch)
    except BrokenProcessPool as error:
        future: Future = Future()
        future.set_exception(error)
        return future


def _is_broken(future: Future) -> bool:
    """Whether the process that had the work has died; waits for the work."""
    return isinstance(future.exception(), BrokenProcessPool)


def _unpack(nlp: Language, packed: list[bytes | Failure]) -> list[Doc | Failure]:
    return [Doc(nlp.vocab).from_bytes(item) if isinstance(item, bytes) else item for item in packed]


# In the processes that work:


def _take_pipeline(nlp: Language) -> None:
    global _nlp
    _nlp = nlp
    compute_in_one_thread()
    end_with_parent()


def _annotate(batch: Batch) -> list[bytes | Failure]:
    assert _nlp is not None
    return [_pack(doc) if isinstance(doc, Doc) else doc for doc in annotate_batch(_nlp, batch)]


def _pack(doc: Doc) -> bytes | Failure:
    doc.user_data.pop(TRANSFORMER_DATA, None)
    try:
        return doc.to_bytes(exclude=["tensor"])
    except Exception as error:
        kind = type(error).__name__
        return Failure(Errors.CE340.format(error=kind), kind)
