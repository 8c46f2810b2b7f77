"""`clinner run` as a command: its status, what it prints, and what it leaves when it is killed."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from ..toys.bulk_runs import read_tables, save_pipeline, write_notes

TEXTS = {f"n{number}": f"fever and aspirin, day {number}" for number in range(200)}


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    pipeline, code = save_pipeline(folder)
    return pipeline, code, write_notes(folder / "notes.jsonl", TEXTS)


def command(toy, output, *more):
    pipeline, code, notes = toy
    words = [sys.executable, "-m", "spacy", "clinner", "run", notes, output, "--pipeline", pipeline, "--code", code]
    return [*map(str, words), "--workers", "1", "--shard-mb", "0.001", *more]


def run(words):
    return subprocess.run(words, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def undisturbed(toy, tmp_path_factory):
    output = tmp_path_factory.mktemp("undisturbed") / "out"
    done = run(command(toy, output))
    assert done.returncode == 0, done.stderr
    assert "200 notes" in done.stdout and "0 errors" in done.stdout and "summary.html" in done.stdout
    assert "= 200 annotated + 0 errors" in (output / "summary.html").read_text()
    return output


@pytest.mark.slow
def test_it_needs_no_home_and_writes_nothing_to_the_pipeline(toy, tmp_path):
    before = {path: path.read_bytes() for path in toy[0].rglob("*") if path.is_file()}
    nowhere = {"HOME": str(tmp_path / "nowhere"), "XDG_CACHE_HOME": str(tmp_path / "nowhere")}
    done = subprocess.run(command(toy, tmp_path / "out"), env=os.environ | nowhere, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {path: path.read_bytes() for path in toy[0].rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_notes_that_fail_make_status_3(toy, tmp_path):
    notes = write_notes(tmp_path / "notes.jsonl", {"a": "fever", "b": "a bad secret"})
    done = run(command((*toy[:2], notes), tmp_path / "out", "--also", "patient"))
    assert done.returncode == 3 and "1 errors" in done.stdout
    assert "Complete, with 1 error<" in (tmp_path / "out" / "summary.html").read_text()
    assert "secret" not in done.stdout + done.stderr


@pytest.mark.slow
def test_what_is_done_anew_is_told(toy, tmp_path):
    notes = write_notes(tmp_path / "notes.jsonl", {"a": "fever", "b": "aspirin"})
    words = command((*toy[:2], notes), tmp_path / "out")
    assert "to do" not in run(words).stdout
    for path in (tmp_path / "out" / "notes").iterdir():
        path.unlink()
    assert "1 shards to do: 1 output missing" in run([*words, "--resume"]).stdout
    assert "to do" not in run([*words, "--resume"]).stdout


@pytest.mark.slow
def test_a_killed_run_goes_on(toy, undisturbed, tmp_path):
    output = tmp_path / "out"
    driver = psutil.Popen(command(toy, output), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(list(output.glob("notes/*.parquet"))) < 2:
        assert driver.poll() is None
        time.sleep(0.01)
    workers = driver.children(recursive=True)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    # they end with their driver
    psutil.wait_procs(workers, timeout=30)
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)
    refused = run(command(toy, output))
    assert refused.returncode == 1 and "CE344" in refused.stdout + refused.stderr
    done = run(command(toy, output, "--resume"))
    assert done.returncode == 0, done.stderr
    assert read_tables(output) == read_tables(undisturbed)
    assert "done before" in done.stdout
    for options, word in ((["--resume", "--batch-size", "7"], "CE474"), (["--workers", "0"], "--workers")):
        refused = run(command(toy, output, *options))
        assert refused.returncode in (1, 2) and word in refused.stdout + refused.stderr


@pytest.mark.slow
def test_a_stopped_run_says_how_to_go_on(toy, tmp_path):
    driver = psutil.Popen(command(toy, tmp_path / "out"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    while not list((tmp_path / "out").glob("notes/*.parquet")):
        time.sleep(0.01)
    workers = driver.children(recursive=True)
    driver.send_signal(signal.SIGINT)
    printed, _ = driver.communicate(timeout=60)
    assert driver.returncode == 130 and "--resume" in printed and "Traceback" not in printed
    psutil.wait_procs(workers, timeout=30)
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)
