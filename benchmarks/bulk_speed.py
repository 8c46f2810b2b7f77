"""How fast `clinner run` is beside spaCy's own `nlp.pipe`: `python benchmarks/bulk_speed.py PIPELINE NOTES`.

Each measurement is a process of its own, in turns, from the start of reading to the last table. Bare is `nlp.pipe` over
texts that are in memory, with as many processes, and nothing read of the documents: what nobody can use, but the least
that tagging takes. The time until a pipeline is loaded is left out of both. Writes
benchmarks/results/bulk_speed.{json,md}.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from machine import cpu_model
from publishing import origin, publish

from spacy_clinner.progress import progress
from spacy_clinner.provenance import provenance
from spacy_clinner.reports.markdown import markdown_table

ROOT = Path(__file__).parents[1]
# small beside the notes of a measurement: with seven shards, one of two workers would do four, and one wait at the end
SHARD_BYTES = 200_000


def measure_bare(pipeline: str, notes: Path, processes: int) -> dict[str, float]:
    """RETURNS (Dict[str, float]): Seconds and tokens of `nlp.pipe`."""
    import spacy
    import torch

    torch.set_num_threads(1)
    texts = [json.loads(line)["text"] for line in notes.open(encoding="utf8")]
    nlp = spacy.load(pipeline)
    list(nlp.pipe(texts[:20]))
    begun = time.monotonic()
    tokens = sum(len(doc) for doc in nlp.pipe(texts, n_process=processes, batch_size=64))
    return {"seconds": time.monotonic() - begun, "tokens": tokens}


def measure_run(pipeline: str, notes: Path, processes: int) -> dict[str, float]:
    """RETURNS (Dict[str, float]): Seconds and tokens of a run, without the seconds that workers take to load."""
    from spacy_clinner.bulk.runs.executors.processes import Processes
    from spacy_clinner.bulk.runs.guard import Guard
    from spacy_clinner.bulk.runs.job import Job, Limit
    from spacy_clinner.bulk.runs.run import run_notes
    from spacy_clinner.bulk.runs.settings import RunSettings
    from spacy_clinner.bulk.runs.shards import Shard, ShardNote

    class Loaded(Processes):
        """Processes whose workers have loaded the pipeline when the clock starts."""

        def open(self, job: Job, limit: Limit) -> None:
            super().open(job, limit)
            first = Shard(0, tuple(ShardNote(str(n), "No fever.") for n in range(20)))
            list(self._threads.map(lambda guard: Guard.annotate(guard, first), self._guards))
            self.begun = time.monotonic()

    with tempfile.TemporaryDirectory() as folder:
        executor, looked = Loaded(processes), time.monotonic()
        planned: list[float] = []
        result = run_notes(
            [notes],
            Path(folder) / "out",
            pipeline,
            executor,
            settings=RunSettings(shard_bytes=SHARD_BYTES),
            tell=lambda _: planned.append(time.monotonic() - looked),
        )
        seconds = time.monotonic() - executor.begun
    return {"seconds": seconds + planned[0], "tokens": result.counts.tokens, "planning": planned[0]}


def measure(kind: str, pipeline: str, notes: Path, processes: int) -> dict[str, float]:
    """RETURNS (Dict[str, float]): What a new process measures."""
    command = [sys.executable, __file__, pipeline, str(notes), "--only", kind, "--processes", str(processes)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The page."""
    rows = []
    for processes, rounds in result["rounds"].items():
        best = {kind: min(round_[kind]["seconds"] for round_ in rounds) for kind in ("bare", "run")}
        tokens = rounds[0]["run"]["tokens"]
        ratios = ", ".join(f"{round_['run']['seconds'] / round_['bare']['seconds']:.3f}" for round_ in rounds)
        rows.append([str(processes), *(f"{tokens / best[kind]:,.0f}" for kind in ("bare", "run")), ratios])
    lines = [
        "# Bulk annotation beside nlp.pipe",
        "",
        f"{origin(result)}.",
        "Tokens a second of the fastest round; the ratio is the time of `clinner run` (looking through the notes,",
        "reading, tables in Parquet) over that of bare `nlp.pipe` in the same round, each in new processes.",
        "",
        markdown_table(["processes", "nlp.pipe", "clinner run", "ratio of times, by round"], rows),
    ]
    return "\n".join(lines) + "\n"


def main(
    pipeline: Annotated[str, typer.Argument(help="Pipeline")],
    notes: Annotated[Path, typer.Argument(help="Notes, .jsonl")],
    processes: Annotated[list[int], typer.Option(help="Numbers of processes")] = [1, 2],  # noqa: B006
    rounds: Annotated[int, typer.Option(min=1, help="Rounds")] = 3,
    only: Annotated[str | None, typer.Option(hidden=True)] = None,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure in turns."""
    if only is not None:
        print(json.dumps({"bare": measure_bare, "run": measure_run}[only](pipeline, notes, processes[0])))
        return
    result: dict[str, Any] = {**provenance(), "cpu": cpu_model(), "rounds": {number: [] for number in processes}}
    for turn in progress(range(rounds), unit="round", desc="Measure"):
        for number in processes:
            kinds = ("bare", "run") if turn % 2 else ("run", "bare")
            found = {kind: measure(kind, pipeline, notes, number) for kind in kinds}
            result["rounds"][number].append(found)
    publish(output, "bulk_speed", result, to_markdown(result))


if __name__ == "__main__":
    typer.run(main)
