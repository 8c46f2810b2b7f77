"""Shards annotated by Spark, on this machine or on a cluster."""

import os
import shutil
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from py4j.protocol import Py4JError
from pyspark.core.context import SparkContext
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf
from pyspark.sql.utils import is_remote

from ....errors import Errors
from ..annotating import ShardResult
from ..job import Job, Limit
from ..shards import Shard
from .cluster import Work, annotate_here, pack_outcome, pack_shard, tables_of, unpack_outcome, unpack_shard

FILES = "array<struct<name: string, content: binary>>"
# where Spark is told of a cluster, or of settings of its own
CONFIGURED = ("SPARK_HOME", "SPARK_CONF_DIR", "PYSPARK_SUBMIT_ARGS", "PYSPARK_GATEWAY_PORT")
# of a task whose process is lost, as clusters have it
TRIES = 4
# of a Spark that is started here: nothing is open to the network, and notes are not on the disk in the clear
LOCAL = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.io.encryption.enabled": "true",
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


class Spark:
    """An `Executor` with a job of Spark for each shard, so that no shard waits for the slowest of a wave.

    workers (int): Jobs at once; -1: one a CPU core that Spark has.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._closed = False

    def open(self, job: Job, limit: Limit) -> None:
        """As of `Executor`. Uses a session that is there, or one that the environment is configured for, or starts one
        of this machine.

        RAISES (ValueError): CE480 if Spark cannot be started or reached, CE482 if there is no Java, CE483 for a session
            of Spark Connect.
        """
        if is_remote() or "SPARK_REMOTE" in os.environ:
            raise ValueError(Errors.CE483)
        self._started = SparkContext._active_spark_context is None
        self._session = _start(self.workers) if self._started else SparkSession.builder.getOrCreate()
        if self.workers == -1:
            self.workers = self._session.sparkContext.defaultParallelism
        self._work = Work.begin(job, limit)
        # neither pandas nor pyarrow are needed for it, as they would be for mapInPandas or mapInArrow
        self._annotate = udf(partial(annotate_packed, self._work), FILES, useArrow=False).asNondeterministic()
        self._threads = ThreadPoolExecutor(self.workers)

    def submit(self, shard: Shard) -> Future[ShardResult]:
        """As of `Executor`.

        RAISES (ValueError): In the future also CE481 if Spark gives the shard up.
        """
        return self._threads.submit(self._run, shard)

    def _run(self, shard: Shard) -> ShardResult:
        try:
            # a thread's; a session's own tags are unknown to the thread that closes
            self._session.sparkContext.addJobTag(self._work.run)
            if self._closed:
                raise InterruptedError
            # one partition: the empty others would be tasks, too
            frame = self._session.createDataFrame([(bytearray(pack_shard(shard)),)], "shard binary").coalesce(1)
            ((files,),) = frame.select(self._annotate("shard")).collect()
        except Exception as error:
            raise ValueError(Errors.CE481.format(shard=shard.number, error=type(error).__name__)) from None
        return tables_of(unpack_outcome(files))

    def close(self) -> None:
        """As of `Executor`. A session that was there before stays."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        # a Spark that has died has nothing to end, and its shards have said so
        with suppress(Py4JError, OSError):
            self._session.sparkContext.cancelJobsWithTag(self._work.run)
        self._threads.shutdown()
        if self._started:
            with suppress(Py4JError, OSError):
                self._session.stop()


def annotate_packed(work: Work, packed: bytes) -> list[tuple[str, bytes]]:
    """What Spark calls in its processes; by reference, so that they must have this package.

    work (Work): What is done.
    packed (bytes): A shard as of `pack_shard`.
    RETURNS (List[Tuple[str, bytes]]): As of `pack_outcome`.
    """
    return pack_outcome(annotate_here(work, unpack_shard(packed)))


def _start(workers: int) -> SparkSession:
    configured = any(name in os.environ for name in CONFIGURED)
    if not configured and not has_java():
        raise ValueError(Errors.CE482)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("spacy_clinner")
    if not configured:
        builder = builder.master(f"local[{'*' if workers == -1 else workers},{TRIES}]")
        for name, value in LOCAL.items():
            builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except Exception as error:
        raise ValueError(Errors.CE480.format(engine="Spark", error=type(error).__name__)) from error


def has_java() -> bool:
    """RETURNS (bool): Whether Spark will find a Java, of whatever version."""
    return bool(os.environ.get("JAVA_HOME") or shutil.which("java"))
