"""Write public corpora of biomedical entities, each with the labels of its own, as `.spacy` files.

    python scripts/convert_many.py corpus/many-raw

Every corpus gets a folder with train.spacy, dev.spacy and test.spacy, and beside each a table of all that was changed
or left out (train.tsv, ...); counts.json tells what was annotated and what became of it. Splits are those of the
sources. Where one has no dev, a tenth of the training documents is: assets/splits/many-corpora names them (`--draw`
draws them anew: the same ones). Training files still hold what is in tests of other corpora:
benchmarks/many_corpora_overlaps.py takes it out.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from wasabi import msg

from spacy_clinner.cli._coded import coded_errors
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.formats.column_lines import ColumnFormat
from spacy_clinner.corpora.importing import import_files
from spacy_clinner.corpora.splits import Draw
from spacy_clinner.files import write_atomically

ASSETS_DIR = Path(__file__).parents[1] / "assets"
SPLITS_DIR = ASSETS_DIR / "splits" / "many-corpora"
SPLITS = ("train", "dev", "test")
# sentences of column files are no documents; so many of them together are one
TEN_SENTENCES = ColumnFormat(n_sents=10)
TENTH = Draw({"train": 0.9, "dev": 0.1})


@dataclass(frozen=True)
class Source:
    """Where a corpus lies.

    format (str): Its format.
    files (Dict[str, str]): Its files under `assets`, by split. Without dev, a part of train is.
    """

    format: str
    files: dict[str, str]


def columns(name: str) -> Source:
    """RETURNS (Source): A corpus of MTL-Bioinformatics-2016, in column files."""
    files = {"train": "train", "dev": "devel", "test": "test"}
    return Source("iob", {split: f"mtl-bioner/{name}-IOB/{file}.tsv" for split, file in files.items()})


def pubtator(pattern: str, **names: str) -> Source:
    """RETURNS (Source): A corpus of PubTator files; its pattern, with names for its splits."""
    return Source("pubtator", {split: pattern.format(name) for split, name in names.items()})


COLUMNS = (
    "BC2GM", "BC5CDR", "BC5CDR-chem", "BC5CDR-disease", "BioNLP09", "BioNLP11EPI", "BioNLP11ID", "BioNLP13CG",
    "BioNLP13GE", "BioNLP13PC", "CRAFT", "Ex-PTM", "NCBI-disease", "linnaeus",
)  # fmt: skip
TRAIN_TEST = ("GNormPlus", "NLMgene", "SPECIES", "tmVar3")
AIONER = "aioner-pubtator/{}.PubTator"
# no two names that differ in case alone: some file systems know no case
CORPORA = {
    **{name: columns(name) for name in COLUMNS},
    **{name: pubtator(AIONER, train=f"{name}_Train", test=f"{name}_Test") for name in TRAIN_TEST},
    "Linnaeus-texts": pubtator(AIONER, train="Linnaeus_Train", test="Linnaeus_Test"),
    "NCBI-disease-texts": pubtator(AIONER, train="NCBIdisease_TrainDev", test="NCBIdisease_Test"),
    "BioRED": pubtator("biored/{}.PubTator", train="Train", dev="Dev", test="Test"),
    "BC5CDR-texts": pubtator(
        "bc5cdr/CDR_{}Set.PubTator.txt", train="Training", dev="Development", test="Test"
    ),
}  # fmt: skip


def convert(name: str, output: Path, draw: bool) -> dict[str, dict[str, Any]]:
    """Convert a corpus.

    name (str): Its name.
    output (Path): Its folder.
    draw (bool): Whether to draw the documents of a dev that the source lacks.
    RETURNS (Dict[str, Dict[str, Any]]): Counts by the parts of the source, of which one may become train and dev.
    """
    source, counts = CORPORA[name], {}
    for split, file in source.files.items():
        drawn = split == "train" and "dev" not in source.files
        splits = (TENTH if draw else SPLITS_DIR / name) if drawn else None
        audit, sizes = import_files(
            ASSETS_DIR / file,
            output if drawn else output / f"{split}.spacy",
            source.format,
            layout=TEN_SENTENCES,
            splits=splits,
            audit_path=output / f"{split}.tsv",
        )
        if drawn and draw:
            for part in sizes:
                (SPLITS_DIR / name).mkdir(parents=True, exist_ok=True)
                part.with_suffix(".txt").rename(SPLITS_DIR / name / f"{part.stem}.txt")
        counts["train + dev" if drawn else split] = count(audit)
    return counts


def count(audit: ImportAudit) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Documents, entities as annotated and as imported by label, and problems."""
    lost = Counter(audit.annotations)
    lost.subtract(audit.entities)
    return {
        "documents": audit.documents,
        "annotated": dict(audit.annotations.most_common()),
        "lost": {label: n for label, n in sorted(lost.items()) if n},
        "problems": dict(sorted(audit.problems.items())),
    }


def main(
    output: Annotated[Path, typer.Argument(help="Folder that gets one for each corpus")],
    only: Annotated[list[str] | None, typer.Option(help=f"Of {', '.join(CORPORA)}; again for more")] = None,
    draw: Annotated[bool, typer.Option("--draw", help="Draw the missing dev sets, instead of reading them")] = False,
) -> None:
    """Convert all corpora."""
    with coded_errors():
        for name in only or CORPORA:
            counts = convert(name, output / name, draw)
            write_atomically(output / name / "counts.json", json.dumps(counts, indent=1) + "\n")
            found = "; ".join(f"{part} {of['documents']} documents" for part, of in counts.items())
            msg.good(f"{name}: {found}")


if __name__ == "__main__":
    typer.run(main)
