"""What tired hands do to a note: typing errors, glued units, case."""

import re
from random import Random

_WORD = re.compile(r"[A-Za-z]{5,}")
_UNIT = re.compile(r"(?<=\d) (?=(?:mg|mcg|g|mL|ml|units|IU|mmol|puffs?|tabs?|L|kg|%|days?|weeks?)\b)")
_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip


class Noise:
    """The habits of one note's author, drawn once a note."""

    def __init__(self, rng: Random):
        """rng (Random): where every choice comes from."""
        self._rng = rng
        self._typo_rate = rng.choice((0.0, 0.005, 0.015, 0.04))
        self._glue_rate = rng.choice((0.0, 0.3, 1.0))
        self._case = rng.choices((str, str.lower, str.upper), (0.92, 0.06, 0.02))[0]

    def plain(self, text: str) -> str:
        """Text between entities, as this author types it."""
        return self._case(self._typos(text))

    def entity(self, text: str, label: str) -> str:
        """An entity's text, as this author types it; never empty, never with space at its ends."""
        if label == "PHI":
            return self._case(text)
        if label in ("DOSAGE", "DURATION") and self._rng.random() < self._glue_rate:
            text = _UNIT.sub("", text)
        text = self._typos(text)
        if self._rng.random() < 0.05:
            text = self._rng.choice((str.upper, str.title, str.lower))(text)
        return self._case(text)

    def _typos(self, text: str) -> str:
        if not self._typo_rate:
            return text
        return _WORD.sub(lambda found: self._mistype(found[0]), text)

    def _mistype(self, word: str) -> str:
        if self._rng.random() >= self._typo_rate:
            return word
        at = self._rng.randrange(1, len(word) - 1)
        slip = self._rng.randrange(4)
        if slip == 0:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        if slip == 1:
            return word[:at] + word[at + 1 :]
        if slip == 2:
            return word[:at] + word[at] + word[at:]
        return word[:at] + self._rng.choice(_NEIGHBOURS[word[at].lower()]) + word[at + 1 :]
