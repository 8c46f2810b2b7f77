"""What a run asks of the machines that annotate."""

from concurrent.futures import Future
from typing import Protocol

from ..annotating import ShardResult
from ..job import Job, Limit
from ..shards import Shard


class Executor(Protocol):
    """Annotates shards, several at once, in whatever order; a shard that is annotated twice does no harm.

    workers (int): How many shards are annotated at once.
    """

    workers: int

    def open(self, job: Job, limit: Limit) -> None:
        """Get ready.

        job (Job): What is done with each note.
        limit (Limit): How long batches may take.
        """

    def submit(self, shard: Shard) -> Future[ShardResult]:
        """Have a shard annotated.

        shard (Shard): The notes.
        RETURNS (Future[ShardResult]): Its tables; raises what `Guard.annotate` does.
        """

    def close(self) -> None:
        """End all work, also what is under way."""
