"""Entity F1 against words a second, a dot for each system.

    python benchmarks/quality_and_speed.py run charcnn-bilstm_crf=PIPELINE hashcnn_transition=PIPELINE \\
        --exported minilm_crf=PIPELINE --edsnlp PYTHON MODEL

F1 is that of a table of scores, where a system has the name that is given here; speeds are measured, each in fresh
processes on one thread, the systems in turns. How fast a pipeline is hardly depends on how long it was trained.
edsnlp needs another spaCy, so an interpreter of its own. Writes benchmarks/results/quality_and_speed.{json,md,svg,png}.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Annotated, Any

# one thread everywhere, before any library starts its pool
for variable in ("OMP", "MKL", "OPENBLAS", "BLIS", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

import typer  # noqa: E402
from machine import cpu_model  # noqa: E402

app = typer.Typer(add_completion=False)
ROOT = Path(__file__).parents[1]
EDSNLP = ROOT / "benchmarks" / "peers" / "edsnlp" / "speed.py"
EXPORTED = "exported"


@app.command(hidden=True)
def tag(model: str, texts: Path, seconds: float) -> None:
    """Print the CPU seconds of each round over all texts, until they took so many, after one that is not counted."""
    import spacy
    import torch

    torch.set_num_threads(1)
    nlp, notes, rounds = spacy.load(model), json.loads(texts.read_text(encoding="utf8")), []
    while len(rounds) < 2 or sum(rounds[1:]) < seconds:
        start = time.process_time()
        for _ in nlp.pipe(notes):
            pass
        rounds.append(time.process_time() - start)
    print(json.dumps(rounds[1:]))


def measure(command: list[str], texts: Path, seconds: float) -> float:
    """RETURNS (float): CPU seconds of the median round, in a process of its own."""
    words = [*command, str(texts), str(seconds)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    return median(json.loads(done.stdout.splitlines()[-1]))


def draw(rows: list[dict[str, Any]], path: Path, note: str) -> None:
    """Draw a dot for each system, with the spread of its F1 over seeds.

    rows (List[Dict[str, Any]]): The systems.
    path (Path): The picture without its ending.
    note (str): What it was measured on.
    """
    from spacy_clinner.reports.plots import make_figure, marker_style, save_figure

    figure, (axes,) = make_figure("Entity F1 against speed", note, [4.6])
    keys = list(dict.fromkeys(row["key"] for row in rows))
    for row in rows:
        style = marker_style(keys.index(row["key"]))
        if row["kind"] == EXPORTED:
            style["markerfacecolor"] = "white"
        axes.errorbar(row["words/s"], row["f1"], row["sd"], capsize=2.5, elinewidth=1, markersize=7, **style)
        # an exported system has the F1 of its own, so its name stands below the other
        place = {"xytext": (9, -12 if row["kind"] == EXPORTED else 5), "textcoords": "offset points"}
        axes.annotate(row["title"], (row["words/s"], row["f1"]), color=style["color"], fontsize=9, **place)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    speeds = [row["words/s"] for row in rows]
    # room for the names, which stand to the right
    axes.set_xlim(min(speeds) / 1.3, max(speeds) * 5)
    axes.set(xlabel="words a second, one thread", ylabel="strict F1 on test, %")
    axes.grid(alpha=0.3, linewidth=0.6)
    save_figure(figure, path)


def systems_of(systems: list[str], exported: list[str], edsnlp: tuple[str, str] | None) -> list[dict[str, Any]]:
    """What is measured: key in the table of scores, kind, and the command that tags."""
    rows = []
    for kind, named in (("", systems), (EXPORTED, exported)):
        for one in named:
            key, _, model = one.partition("=")
            rows.append({"key": key, "kind": kind, "command": [sys.executable, "-W", "ignore", __file__, "tag", model]})
    if edsnlp:
        python, model = edsnlp
        rows.append({"key": "edsnlp", "kind": "", "command": [python, "-W", "ignore", str(EDSNLP), model]})
    return rows


@app.command()
def run(
    systems: Annotated[list[str], typer.Argument(help="Systems, as KEY=PIPELINE")],
    exported: Annotated[list[str] | None, typer.Option(help="The same, exported: found the same, KEY=PIPELINE")] = None,
    edsnlp: Annotated[tuple[str, str] | None, typer.Option(help="Its interpreter and its pipeline")] = None,
    scores: Annotated[Path, typer.Option(help="Table of scores")] = ROOT / "benchmarks/results/maccrobat.json",
    data: Annotated[Path, typer.Option(help="Reports to tag")] = Path("corpus/maccrobat/test.spacy"),
    seconds: Annotated[float, typer.Option(min=0, help="CPU seconds of a system in a process")] = 5,
    processes: Annotated[int, typer.Option(min=1, help="Processes of each system")] = 3,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure the speed of each system, and draw it beside its F1."""
    from publishing import origin, publish

    from spacy_clinner.annotations.documents import read_docs
    from spacy_clinner.progress import progress
    from spacy_clinner.provenance import provenance
    from spacy_clinner.reports.markdown import markdown_table

    table, docs = json.loads(scores.read_text(encoding="utf8"))["systems"], list(read_docs(data))
    rows, words = systems_of(systems, exported or [], edsnlp), sum(map(len, docs))
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "texts.json"
        texts.write_text(json.dumps([doc.text for doc in docs]), encoding="utf8")
        for row in progress(rows * processes, unit="process", desc="Tag"):
            row.setdefault("seconds", []).append(measure(row["command"], texts, seconds))
    for row in rows:
        of_key = table[row["key"]]
        f1 = of_key["scores"]["test"]["strict"]["micro"]["f"]
        row |= {
            "title": f"{of_key['title']}{', exported' if row['kind'] else ''}",
            "words/s": words / min(row["seconds"]),
        }
        row |= {"f1": 100 * f1["mean"], "sd": 100 * f1["sd"]}
        del row["command"]
    rows.sort(key=lambda row: -row["words/s"])
    result = {**provenance(), "cpu": cpu_model(), "words": words, "processes": processes, "rows": rows}
    cells = [
        (
            row["title"],
            f"{row['f1']:.1f} ± {row['sd']:.1f}",
            *(f"{words / end(row['seconds']):,.0f}" for end in (min, max)),
        )
        for row in rows
    ]
    note = f"F1: mean and spread of the seeds of {scores.stem}; speed: fastest of {processes} processes"
    lines = [
        "# Entity F1 against words a second",
        "",
        f"{origin(result)}.",
        f"{note}, on {words:,} words (tokens of the gold documents) of {data}.",
        "",
        markdown_table(["system", "strict F1 on test", "words/s", "of the slowest process"], cells),
        "",
        "![strict F1 against words a second](quality_and_speed.png)",
    ]
    output.mkdir(parents=True, exist_ok=True)
    draw(rows, output / "quality_and_speed", f"{note}; {result['cpu']}")
    publish(output, "quality_and_speed", result, "\n".join(lines) + "\n")


if __name__ == "__main__":
    app()
