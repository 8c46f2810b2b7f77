"""Work in other processes: one that dies takes nothing with it but its own task, and none outlives the first."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from threading import Thread
from typing import Any, Generic, NamedTuple, TypeVar

# spawned, not forked: a child must not inherit torch's threads
START_METHOD = "spawn"
Task = TypeVar("Task")


class Ended(NamedTuple, Generic[Task]):
    """A task that is over: what it returned, or that its process died."""

    task: Task
    result: Any = None
    died: bool = False


def run_in_processes(
    function: Callable[[Task], Any], tasks: Iterable[Task | None], n_process: int, prepare: Callable[[], None]
) -> Iterator[Ended[Task]]:
    """Run tasks, each in one of several new processes.

    A pool of one process for each of them, because a pool whose process is killed drops all that it was to do.

    function (Callable[[Task], Any]): Called with a task, elsewhere; it and all it takes and returns are pickled.
    tasks (Iterable[Optional[Task]]): The tasks; the next is taken when a process is free. None: the next is known
        when one of those that run has ended.
    n_process (int): Number of processes.
    prepare (Callable[[], None]): Called once in each process, before its first task.
    YIELDS (Ended): The tasks, in the order in which they end. Errors of `function` are raised here.
    """
    tasks = iter(tasks)
    free: list[ProcessPoolExecutor | None] = [None] * n_process
    running: dict[Future, tuple[Task, ProcessPoolExecutor]] = {}
    try:
        while True:
            while free and (task := next(tasks, None)) is not None:
                pool = free.pop() or _start(prepare)
                running[pool.submit(function, task)] = task, pool
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                task, pool = running.pop(future)
                died = isinstance(future.exception(), BrokenProcessPool)
                if died:
                    pool.shutdown()
                free.append(None if died else pool)
                yield Ended(task, died=True) if died else Ended(task, future.result())
    finally:
        for left in [*free, *(pool for _, pool in running.values())]:
            if left is not None:
                left.shutdown(cancel_futures=True)


def end_with_parent() -> None:
    """Let this process end when the one that started it does, even by a kill: it would wait for work for ever."""
    Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _start(prepare: Callable[[], None]) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, multiprocessing.get_context(START_METHOD), initializer=_begin, initargs=(prepare,))


def _begin(prepare: Callable[[], None]) -> None:
    end_with_parent()
    prepare()
