import os
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from threading import Event

import pytest

from spacy_clinner.forks import make_fork_safe_lock

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
