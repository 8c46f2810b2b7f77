"""A note that ends its process or takes for ever is found, and no other is lost with it."""

import io
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from pyarrow import parquet

from spacy_clinner.bulk.runs import guard as guard_module
from spacy_clinner.bulk.runs.guard import Guard
from spacy_clinner.bulk.runs.job import Job, Limit
from spacy_clinner.bulk.runs.shards import Shard, ShardNote
from spacy_clinner.provenance import checksum

from ...toys.bulk_runs import save_pipeline

PATIENT = Limit()


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    pipeline, code = save_pipeline(tmp_path_factory.mktemp("guard"))
    return Job(str(pipeline), checksum(pipeline), "en_toy 1.2.3", "2026-01-02", "csv", code=str(code), batch_size=4)


def shard_of(texts):
    return Shard(3, tuple(ShardNote(f"n{number}", text) for number, text in enumerate(texts)))


def annotate(job, texts, limit=PATIENT):
    guard = Guard(job, limit)
    try:
        return guard.annotate(shard_of(texts))
    finally:
        guard.close()


PLAIN = ["fever", "aspirin for fever", "no fever", "pain", "aspirin", "fever again"]


@pytest.fixture(scope="module")
def plain(job):
    return annotate(job, PLAIN)


def test_it_annotates(plain):
    assert plain.counts["notes"] == 6 and plain.counts["errors"] == {}
    assert plain.files["entities"].decode().splitlines()[1].startswith("n0,0,5,SIGN,fever")


SECTIONS = """
from spacy.tokens import Span

Span.set_extension("section_category", getter=lambda span: {len(span.doc)}, force=True)
"""


def test_a_section_is_text_whatever_its_component_says(tmp_path):
    pipeline, code = save_pipeline(tmp_path)
    code.write_text(code.read_text() + SECTIONS)
    job = Job(str(pipeline), checksum(pipeline), "en_toy 1.2.3", "2026-01-02", "parquet", code=str(code))
    table = parquet.read_table(io.BytesIO(annotate(job, ["no fever"]).files["entities"]))
    assert table["section"].to_pylist() == ["{2}"]


def test_what_nobody_foresaw_is_told_without_a_note(job, capfd):
    with pytest.raises(ValueError, match=r"\[CE487\] Shard 3.*TypeError in [a-z_]+\.py, line \d+"):
        annotate(job._replace(also=None), ["fever of Zebedee"])
    told = capfd.readouterr()
    assert "Traceback" not in told.err + told.out


@pytest.mark.slow
def test_a_note_that_kills_its_process_is_left_out(job, plain):
    found = annotate(job, [*PLAIN, "deadly", "a bad one", *PLAIN])
    assert found.counts["errors"] == {"CE342 RuntimeError": 1, "CE349 Killed": 1}
    assert found.counts["notes"] == 12
    errors = found.files["errors"].decode()
    assert "n6,CE349,Killed,6" in errors and "n7,CE342,RuntimeError,9" in errors
    assert "deadly" not in errors and "a bad one" not in errors


@pytest.mark.slow
def test_a_note_that_takes_for_ever_is_left_out(job):
    found = annotate(job, ["fever", "endless", "aspirin"], Limit(2.0, 0.0))
    assert found.counts["errors"] == {"CE473 TimeLimit": 1} and found.counts["notes"] == 2


@pytest.mark.slow
def test_no_note_is_blamed_for_a_kill_by_chance(job, plain, tmp_path, monkeypatch):
    flag = tmp_path / "flag"
    monkeypatch.setenv("TOY_FLAG", str(flag))
    texts = [*PLAIN[:5], "fever fatal at first"]
    found = annotate(job, texts)
    assert flag.exists() and found.counts["errors"] == {} and found.counts["notes"] == 6
    assert found.files["entities"] == plain.files["entities"]


@pytest.mark.slow
def test_an_idle_worker_that_is_killed_is_replaced(job, plain):
    guard = Guard(job, Limit())
    guard.annotate(shard_of(["fever"]))
    for process in workers_of_this_process():
        os.kill(process, signal.SIGKILL)
    try:
        assert guard.annotate(shard_of(PLAIN)) == plain
    finally:
        guard.close()


def workers_of_this_process():
    import psutil

    return [child.pid for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


def test_a_pipeline_that_cannot_be_loaded_is_told(job):
    with pytest.raises(ValueError, match="CE471.*ValueError"):
        annotate(job._replace(code=None), ["fever"])


def test_a_pipeline_that_has_changed_since_is_not_used(job):
    with pytest.raises(ValueError, match="CE471.*CE479"):
        annotate(job._replace(checksum="0" * 64), ["fever"])


def test_a_worker_that_cannot_start_is_told(job, tmp_path):
    code = tmp_path / "dies.py"
    code.write_text("import os\nos._exit(1)\n")
    with pytest.raises(ValueError, match="CE471.*killed"):
        annotate(job._replace(code=str(code)), ["fever"])


@pytest.mark.slow
def test_a_worker_that_ends_without_a_note_is_told(job, tmp_path):
    code = tmp_path / "dies_later.py"
    dies = "from spacy_clinner.bulk.runs import annotating\nannotating.table_content = lambda *asked: os._exit(1)\n"
    code.write_text(Path(job.code).read_text() + dies)
    with pytest.raises(ValueError, match="CE472.*shard 3"):
        annotate(job._replace(code=str(code)), ["fever"])


@pytest.mark.slow
def test_a_worker_that_has_read_much_is_replaced(job, monkeypatch):
    monkeypatch.setattr(guard_module, "CHARACTERS_PER_WORKER", 12)
    guard = Guard(job, Limit())
    workers = []
    try:
        for text in ("no fever", "no pain", "no aspirin"):
            assert guard.annotate(shard_of([text])).counts["notes"] == 1
            workers += workers_of_this_process()
    finally:
        guard.close()
    assert len(workers) == 3 and workers[0] == workers[1] != workers[2]


def test_a_closed_guard_starts_no_worker(job):
    guard = Guard(job, Limit(600.0, 0.0))
    thread = threading.Timer(6.0, guard.close)
    thread.start()
    begun = time.monotonic()
    with pytest.raises(ValueError, match="CE471"):
        guard.annotate(shard_of(["endless"]))
    assert time.monotonic() - begun < 60
    thread.join()
