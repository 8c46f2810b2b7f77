"""Where relations are drawn: lines of text with arcs over them, laid out without a browser's help.

Text is set in letters of one width, so that offsets are positions; pages need no script.
"""

from collections.abc import Sequence
from typing import NamedTuple

from .annotations import Annotation, Link

# A letter's width, a line's height, the distance of two arcs, all in pixels.
LETTER, LINE, STEP = 8, 24, 20
# Letters of context on both sides, and letters beyond which a relation is too long to be drawn.
MARGIN, LONGEST = 12, 600


class Piece(NamedTuple):
    """A run of letters under one entity, or under none."""

    x: int
    width: int
    text: str
    entity: Annotation | None


class Arc(NamedTuple):
    """An arc from head to child, its heights from the top."""

    head_x: int
    child_x: int
    y: int
    foot: int
    link: Link


class Diagram(NamedTuple):
    """A stretch of text with its arcs."""

    width: int
    height: int
    pieces: list[Piece]
    arcs: list[Arc]


def draw_relations(text: str, annotations: Sequence[Annotation], links: Sequence[Link]) -> list[Diagram]:
    """Lay out the relations of a note.

    text (str): The note.
    annotations (Sequence[Annotation]): Its entities, by start.
    links (Sequence[Link]): Its relations.
    RETURNS (List[Diagram]): A diagram for every stretch of text with relations, in order. Relations longer than
        `LONGEST` letters are in none.
    """
    drawn = sorted((link for link in links if _end(link) - _start(link) <= LONGEST), key=_start)
    groups: list[list[Link]] = []
    for link in drawn:
        if groups and _start(link) <= max(map(_end, groups[-1])) + MARGIN:
            groups[-1].append(link)
        else:
            groups.append([link])
    return [_draw(text, annotations, group) for group in groups]


def _draw(text: str, annotations: Sequence[Annotation], links: Sequence[Link]) -> Diagram:
    start = max(min(map(_start, links)) - MARGIN, 0)
    end = min(max(map(_end, links)) + MARGIN, len(text))
    levels = _levels(links)
    foot = STEP * (max(levels) + 1) + LINE // 2
    arcs = [
        Arc(
            head_x=_middle(link.head, start),
            child_x=_middle(link.child, start),
            y=foot - STEP * (level + 1),
            foot=foot,
            link=link,
        )
        for link, level in zip(links, levels, strict=True)
    ]
    return Diagram((end - start) * LETTER, foot + LINE, _pieces(text, annotations, start, end), arcs)


def _levels(links: Sequence[Link]) -> list[int]:
    """Height of each arc: short ones below, and none crosses another of its height."""
    levels: dict[int, int] = {}
    for number in sorted(range(len(links)), key=lambda n: _end(links[n]) - _start(links[n])):
        taken = {
            levels[other]
            for other in levels
            if _start(links[other]) < _end(links[number]) and _start(links[number]) < _end(links[other])
        }
        levels[number] = next(level for level in range(len(links)) if level not in taken)
    return [levels[number] for number in range(len(links))]


def _pieces(text: str, annotations: Sequence[Annotation], start: int, end: int) -> list[Piece]:
    pieces, at = [], start
    for entity in annotations:
        # of overlapping entities the first is drawn
        if entity.start < at or entity.end > end:
            continue
        pieces += [_piece(text, at, entity.start, start, None), _piece(text, entity.start, entity.end, start, entity)]
        at = entity.end
    return [piece for piece in [*pieces, _piece(text, at, end, start, None)] if piece.text]


def _piece(text: str, start: int, end: int, origin: int, entity: Annotation | None) -> Piece:
    # a line end has no width in a drawing, but it has an offset
    letters = "".join(letter if letter.isprintable() else " " for letter in text[start:end])
    return Piece((start - origin) * LETTER, (end - start) * LETTER, letters, entity)


def _middle(span: tuple[int, int], origin: int) -> int:
    return (sum(span) * LETTER) // 2 - origin * LETTER


def _start(link: Link) -> int:
    return min(link.head[0], link.child[0])


def _end(link: Link) -> int:
    return max(link.head[1], link.child[1])
