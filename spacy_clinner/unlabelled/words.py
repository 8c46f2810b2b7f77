"""The words of unlabelled notes: lines of them for a program to learn from, and how many notes hold each."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from spacy.tokenizer import Tokenizer

from .texts import UnlabelledNote

# A word of fewer notes may be somebody's name: it is never shown, nor kept where anybody could read it.
FEWEST_NOTES = 5


@dataclass
class WordCounts:
    """How many notes hold each word, and how many words there are.

    tokens (int): Tokens of all notes but white space.
    words (Counter[str]): Numbers of notes by lower-cased word.
    forms (Counter[str]): Numbers of notes by word as it is written.
    """

    tokens: int = 0
    words: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)

    @property
    def common_words(self) -> list[str]:
        """Lower-cased words of notes enough to be shown, the most frequent ones first."""
        return _common(self.words)

    @property
    def common_forms(self) -> list[str]:
        """Words as they are written, of notes enough to be shown."""
        return _common(self.forms)


def tokenized_lines(notes: Iterable[UnlabelledNote], tokenizer: Tokenizer, counts: WordCounts) -> Iterator[str]:
    """Tokenize notes, line by line.

    notes (Iterable[UnlabelledNote]): The notes.
    tokenizer (Tokenizer): The tokenizer of the pipeline that is to use what is learned.
    counts (WordCounts): Gets the words of each note when its lines have been taken.
    YIELDS (str): Lines: lower-case tokens, a space between them.
    """
    for note in notes:
        forms: set[str] = set()
        for line in note.text.splitlines():
            tokens = [token.text for token in tokenizer(line) if not token.is_space]
            if tokens:
                counts.tokens += len(tokens)
                forms.update(tokens)
                yield " ".join(tokens).lower() + "\n"
        counts.forms.update(forms)
        counts.words.update({form.lower() for form in forms})


def common_words(notes: Iterable[UnlabelledNote], tokenizer: Tokenizer) -> list[str]:
    """RETURNS (List[str]): The words of notes as of `WordCounts.common_words`; arguments as `tokenized_lines`."""
    counts = WordCounts()
    for _ in tokenized_lines(notes, tokenizer, counts):
        pass
    return counts.common_words


def _common(counter: Counter[str]) -> list[str]:
    return [word for word, n in sorted(counter.items(), key=lambda item: (-item[1], item[0])) if n >= FEWEST_NOTES]
