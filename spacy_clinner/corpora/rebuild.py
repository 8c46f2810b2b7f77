"""Documents of column files get their text back, and with it the tokens of the pipeline.

A column file holds tokens of somebody else's tokenizer and no white space. Where the original text is known, it says
which tokens stood next to each other; the entities are then found again by their characters.
"""

import re
from collections.abc import Callable, Sequence

from spacy.tokens import Doc

from ..constants import DOC_ID_KEY
from .align import align_mentions
from .audit import ImportAudit
from .brat import Textbound


def rebuild_doc(
    doc_id: str, sentences: Sequence[Doc], original: str, tokenizer: Callable[[str], Doc], audit: ImportAudit
) -> Doc:
    """Make one document of the sentences of a column file.

    Each sentence becomes a line. Inside, a space stands where the original has any white space; a sentence that the
    original does not hold keeps a space after each of its tokens.

    doc_id (str): Identifier of the document.
    sentences (Sequence[Doc]): Its sentences with `doc.ents`, as `read_columns` yields them for `n_sents = 1`.
    original (str): The original text; its white space may differ in kind and length, and at the ends of sentences.
    tokenizer (Callable[[str], Doc]): Tokenizes the text, such as `nlp.tokenizer`.
    audit (ImportAudit): Gets the counts, and a row for each entity that does not start and end with tokens, and for
        each sentence that the original does not hold.
    RETURNS (Doc): The document, with `doc.ents` and its id.
    """
    lines: list[str] = []
    mentions: list[Textbound] = []
    position = offset = 0
    for sentence in sentences:
        words = [token.text for token in sentence]
        gaps, position = _find_gaps(words, original, position)
        if gaps is None:
            gaps = [" "] * (len(words) - 1)
            action = "its tokens are joined by spaces"
            audit.add("text unknown", action, doc_id=doc_id, start=offset, end=offset + len(" ".join(words)))
        starts = [offset]
        for word, gap in zip(words, gaps, strict=False):
            starts.append(starts[-1] + len(word) + len(gap))
        for entity in sentence.ents:
            last = entity.end - 1
            fragment = (starts[entity.start], starts[last] + len(words[last]))
            mentions.append(Textbound(f"T{len(mentions) + 1}", entity.label_, (fragment,), ""))
        lines.append("".join(f"{word}{gap}" for word, gap in zip(words, [*gaps, ""], strict=True)))
        offset += len(lines[-1]) + 1
    doc = tokenizer("\n".join(lines))
    doc.user_data[DOC_ID_KEY] = doc_id
    audit.documents += 1
    _, entities = align_mentions(doc, mentions, audit, doc_id)
    doc.set_ents(entities, default="outside")
    return doc


def _find_gaps(words: Sequence[str], original: str, position: int) -> tuple[list[str] | None, int]:
    """A space or nothing between words, as in the original from a position on, and where they end there."""
    pattern = r"(\s*)".join(map(re.escape, words))
    found = re.compile(pattern).search(original, position)
    if found is None:
        return None, position
    return [" " if gap else "" for gap in found.groups()], found.end()
