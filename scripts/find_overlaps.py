"""List the documents of one corpus that are, in part, in another: train on one and test on the other without them.

    python scripts/find_overlaps.py corpus/phee/train.spacy corpus/bc5cdr overlaps.txt
    python -m spacy clinner convert phee/train.json train.spacy --format phee --leave-out overlaps.txt

A document overlaps with another if both hold the same ten words in a row, whatever their case and punctuation, or if
both are of one abstract: PHEE's sentence 8908396_3 is of the abstract 8908396.
"""

import re
from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.cli._coded import coded_errors
from spacy_clinner.corpora.overlap import find_overlaps
from spacy_clinner.errors import Errors
from spacy_clinner.files import write_atomically


def read_texts(path: Path) -> dict[str, str]:
    """Read the texts of a `.spacy` file, or of all of a folder.

    path (Path): File or folder.
    RETURNS (Dict[str, str]): Texts by document id.
    RAISES (ValueError): CE005 if there is no file, and those of `read_docs`.
    """
    files = [path] if path.is_file() else sorted(path.glob("*.spacy"))
    if not files:
        raise ValueError(Errors.CE005.format(path=path.name, kind=".spacy file"))
    return {doc.user_data[DOC_ID_KEY]: doc.text for file in files for doc in read_docs(file)}


def overlapping_ids(texts: dict[str, str], others: dict[str, str], n_words: int) -> list[str]:
    """Find the texts that share words with others, or an abstract.

    texts (Dict[str, str]): Texts by id.
    others (Dict[str, str]): Texts to compare them with.
    n_words (int): Length of the shortest sequence of words that counts.
    RETURNS (List[str]): Ids of `texts`, in their order.
    """
    shared = {doc_id for doc_id, _, _ in find_overlaps(texts, others, n_words, share=0.0)}
    abstracts = {_abstract(doc_id) for doc_id in others}
    return [doc_id for doc_id in texts if doc_id in shared or _abstract(doc_id) in abstracts]


def _abstract(doc_id: str) -> str:
    """The abstract that a sentence is of: the id without an underscore and a number at its end."""
    return re.sub(r"_\d+$", "", doc_id)


def main(
    corpus: Annotated[Path, typer.Argument(help=".spacy file or a folder of these: its documents are listed")],
    others: Annotated[Path, typer.Argument(help=".spacy file or a folder of these to compare them with")],
    output: Annotated[Path, typer.Argument(help="File for the ids, one a line")],
    n_words: Annotated[int, typer.Option(min=1, help="Words in a row that make an overlap")] = 10,
) -> None:
    """List the documents of CORPUS that overlap with those of OTHERS."""
    with coded_errors():
        texts = read_texts(corpus)
        found = overlapping_ids(texts, read_texts(others), n_words)
    write_atomically(output, "".join(f"{doc_id}\n" for doc_id in found))
    msg.good(f"{len(found)} of {len(texts)} documents overlap: {output}")


if __name__ == "__main__":
    typer.run(main)
