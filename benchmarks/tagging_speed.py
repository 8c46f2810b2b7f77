"""Speed and memory of a tagger against spaCy's own `ner`, from raw texts, on one thread.

    python benchmarks/tagging_speed.py run MODEL \\
        --baseline BASELINE

The ratio depends on the processor and on what the libraries' matrix products make of it, so it is measured under each
of `SETTINGS`; also with spaCy's products made by torch, as no installation does: so fast is `ner` on a processor that
the kernels of Thinc's BLIS fit. In a process the two pipelines take turns, some seconds of CPU time at a time; a
process gives the ratio of its medians, and several processes its range. Writes
benchmarks/results/tagging_speed.{json,md}.
"""

import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Annotated, Any

# one thread everywhere, before any library starts its pool
for variable in ("OMP", "MKL", "OPENBLAS", "BLIS", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

import typer  # noqa: E402
from machine import cpu_model, in_fresh_process  # noqa: E402

# spaCy and torch are imported where they are used: a child's peak memory starts with its parent's at the fork

app = typer.Typer(add_completion=False)
ROOT = Path(__file__).parents[1]
OPENBLAS = {"OPENBLAS_CORETYPE": None, "OPENBLAS_L2_SIZE": None}
AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
# numpy's products (OpenBLAS) as they choose and held to an older processor; torch's as they choose and without AVX-512
SETTINGS: dict[str, dict[str, str | None]] = {
    "as the libraries choose": OPENBLAS,
    "OPENBLAS_CORETYPE=Haswell": {**OPENBLAS, "OPENBLAS_CORETYPE": "Haswell"},
    "torch without AVX-512": {**OPENBLAS, **AVX2},
    "both": {**OPENBLAS, **AVX2, "OPENBLAS_CORETYPE": "Haswell"},
}
# with the baseline's products made by torch
LENT = ("as the libraries choose", "torch without AVX-512")
TARGET = 1.3
PARTS = ("tokens", "embeddings", "of these, characters", "BiLSTM", "emissions", "CRF", "writing of spans")


def load(model: str) -> Any:
    """Load a pipeline on one thread."""
    import spacy
    import torch

    torch.set_num_threads(1)
    return spacy.load(model)


def read_texts(data: Path) -> list[str]:
    """Texts of a `.spacy` file."""
    from spacy_clinner.annotations.documents import read_docs

    return [doc.text for doc in read_docs(data)]


def lend_products(nlp: Any) -> None:
    """Let torch multiply for all layers of a pipeline."""
    from thinc.api import NumpyOps

    from spacy_clinner.layers.products import multiply

    class TorchProducts(NumpyOps):
        def gemm(self, x: Any, y: Any, *, out: Any = None, trans1: bool = False, trans2: bool = False) -> Any:
            product = multiply(NumpyOps(), x, y, trans1=trans1, trans2=trans2)
            if out is None:
                return product
            out[:] = product
            return out

    for _, pipe in nlp.pipeline:
        pipe.model._to_ops(TorchProducts())


@app.command(hidden=True)
def turns(model: str, baseline: str, data: Path, seconds: float, lent: bool) -> None:
    """Print the words and the CPU seconds of a round of each pipeline, in turns until each took so many seconds."""
    pipelines, texts = [load(model), load(baseline)], read_texts(data)
    if lent:
        lend_products(pipelines[1])
    rounds: list[list[float]] = [[], []]
    words = 0
    # the first round compiles kernels and fills the caches; it does not count
    for nlp in pipelines:
        words = sum(len(doc) for doc in nlp.pipe(texts))
    while not rounds[0] or min(map(sum, rounds)) < seconds:
        for nlp, times in zip(pipelines, rounds, strict=True):
            start = time.process_time()
            for _ in nlp.pipe(texts):
                pass
            times.append(time.process_time() - start)
    print(json.dumps({"words": words, "seconds": rounds}))


@app.command(hidden=True)
def parts(model: str, data: Path, rounds: int) -> None:
    """Print the CPU seconds of the parts of a tagger, and of the whole."""
    from spacy_clinner.layers import crf
    from spacy_clinner.pipeline.tagger.crf_tagger import CRFTagger

    nlp, texts = load(model), read_texts(data)
    spent: Counter[str] = Counter()

    def watch(owner: Any, method: str, part: str) -> None:
        inner: Callable = getattr(owner, method)

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.process_time()
            try:
                return inner(*args, **kwargs)
            finally:
                spent[part] += time.process_time() - start

        setattr(owner, method, timed)

    watch(nlp, "make_doc", "tokens")
    names = {"concat_embed": "embeddings", "char_cnn_embed": "of these, characters"}
    names |= {"bilstm": "BiLSTM", "tag_scores": "emissions"}
    for _, pipe in nlp.pipeline:
        if isinstance(pipe, CRFTagger):
            watch(pipe, "set_annotations", "writing of spans")
            for node in pipe.model.walk():
                if node.name in names:
                    watch(node, "_func", names[node.name])
    watch(crf, "decode", "CRF")
    for number in range(rounds + 1):
        if number == 1:
            spent.clear()
            begin = time.process_time()
        for _ in nlp.pipe(texts):
            pass
    print(json.dumps({**{part: spent[part] for part in PARTS}, "whole": time.process_time() - begin}))


@app.command(hidden=True)
def memory(model: str, data: Path) -> None:
    """Print the peak memory in MB of loading a pipeline and tagging all texts."""
    nlp = load(model)
    for _ in nlp.pipe(read_texts(data)):
        pass
    # Linux counts KB, macOS bytes
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6))


def summarise(processes: list[dict[str, Any]]) -> dict[str, Any]:
    """Words per second of both pipelines, the median of all rounds, and the ratio of each process.

    processes (List[Dict[str, Any]]): What `turns` printed.
    RETURNS (Dict[str, Any]): "model" and "baseline", words a second, and "ratios".
    """
    words = processes[0]["words"]
    rounds = [[second for process in processes for second in process["seconds"][i]] for i in (0, 1)]
    ratios = [median(process["seconds"][1]) / median(process["seconds"][0]) for process in processes]
    return {"model": words / median(rounds[0]), "baseline": words / median(rounds[1]), "ratios": ratios}


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The tables."""
    from publishing import origin

    lines = [
        "# Speed and memory on the MACCROBAT2020 test reports",
        "",
        f"{origin(result)}.",
        f"Each row is of {result['processes']} processes, in each of which the pipelines took turns for "
        f"{result['seconds']:g} CPU seconds; {result['words']:,} words (spaCy tokens) a turn.",
        "",
        "| setting | words/s | baseline's words/s | ratio, median of processes (range) |",
        "| --- | --: | --: | --: |",
    ]
    lent = {f"{setting}; baseline's products lent by torch": row for setting, row in result["lent"].items()}
    for setting, row in {**result["settings"], **lent}.items():
        ratios = row["ratios"]
        spread = f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        lines.append(f"| {setting} | {row['model']:,.0f} | {row['baseline']:,.0f} | {spread} |")
    met = "met" if result["worst_ratio"] >= TARGET else "not met"
    lines += ["", f"Worst ratio of an installation {result['worst_ratio']:.2f}; the target, {TARGET}, is {met}.", ""]
    lines += ["| part of the tagger | " + " | ".join(result["parts"]) + " |"]
    lines += ["| --- |" + " --: |" * len(result["parts"])]
    for part in PARTS:
        shares = (f"{seconds[part] / seconds['whole']:.1%}" for seconds in result["parts"].values())
        lines.append(f"| {part} | " + " | ".join(shares) + " |")
    lines += ["", "| pipeline | peak MB |", "| --- | --: |"]
    lines += [f"| {model} | {peak:.0f} |" for model, peak in result["peak_mb"].items()]
    return "\n".join(lines) + "\n"


@app.command()
def run(
    model: Annotated[str, typer.Argument(help="Pipeline with a CRF tagger")],
    baseline: Annotated[str, typer.Option(help="Pipeline with spaCy's ner")],
    data: Annotated[Path, typer.Option(help="Reports to tag")] = Path("corpus/maccrobat/test.spacy"),
    seconds: Annotated[float, typer.Option(min=0, help="CPU seconds of each pipeline in a process")] = 10,
    processes: Annotated[int, typer.Option(min=1, help="Processes of each setting")] = 5,
    setting: Annotated[list[str] | None, typer.Option(help="Setting of the libraries; may be repeated")] = None,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure tagging speed under several settings of the libraries, its parts, and peak memory."""
    from publishing import publish

    from spacy_clinner.progress import progress
    from spacy_clinner.provenance import provenance

    peaks = {pipeline: in_fresh_process(__file__, "memory", pipeline, str(data)) for pipeline in (model, baseline)}
    chosen = setting or [*SETTINGS]
    lent = [name for name in LENT if name in chosen]
    rows = [*((name, "0") for name in chosen), *((name, "1") for name in lent)]
    found: dict[tuple[str, str], list[dict[str, Any]]] = {row: [] for row in rows}
    for row in progress(rows * processes, unit="process", desc="Tag"):
        arguments = ("turns", model, baseline, str(data), str(seconds), row[1])
        found[row].append(in_fresh_process(__file__, *arguments, settings=SETTINGS[row[0]]))
    speeds = {row: summarise(printed) for row, printed in found.items()}
    settings = {name: speeds[name, "0"] for name in chosen}
    spent = {
        name: in_fresh_process(__file__, "parts", model, str(data), "10", settings=SETTINGS[name]) for name in lent
    }
    result = {**provenance(), "cpu": cpu_model(), "data": str(data), "seconds": seconds, "processes": processes}
    result |= {"words": found[rows[0]][0]["words"], "parts": spent, "peak_mb": peaks}
    result |= {"settings": settings, "lent": {name: speeds[name, "1"] for name in lent}}
    result["worst_ratio"] = min(min(row["ratios"]) for row in settings.values())
    page = to_markdown(result)
    publish(output, "tagging_speed", result, page)


if __name__ == "__main__":
    app()
