"""One annotated note as one HTML page that needs nothing but itself."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from ..annotations.relations import Relation
from .annotations import Annotation, show_probability
from .arcs import LONGEST, draw_relations
from .single_page import read_part, render_page

UNSURE = 0.5


def annotation_page(
    text: str,
    annotations: Sequence[Annotation],
    links: Sequence[Relation] = (),
    *,
    title: str,
    lang: str = "en",
    check_below: float | None = None,
    check_links_below: Mapping[str, float] | None = None,
) -> str:
    """Render a note with its entities: a colour a label, assertions and probability beside each entity, a legend that
    filters; and, below, its relations as arcs.

    Entities may overlap: text under several takes the colour of the innermost.

    text (str): The note.
    annotations (Sequence[Annotation]): Its entities, by start, longest first.
    links (Sequence[Relation]): Its relations.
    title (str): Heading of the page.
    lang (str): Language of the note, a BCP 47 tag.
    check_below (Optional[float]): Probability below which an entity is to be checked, as the calibration of its tagger
        found it; None: `UNSURE`.
    check_links_below (Optional[Mapping[str, float]]): The same of relations, by label; others are not to be checked.
    RETURNS (str): The page; all of the note, of the labels and of the title is escaped.
    """
    counts = Counter(entity.label for entity in annotations)
    labels = sorted(counts)
    numbers = {id(entity): number for number, entity in enumerate(annotations)}
    entity_at = {(entity.start, entity.end): number for number, entity in enumerate(annotations)}
    bound, link_bounds = UNSURE if check_below is None else check_below, dict(check_links_below or {})
    diagrams = draw_relations(text, annotations, links)
    return render_page(
        "page",
        title=title,
        lang=lang,
        # nothing of the note is in the script
        script=read_part("page.js"),
        filters={
            "describe": _describe,
            "number": lambda entity: numbers[id(entity)],
            "ends": lambda link: [entity_at[span] for span in (link.head, link.child) if span in entity_at],
            "probability": show_probability,
        },
        tests={
            "unsure": lambda entity: _is_below(entity, bound),
            "unsure_link": lambda link: _is_below(link, link_bounds.get(link.label, 0.0)),
        },
        counts={label: counts[label] for label in labels},
        index={label: number for number, label in enumerate(labels)},
        hues=[round(360 * number / len(labels)) for number in range(len(labels))],
        entities=annotations,
        segments=segments(text, annotations),
        diagrams=diagrams,
        n_links=len(links),
        n_drawn=sum(len(diagram.arcs) for diagram in diagrams),
        longest=LONGEST,
        threshold=UNSURE,
        check_below=check_below,
        unsure_links=_unsure_links([arc.link for diagram in diagrams for arc in diagram.arcs], link_bounds),
    )


def segments(text: str, annotations: Sequence[Annotation]) -> list[tuple[str, list[Annotation], list[Annotation]]]:
    """Cut a text wherever an entity starts or ends.

    text (str): The note.
    annotations (Sequence[Annotation]): Its entities, by start, longest first.
    RETURNS (List[Tuple]): For each piece its text, the entities over it (outermost first), and those that end with it.
    """
    cuts = sorted({0, len(text)}.union(*((entity.start, entity.end) for entity in annotations)))
    starting: dict[int, list[Annotation]] = {}
    for entity in annotations:
        starting.setdefault(entity.start, []).append(entity)
    over: list[Annotation] = []
    pieces = []
    for start, end in pairwise(cuts):
        over = [entity for entity in over if entity.end > start] + starting.get(start, [])
        pieces.append((text[start:end], over, [entity for entity in over if entity.end == end]))
    return pieces


def _describe(entity: Annotation) -> str:
    sure = "" if entity.probability is None else f", probability {show_probability(entity.probability)}"
    assertions = "".join(f", {assertion}" for assertion in entity.assertions)
    return f"{entity.label}, characters {entity.start}-{entity.end}{assertions}{sure}"


def _is_below(one: Annotation | Relation, bound: float) -> bool:
    return one.probability is not None and one.probability < bound


def _unsure_links(links: Sequence[Relation], bounds: Mapping[str, float]) -> dict[float, list[str]]:
    """Labels of relations that are to be checked, by the bound that they are below."""
    found: dict[float, list[str]] = {}
    for label in sorted({link.label for link in links if _is_below(link, bounds.get(link.label, 0.0))}):
        found.setdefault(bounds[label], []).append(label)
    return found
