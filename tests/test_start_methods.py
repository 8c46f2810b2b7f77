"""A pipeline works in other processes, however these start, and finds there what it finds here."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy.tokens.underscore import Underscore

from .toys.whole_pipeline import NOTES, read


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_two_processes_however_they_start(whole_pipeline, method):
    command = [sys.executable, "-m", "tests.toys.in_processes", str(whole_pipeline), method]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    root = Path(__file__).parents[1]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_pickled_pipeline_finds_the_same(whole_pipeline):
    nlp = spacy.load(whole_pipeline)
    pickle.dumps(Underscore.get_state())
    copy = pickle.loads(pickle.dumps(nlp))
    assert [read(doc) for doc in copy.pipe(NOTES)] == [read(doc) for doc in nlp.pipe(NOTES)]
