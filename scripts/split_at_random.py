"""Random splits of a corpus, with each document once and twice: what do duplicates make of a score?

    python scripts/split_at_random.py corpus/maccrobat corpus/maccrobat-random --seed 0 --seed 1 --seed 2

Writes OUT/once-SEED and OUT/twice-SEED with train, dev and test of 85, 5 and 10 % of the documents. A public copy of
MACCROBAT holds practically every report twice (docs/results/summary.md), so that most reports of such a test file are
in its training file.
"""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from spacy.tokens import Doc
from wasabi import msg

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.corpora.importing import write_docbin

PARTS = ("train", "dev", "test")
SHARES = {"dev": 0.05, "test": 0.1}


def split(docs: Sequence[Doc], times: int, seed: int) -> dict[str, list[Doc]]:
    """Split documents at random.

    docs (Sequence[Doc]): The documents.
    times (int): How often there is each of them; a copy has an id of its own.
    seed (int): Seed.
    RETURNS (Dict[str, List[Doc]]): Documents by part.
    """
    rows = [_copy(doc, number) for doc in docs for number in range(times)]
    random.Random(seed).shuffle(rows)
    sizes = {part: round(share * len(rows)) for part, share in SHARES.items()}
    parts = {}
    for part, size in sizes.items():
        parts[part], rows = rows[:size], rows[size:]
    return {"train": rows, **parts}


def _copy(doc: Doc, number: int) -> Doc:
    copy = doc.copy()
    if number:
        copy.user_data[DOC_ID_KEY] = f"{doc.user_data[DOC_ID_KEY]}-{number}"
    return copy


def main(
    corpus: Annotated[Path, typer.Argument(help="Folder with train.spacy, dev.spacy and test.spacy")],
    output: Annotated[Path, typer.Argument(help="Folder to write to")],
    seed: Annotated[list[int], typer.Option(help="Seed of a split; again for more")],
) -> None:
    """Write the splits, and say how many documents of each test file have a copy in its training file."""
    docs = [doc for part in PARTS for doc in read_docs(corpus / f"{part}.spacy")]
    for times, name in ((1, "once"), (2, "twice")):
        for one in seed:
            parts = split(docs, times, one)
            for part, of_part in parts.items():
                write_docbin(of_part, output / f"{name}-{one}" / f"{part}.spacy")
            seen = {doc.text for doc in parts["train"]}
            leaked = sum(doc.text in seen for doc in parts["test"])
            msg.good(f"{name}-{one}: {leaked} of {len(parts['test'])} test documents are in the training file")


if __name__ == "__main__":
    typer.run(main)
