"""What a poisoned note costs: `python benchmarks/poisoned_notes.py PIPELINE NOTES`.

A thousand notes go through a pipeline, with and without one among them on which a component fails: one that takes note
by note, first or last in the pipeline; or one that takes batches and is lost as a whole, so that nobody knows whose
fault it was. CPU times, in turns. Writes benchmarks/results/poisoned_notes.{json,md}.
"""

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import spacy
import torch
import typer
from machine import cpu_model
from publishing import origin, publish
from spacy.language import Language
from spacy.tokens import Doc

from spacy_clinner.bulk.runs.annotating import annotate_shard
from spacy_clinner.bulk.runs.job import Job
from spacy_clinner.bulk.runs.shards import Shard, ShardNote, batches
from spacy_clinner.progress import progress
from spacy_clinner.provenance import provenance
from spacy_clinner.reports.markdown import markdown_table

ROOT = Path(__file__).parents[1]
NOTES, BATCH = 1000, 64
POISON = "poisoned"


@Language.component("fails_alone")
def fails_alone(doc: Doc) -> Doc:
    """A component that takes note by note."""
    if POISON in doc.text:
        raise RuntimeError
    return doc


class FailsTogether:
    """A component that takes batches."""

    def __call__(self, doc: Doc) -> Doc:
        return fails_alone(doc)

    def pipe(self, stream: Iterable[Doc], *, batch_size: int) -> Iterator[Doc]:
        """Fail as a whole, as trainable components of others do."""
        yield from [self(doc) for doc in stream]


@Language.factory("fails_together")
def make_fails_together(nlp: Language, name: str) -> FailsTogether:
    """RETURNS (FailsTogether): The component."""
    return FailsTogether()


PLACES: dict[str, dict[str, Any]] = {
    "note by note, first": {"factory_name": "fails_alone", "first": True},
    "note by note, last": {"factory_name": "fails_alone", "last": True},
    "a batch, first": {"factory_name": "fails_together", "first": True},
    "a batch, last": {"factory_name": "fails_together", "last": True},
}


def seconds(nlp: Language, notes: tuple[ShardNote, ...]) -> float:
    """RETURNS (float): CPU time of a shard."""
    job, shard = Job("", "", "xx 1", "2026-01-01", "parquet"), Shard(0, notes)
    begun = time.process_time()
    annotate_shard(nlp, job, shard, batches(notes, BATCH), {}, lambda position: None)
    return time.process_time() - begun


def main(
    pipeline: Annotated[str, typer.Argument(help="Pipeline")],
    notes: Annotated[Path, typer.Argument(help="Notes, .jsonl")],
    rounds: Annotated[int, typer.Option(min=1, help="Rounds")] = 5,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure in turns."""
    torch.set_num_threads(1)
    texts = [json.loads(line)["text"] for line in notes.open(encoding="utf8")]
    plain = tuple(ShardNote(str(n), texts[n % len(texts)]) for n in range(NOTES))
    # in the middle of a batch
    poisoned = (*plain[:500], plain[500]._replace(text=f"{plain[500].text} {POISON}"), *plain[501:])
    nlp = {place: spacy.load(pipeline) for place in PLACES}
    for place, where in PLACES.items():
        nlp[place].add_pipe(**where)
        seconds(nlp[place], plain[:200])
    found: dict[str, list[float]] = {place: [] for place in PLACES}
    for turn in progress(range(rounds), unit="round", desc="Measure"):
        for place in PLACES:
            order = (poisoned, plain) if turn % 2 else (plain, poisoned)
            times = {id(notes): seconds(nlp[place], notes) for notes in order}
            found[place].append(times[id(poisoned)] / times[id(plain)])
    result = {**provenance(), "cpu": cpu_model(), "batch": BATCH, "ratios": found}
    rows = [
        [place, f"{min(ratios):.4f}", ", ".join(f"{ratio:.3f}" for ratio in ratios)] for place, ratios in found.items()
    ]
    lines = [
        "# One poisoned note in a thousand",
        "",
        f"{origin(result)}.",
        f"CPU time of 1,000 notes in batches of {BATCH}, one of which fails, over that of 1,000 notes that do not, in",
        "turns.",
        "",
        markdown_table(["the component that fails takes", "smallest ratio", "by round"], rows),
    ]
    publish(output, "poisoned_notes", result, "\n".join(lines) + "\n")


if __name__ == "__main__":
    typer.run(main)
