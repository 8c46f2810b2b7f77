"""What alignment adds to a training step, one thread, one run: `python benchmarks/alignment_cost.py`.

A step is `nlp.update` and `finish_update` of the encoder of configs/ner_demo_charcnn-bilstm_crf.cfg under two CRF
heads, one for each domain, on a batch of demo notes in lines: the same number of tokens from either domain. Pipelines
take turns within every repeat; the figure is the minimum process CPU time. Writes
benchmarks/results/alignment_cost.{json,md}.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from demo_steps import HEAD, LISTENER, SOURCE, TARGET, make_batch, make_encoder, time_steps
from machine import cpu_model
from publishing import origin, publish
from spacy.language import Language
from thinc.api import fix_random_seed

from spacy_clinner.provenance import provenance

ROOT = Path(__file__).parents[1]
TARGET_RATIO = 1.25
# settings of the aligner; None: a pipeline without it
VARIANTS: dict[str, dict[str, Any] | None] = {
    "no alignment": None,
    "defaults": {},
    "biased": {"unbiased": False},
    "19 kernels of La-DTL": {"kernel": "ladtl"},
    "every row": {"max_rows": 1_000_000},
    'align = "labels"': {"align": "labels"},
    'align = "all"': {"align": "all"},
}


def make_nlp(aligner: dict[str, Any] | None) -> Language:
    """A shared encoder, a head for each domain, and an aligner unless its settings are None."""
    nlp = make_encoder()
    for domain in (SOURCE, TARGET):
        nlp.add_pipe("clinner_crf_tagger", name=domain, config={"model": HEAD, "domains": [domain]})
    if aligner is not None:
        model = {"@architectures": "spacy_clinner.MMDAlignment.v1", "tok2vec": LISTENER}
        nlp.add_pipe("clinner_mmd_alignment", config={"model": model, "target": [TARGET], **aligner})
    return nlp


def measure(variants: Sequence[str], words: int, repeats: int) -> dict[str, dict[str, Any]]:
    """CPU seconds of a training step.

    variants (Sequence[str]): Names of `VARIANTS`, of which "no alignment" must be the first.
    words (int): Tokens of either domain in the batch.
    repeats (int): Rounds; in each, every variant takes one step.
    RETURNS (Dict[str, Dict[str, Any]]): By variant: seconds, and as a multiple of those without alignment.
    """
    pipelines = {}
    for variant in variants:
        fix_random_seed(0)
        nlp = make_nlp(VARIANTS[variant])
        batch = make_batch(nlp, words)
        nlp.initialize(lambda batch=batch: batch)
        pipelines[variant] = (nlp, batch)
    return time_steps(pipelines, repeats)


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The table."""
    met = "met" if result["targets"]["defaults"]["met"] else "missed"
    lines = [
        "# What alignment adds to a training step",
        "",
        f"{origin(result)}.",
        f"{result['words']} + {result['words']} tokens of demo notes in lines, two CRF heads on one encoder; CPU "
        f"seconds are the minimum of {result['repeats']} rounds.",
        f"Target: at most {TARGET_RATIO:.2f} times the step without alignment, with the defaults: {met}.",
        "",
        "| aligner | CPU s a step | ratio |",
        "| --- | --: | --: |",
        *(f"| {name} | {row['seconds']:.3f} | {row['ratio']:.2f} |" for name, row in result["steps"].items()),
    ]
    return "\n".join(lines) + "\n"


def main(
    words: Annotated[int, typer.Option(min=1, help="Tokens of either domain")] = 1000,
    repeats: Annotated[int, typer.Option(min=1, help="Rounds")] = 10,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure a training step with and without alignment."""
    result = {**provenance(), "cpu": cpu_model(), "words": words, "repeats": repeats}
    result["steps"] = measure(list(VARIANTS), words, repeats)
    ratio = result["steps"]["defaults"]["ratio"]
    result["targets"] = {"defaults": {"value": ratio, "met": ratio <= TARGET_RATIO}}
    page = to_markdown(result)
    publish(output, "alignment_cost", result, page)


if __name__ == "__main__":
    typer.run(main)
