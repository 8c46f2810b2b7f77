"""CPU time of an epoch of training, config against config, on one thread.

    python benchmarks/training_speed.py run configs/ner_charcnn-bilstm_crf.cfg \\
        --baseline configs/ner_hashcnn_transition.cfg

Epochs of spaCy's own loop without evaluation, but the first, which compiles kernels and fills caches. A fresh process
for each config and repeat, in turns; the figure is the ratio of their medians. Writes
benchmarks/results/training_speed.{json,md}.
"""

import json
import os
import sys
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Annotated, Any

# one thread everywhere, before any library starts its pool
for variable in ("OMP", "MKL", "OPENBLAS", "BLIS", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

import typer  # noqa: E402
from machine import cpu_model, in_fresh_process  # noqa: E402
from publishing import origin, publish  # noqa: E402

from spacy_clinner.progress import progress  # noqa: E402
from spacy_clinner.provenance import provenance  # noqa: E402

app = typer.Typer(add_completion=False)
ROOT = Path(__file__).parents[1]


@app.command(hidden=True)
def epochs(config_path: Path, train: Path, vectors: str, n_epochs: int) -> None:
    """Print the CPU seconds of each epoch but the first."""
    import torch
    from spacy.schemas import ConfigSchemaTraining
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import create_train_batches, train_while_improving
    from spacy.util import load_config, registry, resolve_dot_names

    torch.set_num_threads(1)
    config = load_config(config_path, interpolate=False)
    config["paths"].update({"train": str(train), "dev": str(train), "vectors": vectors})
    config = config.interpolate()
    nlp = init_nlp(config)
    settings = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    (corpus,) = resolve_dot_names(config, [settings["train_corpus"]])
    steps = train_while_improving(
        nlp,
        settings["optimizer"],
        create_train_batches(nlp, corpus, settings["batcher"], n_epochs + 1),
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
    ends: dict[int, float] = {}
    for _, info, _ in steps:
        ends[info["epoch"]] = time.process_time()
    print(json.dumps([after - before for before, after in pairwise(ends.values())]))


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The table."""
    lines = [
        "# CPU time of an epoch of training",
        "",
        f"{origin(result)}.",
        f"Median and range of {len(result['seconds'][result['baseline']])} epochs; the ratio is of medians.",
        "",
        "| config | CPU s per epoch | ratio |",
        "| --- | --: | --: |",
    ]
    base = median(result["seconds"][result["baseline"]])
    for config, seconds in result["seconds"].items():
        spread = f"{min(seconds):.1f} to {max(seconds):.1f}"
        lines.append(f"| {config} | {median(seconds):.1f} ({spread}) | {median(seconds) / base:.2f} |")
    return "\n".join(lines) + "\n"


@app.command()
def run(
    configs: Annotated[list[Path], typer.Argument(help="Configs to train")],
    baseline: Annotated[Path, typer.Option(help="Config of spaCy's ner")],
    train: Annotated[Path, typer.Option(help="Reports to train on")] = Path("corpus/maccrobat/train.spacy"),
    vectors: Annotated[str, typer.Option(help="Word vectors")] = "corpus/vectors",
    n_epochs: Annotated[int, typer.Option("--epochs", min=1, help="Epochs that count, of each process")] = 1,
    repeats: Annotated[int, typer.Option(min=1, help="Processes of each config")] = 3,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure epochs of training and hold them against the baseline's."""
    everything = [str(config) for config in (*configs, baseline)]
    seconds: dict[str, list[float]] = {config: [] for config in everything}
    for config in progress(everything * repeats, unit="training", desc="Train"):
        seconds[config] += in_fresh_process(__file__, "epochs", config, str(train), vectors, str(n_epochs))
    result = {**provenance(), "cpu": cpu_model(), "train": str(train), "baseline": str(baseline), "seconds": seconds}
    page = to_markdown(result)
    publish(output, "training_speed", result, page)


if __name__ == "__main__":
    app()
