"""`spacy train`, but a training that was stopped or killed goes on, and ends as if nothing had happened."""

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree
from typing import IO, Any

from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.training.loop import (
    DIR_MODEL_BEST,
    DIR_MODEL_LAST,
    clean_output_dir,
    create_before_to_disk_callback,
    update_meta,
)
from thinc.api import Config, set_gpu_allocator

from ..configs import check_corpora
from ..errors import Errors
from ..files import write_atomically, write_folder_atomically
from ..ledger import only_run
from .checkpoints import Checkpoints
from .fingerprint import differences, fingerprint
from .steps import Steps, prepare

MARKER, LOG, CHECKPOINTS = "training.json", "log.txt", "checkpoints"
# differing settings that an error names
SHOWN = 8


class Stopped(Exception):
    """A training was asked to stop, and has left a checkpoint."""


class Log:
    """Passes a logger's lines on, and keeps them: a training that goes on has the rows of one that was not stopped."""

    def __init__(self, out: IO[str], path: Path, lines: str = "") -> None:
        """Bind where lines go. out (IO): Shows them. path (Path): File of all lines. lines (str): Those of before."""
        self.out, self.path, self.lines = out, path, lines
        # what a logger writes at its begin is in the lines of before
        self.repeats = bool(lines)
        out.write(lines)

    def write(self, text: str) -> int:
        """Take some text. RETURNS (int): Its length."""
        if not self.repeats:
            self.lines += text
            self.out.write(text)
        return len(text)

    def flush(self) -> None:
        """Show and keep what there is."""
        self.out.flush()

    def save(self) -> None:
        """Write all lines."""
        write_atomically(self.path, self.lines)


def train(
    config: Config, output: Path, *, resume: bool, every: float, stdout: IO[str], stderr: IO[str], use_gpu: int = -1
) -> bool:
    """Train a pipeline, and leave checkpoints on the way.

    config (Config): The config.
    output (Path): Folder of `model-best`, `model-last`, `log.txt`, and of checkpoints while it works.
    resume (bool): Whether to go on where a training in this folder was stopped.
    every (float): Seconds between checkpoints. One more is written on SIGUSR1, and on SIGTERM, which then ends it.
    stdout (IO), stderr (IO): Where the logger writes.
    use_gpu (int): As for spaCy.
    RETURNS (bool): False if the training had ended already, and nothing was done.
    RAISES (ValueError): CE352 if a corpus names no file, CE372 if another one works in the folder, CE452 if one has
        been there and it is not to be resumed, CE453 if that was another one, CE451 if its checkpoints are damaged.
        Stopped: after SIGTERM.
    """
    check_corpora(config)
    with only_run(output):
        checkpoints = Checkpoints(output / CHECKPOINTS)
        # one that failed before its first model, as for a wrong setting, has left nothing to go on with, or to lose
        is_begun = (output / MARKER).exists() and ((output / DIR_MODEL_LAST).exists() or bool(checkpoints.paths))
        if is_begun and not resume:
            raise ValueError(Errors.CE452.format(folder=output))
        nlp = init_nlp(config, use_gpu=use_gpu)
        found = fingerprint(nlp.config.interpolate())
        state = None
        if is_begun:
            before = json.loads((output / MARKER).read_text(encoding="utf8"))
            if names := differences(found, before["fingerprint"]):
                more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
                raise ValueError(Errors.CE453.format(folder=output, names=", ".join(names[:SHOWN]) + more))
            if before["finished"]:
                return False
            state = checkpoints.read()
        if state is None:
            clean_output_dir(output)
            _mark(output, found, finished=False)
        _run(nlp, output, state, checkpoints, every, stdout, stderr, use_gpu)
        _mark(output, found, finished=True)
        checkpoints.clear()
        return True


def _mark(output: Path, found: dict[str, Any], finished: bool) -> None:
    write_atomically(output / MARKER, json.dumps({"finished": finished, "fingerprint": found}, indent=1) + "\n")


def _run(
    nlp: Language,
    output: Path,
    state: dict[str, Any] | None,
    checkpoints: Checkpoints,
    every: float,
    stdout: IO[str],
    stderr: IO[str],
    use_gpu: int,
) -> None:
    steps = prepare(nlp)
    settings = steps.settings
    if use_gpu >= 0 and settings["gpu_allocator"]:
        set_gpu_allocator(settings["gpu_allocator"])
    frozen = settings["frozen_components"]
    log = Log(stdout, output / LOG, state["log"] if state else "")
    with nlp.select_pipes(disable=frozen):
        log_step, finalize = settings["logger"](nlp, log, stderr)
    log.repeats = False
    last = time.monotonic()
    with _signals() as asked:
        try:
            for info, is_best in steps.take(state):
                if is_best is not None:
                    with nlp.select_pipes(disable=frozen):
                        update_meta(settings, nlp, info)
                    _save(nlp, steps, output, is_best)
                    info["output_path"] = str(output / DIR_MODEL_LAST)
                log_step(info if is_best is not None else None)
                if asked or time.monotonic() - last >= every:
                    checkpoints.write(steps.way.step, {**steps.state(), "log": log.lines})
                    last = time.monotonic()
                if signal.SIGTERM in asked:
                    raise Stopped
                asked.clear()
        finally:
            finalize()
            log.save()
    _save(nlp, steps, output, is_best=False)


def _save(nlp: Language, steps: Steps, output: Path, is_best: bool) -> None:
    before_to_disk = create_before_to_disk_callback(steps.settings["before_to_disk"])
    last, best = output / DIR_MODEL_LAST, output / DIR_MODEL_BEST
    with nlp.use_params(steps.optimizer.averages):
        write_folder_atomically(last, before_to_disk(nlp).to_disk, force=True)
    if is_best:
        write_folder_atomically(best, lambda folder: copytree(last, folder, dirs_exist_ok=True), force=True)


@contextmanager
def _signals() -> Iterator[set[int]]:
    """YIELDS (Set[int]): The signals of SIGTERM and SIGUSR1 that have come since it was emptied."""
    asked: set[int] = set()
    wanted = [signal.SIGTERM, *([signal.SIGUSR1] if hasattr(signal, "SIGUSR1") else [])]
    if threading.current_thread() is not threading.main_thread():
        wanted = []
    before = {number: signal.signal(number, lambda received, _: asked.add(received)) for number in wanted}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
