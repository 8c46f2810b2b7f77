"""What heads of many corpora add to a training step, one thread, one run: `python benchmarks/many_heads.py`.

A step is `nlp.update` and `finish_update` of the encoder of configs/ner_demo_charcnn-bilstm_crf.cfg under one CRF head,
or under one for each of fourteen corpora, on a batch of demo notes in lines; the same tokens for all. Pipelines take
turns within every repeat; the figure is the minimum process CPU time. Memory is the peak of a process of its own that
takes some steps. Writes benchmarks/results/many_heads.{json,md}.
"""

import re
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from demo_steps import HEAD, make_batch, make_encoder, time_steps
from machine import cpu_model
from publishing import origin, publish
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_clinner.annotations.keys import DOMAIN_KEY, LABELS_KEY
from spacy_clinner.provenance import provenance

ROOT = Path(__file__).parents[1]
TARGET_RATIO = 1.5
MEMORY_STEPS = 10


class Variant(NamedTuple):
    """How many heads there are, of how many corpora a batch is, and whether each corpus was annotated for one label."""

    heads: int
    corpora: int
    partial: bool = False


VARIANTS = {
    "one head, one corpus": Variant(1, 1),
    "one head, corpora of one label each": Variant(1, 14, partial=True),
    "14 heads, a batch of one corpus": Variant(14, 1),
    "14 heads, a batch of all": Variant(14, 14),
}


def make_nlp(n_heads: int) -> Language:
    """A shared encoder, and a head for each corpus, or one for all."""
    nlp = make_encoder()
    for number in range(n_heads):
        settings = {"domains": None if n_heads == 1 else [str(number)], "spans_key": str(number), "set_ents": False}
        nlp.add_pipe("clinner_crf_tagger", name=f"head{number}", config={"model": HEAD, **settings})
    return nlp


def of_corpora(batch: list[Example], labels: list[str], variant: Variant) -> list[Example]:
    """Say of the examples in turn which corpus they are from, and which label that was annotated for."""
    for number, example in enumerate(batch):
        corpus = number % variant.corpora
        example.x.user_data[DOMAIN_KEY] = example.y.user_data[DOMAIN_KEY] = str(corpus)
        if variant.partial:
            label = labels[corpus % len(labels)]
            example.y.set_ents([ent for ent in example.y.ents if ent.label_ == label])
            example.y.user_data[LABELS_KEY] = [label]
    return batch


def measure(words: int, repeats: int) -> dict[str, dict[str, Any]]:
    """CPU seconds of a training step.

    words (int): Tokens of a batch.
    repeats (int): Rounds; in each, every variant takes one step.
    RETURNS (Dict[str, Dict[str, Any]]): By variant: seconds, and as a multiple of those of the first.
    """
    return time_steps({name: prepare(variant, words) for name, variant in VARIANTS.items()}, repeats)


def prepare(variant: Variant, words: int) -> tuple[Language, list[Example]]:
    """RETURNS (Tuple[Language, List[Example]]): An initialised pipeline, and a batch for it."""
    fix_random_seed(0)
    nlp = make_nlp(variant.heads)
    batch = make_batch(nlp, words // 2)
    labels = sorted({ent.label_ for example in batch for ent in example.y.ents})
    for pipe in nlp.pipe_names[1:]:
        for label in labels:
            nlp.get_pipe(pipe).add_label(label)  # type: ignore[attr-defined]
    batch = of_corpora(batch, labels, variant)
    nlp.initialize(lambda: batch)
    return nlp, batch


def peak_memory(variant: Variant, words: int) -> float:
    """RETURNS (float): MB that a process takes at most in which a pipeline is made and trained for some steps."""
    time_steps({"": prepare(variant, words)}, MEMORY_STEPS)
    # what getrusage tells of a process begins with its parent's
    status = Path("/proc/self/status").read_text(encoding="utf8")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024  # type: ignore[index]


def measure_memory(words: int) -> dict[str, float]:
    """RETURNS (Dict[str, float]): Peak memory in MB by variant, each in a fresh process."""
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        return {name: pool.apply(peak_memory, (variant, words)) for name, variant in VARIANTS.items()}


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The table."""
    met = "met" if result["target"]["met"] else "missed"
    lines = [
        "# What heads of many corpora add to a training step",
        "",
        f"{origin(result)}.",
        f"{result['words']} tokens of demo notes in lines; CPU seconds are the minimum of {result['repeats']} rounds.",
        f"Target: at most {TARGET_RATIO} times a step with one head: {met}.",
        "",
        "| heads | CPU s a step | ratio | peak memory, MB |",
        "| --- | --: | --: | --: |",
        *(
            f"| {name} | {row['seconds']:.3f} | {row['ratio']:.2f} | {result['memory'][name]:.0f} |"
            for name, row in result["steps"].items()
        ),
    ]
    return "\n".join(lines) + "\n"


def main(
    words: Annotated[int, typer.Option(min=2, help="Tokens of a batch")] = 1000,
    repeats: Annotated[int, typer.Option(min=1, help="Rounds")] = 20,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure a training step with one head and with many."""
    result = {**provenance(), "cpu": cpu_model(), "words": words, "repeats": repeats}
    result |= {"steps": measure(words, repeats), "memory": measure_memory(words)}
    highest = max(row["ratio"] for row in result["steps"].values())
    result["target"] = {"value": highest, "met": highest <= TARGET_RATIO}
    publish(output, "many_heads", result, to_markdown(result))


if __name__ == "__main__":
    typer.run(main)
