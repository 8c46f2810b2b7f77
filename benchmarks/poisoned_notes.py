"""What a poisoned note costs: `python benchmarks/poisoned_notes.py PIPELINE NOTES`.

A component fails on one note of a thousand: it takes note by note, or hands over one of a stream after the other, or
takes batches and is lost with all of one, so that nobody knows whose fault it was; first or last in the pipeline. The
other batches are as they would be without that note, so its own batch tells the cost: CPU time with it and without, in
turns, over that of a thousand notes. Counted beside it: documents that the component had to read again. Writes
benchmarks/results/poisoned_notes.{json,md}.
"""

import json
import random
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import spacy
import torch
import typer
from machine import cpu_model
from publishing import origin, publish
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from spacy_clinner.bulk.runs.annotating import annotate_shard
from spacy_clinner.bulk.runs.job import Job
from spacy_clinner.bulk.runs.shards import Shard, ShardNote, batches
from spacy_clinner.progress import progress
from spacy_clinner.provenance import provenance
from spacy_clinner.reports.markdown import markdown_table

ROOT = Path(__file__).parents[1]
NOTES, BATCH = 1000, 64
POISON = "poisoned"


class Fails:
    """A component that takes note by note, and counts them."""

    def __init__(self):
        self.read = 0

    def __call__(self, doc: Doc) -> Doc:
        self.read += 1
        if POISON in doc.text:
            raise RuntimeError
        return doc


class FailsInStream(Fails):
    """One that takes a stream, as many rule-based ones do."""

    def pipe(self, stream: Iterable[Doc], *, batch_size: int) -> Iterator[Doc]:
        """Hand over document by document."""
        yield from map(self, stream)


class FailsInBatch(Fails):
    """One that takes batches, as trainable ones do: it is the last document that tells it."""

    def pipe(self, stream: Iterable[Doc], *, batch_size: int) -> Iterator[Doc]:
        """Fail as a whole."""
        for docs in minibatch(stream, batch_size):
            self.read += len(docs)
            if any(POISON in doc.text for doc in docs):
                raise RuntimeError
            yield from docs


KINDS = {"note by note": Fails, "a stream": FailsInStream, "batches": FailsInBatch}


@Language.factory("fails")
def make_fails(nlp: Language, name: str, kind: str) -> Fails:
    """RETURNS (Fails): The component."""
    return KINDS[kind]()


def seconds(nlp: Language, notes: Sequence[ShardNote]) -> float:
    """RETURNS (float): CPU time of a shard."""
    job, shard = Job("", "", "xx 1", "2026-01-01", "parquet"), Shard(0, tuple(notes))
    begun = time.process_time()
    annotate_shard(nlp, job, shard, batches(shard.notes, BATCH), {}, lambda position: None)
    return time.process_time() - begun


def poisoned(notes: Sequence[ShardNote], place: int) -> list[ShardNote]:
    """RETURNS (List[ShardNote]): Notes, at one of which components fail."""
    changed = notes[place]._replace(text=f"{notes[place].text} {POISON}")
    return [*notes[:place], changed, *notes[place + 1 :]]


def measure(nlp: Language, culprit: Fails, notes: Sequence[ShardNote], rng: random.Random) -> dict[str, float]:
    """Annotate one batch with and without a poisoned note, and all notes.

    nlp (Language): The pipeline.
    culprit (Fails): Its component that fails.
    notes (Sequence[ShardNote]): The notes.
    rng (Random): Draws the batch, the place in it and what comes first.
    RETURNS (Dict[str, float]): CPU seconds that the note adds; those of all notes; documents that were read again.
    """
    start = BATCH * rng.randrange(len(notes) // BATCH)
    batch = notes[start : start + BATCH]
    turns = [(poisoned(batch, rng.randrange(BATCH)), 1), (batch, -1)]
    rng.shuffle(turns)
    added, read = 0.0, 0
    for some, sign in turns:
        culprit.read = 0
        added += sign * seconds(nlp, some)
        read += sign * culprit.read
    return {"added": added, "all": seconds(nlp, notes), "read": read}


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The page."""
    rows = []
    for title, rounds in result["measured"].items():
        costs = [100 * one["added"] / one["all"] for one in rounds]
        low, median, high = statistics.quantiles(costs, n=4)
        reads = [one["read"] for one in rounds]
        rows.append([title, f"{statistics.mean(reads):.1f}", f"{median:+.2f} %", f"{low:+.2f} to {high:+.2f} %"])
    head = ["the component that fails takes", "documents it reads again", "cost of the note", "half of the rounds"]
    lines = [
        "# One poisoned note in a thousand",
        "",
        f"{origin(result)}.",
        f"What one note on which a component fails adds to the CPU time of {result['notes']:,} notes, in batches of",
        f"{result['batch']}: that of its batch with it less that of the batch without, in turns; median and middle",
        f"half of {result['rounds']} rounds. The component that fails takes next to no time: one that takes some adds",
        "as much of its own time as it reads documents again.",
        "",
        markdown_table(head, rows),
    ]
    return "\n".join(lines) + "\n"


def main(
    pipeline: Annotated[str, typer.Argument(help="Pipeline")],
    notes: Annotated[Path, typer.Argument(help="Notes, .jsonl")],
    rounds: Annotated[int, typer.Option(min=2, help="Rounds")] = 15,
    seed: Annotated[int, typer.Option(help="Seed of the places")] = 0,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure in turns."""
    torch.set_num_threads(1)
    rng = random.Random(seed)
    texts = [json.loads(line)["text"] for line in notes.open(encoding="utf8")]
    plain = [ShardNote(str(n), texts[n % len(texts)]) for n in range(NOTES)]
    found: dict[str, list[dict[str, float]]] = {}
    pipelines = {}
    for kind in KINDS:
        for end in ("first", "last"):
            nlp = spacy.load(pipeline)
            culprit = nlp.add_pipe("fails", config={"kind": kind}, **{end: True})
            seconds(nlp, plain[: 2 * BATCH])
            pipelines[f"{kind}, {end}"] = nlp, culprit
            found[f"{kind}, {end}"] = []
    for _ in progress(range(rounds), unit="round", desc="Measure"):
        for title, (nlp, culprit) in pipelines.items():
            found[title].append(measure(nlp, culprit, plain, rng))
    result = {**provenance(), "cpu": cpu_model(), "batch": BATCH, "notes": NOTES, "rounds": rounds, "measured": found}
    publish(output, "poisoned_notes", result, to_markdown(result))


if __name__ == "__main__":
    typer.run(main)
