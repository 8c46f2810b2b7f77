"""What brat's attributes assert of entities (A1 Negation T1), and assertions as attributes.

An attribute is named by its label, or by label and value: "Negation", "POLARITY:NEG". Which of them are assertions
differs by corpus: users name theirs, and `KNOWN` has those of corpora that we know, beside our own names.
"""

import re
import warnings
from collections.abc import Mapping, Sequence

from spacy.tokens import Doc

from ...annotations.keys import ASSERTED_KEY, ASSERTIONS_KEY
from ...errors import Errors, Warnings
from ..placing import record
from .brat import Attribute, BratDocument

KNOWN = {
    # what is written for an assertion
    **{name: name for name in ("negated", "uncertain", "historical", "hypothetical", "family")},
    # events of the BioNLP shared tasks, and brat's manual
    "Negation": "negated",
    "Negated": "negated",
    "Speculation": "uncertain",
    "Speculated": "uncertain",
    "Uncertain": "uncertain",
    "Certainty:Uncertain": "uncertain",
    "Certainty:Possible": "uncertain",
    "Historical": "historical",
    "Hypothetical": "hypothetical",
    "Family": "family",
    # MACCROBAT2020
    "POLARITY:NEG": "negated",
    "POLARITY:UNCERTAIN": "uncertain",
    "POLARITY:MAYBE_NEG": "uncertain",
    "POLARITY:MAYBE_POS": "uncertain",
}
_PAIR = re.compile(r"([^\s:=]+(?::[^=]+)?)=(\S+)")
_NUMBERED = re.compile(r"A(\d{1,9})", re.ASCII)


def parse_assertions(pairs: Sequence[str]) -> dict[str, str] | None:
    """Parse what a user says of attributes.

    pairs (Sequence[str]): "Negation=negated", "POLARITY:NEG=negated", ...; "none" alone: no attribute asserts anything.
    RETURNS (Optional[Dict[str, str]]): Assertions by the attributes' names; None if nothing is said.
    RAISES (ValueError): CE321 for something else, and for an attribute that is there twice.
    """
    found: dict[str, str] = {}
    if list(pairs) == ["none"]:
        return found
    for pair in pairs:
        match = _PAIR.fullmatch(pair)
        if match is None or match[1] in found:
            raise ValueError(Errors.CE321.format(pair=pair))
        found[match[1]] = match[2]
    return found or None


def read_attributes(brat: BratDocument, assertions: Mapping[str, str]) -> list[record.Attribute]:
    """The attributes of a document.

    brat (BratDocument): The document.
    assertions (Mapping[str, str]): Assertions by the attributes' names.
    RETURNS (List[Attribute]): The attributes; of an event, they are of its trigger.
    """
    trigger = {event.id: event.trigger for event in brat.events}
    names = [_name(attribute) for attribute in brat.attributes]
    return [
        record.Attribute(a.id, name, trigger.get(a.target, a.target), assertions.get(name))
        for a, name in zip(brat.attributes, names, strict=True)
    ]


def write_assertions(
    doc: Doc, brat: BratDocument, ids: Mapping[tuple[int, int], str], assertions: Mapping[str, str] | None
) -> None:
    """Bring the attributes of a document up to its assertions.

    Attributes that assert what `doc` does not go, with the remarks on them; attributes for assertions that none makes
    come. All others stay. Warns (CW321) of assertions about other spans.

    doc (Doc): The document.
    brat (BratDocument): The same, as it is to be written; it is changed.
    ids (Mapping[Tuple[int, int], str]): Ids of its text-bound annotations by the offsets of entities.
    assertions (Optional[Mapping[str, str]]): Assertions by the attributes' names; None: an assertion names itself.
    """
    if ASSERTIONS_KEY not in doc.user_data:
        return
    rows = dict.fromkeys(map(tuple, doc.user_data[ASSERTIONS_KEY]))
    present = {attribute.id for attribute in brat.attributes}
    made_by = {id: tuple(row) for id, row in doc.user_data.get(ASSERTED_KEY, {}).items() if id in present}
    gone = {id for id, row in made_by.items() if row not in rows}
    brat.attributes = [attribute for attribute in brat.attributes if attribute.id not in gone]
    brat.notes = [note for note in brat.notes if note.target not in gone]
    new = [row for row in rows if row not in made_by.values()]
    placed = [(ids[start, end], said) for start, end, said in new if (start, end) in ids]
    if len(placed) < len(new):
        counts = {"n": len(new) - len(placed), "total": len(rows)}
        warnings.warn(Warnings.CW321.format(doc=brat.id, **counts), stacklevel=3)
    names: dict[str, str] = {}
    for name, said in (assertions or {}).items():
        names.setdefault(said, name)
    # an attribute is of an event, where the annotation triggers one
    event = {event.trigger: event.id for event in reversed(brat.events)}
    numbers = [int(found[1]) for id in present if (found := _NUMBERED.fullmatch(id))]
    for n, (id, said) in enumerate(placed, start=max(numbers, default=0) + 1):
        label, _, value = names.get(said, said).partition(":")
        brat.attributes.append(Attribute(f"A{n}", label, event.get(id, id), value or None))


def _name(attribute: Attribute) -> str:
    return attribute.label if attribute.value is None else f"{attribute.label}:{attribute.value}"
