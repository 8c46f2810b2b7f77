"""Document-level splits: files train.txt, dev.txt and test.txt with one document id a line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import isclose
from pathlib import Path
from random import Random

from spacy.tokens import Doc

from ..annotations.documents import document_ids, read_any_docs
from ..annotations.keys import DOC_ID_KEY
from ..errors import Errors
from ..files import read_lines, write_files_atomically
from .audit import ImportAudit, name_some
from .id_lists import format_ids, read_ids

SPLITS = ("train", "dev", "test")
# Draws of which the one nearest to the shares is taken.
DRAWS = 100
Splits = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Draw:
    """How splits are drawn.

    shares (Mapping[str, float]): Shares of the splits.
    seed (int): Chooses among the possible draws.
    groups (Optional[Mapping[str, str]]): What each document belongs to, by its id, such as its patient; a group stays
        in one split. None: each document is by itself.
    """

    shares: Mapping[str, float]
    seed: int = 0
    groups: Mapping[str, str] | None = None


def read_splits(folder: Path) -> Splits:
    """Read the split files of a folder.

    folder (Path): Holds one or more of train.txt, dev.txt and test.txt.
    RETURNS (Mapping[str, Sequence[str]]): Document ids of each split.
    RAISES (ValueError): CE011 if there is no split, CE010 for a document that is named twice.
    """
    files = {split: folder / f"{split}.txt" for split in SPLITS}
    splits = {split: read_ids(path) for split, path in files.items() if path.is_file()}
    if not splits:
        raise ValueError(Errors.CE011.format(path=folder.name))
    _split_of(splits)
    return splits


def write_splits(splits: Splits, folder: Path) -> None:
    """Write the split files that `read_splits` reads.

    splits (Mapping[str, Sequence[str]]): Document ids of each split.
    folder (Path): Where to; it is made if missing.
    RAISES (ValueError): CE306 for an id that a line cannot hold; nothing is written then.
    """
    write_files_atomically(folder, {f"{split}.txt": format_ids(doc_ids) for split, doc_ids in splits.items()})


def check_others(splits: Splits, folder: Path) -> None:
    """See that no split of a folder holds documents of others that are to be written there.

    splits (Mapping[str, Sequence[str]]): Document ids of each split that is to be written.
    folder (Path): Where to; may be missing.
    RAISES (ValueError): CE326 for a list or data of another split that name one of them, and those of `read_ids`,
        `read_any_docs` and `document_ids`.
    """
    written = {doc_id for doc_ids in splits.values() for doc_id in doc_ids}
    others = [folder / f"{split}{end}" for split in SPLITS if split not in splits for end in (".txt", ".spacy")]
    for path in filter(Path.is_file, others):
        found = read_ids(path) if path.suffix == ".txt" else document_ids(read_any_docs(path))
        if both := sorted(written.intersection(found)):
            raise ValueError(Errors.CE326.format(path=path, n=len(both), docs=name_some(both)))


def split_docs(docs: Iterable[Doc], splits: Splits, audit: ImportAudit) -> dict[str, list[Doc]]:
    """Distribute documents over splits.

    docs (Iterable[Doc]): The documents, each with its id.
    splits (Mapping[str, Sequence[str]]): Document ids of each split.
    audit (ImportAudit): Gets a row for every document that is in no split.
    RETURNS (Dict[str, List[Doc]]): The documents of each split, in the order in which they came.
    RAISES (ValueError): CE009 for ids without a document, CE010 for a document that is named twice.
    """
    docs, split_of = list(docs), _split_of(splits)
    for split, doc_ids in splits.items():
        check_known(doc_ids, docs, f"{split}.txt")
    found: dict[str, list[Doc]] = {split: [] for split in splits}
    for doc in docs:
        doc_id = doc.user_data[DOC_ID_KEY]
        if doc_id in split_of:
            found[split_of[doc_id]].append(doc)
        else:
            audit.add("in no split", "not written", doc_id=doc_id)
    return found


def check_known(doc_ids: Iterable[str], docs: Iterable[Doc], file: str) -> None:
    """See that all documents of a list are there.

    doc_ids (Iterable[str]): The list.
    docs (Iterable[Doc]): The documents.
    file (str): Name of the list.
    RAISES (ValueError): CE009 for ids without a document.
    """
    known = {doc.user_data[DOC_ID_KEY] for doc in docs}
    if missing := [doc_id for doc_id in doc_ids if doc_id not in known]:
        raise ValueError(Errors.CE009.format(file=file, n=len(missing), docs=", ".join(map(repr, missing[:5]))))


def parse_shares(text: str) -> dict[str, float]:
    """Read the shares of the splits.

    text (str): Percentages of train, dev and test, such as "60,20,20"; the last one or two may be missing.
    RETURNS (Dict[str, float]): The shares that are not 0, by split.
    RAISES (ValueError): CE303 if they are no percentages that add up to 100.
    """
    numbers = text.split(",")
    try:
        shares = dict(zip(SPLITS, map(float, numbers), strict=False))
    except ValueError:
        shares = {}
    if len(numbers) > len(SPLITS) or not isclose(sum(shares.values()), 100) or min(shares.values()) < 0:
        raise ValueError(Errors.CE303.format(shares=text))
    return {split: share for split, share in shares.items() if share}


def read_groups(path: Path) -> dict[str, str]:
    """Read what belongs together, such as the notes of a patient.

    path (Path): Lines of a document's id, a tab and its group. Documents that the corpus does not hold may be named.
    RETURNS (Dict[str, str]): Groups by id.
    RAISES (ValueError): CE304 for a line of another form, or one that gives a document another group.
    """
    groups: dict[str, str] = {}
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != 2 or not all(cells) or groups.setdefault(*cells) != cells[1]:
            raise ValueError(Errors.CE304.format(file=path.name, line=number))
    return groups


def draw_splits(doc_ids: Iterable[str], draw: Draw) -> dict[str, list[str]]:
    """Draw splits; of several draws by groups, the one that is nearest to the shares.

    The same documents, shares, seed and groups give the same splits, in whatever order the documents come.

    doc_ids (Iterable[str]): The documents.
    draw (Draw): Shares, seed and groups.
    RETURNS (Dict[str, List[str]]): Ids of each split, sorted. None is empty.
    RAISES (ValueError): CE305 for documents without a group, and if there are fewer groups than splits.
    """
    members: dict[str | None, list[str]] = {}
    for doc_id in sorted(doc_ids):
        group = doc_id if draw.groups is None else draw.groups.get(doc_id)
        members.setdefault(group, []).append(doc_id)
    if missing := members.get(None):
        named = ", ".join(map(repr, missing[:5]))
        raise ValueError(Errors.CE305.format(problem=f"{len(missing)} documents have no group, among them {named}"))
    if len(members) < len(draw.shares):
        problem = f"{len(draw.shares)} splits need as many documents or groups, not {len(members)}"
        raise ValueError(Errors.CE305.format(problem=problem))
    groups, random = sorted(members.values()), Random(draw.seed)
    # groups of one document fit any draw alike
    n_draws = DRAWS if any(len(group) > 1 for group in groups) else 1
    found = min((_deal(groups, draw.shares, random) for _ in range(n_draws)), key=partial(_distance, draw.shares))
    return {split: sorted(ids) for split, ids in found.items()}


def _deal(groups: Sequence[list[str]], shares: Mapping[str, float], random: Random) -> dict[str, list[str]]:
    """Each group, in random order, goes to the split that it leaves the least full."""
    groups = list(groups)
    random.shuffle(groups)
    found: dict[str, list[str]] = {split: [] for split in shares}
    for left, group in zip(range(len(groups), 0, -1), groups, strict=True):
        empty = [split for split in found if not found[split]]
        # no split stays empty: the last groups are kept for those that are
        open_splits = empty if len(empty) == left else found
        split = min(open_splits, key=lambda split: (len(found[split]) + len(group)) / shares[split])
        found[split] += group
    return found


def _distance(shares: Mapping[str, float], found: Mapping[str, Sequence[str]]) -> float:
    """By how much, in percent of the documents, splits miss their shares."""
    total = sum(map(len, found.values()))
    return sum(abs(100 * len(found[split]) / total - share) for split, share in shares.items())


def _split_of(splits: Splits) -> dict[str, str]:
    split_of: dict[str, str] = {}
    for split, doc_ids in splits.items():
        for doc_id in doc_ids:
            if doc_id in split_of:
                raise ValueError(Errors.CE010.format(doc=doc_id, first=split_of[doc_id], second=split))
            split_of[doc_id] = split
    return split_of
