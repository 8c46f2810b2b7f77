"""IOB1, IOB2 and BIOES tags <-> entities. BILOU is BIOES by other letters and is read as such."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PREFIXES = {"iob1": "BI", "iob2": "BI", "bioes": "BIESLU"}
TAG = re.compile(r"O|[BIESLU]-.+")


@dataclass(frozen=True)
class Chunk:
    """An entity as token offsets, end exclusive; `repaired` says what was illegal about its tags ("" if nothing)."""

    start: int
    end: int
    label: str
    repaired: str = ""


def detect_scheme(sentences: Sequence[Sequence[str]]) -> str:
    """Tell the scheme from the tags of a file.

    E, S, L or U make it BIOES. I at the start of an entity makes it IOB1, unless B is used where IOB1 has no use for it
    (not right after an entity of that label): then these tags are errors in IOB2.

    sentences (Sequence[Sequence[str]]): Tags.
    RETURNS (str): "iob1", "iob2" or "bioes".
    """
    begins_with_i = needless_b = False
    for tags in sentences:
        for before, tag in zip(["O", *tags], tags, strict=False):
            prefix, label = tag[0], tag[2:]
            if prefix in "ESLU":
                return "bioes"
            if prefix in "BI" and before[2:] != label:
                begins_with_i |= prefix == "I"
                needless_b |= prefix == "B"
    return "iob1" if begins_with_i and not needless_b else "iob2"


def tags_to_chunks(tags: Sequence[str], scheme: str) -> Iterator[Chunk]:
    """Read the entities of a sentence; illegal tags are repaired so that no tagged token is lost.

    tags (Sequence[str]): Its tags, each matching `TAG`.
    scheme (str): "iob1", "iob2" or "bioes".
    YIELDS (Chunk): Its entities.
    """
    start, label, problem = -1, "", ""
    for i, tag in enumerate([*tags, "O"]):
        prefix, its_label = tag[0], tag[2:]
        continues = start >= 0 and prefix in "IEL" and its_label == label
        if start >= 0 and not continues:
            unended = "" if scheme != "bioes" else f"{label} does not end with E or S"
            yield Chunk(start, i, label, problem or unended)
            start = -1
        if prefix != "O" and not continues:
            start, label = i, its_label
            begins = prefix in "BSU" or (prefix == "I" and scheme == "iob1")
            problem = "" if begins else f"{label} begins with {prefix}"
        if prefix in "ESLU":
            yield Chunk(start, i + 1, label, problem)
            start = -1


def chunks_to_tags(n_tokens: int, chunks: Sequence[tuple[int, int, str]], scheme: str) -> list[str]:
    """Write entities as tags.

    n_tokens (int): Number of tokens of the sentence.
    chunks (Sequence[Tuple[int, int, str]]): Its entities, (start, end, label) in order, without overlaps.
    scheme (str): "iob1", "iob2" or "bioes".
    RETURNS (List[str]): Its tags.
    """
    tags = ["O"] * n_tokens
    before = (-1, "")
    for start, end, label in chunks:
        tags[start:end] = [f"I-{label}"] * (end - start)
        if scheme != "iob1" or before == (start, label):
            tags[start] = f"B-{label}"
        if scheme == "bioes":
            tags[end - 1] = f"{'S' if end - start == 1 else 'E'}-{label}"
        before = (end, label)
    return tags
