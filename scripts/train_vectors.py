"""Train Spanish clinical word vectors on the unlabelled case reports.

    python scripts/train_vectors.py assets/unlabelled-es/case_reports.jsonl.gz corpus/specialties es.floret

Left out are the records that are flagged as cases of labelled corpora, and those that share half of their text with a
document of the labelled corpora in the given folder. The text is tokenized like the pipeline's and lower-cased; the
vectors are floret's, of character n-grams, so that every word has one. One thread: the result is the same every time.
"""

import gzip
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from spacy.tokens import DocBin
from wasabi import msg

from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.cli._coded import coded_errors
from spacy_clinner.corpora.importing import blank_pipeline
from spacy_clinner.corpora.overlap import find_overlaps
from spacy_clinner.extras import require
from spacy_clinner.files import write_atomically
from spacy_clinner.progress import progress

# two rows of the table a character n-gram; learning rate, window and negative samples are floret's own
SETTINGS = {
    "model": "skipgram", "mode": "floret", "dim": 100, "minn": 3, "maxn": 6, "bucket": 50000, "hashCount": 2,
    "epoch": 8, "minCount": 3, "thread": 1, "verbose": 0,
}  # fmt: skip


def read_records(path: Path) -> list[dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): Records with `id`, `benchmark` and `text`."""
    with gzip.open(path, "rt", encoding="utf8", newline="") as file:
        return [json.loads(line) for line in file]


def labelled_texts(folder: Path) -> dict[str, str]:
    """RETURNS (Dict[str, str]): Texts of all documents of the `.spacy` files under a folder."""
    vocab = blank_pipeline("es", "clinical").vocab
    docs = (doc for path in sorted(folder.rglob("*.spacy")) for doc in DocBin().from_disk(path).get_docs(vocab))
    return {f"labelled {doc.user_data[DOC_ID_KEY]}": doc.text for doc in docs}


def unlabelled_texts(records: Iterable[dict[str, Any]], labelled: dict[str, str]) -> tuple[list[str], set[str]]:
    """Leave out what is labelled elsewhere.

    records (Iterable[Dict[str, Any]]): The records.
    labelled (Dict[str, str]): Labelled texts by id.
    RETURNS (Tuple[List[str], Set[str]]): The texts that are left; and the ids of the records that were not flagged, but
        overlap with labelled texts.
    """
    texts = {record["id"]: record["text"] for record in records if not record["benchmark"]}
    overlapping = {doc_id for doc_id, _, _ in find_overlaps(texts, labelled)}
    return [text for doc_id, text in texts.items() if doc_id not in overlapping], overlapping


def tokenized_lines(texts: Iterable[str]) -> Iterator[str]:
    """YIELDS (str): The lines of the texts: lower-case tokens, a space between them."""
    tokenizer = blank_pipeline("es", "clinical").tokenizer
    for text in texts:
        for line in text.splitlines():
            if tokens := [token.lower_ for token in tokenizer(line) if not token.is_space]:
                yield " ".join(tokens) + "\n"


def main(
    records: Annotated[Path, typer.Argument(help="JSON lines, gzip")],
    labelled: Annotated[Path, typer.Argument(help="Folder with the labelled corpora, .spacy files")],
    output: Annotated[Path, typer.Argument(help="File of floret vectors, for `spacy init vectors --mode floret`")],
) -> None:
    """Train floret vectors on the texts that are in no labelled corpus."""
    with coded_errors(), tempfile.TemporaryDirectory() as folder:
        require("floret", "Training of vectors")
        import floret

        read = read_records(records)
        texts, overlapping = unlabelled_texts(read, labelled_texts(labelled))
        flagged = sum(record["benchmark"] for record in read)
        msg.info(f"{len(read)} records: {flagged} flagged, {len(overlapping)} more overlap with labelled documents")
        corpus, vectors = Path(folder) / "corpus.txt", Path(folder) / "vectors"
        n_tokens = 0
        with corpus.open("w", encoding="utf8", newline="") as file:
            for line in tokenized_lines(progress(texts, unit="doc", desc="Tokenize")):
                n_tokens += line.count(" ") + 1
                file.write(line)
        start = time.process_time()
        floret.train_unsupervised(str(corpus), **SETTINGS).save_floret_vectors(str(vectors))
        seconds = time.process_time() - start
        write_atomically(output, vectors.read_bytes())
        msg.good(f"Trained on {len(texts)} documents, {n_tokens} tokens in {seconds:.0f} CPU seconds: {output}")


if __name__ == "__main__":
    typer.run(main)
