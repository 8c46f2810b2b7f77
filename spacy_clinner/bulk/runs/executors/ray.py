"""Shards annotated by Ray, on this machine or on a cluster."""

import logging
import os
from concurrent.futures import Future
from typing import Any

import ray

from ....errors import Errors
from ..annotating import ShardResult
from ..job import Job, Limit
from ..shards import Shard
from .cluster import Work, annotate_here, tables_of

# of a shard, when machines or processes of the cluster are lost; notes that end their processes are the guard's affair
RETRIES = 3


class Ray:
    """An `Executor` with a task of Ray for each shard.

    workers (int): Tasks at once; -1: one a CPU core of the cluster.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._connected = False
        self._pending: dict[Any, Future[ShardResult]] = {}

    def open(self, job: Job, limit: Limit) -> None:
        """As of `Executor`. Uses Ray as this process has it, or a cluster that RAY_ADDRESS names, or starts one of
        this machine.

        RAISES (ValueError): CE480 if Ray cannot be started or reached.
        """
        if not ray.is_initialized():
            try:
                _connect(self.workers)
            # of a cluster that does not answer, Ray ends the process
            except (Exception, SystemExit) as error:
                raise ValueError(Errors.CE480.format(engine="Ray", error=type(error).__name__)) from error
            self._connected = True
        if self.workers == -1:
            self.workers = max(1, int(ray.cluster_resources().get("CPU", 1)))
        self._work = Work.begin(job, limit)
        self._annotate = ray.remote(annotate_here).options(num_cpus=1, max_retries=RETRIES)

    def submit(self, shard: Shard) -> Future[ShardResult]:
        """As of `Executor`.

        RAISES (ValueError): In the future also CE481 if Ray gives the shard up.
        """
        future: Future[ShardResult] = Future()
        task = self._annotate.remote(self._work, shard)
        self._pending[task] = future

        def settle(done: Future[Any]) -> None:
            self._pending.pop(task, None)
            try:
                future.set_result(tables_of(_outcome(done, shard)))
            except ValueError as error:
                future.set_exception(error)

        task.future().add_done_callback(settle)
        return future

    def close(self) -> None:
        """As of `Executor`. Ray, if it was there before, stays; its processes keep their pipelines until it ends."""
        for task in list(self._pending):
            # by force, as a task that is under way ends only with its process
            ray.cancel(task, force=True)
        if self._connected:
            self._connected = False
            ray.shutdown()


def _connect(workers: int) -> None:
    # what components print stays on the machines
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address := os.environ.get("RAY_ADDRESS"):
        ray.init(address=address, **quiet)
        return
    # not one that happens to run here: it may be another run's, and end with that
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    cores = None if workers == -1 else workers
    ray.init(address="local", num_cpus=cores, include_dashboard=False, **quiet)


def _outcome(done: Future[Any], shard: Shard) -> ShardResult | str:
    try:
        return done.result()
    except Exception as error:
        return Errors.CE481.format(shard=shard.number, error=type(error).__name__)
