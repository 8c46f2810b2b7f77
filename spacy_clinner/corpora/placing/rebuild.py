"""Documents of column files get the white space of their text back, where the original text is known.

A column file holds tokens of somebody else's tokenizer and no white space between them: the original says which of them
stood next to each other.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from ..audit import ImportAudit
from ..formats.columns import ColumnDocument


def restore_spaces(document: ColumnDocument, original: str, audit: ImportAudit) -> ColumnDocument:
    """Take the white space between words from the original text.

    Each sentence stays a line. Inside, a space stands where the original has any white space; a sentence that the
    original does not hold keeps a space after each of its tokens.

    document (ColumnDocument): The document, a space between all words.
    original (str): The original text; its white space may differ in kind and length, and at the ends of sentences.
    audit (ImportAudit): Gets a row for each sentence that the original does not hold.
    RETURNS (ColumnDocument): The document with the original's gaps.
    """
    sentences = []
    position = offset = 0
    for sentence in document.sentences:
        gaps, position = _find_gaps(sentence.words, original, position)
        if gaps is None:
            end = offset + len(sentence.text)
            audit.add("text unknown", "its tokens are joined by spaces", doc_id=document.id, start=offset, end=end)
        else:
            sentence = replace(sentence, gaps=gaps)
        sentences.append(sentence)
        offset += len(sentence.text) + 1
    return replace(document, sentences=sentences)


def _find_gaps(words: Sequence[str], original: str, position: int) -> tuple[list[str] | None, int]:
    """A space or nothing between words, as in the original from a position on, and where they end there."""
    pattern = r"(\s*)".join(map(re.escape, words))
    found = re.compile(pattern).search(original, position)
    if found is None:
        return None, position
    return [" " if gap else "" for gap in found.groups()], found.end()
