"""Trainings that are killed at random moments and go on: `python benchmarks/killed_trainings.py`.

For each recipe, `clinner train` works once undisturbed. Then it is killed by SIGKILL after a random time and started
again with --resume, until enough kills are done and the training has ended; it counts as equal if the weights of
model-best and model-last and the rows of the log are, byte by byte. What checkpoints cost is the time that writing one
takes, against the five minutes between two. Writes benchmarks/results/killed_trainings.{json,md}.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from machine import cpu_model
from publishing import origin, publish
from spacy.training.initialize import init_nlp

from spacy_clinner.configs import read_config
from spacy_clinner.corpora.demo.write import write_corpus
from spacy_clinner.progress import progress
from spacy_clinner.provenance import provenance
from spacy_clinner.reports.markdown import markdown_table
from spacy_clinner.resuming.checkpoints import Checkpoints
from spacy_clinner.resuming.steps import prepare

ROOT = Path(__file__).parents[1]
RECIPES = {
    "char-CNN-BiLSTM, CRF": "ner_demo_charcnn-bilstm_crf",
    "hashed CNN, CRF": "ner_hashcnn_crf",
    "two tied heads, alignment": "ner_demo_charcnn-bilstm_crf_ladtl",
    "replay": "ner_demo_charcnn-bilstm_crf_replay",
    "relations": "rel_demo_charcnn-bilstm",
}
MINUTES_BETWEEN = 5
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def settings(name: str, corpus: Path, steps: int) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Settings of a short training on the demo corpus."""
    config = read_config(ROOT / "configs" / f"{name}.cfg")
    found = {
        "train": corpus / "target" / "few.spacy",
        "dev": corpus / "target" / "dev.spacy",
        "source": corpus / "source" / "train.spacy",
        "source_dev": corpus / "source" / "dev.spacy",
    }
    paths = {f"paths.{key}": str(path) for key, path in found.items() if key in config["paths"]}
    if name.startswith("ner_hashcnn"):
        # there are none
        paths["components.tok2vec.model.embed.include_static_vectors"] = "false"
    return {**paths, "training.max_steps": steps, "training.eval_frequency": max(steps // 4, 1)}


def command(name: str, output: Path, options: dict[str, Any], *more: str) -> list[str]:
    """RETURNS (List[str]): The command line of a training that writes checkpoints all the time."""
    words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
    config = str(ROOT / "configs" / f"{name}.cfg")
    return [sys.executable, "-m", "spacy", "clinner", "train", config, "--output", str(output), *words, *more]


def run(words: list[str], seconds: float | None = None) -> bool:
    """RETURNS (bool): Whether a process ended by itself; else it was killed after some seconds."""
    process = subprocess.Popen(words, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if code := process.wait(seconds):
            raise RuntimeError(f"status {code}: {' '.join(words)}")
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


def content(output: Path) -> dict[str, bytes]:
    """RETURNS (Dict[str, bytes]): All weights of both pipelines, and the log."""
    files = sorted(path for path in output.glob("model-*/*/model"))
    return {str(path.relative_to(output)): path.read_bytes() for path in [*files, output / "log.txt"]}


def kill_and_go_on(name: str, corpus: Path, steps: int, n_kills: int, rng: random.Random, room: Path) -> dict[str, Any]:
    """Train once undisturbed, then with kills.

    name (str): The config.
    corpus (Path): The demo corpus.
    steps (int): Steps of a training.
    n_kills (int): Kills.
    rng (Random): Draws the moments.
    room (Path): Folder to work in.
    RETURNS (Dict[str, Any]): Trainings that were needed, how many ended alike, steps that the kills came after.
    """
    options = settings(name, corpus, steps)
    start = time.monotonic()
    run(command(name, room / "whole", options, "--every", "0"))
    whole = time.monotonic() - start
    wanted = content(room / "whole")
    trainings, equal, kills, moments = 0, 0, 0, []
    while kills < n_kills:
        output, more = room / f"killed-{trainings}", ["--every", "0"]
        # longer from kill to kill, so that a training ends though the machine has become slower
        seconds, start = whole, time.monotonic()
        while not run(command(name, output, options, *more), rng.uniform(0.4, 1.1) * seconds):
            kills, more, seconds = kills + 1, ["--every", "0", "--resume"], 1.1 * seconds
            moments += [int(path.stem) for path in Checkpoints(output / "checkpoints").paths[-1:]]
        # it may have become faster, too: then no moment would be one of a training
        whole = min(whole, time.monotonic() - start)
        trainings += 1
        equal += content(output) == wanted
    return {"trainings": trainings, "equal": equal, "kills": kills, "after_steps": moments}


def checkpoint_cost(name: str, corpus: Path, room: Path) -> dict[str, float]:
    """RETURNS (Dict[str, float]): Seconds that a checkpoint takes, and its size as a multiple of the weights'."""
    nlp = init_nlp(read_config(ROOT / "configs" / f"{name}.cfg", settings(name, corpus, 10)))
    steps = prepare(nlp)
    for info, _ in steps.take():
        if info["step"] == 2:
            break
    seconds = float("inf")
    for _ in range(5):
        start = time.process_time()
        Checkpoints(room / "cost").write(2, steps.state())
        seconds = min(seconds, time.process_time() - start)
    weights = sum(len(pipe.model.to_bytes()) for _, pipe in nlp.pipeline if hasattr(pipe, "model"))
    size = (room / "cost").glob("*.checkpoint")
    return {"seconds": seconds, "size": next(size).stat().st_size / weights, "share": seconds / (60 * MINUTES_BETWEEN)}


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The page."""
    rows = [
        [
            name,
            f"{row['kills']}",
            f"{row['equal']} of {row['trainings']}",
            f"{1000 * row['seconds']:.0f}",
            f"{row['size']:.1f}",
            f"{row['share']:.2%}",
        ]
        for name, row in result["recipes"].items()
    ]
    head = ["recipe", "kills", "ended alike", "a checkpoint, ms of CPU", "its size, of the weights'", "cost"]
    lines = [
        "# Trainings that are killed",
        "",
        f"{origin(result)}.",
        f"`clinner train` on the demo corpus, {result['steps']} steps, killed by SIGKILL at random moments and gone on",
        "with by --resume. Alike: weights of model-best and model-last and the log, byte by byte, are those of a",
        f"training that was not killed. Cost: one checkpoint in {MINUTES_BETWEEN} minutes.",
        "",
        markdown_table(head, rows),
    ]
    return "\n".join(lines) + "\n"


def main(
    kills: Annotated[int, typer.Option(min=1, help="Kills of each recipe")] = 10,
    steps: Annotated[int, typer.Option(min=1, help="Steps of a training")] = 60,
    only: Annotated[list[str], typer.Option(help="Config; default: all of the list")] = [],  # noqa: B006
    seed: Annotated[int, typer.Option(help="Seed of the moments")] = 0,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Kill trainings and compare how they end."""
    rng = random.Random(seed)
    recipes = {title: name for title, name in RECIPES.items() if not only or name in only}
    result: dict[str, Any] = {**provenance(), "cpu": cpu_model(), "steps": steps, "recipes": {}}
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        write_corpus(corpus, {"train": 60, "dev": 15, "test": 15}, target="gastroenterology", few=12)
        for title, name in progress(recipes.items(), total=len(recipes), unit="recipe", desc="Kill"):
            room = Path(folder) / name
            room.mkdir()
            found = kill_and_go_on(name, corpus, steps, kills, rng, room)
            result["recipes"][title] = found | checkpoint_cost(name, corpus, room)
            publish(output, "killed_trainings", result, to_markdown(result))


if __name__ == "__main__":
    typer.run(main)
