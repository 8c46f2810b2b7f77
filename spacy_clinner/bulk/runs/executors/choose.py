"""Executors by name."""

import os

from ....errors import Errors
from .executor import Executor

NAMES = ("processes",)


def choose_executor(name: str, workers: int) -> Executor:
    """Make an executor.

    name (str): One of `NAMES`.
    workers (int): Shards at once; -1: one a CPU core.
    RETURNS (Executor): The executor, which is not open yet.
    RAISES: CE008 for an unknown name.
    """
    workers = (os.cpu_count() or 1) if workers == -1 else workers
    if name == "processes":
        from .processes import Processes

        return Processes(workers)
    raise ValueError(Errors.CE008.format(what="executor", value=name, known=", ".join(NAMES)))
