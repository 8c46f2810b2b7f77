"""Functions of this module run in other processes."""

import os
import signal
import time

import pytest

from spacy_clinner.processes import run_in_processes


def prepare():
    os.environ["PREPARED"] = "yes"


def work(task):
    if task == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "wrong":
        raise ValueError("wrong")
    if task == "slow":
        time.sleep(1)
    return task, os.environ.get("PREPARED"), os.getpid()


def test_a_process_that_dies_takes_its_own_task_only():
    ended = list(run_in_processes(work, ["slow", "killed", "killed", "one", "two"], 2, prepare))
    assert [e.task for e in ended if e.died] == ["killed", "killed"]
    assert {e.task: e.result[:2] for e in ended if not e.died} == {t: (t, "yes") for t in ("slow", "one", "two")}
    assert all(e.result is None for e in ended if e.died)


def test_processes_are_used_again():
    ended = list(run_in_processes(work, list("abcd"), 1, prepare))
    assert [e.task for e in ended] == list("abcd") and len({e.result[2] for e in ended}) == 1


def test_nothing_to_do_starts_nothing():
    assert list(run_in_processes(work, [], 2, lambda: None)) == []


def test_other_errors_are_raised():
    with pytest.raises(ValueError, match="wrong"):
        list(run_in_processes(work, ["wrong"], 1, prepare))
