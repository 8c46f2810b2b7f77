"""Sentences of clinical notes: a line is one, or several that full stops end.

spaCy's `sentencizer` ends sentences at tokens of a fixed list, so that it misses runs of line ends, and gives what
opens a line (a bullet, the mark of "?PE") to the line before. A note's negations must not reach into the next line.
"""

from typing import Literal

from spacy.language import Language
from spacy.tokens import Doc, Span

ENDS = frozenset(".!?…。！？")
CLOSERS = frozenset(")]}\"'”’»")


@Language.factory(
    "clinner_sentencizer", assigns=["token.is_sent_start", "doc.sents"], default_config={"break_at": "lines"}
)
def make_sentencizer(nlp: Language, name: str, break_at: Literal["lines", "paragraphs"]) -> "Sentencizer":
    """Make a sentencizer.

    nlp (Language): The pipeline; not used.
    name (str): Name of the component instance.
    break_at (str): "lines": a sentence ends with its line; "paragraphs": only an empty line ends it, for notes that are
        wrapped at a fixed width.
    RETURNS (Sentencizer): The component.
    """
    return Sentencizer(1 if break_at == "lines" else 2)


class Sentencizer:
    """Set sentence boundaries at full stops and line ends; what was set before is replaced."""

    def __init__(self, line_ends: int) -> None:
        """Set up a sentencizer.

        line_ends (int): How many line ends in a row end a sentence.
        """
        self.line_ends = line_ends

    def __call__(self, doc: Doc) -> Doc:
        """Set the boundaries of a document.

        doc (Doc): The document.
        RETURNS (Doc): The same document.
        """
        start, stopped, broken = 0, False, False
        for token in doc:
            closes = token.text in CLOSERS and not broken
            token.is_sent_start = token.i == 0 or ((stopped or broken) and not (token.is_space or closes))
            if token.is_sent_start:
                start, stopped, broken = token.i, False, False
            stopped = stopped or (token.text in ENDS and _stops(doc[start : token.i + 1]))
            broken = broken or (token.is_space and _count_line_ends(token.text) >= self.line_ends)
        return doc


def _stops(sentence: Span) -> bool:
    """Whether the mark at the end of a span ends a sentence: not the stop of "1.", nor the question mark of "?PE"."""
    *words, mark = (token for token in sentence if not token.is_space)
    if not words or (len(words) == 1 and words[0].like_num):
        return False
    follows = mark.i + 1 < len(mark.doc) and not mark.whitespace_ and mark.nbor().is_alpha
    return not (mark.text == "?" and follows)


def _count_line_ends(text: str) -> int:
    return len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")) - 1
