"""Sentences of clinical notes: a line is one, or several that full stops end.

spaCy's `sentencizer` ends sentences at tokens of a fixed list, so that it misses runs of line ends, and gives what
opens a line (a bullet, the mark of "?PE") to the line before. A note's negations must not reach into the next line.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from spacy.attrs import SENT_START
from spacy.language import Language
from spacy.tokens import Doc, Token

ENDS = frozenset(".!?…。！？")
CLOSERS = frozenset(")]}\"'”’»")


@Language.factory("clinner_sentencizer", assigns=["token.is_sent_start", "doc.sents"])
class Sentencizer:
    """Set sentence boundaries at full stops and line ends; what was set before is replaced."""

    def __init__(
        self,
        nlp: Language | None = None,
        name: str = "clinner_sentencizer",
        break_at: Literal["lines", "paragraphs"] = "lines",
    ) -> None:
        """Set up a sentencizer.

        nlp (Optional[Language]): The pipeline; not used.
        name (str): Name of the component instance.
        break_at (str): "lines": a sentence ends with its line; "paragraphs": only an empty line ends it, for notes that
            are wrapped at a fixed width.
        """
        self.name = name
        # how many line ends in a row end a sentence
        self.line_ends = 1 if break_at == "lines" else 2

    def __call__(self, doc: Doc) -> Doc:
        """Set the boundaries of a document.

        doc (Doc): The document.
        RETURNS (Doc): The same document.
        """
        if len(doc):
            # spaCy refuses to change the sentences of a parsed document (E043)
            doc[0].is_sent_start = True
            # all at once: for every single one spaCy would look through the document for a parse
            starts = np.where([*self.starts(doc)], 1, -1)
            doc.from_array([SENT_START], starts.astype("int64").view("uint64"))
        return doc

    def starts(self, doc: Doc) -> Iterator[bool]:
        """Find the boundaries of a document, which is left as it is.

        doc (Doc): The document.
        YIELDS (bool): Whether each token starts a sentence.
        """
        words: list[Token] = []
        stopped = broken = False
        for token in doc:
            text, is_space = token.text, token.is_space
            closes = text in CLOSERS and not broken
            starts = token.i == 0 or ((stopped or broken) and not (is_space or closes))
            if starts:
                words, stopped, broken = [], False, False
            stopped = stopped or (text in ENDS and _stops(token, words))
            broken = broken or (is_space and _count_line_ends(text) >= self.line_ends)
            if not is_space and len(words) < 2:
                words.append(token)
            yield starts


def _stops(mark: Token, words: Sequence[Token]) -> bool:
    """Whether a mark ends a sentence: not the stop of "1.", nor the question mark of "?PE".

    mark (Token): The mark.
    words (Sequence[Token]): The first words of its sentence, two at most.
    """
    if not words or (len(words) == 1 and words[0].like_num):
        return False
    follows = mark.i + 1 < len(mark.doc) and not mark.whitespace_ and mark.nbor().is_alpha
    return not (mark.text == "?" and follows)


def _count_line_ends(text: str) -> int:
    return len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")) - 1
