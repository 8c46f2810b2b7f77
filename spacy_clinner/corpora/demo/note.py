"""Composes whole notes: sections in the order of a kind of note, each laid out as prose, list or lines."""

from functools import cache
from random import Random
from typing import NamedTuple

from ...annotations.entity import Entity
from .lexicon import load_lexicon, read_data
from .noise import Noise
from .sentence import Piece, SentenceWriter

_OPTIONAL_SECTION = 0.6
_ASIDE = 0.15
_ONE_FORM = 0.7
_BULLETS = ("- ", "* ", "• ", "+ ")
_NUMBERINGS = ("{}. ", "{}) ", "#{} ", "({}) ")


class Note(NamedTuple):
    """An invented note: text with offsets, all plain data."""

    doc_id: str
    domain: str
    text: str
    entities: list[Entity]
    assertions: list[list]
    relations: list[dict]


class Section(NamedTuple):
    """How a section may be headed, laid out and worded."""

    headers: tuple[str, ...]
    layouts: tuple[str, ...]
    first: tuple[str, ...]
    templates: tuple[str, ...]
    counts: tuple[int, int]
    in_one_form: bool


class Style(NamedTuple):
    """The writing habits of a specialty: kinds of note, sections, remarks without any entity."""

    kinds: dict[str, tuple[str, ...]]
    sections: dict[str, Section]
    asides: tuple[str, ...]


@cache
def load_style(specialty: str) -> Style:
    """Read the note kinds, sections and sentences of a specialty.

    specialty (str): one of `SPECIALTIES`.
    RETURNS (Style): what `write_note` composes from.
    """
    own, shared = read_data("templates", f"{specialty}.toml"), read_data("templates", "shared.toml")
    return Style(
        kinds={kind: tuple(names.split()) for kind, names in own["kinds"].items()},
        sections={name: _section(table) for name, table in own["sections"].items()},
        asides=_lines(shared["asides"]) + _lines(own["asides"]),
    )


def write_note(specialty: str, doc_id: str, rng: Random) -> Note:
    """Write one invented note.

    specialty (str): one of `SPECIALTIES`.
    doc_id (str): its identifier.
    rng (Random): where every choice comes from; the same state gives the same note.
    RETURNS (Note): text, entities in order, assertions and relations of drugs to their fields.
    RAISES: CE031 for an unknown specialty.
    """
    lexicon, style = load_lexicon(specialty), load_style(specialty)
    writer = SentenceWriter(lexicon, rng)
    pieces: list[Piece] = []
    for name in rng.choice(list(style.kinds.values())):
        if name.endswith("?") and rng.random() >= _OPTIONAL_SECTION:
            continue
        if pieces:
            pieces.append(Piece(rng.choice(("\n", "\n\n"))))
        pieces.extend(_write_section(style.sections[name.rstrip("?")], style.asides, writer, rng))
    return _assemble(pieces, Noise(rng), doc_id, specialty)


def _write_section(section: Section, asides: tuple[str, ...], writer: SentenceWriter, rng: Random) -> list[Piece]:
    layout = rng.choice(section.layouts)
    sentences = [writer.write(template) for template in _pick(section, rng)]
    if layout == "prose":
        sentences = _with_asides(sentences, asides, writer, rng)
        sentences = [[*sentence, Piece(_full_stop(sentence))] for sentence in sentences]
    sentences = [sentence for sentence in sentences if sentence]
    if layout == "prose" or rng.random() < 0.6:
        for sentence in sentences:
            sentence[0].text = sentence[0].text[:1].upper() + sentence[0].text[1:]
    header = rng.choice(section.headers) if section.headers else ""
    body = _lay_out(sentences, layout, rng)
    if not header:
        return body
    inline = layout == "prose" and header.endswith(":") and rng.random() < 0.5
    return [Piece(header + (" " if inline else "\n")), *body]


def _pick(section: Section, rng: Random) -> list[str]:
    """The templates of a section's sentences: all, or some, each once as long as there are any left."""
    low, high = section.counts
    if not high:
        return list(section.templates)
    count = rng.randint(low, high)
    if section.in_one_form and rng.random() < _ONE_FORM:
        return [rng.choice(section.templates)] * count
    picked = [rng.choice(section.first)] if section.first else []
    while len(picked) < count:
        picked.extend(rng.sample(section.templates, min(count - len(picked), len(section.templates))))
    return picked


def _with_asides(sentences: list[list[Piece]], asides: tuple[str, ...], writer, rng: Random) -> list[list[Piece]]:
    mixed = []
    for sentence, aside in zip(sentences, rng.sample(asides, len(sentences)), strict=True):
        mixed.append(sentence)
        if rng.random() < _ASIDE:
            mixed.append(writer.write(aside))
    return mixed


def _full_stop(sentence: list[Piece]) -> str:
    return "" if sentence[-1].text.endswith((".", "?", ":", ";")) else "."


def _lay_out(sentences: list[list[Piece]], layout: str, rng: Random) -> list[Piece]:
    bullet, numbering = rng.choice(_BULLETS), rng.choice(_NUMBERINGS)
    pieces: list[Piece] = []
    for number, sentence in enumerate(sentences, start=1):
        if number > 1:
            pieces.append(Piece("\n" if layout != "prose" or rng.random() < 0.1 else " "))
        if layout == "bullets":
            pieces.append(Piece(bullet))
        elif layout == "numbered":
            pieces.append(Piece(numbering.format(number)))
        pieces.extend(sentence)
    return pieces


def _assemble(pieces: list[Piece], noise: Noise, doc_id: str, specialty: str) -> Note:
    """Type the pieces one after the other and take down where the entities lie."""
    parts: list[str] = []
    where: dict[Piece, Entity] = {}
    at = 0
    for piece in pieces:
        text = noise.entity(piece.text, piece.label) if piece.label else noise.plain(piece.text)
        if piece.label:
            where[piece] = Entity(at, at + len(text), piece.label)
        parts.append(text)
        at += len(text)
    return Note(
        doc_id=doc_id,
        domain=specialty,
        text="".join(parts),
        entities=list(where.values()),
        assertions=[[ent.start, ent.end, piece.assertion] for piece, ent in where.items() if piece.assertion],
        relations=[
            {"head": list(where[piece.head][:2]), "child": list(ent[:2]), "label": ent.label}
            for piece, ent in where.items()
            if piece.head is not None
        ],
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _section(table: dict) -> Section:
    low, _, high = str(table.get("lines", "0")).partition("-")
    return Section(
        headers=tuple(table.get("headers", ())),
        layouts=tuple(table["layout"].split()),
        first=_lines(table.get("first", "")),
        templates=_lines(table["text"]),
        counts=(int(low), int(high or low)),
        in_one_form=table.get("in_one_form", False),
    )
