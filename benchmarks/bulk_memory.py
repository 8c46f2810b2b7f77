"""Memory of a long run: `python benchmarks/bulk_memory.py PIPELINE NOTES.jsonl.gz ... --copies 40`.

All notes are written as often as asked, with ids of their own; `clinner run` annotates them, while the memory of its
driver and of each worker is looked at every few seconds. Writes benchmarks/results/bulk_memory.{json,md,svg,png}.
"""

import gzip
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer
from machine import cpu_model
from publishing import origin, publish

from spacy_clinner.bulk.runs.counts import Counts
from spacy_clinner.bulk.runs.manifest import NAME, Manifest
from spacy_clinner.provenance import provenance
from spacy_clinner.reports.markdown import markdown_table
from spacy_clinner.reports.plots import make_figure, marker_style, save_figure

ROOT = Path(__file__).parents[1]
SECONDS = 5.0


def copies_of(paths: Sequence[Path], copies: int) -> Iterator[str]:
    """YIELDS (str): Lines of notes, each as often as asked, with ids of their own (a file may have one id twice)."""
    for copy in range(copies):
        for path in paths:
            with gzip.open(path, "rt", encoding="utf8") as file:
                for number, line in enumerate(file):
                    yield json.dumps({"id": f"{copy}-{path.stem}-{number}", "text": json.loads(line)["text"]}) + "\n"


def watch(driver: psutil.Popen, output: Path) -> list[dict[str, Any]]:
    """Look at the memory of a run until it ends.

    driver (Popen): Its first process.
    output (Path): Its folder.
    RETURNS (List[Dict[str, Any]]): Seconds, shards that are written, and megabytes that are not shared, by process.
    """
    begun, rows = time.monotonic(), []
    while driver.poll() is None:
        memory = {"driver": megabytes(driver)}
        for child in driver.children():
            try:
                if "spawn_main" in " ".join(child.cmdline()):
                    memory[f"worker {child.pid}"] = megabytes(child)
            except psutil.NoSuchProcess:
                continue
        shards = len(list(output.glob("notes/*")))
        rows.append({"seconds": round(time.monotonic() - begun, 1), "shards": shards, "megabytes": memory})
        time.sleep(SECONDS)
    return rows


def megabytes(process: psutil.Process) -> float:
    """RETURNS (float): What a process shares with no other."""
    return round(process.memory_full_info().uss / 1e6, 1)


def by_process(rows: Sequence[dict[str, Any]]) -> dict[str, list[tuple[float, float]]]:
    """RETURNS (Dict[str, List[Tuple[float, float]]]): Seconds and megabytes of each process, in order of appearance."""
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        for name, used in row["megabytes"].items():
            found.setdefault(name, []).append((row["seconds"], used))
    return found


def draw(result: dict[str, Any], path: Path) -> None:
    """Draw memory against time: the driver, and workers, which are replaced now and then.

    result (Dict[str, Any]): What the JSON file holds.
    path (Path): The picture without its ending.
    """
    counts = result["counts"]
    note = f"{counts['notes']:,} notes, {counts['tokens']:,} tokens; {result['cpu']}"
    figure, (axes,) = make_figure("Memory of a long run", note, [3.2])
    for name, points in by_process(result["rows"]).items():
        # one colour and one entry of the legend for all workers
        called = name.split()[0]
        label = called if called not in axes.get_legend_handles_labels()[1] else None
        color = marker_style(int(called != "driver"))["color"]
        minutes, used = zip(*((seconds / 60, megabytes) for seconds, megabytes in points), strict=True)
        axes.plot(minutes, used, color=color, linewidth=0.8, label=label)
    axes.set(xlabel="minutes", ylabel="MB that are not shared", ylim=(0, None))
    axes.grid(alpha=0.3, linewidth=0.6)
    axes.legend(frameon=False, fontsize="small", loc="center right")
    save_figure(figure, path)


def page_of(result: dict[str, Any]) -> str:
    """RETURNS (str): The page, as Markdown."""
    counts = Counts(result["counts"])
    table, numbers = [], count(1)
    for name, points in by_process([row for row in result["rows"] if row["shards"]]).items():
        seen = [used for _, used in points]
        quarter = max(len(seen) // 4, 1)
        means = (sum(seen[:quarter]) / quarter, sum(seen[-quarter:]) / quarter, max(seen))
        called = name if name == "driver" else f"worker {next(numbers)}"
        table.append([called, *(f"{mean:.0f}" for mean in means)])
    lines = [
        "# Memory of a long run",
        "",
        f"{origin(result)}.",
        f"{counts.notes:,} notes, {counts.tokens:,} tokens, {counts.n_errors} errors, {result['workers']} workers at "
        f"once, {result['minutes']:.0f} minutes. Megabytes that a process shares with no other, while shards are "
        "written:",
        "",
        markdown_table(["process", "mean of its first quarter", "of its last", "most"], table),
        "",
        "![memory by time](bulk_memory.png)",
    ]
    return "\n".join(lines) + "\n"


def main(
    pipeline: Annotated[str, typer.Argument(help="Pipeline")],
    notes: Annotated[list[Path], typer.Argument(help="Notes, .jsonl.gz")],
    copies: Annotated[int, typer.Option(min=1, help="How often each note is annotated")] = 40,
    workers: Annotated[int, typer.Option(min=1, help="Workers")] = 2,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Run, and look at the memory."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "notes.jsonl", Path(folder) / "out"
        with source.open("w", encoding="utf8") as file:
            file.writelines(copies_of(notes, copies))
        words = ["-m", "spacy", "clinner", "run", str(source), str(out), "-p", pipeline, "-n", str(workers)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        driver = psutil.Popen([sys.executable, *words], env=environment)
        rows = watch(driver, out)
        if driver.returncode not in (0, 3):
            raise RuntimeError(f"status {driver.returncode}")
        manifest = Manifest(out)
        counts = manifest.counts()
        manifest.close()
        size = {name: (out / name).stat().st_size for name in (NAME,)}
    result = {**provenance(), "cpu": cpu_model(), "rows": rows, "counts": counts.to_dict(), "bytes": size}
    result |= {"minutes": rows[-1]["seconds"] / 60, "workers": workers}
    output.mkdir(parents=True, exist_ok=True)
    draw(result, output / "bulk_memory")
    publish(output, "bulk_memory", result, page_of(result))


if __name__ == "__main__":
    typer.run(main)
