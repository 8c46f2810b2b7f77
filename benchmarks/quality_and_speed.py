"""Entity F1 against words a second, a dot for each system.

    python benchmarks/quality_and_speed.py charcnn-bilstm_crf=PIPELINE hashcnn_transition=PIPELINE \\
        transformer_crf=PIPELINE --exported transformer_crf=PIPELINE --bfloat16 transformer_crf=PIPELINE \\
        --edsnlp PYTHON MODEL

F1 is that of a table of scores, where a system has the name that is given here; speeds are measured, each in fresh
processes on one thread, the systems in turns. The pipelines that are timed need not be those that were scored.
edsnlp needs another spaCy, so an interpreter of its own. Writes benchmarks/results/quality_and_speed.{json,md,svg,png}.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from machine import cpu_model
from publishing import origin, publish

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.progress import progress
from spacy_clinner.provenance import provenance
from spacy_clinner.reports.markdown import markdown_table
from spacy_clinner.reports.plots import make_figure, marker_style, save_figure

ROOT = Path(__file__).parents[1]
ROUNDS = Path(__file__).with_name("pipe_rounds.py")
NAME = "quality_and_speed"


def measure(command: list[str], texts: Path, seconds: float) -> float:
    """RETURNS (float): CPU seconds of the median round, in a process of its own."""
    words = [*command, str(texts), str(seconds)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    return median(json.loads(done.stdout.splitlines()[-1]))


def systems_of(named: dict[str, list[str]], edsnlp: tuple[str, str] | None) -> list[dict[str, Any]]:
    """What is measured: key in the table of scores, what was made of what was scored, and the command that tags."""
    found = [(made, sys.executable, "spacy", one) for made, systems in named.items() for one in systems]
    if edsnlp:
        found.append(("", edsnlp[0], "edsnlp", f"edsnlp={edsnlp[1]}"))
    rows = []
    for made, python, library, one in found:
        key, _, model = one.partition("=")
        rows.append({"key": key, "made": made, "command": [python, "-W", "ignore", str(ROUNDS), library, model]})
    return rows


def draw(result: dict[str, Any], path: Path) -> None:
    """Draw a dot for each system, with the spread of its F1 over seeds.

    result (Dict[str, Any]): What the JSON file holds.
    path (Path): The picture without its ending.
    """
    rows = result["rows"]
    figure, (axes,) = make_figure("Entity F1 against speed", f"{result['note']}; {result['cpu']}", [4.6])
    keys = list(dict.fromkeys(row["key"] for row in rows))
    for row in rows:
        style = marker_style(keys.index(row["key"]))
        fill = {"markerfacecolor": "white"} if row["made"] else {}
        axes.errorbar(row["words/s"], row["f1"], row["sd"], capsize=2.5, elinewidth=1, markersize=7, **style | fill)
        # beside the dot; of a system that others were made of, above it, and theirs, at the same F1, below
        name, at, place, side = row["title"], row["f1"], (9, 5), "left"
        if row["made"]:
            name, at, place, side = row["made"], row["f1"] - row["sd"], (0, -12), "center"
        elif sum(other["key"] == row["key"] for other in rows) > 1:
            at, place = row["f1"] + row["sd"], (-4, 5)
        settings = {"xytext": place, "textcoords": "offset points", "horizontalalignment": side}
        axes.annotate(name, (row["words/s"], at), color=style["color"], fontsize=9, **settings)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    speeds = [row["words/s"] for row in rows]
    # room for the names, which stand to the right
    axes.set_xlim(min(speeds) / 1.3, max(speeds) * 5)
    axes.set(xlabel="words a second, one thread", ylabel="strict F1 on test, %")
    axes.grid(alpha=0.3, linewidth=0.6)
    save_figure(figure, path)


def main(
    systems: Annotated[list[str], typer.Argument(help="Systems, as KEY=PIPELINE")],
    exported: Annotated[
        list[str] | None, typer.Option(help="The same, exported: KEY=PIPELINE, drawn at its F1")
    ] = None,
    bfloat16: Annotated[list[str] | None, typer.Option(help="The same in bfloat16, drawn at its F1")] = None,
    edsnlp: Annotated[tuple[str, str] | None, typer.Option(help="Its interpreter and its pipeline")] = None,
    scores: Annotated[Path, typer.Option(help="Table of scores")] = ROOT / "benchmarks/results/maccrobat.json",
    data: Annotated[Path, typer.Option(help="Reports to tag")] = Path("corpus/maccrobat/test.spacy"),
    seconds: Annotated[float, typer.Option(min=0, help="CPU seconds of a system in a process")] = 5,
    processes: Annotated[int, typer.Option(min=1, help="Processes of each system")] = 3,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure the speed of each system, and draw it beside its F1."""
    table, docs = json.loads(scores.read_text(encoding="utf8"))["systems"], read_docs(data)
    rows = systems_of({"": systems, "exported": exported or [], "bfloat16": bfloat16 or []}, edsnlp)
    words = sum(map(len, docs))
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "texts.json"
        texts.write_text(json.dumps([doc.text for doc in docs]), encoding="utf8")
        for row in progress(rows * processes, unit="process", desc="Tag"):
            row.setdefault("seconds", []).append(measure(row["command"], texts, seconds))
    cells = []
    for row in sorted(rows, key=lambda row: min(row["seconds"])):
        of_key = table[row["key"]]
        f1 = of_key["scores"]["test"]["strict"]["micro"]["f"]
        row["title"] = f"{of_key['title']}, {row['made']}" if row["made"] else of_key["title"]
        row |= {"words/s": words / min(row["seconds"]), "f1": 100 * f1["mean"], "sd": 100 * f1["sd"]}
        del row["command"]
        slowest = words / max(row["seconds"])
        cells.append((row["title"], f"{row['f1']:.1f} ± {row['sd']:.1f}", f"{row['words/s']:,.0f}", f"{slowest:,.0f}"))
    note = f"F1: mean and spread of the seeds of {scores.stem}; speed: fastest of {processes} processes"
    result = {**provenance(), "cpu": cpu_model(), "words": words, "processes": processes, "note": note, "rows": rows}
    lines = [
        "# Entity F1 against words a second",
        "",
        f"{origin(result)}.",
        f"{note}, on {words:,} words (tokens of the gold documents) of {data}.",
        "",
        markdown_table(["system", "strict F1 on test", "words/s", "of the slowest process"], cells),
        "",
        f"![strict F1 against words a second]({NAME}.png)",
    ]
    output.mkdir(parents=True, exist_ok=True)
    draw(result, output / NAME)
    publish(output, NAME, result, "\n".join(lines) + "\n")


if __name__ == "__main__":
    typer.run(main)
