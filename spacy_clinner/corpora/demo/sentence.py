"""Fills the slots of a sentence: terms, drugs with their fields, values, invented identities."""

import re
from dataclasses import dataclass
from random import Random

from ...errors import Errors
from .grammar import Slot, flatten, parse
from .identity import KINDS, OLDEST_UNPROTECTED_AGE, Identity
from .lexicon import DRUG_FIELDS, TERM_LABELS, DrugClass, Group, Lexicon, Term

_ARTICLE = re.compile(r"\b([Aa]) $")
# What starts with a vowel when read aloud: "an MRI", "an ulcer", "an 83-year-old".
_VOWEL = re.compile(r"[AEFHILMNORSX][A-Z]|[AEIOUaeiou]|8\d?\b|1[18]\b")
_USUAL_FORM = 0.6


@dataclass(eq=False)
class Piece:
    """A stretch of a note: plain text, or an entity if it has a label; a drug's field knows its drug."""

    text: str
    label: str = ""
    assertion: str = ""
    head: "Piece | None" = None


class SentenceWriter:
    """Writes sentences of one note: remembers its people, named concepts and what was said already."""

    def __init__(self, lexicon: Lexicon, rng: Random):
        """
        lexicon (Lexicon): the specialty's words.
        rng (Random): where every choice comes from.
        """
        self._lexicon = lexicon
        self._rng = rng
        self._identity = Identity(rng)
        self._named: dict[tuple[str, str], tuple[Group | DrugClass, Term]] = {}
        self._used: set[Term] = set()
        self._measured = Term(("",))

    def write(self, source: str) -> list[Piece]:
        """Write one sentence.

        source (str): a template in the language of `grammar`.
        RETURNS (list[Piece]): its text in order; joined, the pieces are the sentence.
        RAISES: CE032 for a slot without words; CE033 for a field of a drug without a drug.
        """
        flat = flatten(parse(source), self._rng)
        slots = {i: part for i, part in enumerate(flat) if isinstance(part, Slot) and part.label == "DRUG"}
        drugs = {i: self._drug(slot, source) for i, slot in slots.items()}
        heads = {i: Piece("", "DRUG", slot.assertion) for i, slot in slots.items()}
        pieces: list[Piece] = []
        for i, part in enumerate(flat):
            if isinstance(part, str):
                pieces.append(Piece(part))
            elif part.label == "DRUG":
                heads[i].text = self._form(drugs[i][1])
                pieces.append(heads[i])
            elif part.label in DRUG_FIELDS:
                at = _drug_of(i, part, list(drugs), source)
                pieces.append(Piece(self._field(part, drugs[at][0]), part.label, part.assertion, heads[at]))
            else:
                pieces.append(self._fill(part, source))
        return [piece for piece in _polish(pieces) if piece.text]

    def _fill(self, slot: Slot, source: str) -> Piece:
        if slot.label in TERM_LABELS:
            return Piece(self._term(slot, source), slot.label, slot.assertion)
        if slot.label == "PHI" and slot.group in KINDS:
            return Piece(self._identity.phi(slot.group), "PHI")
        if slot.label == "age":
            return Piece(str(self._identity.age), "PHI" if self._identity.age > OLDEST_UNPROTECTED_AGE else "")
        if slot.label == "value":
            return Piece(self._expand(self._measured.value))
        word = self._identity.word(slot.label)
        if word is None:
            if slot.label not in self._lexicon.words:
                raise ValueError(Errors.CE032.format(slot=slot.label, template=source))
            word = self._expand(self._rng.choice(self._lexicon.words[slot.label]))
        return Piece(word)

    def _term(self, slot: Slot, source: str) -> str:
        group, term = self._choose(slot, self._pool(slot, source))
        if term.value:
            self._measured = term
        return f"{self._expand(group.before)}{self._form(term)}{self._expand(group.after)}".strip()

    def _pool(self, slot: Slot, source: str) -> list[tuple[Group, Term]]:
        """The terms that may fill a slot: of its group and the groups below it ("sign": "sign_motor"), or all."""
        groups = self._lexicon.groups[slot.label]
        below = f"{slot.group}_" if slot.group else ""
        pool = [(g, t) for name, g in groups.items() if name == slot.group or name.startswith(below) for t in g.terms]
        if not pool:
            raise ValueError(Errors.CE032.format(slot=f"{slot.label}.{slot.group}", template=source))
        return pool

    def _drug(self, slot: Slot, source: str) -> tuple[DrugClass, Term]:
        classes = [drugs for drugs in self._lexicon.drug_classes if slot.group in ("", drugs.setting)]
        if not classes:
            raise ValueError(Errors.CE032.format(slot=f"DRUG.{slot.group}", template=source))
        return self._choose(slot, [(drugs, term) for drugs in classes for term in drugs.names])

    def _field(self, slot: Slot, drugs: DrugClass) -> str:
        if slot.label == "DOSAGE":
            return self._expand(self._rng.choice(drugs.doses))
        if slot.label == "MODE":
            mode = self._rng.choice(drugs.modes)
            return self._expand(self._rng.choice(mode.before if slot.looks_ahead else mode.after))
        if slot.label == "FREQUENCY":
            return self._expand(self._rng.choice(self._rng.choice(drugs.frequencies).forms))
        if slot.label == "DURATION":
            return self._expand(self._rng.choice(drugs.durations))
        return self._form(self._rng.choice(drugs.reasons))

    def _choose(self, slot: Slot, pool: list[tuple]) -> tuple:
        """What the slot's name stands for, or one of a pool, not said in this note before if a few tries find such."""
        key = (slot.label, slot.name)
        if key in self._named:
            return self._named[key]
        for _ in range(5):
            choice = self._rng.choice(pool)
            if choice[1] not in self._used:
                break
        self._used.add(choice[1])
        if slot.name:
            self._named[key] = choice
        return choice

    def _form(self, term: Term) -> str:
        usual = len(term.forms) == 1 or self._rng.random() < _USUAL_FORM
        return self._expand(term.forms[0] if usual else self._rng.choice(term.forms[1:]))

    def _expand(self, source: str) -> str:
        """Write a term or modifier, whose only slots are words."""
        return "".join(part if isinstance(part, str) else self._fill(part, source).text
                       for part in flatten(parse(source), self._rng))  # fmt: skip


def _drug_of(at: int, slot: Slot, drugs: list[int], source: str) -> int:
    """The position of the drug a field belongs to."""
    candidates = [i for i in drugs if i > at] if slot.looks_ahead else [i for i in reversed(drugs) if i < at]
    if not candidates:
        raise ValueError(Errors.CE033.format(slot=slot.label, template=source))
    return candidates[0]


def _polish(pieces: list[Piece]) -> list[Piece]:
    """Turn "a" into "an" before what starts with a vowel; let the dot of "b.i.d." end the sentence too."""
    for piece, following in zip(pieces, pieces[1:], strict=False):
        if piece.label and piece.text.endswith("."):
            following.text = following.text.removeprefix(".")
        if _ARTICLE.search(piece.text) and _VOWEL.match(following.text):
            piece.text = _ARTICLE.sub(r"\1n ", piece.text)
    return pieces
