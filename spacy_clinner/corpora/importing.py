"""Foreign corpora -> documents -> `.spacy` files that spaCy's own `spacy.Corpus.v1` reads."""

from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from ..annotations.keys import DOC_ID_KEY
from ..configs import DOCUMENTS, check_language
from ..errors import Errors
from ..files import write_atomically
from .audit import ImportAudit
from .discovery import find_files, without_ending
from .formats import FORMATS, READ
from .formats.column_lines import ColumnFormat
from .formats.options import HEAD_ROLE, ReadOptions
from .id_lists import read_ids
from .placing.place import place
from .splits import Draw, check_known, check_others, draw_splits, read_splits, split_docs, write_splits

DEFAULT_LAYOUT = ColumnFormat()
# "file": tokens of column files, which is what white space separates
TOKENIZERS = {
    "clinical": "spacy_clinner.ClinicalTokenizer.v1",
    "spacy": "spacy.Tokenizer.v1",
    "file": "spacy_clinner.WhitespaceTokenizer.v1",
}


def blank_pipeline(lang: str, tokenizer: str) -> Language:
    """An empty pipeline with the tokenizer by which a corpus is imported; train with the same.

    lang (str): Language code, such as "en".
    tokenizer (str): "clinical", "spacy" or "file".
    RETURNS (Language): The pipeline.
    RAISES (ValueError): CE008 for an unknown language or tokenizer.
    """
    if tokenizer not in TOKENIZERS:
        raise ValueError(Errors.CE008.format(what="tokenizer", value=tokenizer, known=", ".join(TOKENIZERS)))
    check_language(lang)
    return spacy.blank(lang, config={"nlp": {"tokenizer": {"@tokenizers": TOKENIZERS[tokenizer]}}})


def check_tokenizer(format: str, tokenizer: str) -> None:
    """See that only column files are asked for their own tokens.

    format (str): One of `READ`.
    tokenizer (str): One of `TOKENIZERS`.
    RAISES (ValueError): CE312 for "file" and another format.
    """
    if tokenizer == "file" and format in READ and not FORMATS[format].has_tokens:
        known = ", ".join(name for name in TOKENIZERS if name != "file")
        raise ValueError(Errors.CE312.format(format=format, known=known))


def detect_format(path: Path) -> str:
    """Tell brat from column files.

    path (Path): A corpus.
    RETURNS (str): "brat" for a folder with `.ann` files in it or its sub-folders, else "iob".
    """
    files = find_files(path, ImportAudit()) if path.is_dir() else ()
    return "brat" if any(without_ending(name, ".ann") for name in files) else "iob"


def import_corpus(
    path: Path,
    format: str,
    nlp: Language,
    layout: ColumnFormat,
    audit: ImportAudit,
    head_role: str | None = HEAD_ROLE,
    assertions: Mapping[str, str] | None = None,
) -> Iterator[Doc]:
    """Read a corpus, showing progress.

    path (Path): A brat folder, a file of another format, or a folder of these.
    format (str): One of `READ`.
    nlp (Language): Gives tokenizer and vocabulary.
    layout (ColumnFormat): Of column files; `format` sets its scheme.
    audit (ImportAudit): Gets counts and problems.
    head_role (Optional[str]): For brat: as of `ReadOptions`.
    assertions (Optional[Mapping[str, str]]): For brat: as of `ReadOptions`.
    YIELDS (Doc): Its documents.
    RAISES (ValueError): CE008 for an unknown format, and those of `Format.read`.
    """
    if format not in READ:
        raise ValueError(Errors.CE008.format(what="format", value=format, known=", ".join(READ)))
    for record in FORMATS[format].read(path, audit, ReadOptions(layout, head_role, assertions)):
        yield place(record, nlp.tokenizer, audit)


def write_docbin(docs: Iterable[Doc], path: Path) -> None:
    """Write a `.spacy` file with user data (ids and what of brat is no span), whole or not at all.

    docs (Iterable[Doc]): The documents.
    path (Path): The file.
    """
    write_atomically(path, DocBin(docs=docs, store_user_data=True).to_bytes(), private=True)


def import_files(
    source: Path,
    output: Path,
    format: str,
    *,
    lang: str = "en",
    tokenizer: str = "clinical",
    layout: ColumnFormat = DEFAULT_LAYOUT,
    splits: Path | Draw | None = None,
    audit_path: Path | None = None,
    ids_path: Path | None = None,
    head_role: str | None = HEAD_ROLE,
    assertions: Mapping[str, str] | None = None,
    leave_out: Path | None = None,
) -> tuple[ImportAudit, dict[Path, int]]:
    """Import a corpus and write it; what is there is replaced when all has been read without error.

    source (Path): The corpus.
    output (Path): A `.spacy` file; with `splits` a folder, which gets train.spacy, dev.spacy and test.spacy.
    format (str): One of `READ`.
    lang (str): Language code.
    tokenizer (str): "clinical", "spacy" or, for column files, "file": their own tokens.
    layout (ColumnFormat): Of column files.
    splits (Optional[Union[Path, Draw]]): Folder with the split files; or how to draw splits of the annotated documents,
        whose files are written to `output`, too.
    audit_path (Optional[Path]): TSV file for the audit.
    ids_path (Optional[Path]): File for the ids of all documents, one a line.
    head_role (Optional[str]): For brat: as of `ReadOptions`.
    assertions (Optional[Mapping[str, str]]): For brat: as of `ReadOptions`.
    leave_out (Optional[Path]): File with ids of documents that are not written, one a line.
    RETURNS (Tuple[ImportAudit, Dict[Path, int]]): The audit, and the number of documents of each file.
    RAISES (ValueError): CE014 if the output is a folder or no name for a file, or the reverse, CE009 for a document
        that is named and not there, CE010 and CE011 for wrong splits, CE306 for an id that no list can hold, and those
        of `check_others`, `draw_splits`, `check_tokenizer`, `blank_pipeline` and `import_corpus`.
    """
    check_tokenizer(format, tokenizer)
    if splits and output.is_file():
        raise ValueError(Errors.CE014.format(path=output.name, found="file", wanted="folder"))
    if not splits and (output.is_dir() or output.suffix != DOCUMENTS):
        # of another ending spaCy reads no file
        what = "folder" if output.is_dir() else f"name that does not end in {DOCUMENTS}"
        raise ValueError(Errors.CE014.format(path=output.name, found=what, wanted="file"))
    named = read_splits(splits) if isinstance(splits, Path) else None
    # a set that keeps the order of the file, in which an error names its ids
    unwanted = dict.fromkeys(read_ids(leave_out) if leave_out else ())
    audit = ImportAudit()
    nlp = blank_pipeline(lang, tokenizer)
    docs = list(import_corpus(source, format, nlp, layout, audit, head_role, assertions))
    audit.ids = [doc.user_data[DOC_ID_KEY] for doc in docs]
    if leave_out:
        check_known(unwanted, docs, leave_out.name)
        docs = _leave_out(docs, unwanted, audit)
    if isinstance(splits, Draw):
        named = draw_splits((doc.user_data[DOC_ID_KEY] for doc in docs if doc.has_annotation("ENT_IOB")), splits)
    if named is None:
        files = {output: docs}
    else:
        wanted = {split: [doc_id for doc_id in ids if doc_id not in unwanted] for split, ids in named.items()}
        files = {output / f"{split}.spacy": found for split, found in split_docs(docs, wanted, audit).items()}
        check_others(wanted, output)
        if isinstance(splits, Draw):
            write_splits(named, output)
    for path, found in files.items():
        write_docbin(found, path)
    if audit_path:
        audit.write_tsv(audit_path)
    if ids_path:
        audit.write_ids(ids_path)
    return audit, {path: len(found) for path, found in files.items()}


def _leave_out(docs: Iterable[Doc], ids: Container[str], audit: ImportAudit) -> list[Doc]:
    kept = []
    for doc in docs:
        if doc.user_data[DOC_ID_KEY] in ids:
            audit.add("left out", "not written: as wished", doc_id=doc.user_data[DOC_ID_KEY])
        else:
            kept.append(doc)
    return kept


def audit_corpus(
    source: Path,
    format: str | None = None,
    *,
    lang: str = "en",
    tokenizer: str = "clinical",
    layout: ColumnFormat = DEFAULT_LAYOUT,
) -> ImportAudit:
    """Import a corpus for its audit only; arguments and errors as for `import_files`.

    format (Optional[str]): None: brat if the folder holds `.ann` files, else columns of any scheme.
    RETURNS (ImportAudit): The audit.
    """
    format = format or detect_format(source)
    check_tokenizer(format, tokenizer)
    audit = ImportAudit()
    for doc in import_corpus(source, format, blank_pipeline(lang, tokenizer), layout, audit):
        audit.ids.append(doc.user_data[DOC_ID_KEY])
    return audit
