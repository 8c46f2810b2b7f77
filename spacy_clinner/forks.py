"""What a forked process must not take over from threads of its parent that it does not have: it would wait for ever.

Importing this module sees to torch's threads; modules that compute with torch do.
"""

import os
import sys
from threading import RLock
from typing import Any


def make_fork_safe_lock() -> Any:
    """Make a lock of a module; its own thread may take it again. Forks wait until it is free.

    As forks take all of them, no thread may take one while it holds another.

    RETURNS (RLock): The lock.
    """
    lock = RLock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock


def compute_in_one_thread() -> None:
    """Let torch compute with one thread in this process, if it is there."""
    # of a parent's OpenMP pool there is the state, and the next parallel region would wait for the threads
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=compute_in_one_thread)
