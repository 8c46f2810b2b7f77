"""Speed, start and agreement of a tagger as torch and as ONNX Runtime compute it, on one thread.

    python benchmarks/onnx_speed.py run training/model-best corpus/maccrobat/test.spacy corpus/bc5cdr/test.spacy

The pipeline is exported, once in 8-bit integers, and has its transformers, if there are any, compute in bfloat16 by
torch. In a process these take turns; the figure of each is
its fastest round in all processes, in CPU time. A start is a fresh process, in which exported pipelines have no torch:
the fastest counts, from the start of the interpreter. Writes benchmarks/results/NAME.{json,md}.
"""

import json
import os
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

# one thread everywhere, before any library starts its pool
for variable in ("OMP", "MKL", "OPENBLAS", "BLIS", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

import typer  # noqa: E402
from machine import cpu_model, in_fresh_process  # noqa: E402

app = typer.Typer(add_completion=False)
ROOT = Path(__file__).parents[1]
NAMES = ("torch", "torch, bf16", "ONNX", "ONNX, int8")


def read_texts(data: list[Path]) -> list[str]:
    """Texts of `.spacy` files."""
    from spacy_clinner.annotations.documents import read_docs

    return [doc.text for path in data for doc in read_docs(path)]


@app.command(hidden=True)
def turns(folder: Path, n_rounds: int, data: list[Path]) -> None:
    """Print the words and the CPU seconds of each round of all pipelines of a folder, after one that is not counted."""
    import spacy
    import torch

    torch.set_num_threads(1)
    pipelines, texts = [spacy.load(folder / name) for name in names_in(folder)], read_texts(data)
    rounds: list[list[float]] = [[] for _ in pipelines]
    words = 0
    for _ in range(n_rounds + 1):
        for nlp, times in zip(pipelines, rounds, strict=True):
            start = time.process_time()
            words = sum(len(doc) for doc in nlp.pipe(texts))
            times.append(time.process_time() - start)
    print(json.dumps({"words": words, "seconds": [min(times[1:]) for times in rounds]}))


@app.command(hidden=True)
def start(model: Path, torch_there: Annotated[bool, typer.Option()]) -> None:
    """Print the CPU seconds from the interpreter's start until a pipeline is loaded, and until it has read a note."""
    from spacy_clinner.assembly.without_torch import NOTE, forget_torch

    if not torch_there:
        forget_torch()
    import spacy

    nlp = spacy.load(model)
    loaded = time.process_time()
    nlp(NOTE)
    print(json.dumps({"loaded": loaded, "first note": time.process_time()}))


@app.command(hidden=True)
def agreement(folder: Path, data: list[Path]) -> None:
    """Print how many entities torch finds, and how many of these documents have the same by others, by their names."""
    import spacy

    from spacy_clinner.annotations.documents import read_docs
    from spacy_clinner.progress import progress

    def found(name: str) -> list[dict[tuple[Any, ...], float]]:
        """Of each document, probabilities by entity."""
        docs = progress(spacy.load(folder / name).pipe(texts), total=len(texts), unit="note", desc=name)
        return [
            {
                (key, span.start, span.end, span.label_): float(probability)
                for key, group in doc.spans.items()
                for span, probability in zip(group, group.attrs["scores"], strict=True)
            }
            for doc in docs
        ]

    docs = [doc for path in data for doc in read_docs(path)]
    texts, words = [doc.text for doc in docs], sum(map(len, docs))
    names = names_in(folder)
    first = found(names[0])
    rows = {}
    for name in names[1:]:
        other = found(name)
        pairs = [
            (one[entity], two[entity]) for one, two in zip(first, other, strict=True) for entity in one if entity in two
        ]
        same = sum(one.keys() == two.keys() for one, two in zip(first, other, strict=True))
        rows[name] = {"same": same, "difference": max((abs(one - two) for one, two in pairs), default=0.0)}
    print(json.dumps({"documents": len(texts), "words": words, "entities": sum(map(len, first)), "others": rows}))


def export(model: Path, folder: Path) -> None:
    """Write a pipeline as it is, and what is made of it, to a folder, by `NAMES`."""
    import spacy

    from spacy_clinner.assembly.bfloat16 import compute_in_bfloat16
    from spacy_clinner.assembly.export import export_pipeline
    from spacy_clinner.assembly.transformers import transformers_of

    torch, bf16, onnx, int8 = (folder / name for name in NAMES)
    nlp = spacy.load(model)
    nlp.to_disk(torch)
    if any(transformers_of(pipe) for _, pipe in nlp.components):
        compute_in_bfloat16(nlp).to_disk(bf16)
    export_pipeline(spacy.load(model)).to_disk(onnx)
    export_pipeline(spacy.load(model), int8=True).to_disk(int8)


def names_in(folder: Path) -> list[str]:
    """Which of `NAMES` there are in a folder."""
    return [name for name in NAMES if (folder / name).exists()]


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The tables."""
    from publishing import origin

    from spacy_clinner.reports.markdown import markdown_table

    rows = []
    for name, row in result["pipelines"].items():
        times = (row["words/s"] / result["pipelines"][NAMES[0]]["words/s"], *row["start"].values())
        rows.append([name, f"{row['words/s']:,.0f}", *(f"{time:.2f}" for time in times), f"{row['MB']:.1f}"])
    head = (
        "computed by",
        "words/s",
        "times torch",
        "import and load, s",
        "... and the first note, s",
        "encoders and heads, MB",
    )
    found = result["agreement"]
    agreed = [
        [name, f"{row['same']:,} of {found['documents']:,}", f"{row['difference']:.1e}"]
        for name, row in found["others"].items()
    ]
    return "\n".join(
        [
            "# A tagger without torch",
            "",
            f"{origin(result)}.",
            f"{result['words']:,} words (spaCy tokens) a round. Fastest of "
            f"{result['processes'] * result['rounds']} rounds and of {result['starts']} starts; CPU time.",
            "",
            markdown_table(head, rows),
            "",
            f"Compared on {found['words']:,} words, {found['entities']:,} entities:",
            "",
            markdown_table(
                ("against torch", "documents with the same entities", "largest difference of P(entity)"), agreed
            ),
            "",
        ]
    )


@app.command()
def run(
    model: Annotated[Path, typer.Argument(help="Folder of a pipeline with CRF taggers", exists=True, file_okay=False)],
    data: Annotated[list[Path], typer.Argument(help="Documents to tag, .spacy files", exists=True)],
    compare: Annotated[list[Path] | None, typer.Option(help="Further documents to compare them on, .spacy")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds in a process")] = 5,
    processes: Annotated[int, typer.Option(min=1, help="Processes")] = 3,
    starts: Annotated[int, typer.Option(min=1, help="Starts of each pipeline")] = 3,
    name: Annotated[str, typer.Option(help="Name of the results")] = "onnx_speed",
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure speed, start, size and agreement of a pipeline and of what is exported of it."""
    from publishing import publish

    from spacy_clinner.provenance import provenance

    files = [str(path) for path in data]
    with tempfile.TemporaryDirectory() as room:
        export(model, Path(room))
        timed = [in_fresh_process(__file__, "turns", room, str(rounds), *files) for _ in range(processes)]
        rows: dict[str, dict[str, Any]] = {}
        for number, kind in enumerate(names_in(Path(room))):
            folder, torch_there = Path(room) / kind, "--no-torch-there" if "ONNX" in kind else "--torch-there"
            begun = [in_fresh_process(__file__, "start", str(folder), torch_there) for _ in range(starts)]
            fastest = min(one["seconds"][number] for one in timed)
            rows[kind] = {
                "words/s": timed[0]["words"] / fastest,
                "start": {point: min(one[point] for one in begun) for point in begun[0]},
                "MB": sum(path.stat().st_size for path in folder.glob("*/model")) / 1e6,
            }
        same = in_fresh_process(__file__, "agreement", room, *files, *map(str, compare or []))
    result = {**provenance(), "cpu": cpu_model(), "data": files, "words": timed[0]["words"], "rounds": rounds}
    result["versions"]["onnxruntime"] = version("onnxruntime")
    result |= {"processes": processes, "starts": starts, "pipelines": rows, "agreement": same}
    publish(output, name, result, to_markdown(result))


if __name__ == "__main__":
    app()
