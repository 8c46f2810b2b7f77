"""Threads that start together on a cold pipeline find what one thread finds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.slow
@pytest.mark.parametrize("how", ["load", "asyncio"])
def test_threads_that_start_together_in_a_fresh_process(whole_pipeline, how):
    run(whole_pipeline, how)


@pytest.mark.slow
def test_threads_for_which_nothing_is_compiled_yet(whole_pipeline, tmp_path):
    run(whole_pipeline, "annotate", NUMBA_CACHE_DIR=str(tmp_path))
    assert any(tmp_path.rglob("*.nbi"))
