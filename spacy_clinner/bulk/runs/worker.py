"""The process that annotates: it loads the pipeline once, then answers shard by shard.

It may die of a note. `Guard` starts it, watches it and starts it again.
"""

import os
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.util import import_file

from ...errors import Errors
from ...forks import compute_in_one_thread
from ...processes import end_with_parent
from ...provenance import checksum
from ...quoting import coded, place_of
from .annotating import ShardResult, annotate_shard
from .job import Job


def serve(connection: Connection, position: Any, job: Job) -> None:
    """Answer shards until the other end closes.

    connection (Connection): Where `annotate_shard`'s arguments come from and its results go, or kind and place of an
        error that nobody foresaw. What comes first is None if the pipeline is loaded, or a coded message of what is
        wrong.
    position (Any): A shared `c_longlong`: first position of the batch that is under way.
    job (Job): The job.
    """
    end_with_parent()
    try:
        nlp = _load(job)
    except Exception as error:
        problem = coded(error) or type(error).__name__
        connection.send(Errors.CE471.format(pipeline=job.pipeline, error=problem))
        return

    def mark(start: int) -> None:
        position.value = start

    connection.send(None)
    while True:
        try:
            shard, batches, failed = connection.recv()
        except EOFError:
            return
        answer: ShardResult | str
        try:
            answer = annotate_shard(nlp, job, shard, batches, failed, mark)
        except MemoryError:
            # as if the system had killed it
            os._exit(1)
        except Exception as error:
            answer = place_of(error)
        connection.send(answer)


def _load(job: Job) -> Language:
    if checksum(Path(job.pipeline)) != job.checksum:
        raise ValueError(Errors.CE479)
    if job.code is not None:
        import_file("python_code", job.code)
    if job.gpu_id >= 0:
        spacy.require_gpu(job.gpu_id)
    nlp = spacy.load(job.pipeline)
    compute_in_one_thread()
    return nlp
