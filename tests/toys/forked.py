"""What `python -m NAME`, `-c CODE` or a script does, but in a fork of this process, where spaCy is imported already.

A new interpreter takes seconds of CPU time to import them. Where a test asks what a program prints and writes, a fork
says the same; where it asks what a program imports, or how it starts, `subprocess` has to start one.
"""

import multiprocessing
import os
import runpy
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any


def run_python(*words: Any, **kwargs: Any) -> CompletedProcess:
    """Run a program as the interpreter would, and wait for it.

    words (Any): The interpreter's arguments, without options of its own.
    kwargs (Any): As of `run_forked`.
    RETURNS (CompletedProcess): Its exit status and what it printed.
    """
    return run_forked(partial(become_python, *map(str, words)), **kwargs)


def run_forked(
    work: Callable[[], Any],
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    check: bool = True,
) -> CompletedProcess:
    """Call something in a fork of this process, and wait for it.

    work (Callable[[], Any]): It.
    cwd (Optional[Path]): Folder that it runs in.
    env (Optional[Mapping[str, Optional[str]]]): Variables that it has besides those here; None removes one.
    check (bool): Whether it must succeed.
    RETURNS (CompletedProcess): Its exit status and what it printed.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = multiprocessing.get_context("fork").Process(target=_begin, args=(work, out, err, cwd, env or {}))
        child.start()
        child.join(900)
        if child.exitcode is None:
            child.kill()
            child.join()
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf8"))
    assert not check or child.exitcode == 0, texts[1][-3000:]
    return CompletedProcess([], child.exitcode, *texts)


def _begin(work: Callable[[], Any], out: Any, err: Any, cwd: Path | None, env: Mapping[str, str | None]) -> None:
    """In the fork: leave the tests' process behind."""
    import torch

    # the pool of threads that torch may have had is not there after a fork
    torch.set_num_threads(1)
    for number, name, file in ((1, "stdout", out), (2, "stderr", err)):
        os.dup2(file.fileno(), number)
        setattr(sys, name, os.fdopen(number, "w", encoding="utf8", closefd=False))
    _warn_as_at_a_start()
    for name, value in env.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    if cwd:
        os.chdir(cwd)
    work()


def _warn_as_at_a_start() -> None:
    """On standard error, where pytest collects warnings; and those that Python shows."""
    warnings.showwarning = lambda message, category, filename, lineno, file=None, line=None: print(
        warnings.formatwarning(message, category, filename, lineno, line), file=sys.stderr, end=""
    )
    warnings.resetwarnings()
    for hidden in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", hidden)


def become_python(first: str, *words: str) -> None:
    """As the interpreter begins: `-m NAME`, `-c CODE` or a script, with their arguments."""
    sys.path.insert(0, os.getcwd() if first in ("-m", "-c") else str(Path(first).parent))
    if first == "-m":
        sys.argv = list(words)
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.argv = ["-c", *words[1:]]
        exec(compile(words[0], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = [first, *words]
        runpy.run_path(first, run_name="__main__")
