"""Ray and Spark annotate as processes of this machine do, whatever ends on the way."""

import logging
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import wait
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from spacy_clinner.bulk.batch import Failure
from spacy_clinner.bulk.columns import Columns
from spacy_clinner.bulk.runs.annotating import ShardResult
from spacy_clinner.bulk.runs.executors import cluster
from spacy_clinner.bulk.runs.executors.choose import choose_executor
from spacy_clinner.bulk.runs.executors.spark import LOCAL, Spark, has_java
from spacy_clinner.bulk.runs.job import Limit
from spacy_clinner.bulk.runs.run import run_notes
from spacy_clinner.bulk.runs.settings import RunSettings
from spacy_clinner.bulk.runs.shards import Shard, ShardNote
from spacy_clinner.cli import clinner_cli

from ...toys.bulk_runs import InPlace, read_tables, save_pipeline, write_notes

# `.ci/run` has them fail without Java, not left out
SPARK = pytest.mark.skipif(
    not has_java() and "CLINNER_NEEDS_JAVA" not in os.environ, reason="Spark's tests are left out: there is no Java"
)
ENGINES = pytest.mark.parametrize("engine", ["ray", pytest.param("spark", marks=SPARK)])
# engines' processes have the environment of when the engine was started, so the file says by itself where it is
CODE = """
import os, signal, time
from pathlib import Path
from spacy.language import Language

FOLDER = Path(__file__).parent


@Language.factory("watched")
def make_watched(nlp, name):
    with (FOLDER / "loads").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    return watch


def watch(doc):
    if "bad" in doc.text:
        raise RuntimeError(doc.text)
    if "deadly" in doc.text:
        os._exit(9)
    if "endless" in doc.text:
        (FOLDER / "endless").touch()
        time.sleep(600)
    if "engine" in doc.text and not (FOLDER / "killed").exists():
        (FOLDER / "killed").touch()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(600)
    return doc
"""
PLAIN = {f"n{number}": f"{'no ' * (number % 3)}fever, aspirin number {number}, wörk." for number in range(30)}
TEXTS = PLAIN | {"n7": "a bad note with fever", "n12": "", "n20": "a deadly fever", "n23": "fever kills the engine's"}
SETTINGS = RunSettings(Columns(also=("patient",)), "csv", note_nlp=True, docs=True, shard_bytes=250, batch_size=4)


class Toy:
    """A pipeline, the code that it needs, and what that writes down."""

    def __init__(self, folder):
        self.folder = folder
        self.pipeline, self.code = save_pipeline(folder, CODE, "watched")
        self.forget()

    def forget(self):
        for name in ("loads", "killed", "endless"):
            (self.folder / name).unlink(missing_ok=True)

    @property
    def loads(self):
        """The processes that have loaded the pipeline, each as often as it has."""
        return [int(line) for line in (self.folder / "loads").read_text().split()]

    def run(self, texts, executor):
        notes = write_notes(self.folder / "notes.jsonl", texts)
        out = Path(tempfile.mkdtemp(dir=self.folder))
        settings = SETTINGS._replace(code=self.code)
        result = run_notes([notes], out, str(self.pipeline), executor, settings=settings)
        return read_tables(out), result


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return Toy(tmp_path_factory.mktemp("engines"))


@pytest.fixture(scope="module")
def expected(toy):
    """What processes of this machine write, where the note that kills an engine's process kills nothing."""
    (toy.folder / "killed").touch()
    return toy.run(TEXTS, choose_executor("processes", 2))[0]


@pytest.fixture
def no_engine(monkeypatch):
    for name in ("RAY_ADDRESS", "SPARK_REMOTE", "SPARK_HOME", "SPARK_CONF_DIR", "PYSPARK_SUBMIT_ARGS"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def ray_session():
    import ray

    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    try:
        yield lambda: ray.is_initialized() and ray.get(ray.put(1)) == 1
    finally:
        ray.shutdown()


@contextmanager
def spark_session():
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = SparkSession.builder.master("local[2]").config(map=LOCAL).getOrCreate()
    try:
        yield lambda: session.range(3).count() == 3
    finally:
        session.stop()


SESSIONS = {"ray": ray_session, "spark": spark_session}


@pytest.mark.engines
@ENGINES
def test_tables_are_those_of_processes_whatever_ends_on_the_way(engine, toy, expected, no_engine, capfd):
    toy.forget()
    tables, result = toy.run(TEXTS, choose_executor(engine, 2))
    assert (toy.folder / "killed").exists()
    assert tables == expected and len([name for name in tables if name.startswith("notes/")]) > 4
    assert result.counts.errors == {"CE342 RuntimeError": 1, "CE349 Killed": 1} and result.counts.notes == 28
    said = capfd.readouterr()
    assert "bad note" not in said.out + said.err


@pytest.mark.engines
@ENGINES
def test_a_session_that_is_there_is_used_and_stays(engine, toy, no_engine):
    with SESSIONS[engine]() as alive:
        toy.forget()
        _, result = toy.run(PLAIN, choose_executor(engine, -1))
        assert result.counts.notes == 30 and len(result.planned.todo) > 4
        assert 1 <= len(toy.loads) == len(set(toy.loads)) <= 2
        assert alive()

        toy.forget()
        executor = choose_executor(engine, 2)
        executor.open(SETTINGS._replace(code=toy.code).job(str(toy.pipeline)), Limit())
        future = executor.submit(Shard(5, (ShardNote("a", "endless fever", ("Pa",)),)))
        waited_for((toy.folder / "endless").exists)
        executor.close()
        assert wait([future], 60).done
        with pytest.raises(ValueError, match="CE481.*Shard 5") as caught:
            future.result()
        assert "fever" not in str(caught.value)
        waited_for(lambda: not any(psutil.pid_exists(process) for process in toy.loads))
        assert alive()


@pytest.mark.engines
def test_ray_of_another_run_is_left_alone(toy, no_engine):
    """It would end with that run."""
    import ray

    script = "import ray, time; ray.init(address='local', num_cpus=1, include_dashboard=False, log_to_driver=False)\n"
    script += "print(ray.get_runtime_context().gcs_address, flush=True); time.sleep(600)"
    other = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    try:
        address = other.stdout.readline().strip()
        assert address
        executor = choose_executor("ray", 1)
        executor.open(SETTINGS._replace(code=toy.code).job(str(toy.pipeline)), Limit())
        found = ray.get_runtime_context().gcs_address
        executor.close()
        assert found != address
    finally:
        other.terminate()
        other.wait()


@pytest.mark.engines
@SPARK
def test_spark_reads_the_tables(tmp_path, no_engine):
    pipeline, _ = save_pipeline(tmp_path)
    notes = write_notes(tmp_path / "notes.jsonl", PLAIN)
    settings = RunSettings(Columns(also=("patient",)), "parquet", shard_bytes=250)
    run_notes([notes], tmp_path / "out", str(pipeline), InPlace(), settings=settings)
    with spark_session():
        from pyspark.sql import SparkSession

        read = SparkSession.active().read.parquet
        joined = read(str(tmp_path / "out" / "notes")).join(read(str(tmp_path / "out" / "entities")), "id")
        assert {tuple(row) for row in joined.groupBy("label").count().collect()} == {("SIGN", 30), ("DRUG", 30)}
        # a table without rows is one, too
        assert read(str(tmp_path / "out" / "errors")).count() == 0


def waited_for(happens, seconds=60):
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.parametrize("engine, module", [("ray", "ray"), ("spark", "pyspark")])
def test_a_missing_engine_is_told(engine, module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"CE358.*spacy_clinner\[{engine}\]"):
        choose_executor(engine, 2)


def test_engines_are_imported_when_they_are_chosen():
    code = (
        "import sys; from spacy_clinner.bulk.runs.executors.choose import choose_executor; "
        "import spacy_clinner.bulk.runs.run; choose_executor('processes', 1); "
        "sys.exit(any(name in sys.modules for name in ('ray', 'pyspark')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_gpu_is_not_for_engines(tmp_path):
    words = ["run", str(tmp_path), str(tmp_path / "out"), "-p", "model", "-n", "1", "-g", "0", "--executor", "ray"]
    result = CliRunner().invoke(clinner_cli, words)
    # its begin, as the message is broken into lines
    assert result.exit_code == 2 and "a GPU is for processes" in result.output


def test_ray_that_is_not_reached_is_told(no_engine, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "no address")
    with pytest.raises(ValueError, match="CE480.*Ray"):
        choose_executor("ray", 1).open(None, None)


def test_spark_says_that_it_needs_java(no_engine, monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match="CE482.*Java 17"):
        Spark(1).open(None, None)


@pytest.mark.slow
def test_spark_that_does_not_start_is_told(tmp_path):
    # in a process of its own, as one that has run Spark keeps its Java
    code = "from spacy_clinner.bulk.runs.executors.spark import Spark; Spark(1).open(None, None)"
    env = {**os.environ, "JAVA_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 1 and "CE480] Spark" in done.stderr


def test_spark_connect_is_refused(no_engine, monkeypatch):
    monkeypatch.setenv("SPARK_REMOTE", "sc://cluster:15002")
    with pytest.raises(ValueError, match="CE483.*SPARK_REMOTE"):
        Spark(1).open(None, None)


def test_what_travels_arrives_as_it_was():
    notes = [
        ShardNote("a", "half a pair \ud83d\ude00 of surrogates \ud800, NUL \0, 😀", ("x", None)),
        ShardNote("b", Failure("[CE343] no", "OSError"), (None, "")),
    ]
    shard = Shard(7, tuple(notes))
    assert cluster.unpack_shard(cluster.pack_shard(shard)) == shard
    for outcome in (ShardResult({"notes": b"\0\xff", "docs": b""}, {"notes": 1, "errors": {}}), "[CE471] no"):
        assert cluster.unpack_outcome(cluster.pack_outcome(outcome)) == outcome


class Broken:
    def __init__(self, job, limit):
        self.job, self.closed = job, False

    def annotate(self, shard):
        raise RuntimeError(self.job or "text of a note")

    def close(self):
        self.closed = True


def test_errors_arrive_without_what_they_quote(monkeypatch):
    monkeypatch.setattr(cluster, "Guard", Broken)
    monkeypatch.setattr(cluster, "_guard", None)
    outcome = cluster.annotate_here(cluster.Work.begin(None, Limit()), Shard(3, ()))
    with pytest.raises(ValueError, match="CE481.*Shard 3 .*RuntimeError") as caught:
        cluster.tables_of(outcome)
    assert "text" not in str(caught.value)
    outcome = cluster.annotate_here(cluster.Work.begin("[CE471] no pipeline", Limit()), Shard(3, ()))
    with pytest.raises(ValueError, match=r"^\[CE471\] no pipeline$"):
        cluster.tables_of(outcome)


def test_a_process_keeps_its_guard_for_a_run(monkeypatch):
    monkeypatch.setattr(cluster, "Guard", Broken)
    monkeypatch.setattr(cluster, "_guard", None)
    work = cluster.Work.begin(None, Limit())
    guard = cluster.guard_here(work)
    assert cluster.guard_here(cluster.Work(*work)) is guard
    # the pipeline in the folder may be another by now
    other = cluster.guard_here(cluster.Work.begin(None, Limit()))
    assert other is not guard and guard.closed and not other.closed
