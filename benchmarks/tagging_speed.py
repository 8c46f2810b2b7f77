"""Speed and memory of pipelines on the MACCROBAT2020 test reports, against spaCy's own `ner`, one thread, one run.

    python benchmarks/tagging_speed.py run training/maccrobat/charcnn-bilstm_crf/seed0/model-best \\
        --baseline training/maccrobat/hashcnn_transition/seed0/model-best \\
        --train-config configs/ner_charcnn-bilstm_crf.cfg \\
        --baseline-config configs/ner_hashcnn_transition.cfg

Tagging: the whole `nlp.pipe` from raw texts, pipelines taking turns within every repeat; the figure is the minimum
process CPU time. Peak memory: a fresh process for each pipeline. Training: the later epochs of spaCy's own loop without
evaluation, a fresh process for each config. Writes benchmarks/results/tagging_speed.{json,md}.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

# one thread everywhere, before any library starts its pool
for variable in ("OMP", "MKL", "OPENBLAS", "BLIS", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

import typer  # noqa: E402

from spacy_clinner.progress import progress  # noqa: E402

# spaCy and torch are imported where they are used: a child's peak memory starts with its parent's at the fork

app = typer.Typer(add_completion=False)
ROOT = Path(__file__).parents[1]
TARGETS = {
    "words_per_second": "at least the baseline's words/s",
    "crf_share": "CRF at most 5 % of the tagging time",
    "memory": "at most 1.5 times the baseline's peak memory",
    "training": "at most the baseline's CPU time per epoch",
}


def load(model: str) -> Any:
    """Load a pipeline on one thread."""
    import spacy
    import torch

    torch.set_num_threads(1)
    return spacy.load(model)


def read_texts(data: Path) -> list[str]:
    """Texts of a `.spacy` file."""
    from spacy_clinner.scoring.documents import read_docs

    return [doc.text for doc in read_docs(data)]


def time_tagging(models: Sequence[str], data: Path, repeats: int) -> dict[str, dict[str, float]]:
    """Words per second of pipelines, and the share of it that the CRF takes.

    models (Sequence[str]): Paths of the pipelines.
    data (Path): A `.spacy` file, of which only the texts are used.
    repeats (int): Rounds; in each, every pipeline tags all texts once.
    RETURNS (Dict[str, Dict[str, float]]): By pipeline: words (spaCy tokens), the fastest round's CPU seconds, words per
        second and the CRF's share.
    """
    from spacy_clinner.layers import crf

    pipelines, texts, spent = {model: load(model) for model in models}, read_texts(data), [0.0]
    decode = crf.decode

    def timed(*args: Any, **kwargs: Any) -> Any:
        start = time.process_time()
        result = decode(*args, **kwargs)
        spent[0] += time.process_time() - start
        return result

    crf.decode = timed
    rounds: dict[str, list[tuple[float, float, int]]] = {model: [] for model in models}
    # the first round compiles kernels and fills the caches; it does not count
    for _ in progress(range(repeats + 1), unit="round", desc="Tag"):
        for model, nlp in pipelines.items():
            spent[0], start = 0.0, time.process_time()
            words = sum(len(doc) for doc in nlp.pipe(texts))
            rounds[model].append((time.process_time() - start, spent[0], words))
    found = {}
    for model, times in rounds.items():
        seconds, in_crf, words = min(times[1:])
        found[model] = {
            "words": words,
            "cpu_seconds": seconds,
            "words_per_second": words / seconds,
            "crf_share": in_crf / seconds,
        }
    return found


@app.command(hidden=True)
def memory(model: str, data: Path) -> None:
    """Print the peak memory in MB of loading a pipeline and tagging all texts."""
    nlp = load(model)
    for _ in nlp.pipe(read_texts(data)):
        pass
    # Linux counts KB, macOS bytes
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6))


@app.command(hidden=True)
def training(config_path: Path, train: Path, vectors: str, transformer: str, epochs: int) -> None:
    """Print the CPU and wall seconds of each epoch but the first, which compiles kernels and fills caches."""
    import torch
    from spacy.schemas import ConfigSchemaTraining
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import create_train_batches, train_while_improving
    from spacy.util import load_config, registry, resolve_dot_names

    torch.set_num_threads(1)
    config = load_config(config_path, interpolate=False)
    paths = {"train": str(train), "dev": str(train), "vectors": vectors}
    config["paths"].update(paths | ({"transformer": transformer} if "transformer" in config["paths"] else {}))
    config = config.interpolate()
    nlp = init_nlp(config)
    settings = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    (corpus,) = resolve_dot_names(config, [settings["train_corpus"]])
    steps = train_while_improving(
        nlp,
        settings["optimizer"],
        create_train_batches(nlp, corpus, settings["batcher"], epochs + 1),
        lambda: (0.0, {}),  # the dev reports are not scored
        dropout=settings["dropout"],
        accumulate_gradient=settings["accumulate_gradient"],
        patience=0,
        max_steps=0,
        eval_frequency=sys.maxsize,
        exclude=settings["frozen_components"],
        annotating_components=settings["annotating_components"],
        before_update=settings["before_update"],
    )
    ends: dict[int, tuple[float, float]] = {}
    for _, info, _ in steps:
        ends[info["epoch"]] = (time.process_time(), time.perf_counter())
    pairs = pairwise(ends.values())
    print(json.dumps([[after - before for before, after in zip(*pair, strict=True)] for pair in pairs]))


def in_fresh_process(*args: str) -> Any:
    """Run a hidden command of this file and return what it prints last."""
    done = subprocess.run([sys.executable, __file__, *args], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def judge(result: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """Hold every pipeline and config against the baseline.

    result (Dict[str, Any]): The measurements.
    RETURNS (Dict[str, Dict[str, Dict[str, Any]]]): By pipeline or config and target: the value and whether it is met.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    tagging, base = result["tagging"], result["tagging"][result["baseline"]]
    for model, row in tagging.items():
        if model == result["baseline"]:
            continue
        speed, share = row["words_per_second"] / base["words_per_second"], row["crf_share"]
        peak = row["peak_mb"] / base["peak_mb"]
        found[model] = {
            "words_per_second": {"value": speed, "met": speed >= 1},
            "crf_share": {"value": share, "met": share <= 0.05},
            "memory": {"value": peak, "met": peak <= 1.5},
        }
    for config, row in result["training"].items():
        if config != result["baseline_config"]:
            cost = row["cpu_seconds"] / result["training"][result["baseline_config"]]["cpu_seconds"]
            found[config] = {"training": {"value": cost, "met": cost <= 1}}
    return found


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The tables."""
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    lines = [
        "# Speed and memory on the MACCROBAT2020 test reports",
        "",
        f"{result['date']}; {result['cpu']}; one thread; {versions}; `{result['command']}`.",
        f"CPU seconds are the minimum of {result['repeats']} rounds; words are spaCy tokens.",
        "",
        "| pipeline | words | CPU s | words/s | CRF's share | peak MB |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    for model, row in result["tagging"].items():
        lines.append(
            f"| {model} | {row['words']} | {row['cpu_seconds']:.3f} | {row['words_per_second']:,.0f} "
            f"| {row['crf_share']:.1%} | {row['peak_mb']:.0f} |"
        )
    if result["training"]:
        lines += ["", "| config | CPU s per epoch | wall s |", "| --- | --: | --: |"]
    for config, row in result["training"].items():
        lines.append(f"| {config} | {row['cpu_seconds']:.1f} | {row['wall_seconds']:.1f} |")
    lines += ["", "| what | target | value (ratio or share) | met |", "| --- | --- | --: | --- |"]
    for name, verdicts in result["targets"].items():
        for target, verdict in verdicts.items():
            met = "yes" if verdict["met"] else "no"
            lines.append(f"| {name} | {TARGETS[target]} | {verdict['value']:.3f} | {met} |")
    return "\n".join(lines) + "\n"


def cpu_model() -> str:
    """Name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown CPU"


@app.command()
def run(
    models: Annotated[list[str], typer.Argument(help="Pipelines")],
    baseline: Annotated[str, typer.Option(help="Pipeline with spaCy's ner")],
    data: Annotated[Path, typer.Option(help="Reports to tag")] = Path("corpus/maccrobat/test.spacy"),
    repeats: Annotated[int, typer.Option(min=1, help="Rounds of tagging")] = 10,
    train_config: Annotated[list[Path] | None, typer.Option(help="Config to train; may be repeated")] = None,
    baseline_config: Annotated[Path | None, typer.Option(help="Config of spaCy's ner")] = None,
    train: Annotated[Path, typer.Option(help="Reports to train on")] = Path("corpus/maccrobat/train.spacy"),
    vectors: Annotated[str, typer.Option(help="Word vectors")] = "corpus/vectors",
    transformer: Annotated[str, typer.Option(help="Transformer")] = "assets/transformer",
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of training that count")] = 1,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure tagging speed, peak memory and training time, and hold them against the baseline."""
    everything = [*models, baseline]
    peaks = {model: in_fresh_process("memory", model, str(data)) for model in everything}
    epoch_times = {}
    for config in [*train_config, baseline_config] if train_config and baseline_config else []:
        times = in_fresh_process("training", str(config), str(train), vectors, transformer, str(epochs))
        cpu, wall = min(times)
        epoch_times[str(config)] = {"cpu_seconds": cpu, "wall_seconds": wall}
    tagging = time_tagging(everything, data, repeats)

    from spacy_clinner.files import write_atomically
    from spacy_clinner.scoring.provenance import provenance

    result = {**provenance(), "cpu": cpu_model(), "baseline": baseline, "baseline_config": str(baseline_config)}
    result |= {"repeats": repeats, "data": str(data), "training": epoch_times}
    result["tagging"] = {model: {**row, "peak_mb": peaks[model]} for model, row in tagging.items()}
    result["targets"] = judge(result)
    page = to_markdown(result)
    write_atomically(output / "tagging_speed.json", json.dumps(result, indent=1) + "\n")
    write_atomically(output / "tagging_speed.md", page)
    print(page)


if __name__ == "__main__":
    app()
