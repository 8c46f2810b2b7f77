"""Write the corpora of the cross-specialty tasks as `.spacy` files.

    python scripts/convert_specialties.py corpus/specialties

Every file of ids, `SPECIALTY/SPLIT.txt` in assets/splits/multicardioner or `GROUP/SPLIT.txt` in maccrobat2020-groups,
becomes `SPECIALTY/SPLIT.spacy` or `maccrobat-GROUP/SPLIT.spacy`; the train and dev documents of the other three Spanish
specialties together become `not-SPECIALTY`; beside them `audit.tsv`, all that was changed or left
out, and `counts.tsv`. Each specialty's `notes.jsonl` has the texts of its training documents and of its case reports
that nobody labelled, for self-training. The sentences of MultiCardioNER get their text back
(spacy_clinner/corpora/placing/rebuild.py).
"""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from spacy.language import Language
from spacy.tokens import Doc
from wasabi import msg, table

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.cells import format_tsv
from spacy_clinner.cli._coded import coded_errors
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.formats.column_lines import ColumnFormat
from spacy_clinner.corpora.formats.columns import ColumnDocument, column_record, read_columns
from spacy_clinner.corpora.id_lists import read_ids
from spacy_clinner.corpora.importing import blank_pipeline, import_corpus, write_docbin
from spacy_clinner.corpora.placing.place import place
from spacy_clinner.corpora.placing.rebuild import restore_spaces
from spacy_clinner.corpora.splits import split_docs
from spacy_clinner.files import read_lines, read_text, write_atomically
from spacy_clinner.progress import progress

ASSETS_DIR = Path(__file__).parents[1] / "assets"
SENTENCES = ColumnFormat("iob2", delimiter=" ", n_sents=1)
HEADER = ("corpus", "split", "documents", "tokens", "entities")


def read_reports(assets: Path) -> list[dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): Case reports: `id`, `specialty`, `benchmark` and `text`."""
    with gzip.open(assets / "unlabelled-es" / "case_reports.jsonl.gz", "rt", encoding="utf8", newline="") as file:
        return [json.loads(line) for line in file]


def original_texts(assets: Path) -> dict[str, str]:
    """The texts before they were cut into sentences and tokens.

    assets (Path): Folder of the assets.
    RETURNS (Dict[str, str]): Texts by document id without its prefix "es-".
    """
    texts = {record["id"]: record["text"] for record in read_reports(assets)}
    cardiology = io.StringIO(read_text(assets / "multicardioner" / "dev_sentences.tsv"), newline="")
    for row in csv.DictReader(cardiology, delimiter="\t"):
        texts[row["filename"]] = texts.get(row["filename"], "") + row["text"]
    return texts


def read_multicardioner(assets: Path, nlp: Language, audit: ImportAudit) -> Iterator[Doc]:
    """Read all documents of the Spanish diseases.

    assets (Path): Folder of the assets.
    nlp (Language): Gives the tokenizer.
    audit (ImportAudit): Gets counts and problems.
    YIELDS (Doc): The documents, those of the mixed specialties first.
    """
    texts = original_texts(assets)
    lines = read_lines(assets / "splits" / "multicardioner" / "documents.tsv")
    documents = list(csv.DictReader(lines, delimiter="\t"))
    sentences = {
        file: read_columns(assets / "multicardioner" / f"{file}.txt", SENTENCES, audit) for file in ("train", "dev")
    }
    for row in progress(documents, unit="doc", desc="Convert"):
        found = [next(sentences[row["file"]]).sentences[0] for _ in range(int(row["sentences"]))]
        original = texts.get(row["document"].removeprefix("es-"), "")
        document = restore_spaces(ColumnDocument(row["document"], found), original, audit)
        yield place(column_record(document), nlp.tokenizer, audit)


def read_id_lists(folder: Path) -> dict[str, list[str]]:
    """RETURNS (Dict[str, List[str]]): Document ids by split, from the files of a folder, one a line."""
    return {path.stem: read_ids(path) for path in sorted(folder.glob("*.txt"))}


def other_sources(splits: Path) -> dict[str, dict[str, list[str]]]:
    """Put all other targets together as the source of each; a target is a specialty with a test split.

    splits (Path): Folder of the specialties' folders.
    RETURNS (Dict[str, Dict[str, List[str]]]): Ids by corpus, `not-SPECIALTY`, and split, train and dev.
    """
    ids = {folder.name: read_id_lists(folder) for folder in sorted(splits.iterdir()) if (folder / "test.txt").exists()}
    return {
        f"not-{target}": {
            split: [doc_id for other in ids if other != target for doc_id in ids[other].get(split, [])]
            for split in ("train", "dev")
        }
        for target in ids
    }


def write_notes(folder: Path, reports: Iterable[dict[str, Any]]) -> int:
    """Write the notes of a specialty, with and without labels, for trainings that read unlabelled ones.

    folder (Path): Folder of the specialty, with `train.spacy`; gets `notes.jsonl`.
    reports (Iterable[Dict[str, Any]]): Case reports of all specialties.
    RETURNS (int): Number of notes; those that are flagged as of a benchmark are among them, with their flag.
    """
    notes = [{"id": doc.user_data[DOC_ID_KEY], "text": doc.text} for doc in read_docs(folder / "train.spacy")]
    notes += [record for record in reports if record["specialty"] == folder.name]
    lines = (json.dumps(note, ensure_ascii=False) for note in notes)
    write_atomically(folder / "notes.jsonl", "".join(f"{line}\n" for line in lines))
    return len(notes)


def write_splits(docs: list[Doc], splits: dict[str, list[str]], output: Path) -> list[tuple[str, str, int, int, int]]:
    """Write the documents of each split.

    docs (List[Doc]): Documents with their ids.
    splits (Dict[str, List[str]]): Ids by split.
    output (Path): Folder of the `.spacy` files, which have the splits' names.
    RETURNS (List[Tuple[str, str, int, int, int]]): Corpus, split, number of documents, tokens and entities.
    RAISES (ValueError): CE009 for ids without a document.
    """
    rows = []
    for split, doc_ids in splits.items():
        named = [doc for doc in docs if doc.user_data[DOC_ID_KEY] in set(doc_ids)]
        found = split_docs(named, {split: doc_ids}, ImportAudit())[split]
        write_docbin(found, output / f"{split}.spacy")
        n_tokens = sum(not token.is_space for doc in found for token in doc)
        rows.append((output.name, split, len(found), n_tokens, sum(len(doc.ents) for doc in found)))
    return rows


def main(
    output: Annotated[Path, typer.Argument(help="Folder of the corpora")],
    assets: Annotated[Path, typer.Option(help="Folder of the assets")] = ASSETS_DIR,
) -> None:
    """Convert the specialties of MultiCardioNER and the disease groups of MACCROBAT2020."""
    with coded_errors():
        spanish, english = blank_pipeline("es", "clinical"), blank_pipeline("en", "clinical")
        rows, audits = [], []
        sources = (
            ("multicardioner", "", lambda audit: read_multicardioner(assets, spanish, audit)),
            (
                "maccrobat2020-groups",
                "maccrobat-",
                lambda audit: import_corpus(assets / "maccrobat2020" / "brat", "brat", english, SENTENCES, audit),
            ),
        )
        for name, prefix, read in sources:
            audit = ImportAudit()
            docs = list(read(audit))
            for folder in sorted(path for path in (assets / "splits" / name).iterdir() if path.is_dir()):
                rows += write_splits(docs, read_id_lists(folder), output / f"{prefix}{folder.name}")
            if name == "multicardioner":
                reports = read_reports(assets)
                for corpus, splits in other_sources(assets / "splits" / name).items():
                    rows += write_splits(docs, splits, output / corpus)
                    target = output / corpus.removeprefix("not-")
                    print(f"{target.name}: {write_notes(target, reports)} notes")
            print(f"\n{name}: {audit.summary()}")
            audits += audit.rows
        ImportAudit(rows=audits).write_tsv(output / "audit.tsv")
        write_atomically(output / "counts.tsv", format_tsv([HEADER, *rows]))
        print(table(rows, header=HEADER, divider=True, aligns=["l", "l", "r", "r", "r"]))
        msg.good(f"Wrote {len(rows)} files, audit.tsv and counts.tsv to {output}")


if __name__ == "__main__":
    typer.run(main)
