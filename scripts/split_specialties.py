"""Make the id files of the cross-specialty tasks, under assets/splits/multicardioner and maccrobat2020-groups.

    python scripts/split_specialties.py --data-dir ../shared/data

Documents are ordered by the SHA-256 of a seed and their id, so the files are the same on every machine. The tables that
say which sentence belongs to which document, which specialty a journal has, and which disease group a report has were
derived from file names and by reading; none of them is gold (docs/results/specialties.md).
"""

import csv
import hashlib
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from spacy_clinner.cells import format_tsv
from spacy_clinner.cli._coded import coded_errors
from spacy_clinner.corpora.overlap import find_overlaps
from spacy_clinner.errors import Errors
from spacy_clinner.files import read_text, write_atomically

SPLITS_DIR = Path(__file__).parents[1] / "assets" / "splits"
SPECIALTIES = ("urology", "ophthalmology", "gastroenterology")
SUBSET_SEEDS = (0, 1, 2)
HEADER = ("file", "document", "sentences", "specialty")

Table = list[tuple[str, str, int, str]]


def order(doc_ids: Iterable[str], seed: str = "split") -> list[str]:
    """Shuffle ids, the same way everywhere."""
    return sorted(doc_ids, key=lambda doc_id: hashlib.sha256(f"{seed} {doc_id}".encode()).hexdigest())


def split(doc_ids: Iterable[str], train: float = 0.6, dev: float = 0.15) -> dict[str, list[str]]:
    """Split documents into train, dev and test, and draw a tenth of train for each of three seeds.

    doc_ids (Iterable[str]): The documents.
    train (float), dev (float): Their shares; the rest is test. A source leaves nothing: it has no test and no tenth.
    RETURNS (Dict[str, List[str]]): Ids by name of the split: train, dev, test, train10-0, train10-1, train10-2.
    """
    ordered = order(doc_ids)
    n_train, n_dev = round(train * len(ordered)), round(dev * len(ordered))
    parts = {"train": ordered[:n_train], "dev": ordered[n_train : n_train + n_dev]}
    if train + dev < 1:
        parts["test"] = ordered[n_train + n_dev :]
        for seed in SUBSET_SEEDS:
            parts[f"train10-{seed}"] = order(parts["train"], f"train10-{seed}")[: max(round(n_train / 10), 1)]
    return parts


def check_leaks(splits: dict[str, dict[str, list[str]]], texts: dict[str, str]) -> None:
    """Refuse splits in which a test document, or most of it, is in the training or dev part of any of them.

    splits (Dict[str, Dict[str, List[str]]]): Ids by folder and split.
    texts (Dict[str, str]): Text of every document.
    RAISES (ValueError): CE019 with the two documents.
    """
    overlaps = list(find_overlaps(texts, texts))
    for folder, parts in splits.items():
        tested = set(parts.get("test", ()))
        for other, other_parts in splits.items():
            learned = {*other_parts["train"], *other_parts["dev"]}
            # `mixed` holds the other specialties again, and is a source for cardiology alone
            pairs = [(doc_id, doc_id, 1.0) for doc_id in tested & learned if other != "mixed"] + overlaps
            for one, two, share in pairs:
                if one in tested and two in learned:
                    found = {"one": one, "folder": folder, "two": two, "other": other}
                    raise ValueError(Errors.CE019.format(share=round(100 * share), **found))


def write(folder: Path, parts: dict[str, list[str]]) -> None:
    """Write one id a line, sorted."""
    for name, doc_ids in parts.items():
        write_atomically(folder / f"{name}.txt", "".join(f"{doc_id}\n" for doc_id in sorted(doc_ids)))
    msg.good(f"{folder.name}: " + ", ".join(f"{name} {len(doc_ids)}" for name, doc_ids in parts.items()))


def read_table(path: Path) -> list[dict[str, str]]:
    """Read tab-separated values; cells may be quoted and hold line ends."""
    return list(csv.DictReader(io.StringIO(read_text(path), newline=""), delimiter="\t"))


def multicardioner_table(data_dir: Path) -> Table:
    """RETURNS (List[Tuple[str, str, int, str]]): File, document, number of its sentences, specialty; in their order."""
    folder = data_dir / "multicardioner" / "track1_es_ENFERMEDAD"
    rows = read_table(data_dir / "spaccc-specialty" / "document_specialty.tsv")
    specialty_of = {row["document_id"]: row["specialty"] for row in rows}
    documents = [
        *(("train", row["document_id"]) for row in read_table(folder / "train_documents.tsv")),
        *(("dev", row["filename"]) for row in read_table(folder / "dev_sentences.tsv")),
    ]
    counts: dict[tuple[str, str], int] = {}
    for document in documents:
        counts[document] = counts.get(document, 0) + 1
    # 50 ids of urology lack the prefix that the other documents' ids have
    return [
        (file, doc_id, n, "cardiology" if file == "dev" else specialty_of[doc_id.removeprefix("es-")])
        for (file, doc_id), n in counts.items()
    ]


def multicardioner_texts(data_dir: Path, table: Table) -> dict[str, str]:
    """RETURNS (Dict[str, str]): Tokens of every document, joined by spaces."""
    texts: dict[str, str] = {}
    for file in ("train", "dev"):
        lines = read_text(data_dir / "multicardioner" / "track1_es_ENFERMEDAD" / f"{file}.txt")
        sentences = iter([block for block in lines.split("\n\n") if block.strip()])
        for _, doc_id, n, _ in (row for row in table if row[0] == file):
            blocks = [next(sentences) for _ in range(n)]
            texts[doc_id] = " ".join(line.split(" ")[0] for block in blocks for line in block.split("\n"))
    return texts


def main(
    data_dir: Annotated[Path, typer.Option(help="Folder with the corpora and the derived tables")] = Path(
        "../shared/data"
    ),
) -> None:
    """Write the id files of all tasks."""
    with coded_errors():
        table = multicardioner_table(data_dir)
        by_specialty = {
            name: [doc_id for _, doc_id, _, specialty in table if specialty == name]
            for name in (*SPECIALTIES, "cardiology")
        }
        splits = {name: split(doc_ids) for name, doc_ids in by_specialty.items()}
        splits["mixed"] = split([doc_id for file, doc_id, _, _ in table if file == "train"], 0.9, 0.1)
        check_leaks(splits, multicardioner_texts(data_dir, table))
        folder = SPLITS_DIR / "multicardioner"
        write_atomically(folder / "documents.tsv", format_tsv([HEADER, *table]))
        for name, parts in splits.items():
            write(folder / name, parts)

        reports = data_dir / "maccrobat2020"
        groups = {row["pmid"]: row["reviewed_primary"] for row in read_table(reports / "derived" / "disease_group.tsv")}
        heart = {pmid for pmid, group in groups.items() if group == "cardiovascular"}
        splits = {"cardiovascular": split(heart), "other": split(groups.keys() - heart, 0.9, 0.1)}
        check_leaks(splits, {pmid: read_text(reports / "brat" / f"{pmid}.txt") for pmid in groups})
        for name, parts in splits.items():
            write(SPLITS_DIR / "maccrobat2020-groups" / name, parts)


if __name__ == "__main__":
    typer.run(main)
