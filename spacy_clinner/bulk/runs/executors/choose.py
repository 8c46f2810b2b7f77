"""Executors by name."""

import os

from ....errors import Errors
from ....extras import require
from .executor import Executor

NAMES = ("processes", "ray", "spark")


def choose_executor(name: str, workers: int) -> Executor:
    """Make an executor.

    name (str): One of `NAMES`.
    workers (int): Shards at once; -1: one a CPU core, of this machine or of the cluster.
    RETURNS (Executor): The executor, which is not open yet.
    RAISES: CE008 for an unknown name, CE358 if its engine is not installed.
    """
    if name == "processes":
        from .processes import Processes

        return Processes((os.cpu_count() or 1) if workers == -1 else workers)
    if name == "ray":
        require("ray", "The executor")
        from .ray import Ray

        return Ray(workers)
    if name == "spark":
        require("pyspark", "The executor")
        from .spark import Spark

        return Spark(workers)
    raise ValueError(Errors.CE008.format(what="executor", value=name, known=", ".join(NAMES)))
