"""Annotations that quote their text: is it the one at their offsets, and if not, was another form of it counted?"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product

from ...files import MARK
from ..audit import COUNTED_OTHERWISE, ImportAudit
from .record import Fragments, Mention

# what offsets may count at line ends that the text does not have there, or not count: what a character becomes
_LINE_ENDS = {
    "": {},
    "no carriage returns": {"\r": ""},
    "a carriage return at each line end": {"\n": "\r\n"},
}


def mention_text(text: str, fragments: Fragments) -> str:
    """The text of fragments, joined by spaces, line ends replaced by spaces."""
    return re.sub(r"[\r\n]", " ", " ".join(text[start:end] for start, end in fragments))


def fit_offsets(doc_id: str, text: str, mentions: Sequence[Mention], audit: ImportAudit) -> list[Mention]:
    """Move annotations that were made on another form of their text.

    Some programs count carriage returns and a byte order mark, others do not, and some take them away or add them.
    Annotations are moved if not all of the texts that they quote are at their offsets, and one other form explains all.

    doc_id (str): Identifier of the document.
    text (str): Its text.
    mentions (Sequence[Mention]): Its annotations.
    audit (ImportAudit): Gets a row if they are moved.
    RETURNS (List[Mention]): The annotations.
    """
    if any(m.text and not quotes_its_text(m, text) for m in mentions):
        for counted, form, place in _other_forms(text):
            if all(_lies_in(m, form) and (not m.text or quotes_its_text(m, form)) for m in mentions):
                action = f"moved: all quoted texts fit offsets that count {counted}"
                audit.add(COUNTED_OTHERWISE, action, doc_id=doc_id)
                return [_move(m, place) for m in mentions]
    return list(mentions)


def quotes_its_text(mention: Mention, text: str) -> bool:
    """Whether an annotation quotes the text at its offsets, but for white space.

    mention (Mention): The annotation.
    text (str): The document's text.
    RETURNS (bool): Whether it does.
    """
    return (mention.text or "").split() == mention_text(text, mention.fragments).split()


def report_texts(doc_id: str, text: str, mentions: Iterable[Mention], audit: ImportAudit) -> None:
    """Report each annotation that quotes another text than its offsets: likely the text was changed afterwards.

    doc_id (str): Identifier of the document.
    text (str): Its text.
    mentions (Iterable[Mention]): Its annotations.
    audit (ImportAudit): Gets the rows.
    """
    for m in mentions:
        if m.text is not None and not quotes_its_text(m, text):
            start, end = m.extent
            action = "offsets believed, not the text column"
            audit.add("text differs", action, doc_id=doc_id, annotation_id=m.id, start=start, end=end, label=m.label)


def _lies_in(mention: Mention, text: str) -> bool:
    return all(0 <= start < end <= len(text) for start, end in mention.fragments)


def _other_forms(text: str) -> Iterator[tuple[str, str, list[int]]]:
    """What is counted otherwise, the text as it was counted, and where each of its characters is in the text."""
    body = text.removeprefix(MARK)
    first = len(text) - len(body)
    marks = {"": text[:first], "no byte order mark" if first else "a byte order mark": "" if first else MARK}
    for (ends, changed), (mark, lead) in product(_LINE_ENDS.items(), marks.items()):
        pieces = [changed.get(char, char) for char in body]
        form = lead + "".join(pieces)
        if form != text:
            place = [0] * len(lead) + [i for i, piece in enumerate(pieces, start=first) for _ in piece]
            yield " and ".join(filter(None, (ends, mark))), form, place


def _move(mention: Mention, place: list[int]) -> Mention:
    return replace(mention, fragments=tuple((place[start], place[end - 1] + 1) for start, end in mention.fragments))
