"""Where relations are drawn: lines of text with arcs over them, laid out without a browser's help.

Text is set in letters of one width, so that offsets are positions; pages need no script to draw.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ..annotations.relations import Relation
from .annotations import Annotation, show_probability

# In pixels: width of a letter of the text and of a label, height of a line, distance of two arcs and of two feet.
LETTER, LABEL_LETTER, LINE, STEP, FOOT = 8, 7, 24, 22, 8
# Letters of context on both sides, and letters beyond which a relation is too long to be drawn.
MARGIN, LONGEST = 24, 600


class Piece(NamedTuple):
    """A run of letters under one entity, or under none."""

    x: int
    width: int
    text: str
    entity: Annotation | None


class Arc(NamedTuple):
    """An arc from head to child, its heights from the top; its label stands on it, around `label_x`."""

    head_x: int
    child_x: int
    y: int
    foot: int
    label: str
    label_x: int
    label_width: int
    link: Relation


class Diagram(NamedTuple):
    """A stretch of text with its arcs."""

    width: int
    height: int
    pieces: list[Piece]
    arcs: list[Arc]


class Scale:
    """Turns offsets into pixels; gaps make room for labels that are wider than the text between two entities."""

    def __init__(self, origin: int):
        self.origin, self.gaps = origin, dict[int, int]()

    def start(self, offset: int) -> int:
        """RETURNS (int): Where a letter begins, a gap before it left out."""
        return (offset - self.origin) * LETTER + sum(gap for at, gap in self.gaps.items() if at <= offset)

    def end(self, offset: int) -> int:
        """RETURNS (int): Where the letter before ends."""
        return (offset - self.origin) * LETTER + sum(gap for at, gap in self.gaps.items() if at < offset)

    def middle(self, span: tuple[int, int]) -> int:
        """RETURNS (int): The middle of a span."""
        return (self.start(span[0]) + self.end(span[1])) // 2

    def make_room(self, left: tuple[int, int], right: tuple[int, int], width: int) -> None:
        """Move a span to the right until its middle is so far from that of one before it."""
        missing = width - (self.middle(right) - self.middle(left))
        if missing > 0 and left[1] <= right[0]:
            self.gaps[right[0]] = self.gaps.get(right[0], 0) + missing


def draw_relations(text: str, annotations: Sequence[Annotation], links: Sequence[Relation]) -> list[Diagram]:
    """Lay out the relations of a note.

    text (str): The note.
    annotations (Sequence[Annotation]): Its entities, by start.
    links (Sequence[Relation]): Its relations.
    RETURNS (List[Diagram]): A diagram for every stretch of text with relations, in order, of at most `LONGEST` letters
        and what stands around them. Longer relations are in none.
    """
    drawn = sorted((link for link in links if _end(link) - _start(link) <= LONGEST), key=_start)
    groups: list[list[Relation]] = []
    for link in drawn:
        if groups and _belongs(text, link, groups[-1]):
            groups[-1].append(link)
        else:
            groups.append([link])
    return [_draw(text, annotations, group) for group in groups]


def _belongs(text: str, link: Relation, group: Sequence[Relation]) -> bool:
    """Whether a relation starts close to others, in their line, and ends where one can still look at them together."""
    before = max(map(_end, group))
    near = _start(link) <= before + MARGIN and "\n" not in text[before : _start(link)]
    return near and _end(link) - _start(group[0]) <= LONGEST


def _draw(text: str, annotations: Sequence[Annotation], links: Sequence[Relation]) -> Diagram:
    start, end = _with_context(text, min(map(_start, links)), max(map(_end, links)))
    scale = Scale(start)
    for link in sorted(links, key=lambda link: max(link.head, link.child)):
        first, last = sorted((link.head, link.child))
        scale.make_room(first, last, len(_label(link)) * LABEL_LETTER + 3 * FOOT)
    feet = _feet(links, scale)
    levels = _levels(feet)
    foot = STEP * (max(levels) + 1) + LINE // 2
    arcs = []
    for number, link in enumerate(links):
        width = len(_label(link)) * LABEL_LETTER
        label_x = _label_place(number, width, feet, levels)
        head_x, child_x = feet[number]
        arcs.append(Arc(head_x, child_x, foot - STEP * levels[number] - 8, foot, _label(link), label_x, width, link))
    return Diagram(scale.end(end), foot + LINE, _pieces(text, annotations, scale, end), arcs)


def _with_context(text: str, start: int, end: int) -> tuple[int, int]:
    """The words around a stretch that stand in the same line."""
    left = max(text.rfind("\n", 0, start) + 1, start - MARGIN)
    if left > 0 and not text[left - 1].isspace():
        left = next((at for at in range(left, start) if text[at].isspace()), start)
    line_end = text.find("\n", end)
    right = min(len(text) if line_end < 0 else line_end, end + MARGIN)
    if right < len(text) and not text[right].isspace():
        right = next((at for at in range(right, end, -1) if text[at - 1].isspace()), end)
    return left, right


def _feet(links: Sequence[Relation], scale: Scale) -> list[tuple[int, int]]:
    """Where each arc leaves its head and meets its child: side by side, so that arcs of one entity do not cross."""
    at: dict[tuple[int, int], list[tuple[bool, int, int, int, int]]] = {}
    for number, link in enumerate(links):
        for end, (span, other) in enumerate(((link.head, link.child), (link.child, link.head))):
            # from left to right: those that go left, short ones first; those that go right, long ones first
            distance = scale.middle(other) - scale.middle(span)
            rank = number if distance > 0 else -number
            at.setdefault(span, []).append((distance > 0, -distance, rank, number, end))
    places: dict[tuple[int, int], int] = {}
    for span, found in at.items():
        room = scale.end(span[1]) - scale.start(span[0])
        step = min(FOOT, max(room - 4, 0) / max(len(found) - 1, 1))
        for rank, (*_, number, end) in enumerate(sorted(found)):
            places[number, end] = round(scale.middle(span) + (rank - (len(found) - 1) / 2) * step)
    return [(places[number, 0], places[number, 1]) for number in range(len(links))]


def _levels(feet: Sequence[tuple[int, int]]) -> list[int]:
    """Height of each arc: above all that lie inside it, and beside no other that it overlaps."""
    levels: dict[int, int] = {}
    for number in sorted(range(len(feet)), key=lambda number: abs(feet[number][0] - feet[number][1])):
        left, right = sorted(feet[number])
        others = {other: sorted(feet[other]) for other in levels}
        taken = {levels[other] for other, (start, end) in others.items() if start <= right and left <= end}
        inside = [levels[other] for other, (start, end) in others.items() if left <= start and end <= right]
        lowest = max(inside, default=-1) + 1
        levels[number] = next(level for level in range(lowest, lowest + len(feet) + 1) if level not in taken)
    return [levels[number] for number in range(len(feet))]


def _label_place(number: int, width: int, feet: Sequence[tuple[int, int]], levels: Sequence[int]) -> int:
    """The place on an arc, near its middle, that no higher arc's foot crosses."""
    left, right = sorted(feet[number])
    higher = [x for other, ends in enumerate(feet) if levels[other] > levels[number] for x in ends if left < x < right]
    borders = [left, *sorted(higher), right]
    middle = (left + right) // 2
    wide = [stretch for stretch in pairwise(borders) if stretch[1] - stretch[0] >= width + 4]
    places = [min(max(middle, start + width // 2 + 2), end - width // 2 - 2) for start, end in wide] or [middle]
    return min(places, key=lambda place: abs(place - middle))


def _pieces(text: str, annotations: Sequence[Annotation], scale: Scale, end: int) -> list[Piece]:
    pieces, at = [], scale.origin
    # by their starts: a long note has many diagrams
    first, last = (bisect_left(annotations, place, key=lambda entity: entity.start) for place in (at, end))
    for entity in annotations[first:last]:
        # of overlapping entities the first is drawn
        if entity.start < at or entity.end > end:
            continue
        pieces += [*_plain(text, at, entity.start, scale), _piece(text, entity.start, entity.end, scale, entity)]
        at = entity.end
    return [*pieces, *_plain(text, at, end, scale)]


def _plain(text: str, start: int, end: int, scale: Scale) -> list[Piece]:
    """What is under no entity, cut at gaps."""
    borders = [start, *sorted(at for at in scale.gaps if start < at < end), end]
    return [_piece(text, left, right, scale, None) for left, right in pairwise(borders) if left < right]


def _piece(text: str, start: int, end: int, scale: Scale, entity: Annotation | None) -> Piece:
    # a line end has no width in a drawing, but it has an offset
    letters = "".join(letter if letter.isprintable() else " " for letter in text[start:end])
    return Piece(scale.start(start), scale.end(end) - scale.start(start), letters, entity)


def _label(link: Relation) -> str:
    return link.label if link.probability is None else f"{link.label} {show_probability(link.probability)}"


def _start(link: Relation) -> int:
    return min(link.head[0], link.child[0])


def _end(link: Relation) -> int:
    return max(link.head[1], link.child[1])
