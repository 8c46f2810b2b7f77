"""What alignment adds to a training step, one thread, one run: `python benchmarks/alignment_cost.py`.

A step is `nlp.update` and `finish_update` of the encoder of configs/ner_demo_charcnn-bilstm_crf.cfg under two CRF
heads, one for each domain, on a batch of demo notes in lines: the same number of tokens from either domain. Pipelines
take turns within every repeat; the figure is the minimum process CPU time. Writes
benchmarks/results/alignment_cost.{json,md}.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

# one thread everywhere, before any library starts its pool
for variable in ("OMP", "MKL", "OPENBLAS", "BLIS", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

import spacy  # noqa: E402
import torch  # noqa: E402
import typer  # noqa: E402
from machine import cpu_model  # noqa: E402
from publishing import origin, publish  # noqa: E402
from spacy.language import Language  # noqa: E402
from spacy.training import Example  # noqa: E402
from spacy.util import load_config  # noqa: E402
from thinc.api import Adam, fix_random_seed  # noqa: E402

from spacy_clinner.corpora.demo import generate_note, note_to_doc  # noqa: E402
from spacy_clinner.progress import progress  # noqa: E402
from spacy_clinner.provenance import provenance  # noqa: E402
from spacy_clinner.training.window_corpus import cut_example  # noqa: E402

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "configs" / "ner_demo_charcnn-bilstm_crf.cfg"
SOURCE, TARGET = "cardiology", "respiratory"
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
    encoder = load_config(CONFIG)["components"]["ner"]["model"]["tok2vec"]
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": encoder["encode"]["width"]}
    head = {"@architectures": "spacy_clinner.CRFTagger.v1", "tok2vec": listener}
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "spacy_clinner.ClinicalTokenizer.v1"}}})
    nlp.add_pipe("tok2vec", config={"model": encoder})
    for domain in (SOURCE, TARGET):
        nlp.add_pipe("clinner_crf_tagger", name=domain, config={"model": head, "domains": [domain]})
    if aligner is not None:
        model = {"@architectures": "spacy_clinner.MMDAlignment.v1", "tok2vec": listener}
        nlp.add_pipe("clinner_mmd_alignment", config={"model": model, "target": [TARGET], **aligner})
    return nlp


def make_batch(nlp: Language, words: int) -> list[Example]:
    """Lines of demo notes, so many words of either domain."""
    batch: list[Example] = []
    for domain in (SOURCE, TARGET):
        left, index = words, 0
        while left:
            doc = note_to_doc(generate_note(domain, index), nlp)
            predicted = nlp.make_doc(doc.text)
            predicted.user_data.update(doc.user_data)
            example = Example(predicted, doc)
            for line in cut_example(example, unit="lines", min_tokens=0, max_tokens=256):
                if left:
                    kept = line if len(line.x) <= left else Example(*(doc[:left].as_doc() for doc in (line.x, line.y)))
                    for cut in (kept.x, kept.y):
                        cut.user_data["clinner_domain"] = domain
                    batch.append(kept)
                    left -= len(kept.x)
            index += 1
    return batch


def measure(variants: Sequence[str], words: int, repeats: int) -> dict[str, dict[str, float]]:
    """CPU seconds of a training step.

    variants (Sequence[str]): Names of `VARIANTS`, of which "no alignment" must be one.
    words (int): Tokens of either domain in the batch.
    repeats (int): Rounds; in each, every variant takes one step.
    RETURNS (Dict[str, Dict[str, float]]): By variant: seconds, and as a multiple of those without alignment.
    """
    pipelines = {}
    for variant in variants:
        fix_random_seed(0)
        nlp = make_nlp(VARIANTS[variant])
        batch = make_batch(nlp, words)
        nlp.initialize(lambda batch=batch: batch)
        pipelines[variant] = (nlp, batch, Adam(0.001))
    seconds = dict.fromkeys(variants, float("inf"))
    # the first round compiles kernels and fills the caches; it does not count
    for number in progress(range(repeats + 1), unit="round", desc="Train"):
        for variant, (nlp, batch, optimizer) in pipelines.items():
            start = time.process_time()
            nlp.update(batch, drop=0.4, sgd=False)
            for _, pipe in nlp.pipeline:
                pipe.finish_update(optimizer)
            if number:
                seconds[variant] = min(seconds[variant], time.process_time() - start)
    without = seconds["no alignment"]
    return {variant: {"seconds": found, "ratio": found / without} for variant, found in seconds.items()}


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
    torch.set_num_threads(1)
    result = {**provenance(), "cpu": cpu_model(), "words": words, "repeats": repeats}
    result["steps"] = measure(list(VARIANTS), words, repeats)
    ratio = result["steps"]["defaults"]["ratio"]
    result["targets"] = {"defaults": {"value": ratio, "met": ratio <= TARGET_RATIO}}
    page = to_markdown(result)
    publish(output, "alignment_cost", result, page)


if __name__ == "__main__":
    typer.run(main)
