"""What of public corpora is in the dev and test sets of others, and training files without it.

    python benchmarks/many_corpora_overlaps.py corpus/many-raw corpus/many

Every training file is compared with the dev and test set of every corpus (its own, too). CORPUS/train.spacy of the
second folder holds nothing of any of them, and CORPUS/overlaps.tsv tells what it lost; dev.spacy and test.spacy are
copies. Writes benchmarks/results/many_corpora_overlaps.{json,md}.
"""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from publishing import origin, publish
from spacy.tokens import Doc

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.cli._coded import coded_errors
from spacy_clinner.corpora.fingerprints import Fingerprints, take_fingerprints
from spacy_clinner.corpora.importing import write_docbin
from spacy_clinner.corpora.leak import write_leaks
from spacy_clinner.corpora.leaks import SHARE
from spacy_clinner.corpora.leaving_out import leave_out_tests
from spacy_clinner.files import write_atomically
from spacy_clinner.progress import progress
from spacy_clinner.provenance import provenance
from spacy_clinner.reports.markdown import markdown_table

ROOT = Path(__file__).parents[1]
TESTED = ("dev", "test")


def count(docs: list[Doc]) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Documents, tokens, and entities by label."""
    labels = Counter(entity.label_ for doc in docs for entity in doc.ents)
    return {"documents": len(docs), "tokens": sum(map(len, docs)), "entities": dict(labels.most_common())}


def compare(name: str, others: dict[str, Fingerprints], raw: Path, clean: Path) -> dict[str, Any]:
    """Write the training file of a corpus without what is in others.

    name (str): The corpus.
    others (Dict[str, Fingerprints]): Dev and test sets of all corpora, by their names.
    raw (Path): Folder of the corpora as they were converted.
    clean (Path): Folder that gets the others.
    RETURNS (Dict[str, Any]): What was found and left out.
    """
    docs = read_docs(raw / name / "train.spacy")
    before = count(docs)
    kept, found, left_out = leave_out_tests(docs, others)
    write_leaks(found, clean / name / "overlaps.tsv")
    write_docbin(kept, clean / name / "train.spacy")
    for split in TESTED:
        write_atomically(clean / name / f"{split}.spacy", (raw / name / f"{split}.spacy").read_bytes(), private=True)
    pairs = {
        leaks.other: {**leaks.counts, "its sentences": leaks.other_found, "of": leaks.other_sentences}
        for leaks in found
    }
    counts = {"train as published": before, "train": count(kept), "left out": asdict(left_out)}
    tested = {split: count(read_docs(raw / name / f"{split}.spacy")) for split in TESTED}
    imported = json.loads((raw / name / "counts.json").read_text(encoding="utf8"))
    return {**counts, **tested, "imported": imported, "pairs": pairs}


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The tables."""
    corpora = result["corpora"]
    lines = ["# What public corpora of biomedical entities share", "", f"{origin(result)}.", ""]
    lines += [
        "Each training file against the dev and test sets of all corpora, its own, too, at a share of "
        f"{result['share']}; what counts as shared: "
        "[corpora](../../docs/guide/corpora.md#the-same-text-in-two-corpora).",
        "Documents of column files are ten sentences each. *Lost*: annotated in the source, but not in `doc.ents`.",
        "",
        "## Corpora",
        "",
        _size_table(corpora),
        "",
        "## Entities by label",
        "",
        _label_table(corpora),
        "",
        "## What training files lose",
        "",
        _clean_table(corpora),
        "",
        "## Pairs",
        "",
        "Of the training file: documents, sentences outside of these, tokens and entities of both; and how many "
        "sentences of the dev or test set are in the training file, of those with five words or more. Pairs without "
        "any are left out.",
        "",
        _pair_table(corpora),
    ]
    return "\n".join(lines) + "\n"


def _size_table(corpora: dict[str, Any]) -> str:
    splits = ("train as published", *TESTED)
    rows = []
    for name, found in corpora.items():
        documents = [found[split]["documents"] for split in splits]
        entities = [sum(found[split]["entities"].values()) for split in splits]
        lost = sum(n for part in found["imported"].values() for n in part["lost"].values())
        rows.append([name, *(f"{n:,}" for n in (*documents, *entities, lost))])
    columns = ["corpus", "documents: train", "dev", "test", "entities: train", "dev", "test", "lost"]
    return markdown_table(columns, rows)


def _label_table(corpora: dict[str, Any]) -> str:
    rows = []
    for name, found in corpora.items():
        splits = [found[split]["entities"] for split in ("train as published", "train", *TESTED)]
        labels = {label: None for counts in splits for label in counts}
        rows += [[f"{name}: {label}", *(f"{counts.get(label, 0):,}" for counts in splits)] for label in labels]
    return markdown_table(["label", "train as published", "train", "dev", "test"], rows)


def _clean_table(corpora: dict[str, Any]) -> str:
    rows = []
    for name, found in corpora.items():
        before, after = (found[split] for split in ("train as published", "train"))
        entities = [sum(counts["entities"].values()) for counts in (before, after)]
        left_out = found["left out"]
        counts = [before["documents"], after["documents"], left_out["sentences"], left_out["relations"], *entities]
        rows.append([name, *(f"{n:,}" for n in counts), f"{100 * (1 - entities[1] / entities[0]):.1f}"])
    columns = [
        "corpus",
        "documents",
        "left",
        "sentences without gold",
        "relations without an end",
        "entities",
        "left",
        "less, %",
    ]
    return markdown_table(columns, rows)


def _pair_table(corpora: dict[str, Any]) -> str:
    rows = []
    for name, found in corpora.items():
        for other, pair in found["pairs"].items():
            *counts, theirs, of = pair.values()
            rows.append([f"{name} / {other}", *(f"{n:,}" for n in counts), f"{theirs:,} of {of:,}"])
    columns = ["train / other", "documents", "sentences", "tokens", "entities", "sentences of the other"]
    return markdown_table(columns, rows)


def main(
    raw: Annotated[Path, typer.Argument(help="Folder of scripts/convert_many.py", exists=True, file_okay=False)],
    clean: Annotated[Path, typer.Argument(help="Folder that gets the same corpora, without what is shared")],
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Compare all pairs, write clean training files, and publish the counts."""
    with coded_errors():
        names = sorted(path.parent.name for path in raw.glob("*/train.spacy"))
        others = {
            f"{name} {split}": take_fingerprints(read_docs(raw / name / f"{split}.spacy"))
            for name in progress(names, unit="corpus", desc="Read")
            for split in TESTED
        }
        result: dict[str, Any] = {**provenance(), "share": SHARE}
        result["corpora"] = {
            name: compare(name, others, raw, clean) for name in progress(names, unit="corpus", desc="Compare")
        }
        publish(output, "many_corpora_overlaps", result, to_markdown(result))


if __name__ == "__main__":
    typer.run(main)
