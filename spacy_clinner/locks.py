"""Locks that a fork cannot leave taken.

A forked process has the locks of its parent, but not the threads that hold them: it would wait for ever.
"""

import os
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
