"""Threads that start together on a cold pipeline find what one thread finds."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Event

import pytest

from spacy_clinner.forks import make_fork_safe_lock

from .toys.whole_pipeline import NOTES

ROOT = Path(__file__).parents[1]


def run(folder, how, **env):
    """In a fresh process, where nothing has been imported, compiled or made yet."""
    command = [sys.executable, "-m", "tests.toys.cold_threads", str(folder), how]
    env = {**os.environ, "OMP_NUM_THREADS": "1", **env}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_notes_have_all_kinds_of_annotation(whole_pipeline):
    found = [json.loads(one) for one in json.loads((whole_pipeline / "found.json").read_text())]
    assert len(found) == 2 * len(NOTES)
    assert all(any(kind for kind in kinds) for kinds in zip(*found, strict=True))


@pytest.mark.parametrize("how", ["annotate", "load", "asyncio"])
def test_threads_that_start_together_in_a_fresh_process(whole_pipeline, how):
    run(whole_pipeline, how)


def test_threads_for_which_nothing_is_compiled_yet(whole_pipeline, tmp_path):
    run(whole_pipeline, "annotate", NUMBA_CACHE_DIR=str(tmp_path))
    assert any(tmp_path.rglob("*.nbi"))


LOCK = make_fork_safe_lock()


def take_lock():
    assert LOCK.acquire(timeout=10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks on this system")
def test_a_fork_waits_until_no_thread_holds_the_lock():
    holds = Event()

    def hold():
        with LOCK:
            holds.set()
            time.sleep(0.5)

    with ThreadPoolExecutor(1) as other:
        held = other.submit(hold)
        holds.wait()
        child = get_context("fork").Process(target=take_lock)
        child.start()
        assert held.done() or not LOCK.acquire(blocking=False)
    child.join(30)
    assert child.exitcode == 0
    take_lock()
    LOCK.release()
