"""Shards annotated by processes of this machine."""

from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

from ..annotating import ShardResult
from ..guard import Guard
from ..job import Job, Limit
from ..shards import Shard


class Processes:
    """An `Executor` with a guard, and the worker that it watches, for each of its workers.

    workers (int): Number of processes.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._idle: SimpleQueue[Guard] = SimpleQueue()
        self._guards: list[Guard] = []

    def open(self, job: Job, limit: Limit) -> None:
        """As of `Executor`."""
        # threads only wait, each for its process
        self._threads = ThreadPoolExecutor(self.workers)
        self._guards = [Guard(job, limit) for _ in range(self.workers)]
        for guard in self._guards:
            self._idle.put(guard)

    def submit(self, shard: Shard) -> Future[ShardResult]:
        """As of `Executor`."""
        return self._threads.submit(self._annotate, shard)

    def _annotate(self, shard: Shard) -> ShardResult:
        guard = self._idle.get()
        try:
            return guard.annotate(shard)
        finally:
            self._idle.put(guard)

    def close(self) -> None:
        """As of `Executor`."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for guard in self._guards:
            guard.close()
        self._threads.shutdown()
