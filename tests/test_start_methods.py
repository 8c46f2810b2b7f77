"""A pipeline works in other processes, however these start, and finds there what it finds here."""

import pickle
from pathlib import Path

import pytest
import spacy
from spacy.tokens.underscore import Underscore

from .toys.forked import run_python
from .toys.whole_pipeline import NOTES, read


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_two_processes_however_they_start(whole_pipeline, method):
    run_python("-m", "tests.toys.in_processes", whole_pipeline, method, cwd=Path(__file__).parents[1])


def test_a_pickled_pipeline_finds_the_same(whole_pipeline):
    nlp = spacy.load(whole_pipeline)
    pickle.dumps(Underscore.get_state())
    copy = pickle.loads(pickle.dumps(nlp))
    assert [read(doc) for doc in copy.pipe(NOTES)] == [read(doc) for doc in nlp.pipe(NOTES)]
