"""Document-level splits: files train.txt, dev.txt and test.txt with one document id a line."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from spacy.tokens import Doc

from ..constants import DOC_ID_KEY
from ..errors import Errors
from ..files import read_text
from .audit import ImportAudit

SPLITS = ("train", "dev", "test")
Splits = Mapping[str, Sequence[str]]


def read_splits(folder: Path) -> Splits:
    """Read the split files of a folder.

    folder (Path): Holds one or more of train.txt, dev.txt and test.txt.
    RETURNS (Mapping[str, Sequence[str]]): Document ids of each split.
    RAISES (ValueError): CE011 if there is no split, CE010 for a document that is named twice.
    """
    files = {split: folder / f"{split}.txt" for split in SPLITS}
    splits = {split: read_text(path).split() for split, path in files.items() if path.is_file()}
    if not splits:
        raise ValueError(Errors.CE011.format(path=folder.name))
    _split_of(splits)
    return splits


def split_docs(docs: Iterable[Doc], splits: Splits, audit: ImportAudit) -> dict[str, list[Doc]]:
    """Distribute documents over splits.

    docs (Iterable[Doc]): The documents, each with its id.
    splits (Mapping[str, Sequence[str]]): Document ids of each split.
    audit (ImportAudit): Gets a row for every document that is in no split.
    RETURNS (Dict[str, List[Doc]]): The documents of each split, in the order in which they came.
    RAISES (ValueError): CE009 for ids without a document, CE010 for a document that is named twice.
    """
    split_of = _split_of(splits)
    found: dict[str, list[Doc]] = {split: [] for split in splits}
    for doc in docs:
        doc_id = doc.user_data[DOC_ID_KEY]
        split = split_of.pop(doc_id, None)
        if split is None:
            audit.add("in no split", "not written", doc_id=doc_id)
        else:
            found[split].append(doc)
    for split in splits:
        missing = [doc_id for doc_id, its_split in split_of.items() if its_split == split]
        if missing:
            docs_named = ", ".join(map(repr, missing[:5]))
            raise ValueError(Errors.CE009.format(split=split, n=len(missing), docs=docs_named))
    return found


def _split_of(splits: Splits) -> dict[str, str]:
    split_of: dict[str, str] = {}
    for split, doc_ids in splits.items():
        for doc_id in doc_ids:
            if doc_id in split_of:
                raise ValueError(Errors.CE010.format(doc=doc_id, first=split_of[doc_id], second=split))
            split_of[doc_id] = split
    return split_of
