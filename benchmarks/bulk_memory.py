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
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer
from machine import cpu_model
from publishing import origin, publish

from spacy_clinner.bulk.runs.manifest import NAME, Manifest
from spacy_clinner.provenance import provenance
from spacy_clinner.reports.markdown import markdown_table

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
        memory = {"driver": driver.memory_full_info().uss / 1e6}
        for child in driver.children():
            try:
                if "spawn_main" in " ".join(child.cmdline()):
                    memory[f"worker {child.pid}"] = child.memory_full_info().uss / 1e6
            except psutil.NoSuchProcess:
                continue
        shards = len(list(output.glob("notes/*")))
        rows.append({"seconds": time.monotonic() - begun, "shards": shards, "megabytes": memory})
        time.sleep(SECONDS)
    return rows


def draw(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw memory against time, a line a process.

    rows (Sequence[Dict[str, Any]]): As of `watch`.
    path (Path): Picture without ending.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.subplots()
    for name in dict.fromkeys(name for row in rows for name in row["megabytes"]):
        points = [(row["seconds"] / 60, row["megabytes"][name]) for row in rows if name in row["megabytes"]]
        axes.plot(*zip(*points, strict=True), label=name)
    axes.set(xlabel="minutes", ylabel="MB that are not shared", ylim=(0, None))
    axes.legend(frameon=False, fontsize="small")
    for ending in ("svg", "png"):
        figure.savefig(path.with_suffix(f".{ending}"), metadata={"Date": None} if ending == "svg" else None)


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
    result["minutes"] = rows[-1]["seconds"] / 60
    working = [row for row in rows if row["shards"]]
    table = []
    for name in dict.fromkeys(name for row in working for name in row["megabytes"]):
        seen = [row["megabytes"][name] for row in working if name in row["megabytes"]]
        quarter = max(len(seen) // 4, 1)
        means = (sum(seen[:quarter]) / quarter, sum(seen[-quarter:]) / quarter, max(seen))
        table.append([name.split()[0], *(f"{mean:.0f}" for mean in means)])
    lines = [
        "# Memory of a long run",
        "",
        f"{origin(result)}.",
        f"{counts.notes:,} notes, {counts.tokens:,} tokens, {counts.n_errors} errors, {workers} workers, "
        f"{result['minutes']:.0f} minutes. Megabytes that a process shares with no other, while shards are written:",
        "",
        markdown_table(["process", "mean of its first quarter", "of its last", "most"], table),
        "",
        "![memory by time](bulk_memory.png)",
    ]
    output.mkdir(parents=True, exist_ok=True)
    draw(rows, output / "bulk_memory")
    publish(output, "bulk_memory", result, "\n".join(lines) + "\n")


if __name__ == "__main__":
    typer.run(main)
