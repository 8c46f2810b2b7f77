"""Runs that are killed at random moments and go on: `python benchmarks/killed_runs.py PIPELINE NOTES`.

`clinner run` works once undisturbed. Then SIGKILL ends the driver, one of its workers, or all of them, after a random
time; a driver that has ended is started again with --resume, until the run is complete. It counts as equal if all
tables are, byte by byte. Writes benchmarks/results/NAME.{json,md}.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer
from machine import cpu_model
from publishing import origin, publish

from spacy_clinner.bulk.runs.manifest import NAME
from spacy_clinner.progress import progress
from spacy_clinner.provenance import provenance
from spacy_clinner.reports.markdown import markdown_table

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
VICTIMS = ("driver", "worker", "all")
# a complete run, and one with rows of errors
ENDED = (0, 3)


def start(words: list[str]) -> psutil.Popen:
    """RETURNS (Popen): A run, in a process of its own."""
    return psutil.Popen(words, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def end(driver: psutil.Popen) -> None:
    """See that a run has ended well."""
    if (code := driver.wait()) not in ENDED:
        raise RuntimeError(f"status {code}")


def kill(driver: psutil.Popen, victim: str, rng: random.Random) -> bool:
    """Kill some of the processes of a run.

    driver (Popen): The first of them.
    victim (str): One of `VICTIMS`.
    rng (Random): Draws the worker.
    RETURNS (bool): Whether somebody was killed.
    """
    workers = [child for child in driver.children(recursive=True) if _is_worker(child)]
    chosen = {"driver": [driver], "worker": rng.sample(workers, min(1, len(workers))), "all": [driver, *workers]}[
        victim
    ]
    for process in chosen:
        # a worker ends by itself when its driver has
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    return bool(chosen)


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        # it has ended since, or nobody has asked how it did
        return False


def tables(output: Path) -> dict[str, bytes]:
    """RETURNS (Dict[str, bytes]): Contents of all tables, by path."""
    return {str(path.relative_to(output)): path.read_bytes() for path in sorted(output.glob("*/*")) if path.is_file()}


def shards_done(output: Path) -> int:
    """RETURNS (int): Shards that the manifest says are done."""
    if not (output / NAME).is_file():
        return 0
    connection = sqlite3.connect(output / NAME)
    try:
        return connection.execute("SELECT count(*) FROM shards WHERE outputs IS NOT NULL").fetchone()[0]
    except sqlite3.OperationalError:
        # killed before its tables were made
        return 0
    finally:
        connection.close()


def kill_and_go_on(words: list[str], notes: Path, room: Path, n_kills: int, rng: random.Random) -> dict[str, Any]:
    """Run undisturbed, then with kills.

    words (List[str]): The command, to which notes and folder of the run are added.
    notes (Path): The notes.
    room (Path): Folder to work in.
    n_kills (int): Kills.
    rng (Random): Draws victims and moments.
    RETURNS (Dict[str, Any]): Kills by victim, runs that were needed, how many ended alike.
    """
    begun = time.monotonic()
    end(start([*words, str(notes), str(room / "whole")]))
    whole, wanted = time.monotonic() - begun, tables(room / "whole")
    found: dict[str, Any] = {"seconds": whole, "shards": shards_done(room / "whole"), "runs": 0, "equal": 0}
    kills: Counter[str] = Counter()
    with progress(total=n_kills, unit="kill", desc="Kill") as bar:
        while kills.total() < n_kills:
            output = room / f"killed-{found['runs']}"
            while True:
                driver = start([*words, "--resume", str(notes), str(output)])
                try:
                    # some runs end before it is their turn
                    driver.wait(rng.uniform(0.1, 1.1) * whole)
                except psutil.TimeoutExpired:
                    victim = rng.choice(VICTIMS)
                    if kill(driver, victim, rng):
                        kills[victim] += 1
                        bar.update()
                    if victim != "worker":
                        driver.wait()
                        continue
                end(driver)
                break
            found["runs"] += 1
            found["equal"] += tables(output) == wanted
    return found | {"kills": dict(kills)}


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The page."""
    rows = [
        [
            name,
            f"{sum(found['kills'].values())}: " + ", ".join(f"{n} {victim}" for victim, n in found["kills"].items()),
            f"{found['shards']}",
            f"{found['equal']} of {found['runs']}",
        ]
        for name, found in result["executors"].items()
    ]
    lines = [
        "# Runs that are killed",
        "",
        f"{origin(result)}.",
        "`clinner run` killed by SIGKILL at random moments, and gone on with by --resume. Alike: all tables are, byte",
        "by byte, those of a run that was not killed, so that no note is lost and none is there twice.",
        "",
        markdown_table(["executor", "kills", "shards", "ended alike"], rows),
    ]
    return "\n".join(lines) + "\n"


def main(
    pipeline: Annotated[str, typer.Argument(help="Pipeline")],
    notes: Annotated[Path, typer.Argument(help="Notes")],
    kills: Annotated[int, typer.Option(min=1, help="Kills of each executor")] = 100,
    executor: Annotated[list[str], typer.Option(help="Executors")] = ["processes"],  # noqa: B006
    workers: Annotated[int, typer.Option(min=1, help="Workers")] = 2,
    shard_mb: Annotated[float, typer.Option(help="Megabytes of text a shard")] = 0.05,
    seed: Annotated[int, typer.Option(help="Seed of the moments")] = 0,
    name: Annotated[str, typer.Option(help="Name of the results")] = "killed_runs",
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Kill runs and compare how they end."""
    result: dict[str, Any] = {**provenance(), "cpu": cpu_model(), "executors": {}}
    for engine in executor:
        words = [sys.executable, "-m", "spacy", "clinner", "run", "--pipeline", pipeline]
        words += ["--executor", engine, "--workers", str(workers), "--shard-mb", str(shard_mb), "--docs", "--note-nlp"]
        with tempfile.TemporaryDirectory() as folder:
            result["executors"][engine] = kill_and_go_on(words, notes, Path(folder), kills, random.Random(seed))
    publish(output, name, result, to_markdown(result))


if __name__ == "__main__":
    typer.run(main)
