"""Which entities of a document a relation may hold between: registered generators.

They are partial functions, not closures, because a component is pickled on its way to another process.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
from spacy.tokens import Doc, Span
from spacy.util import registry
from thinc.types import Ints1d, Ints2d

from ...layers.pairs.features import Entities
from ...text.windows import Unit, window_bounds

# For each entity as head, the first and the last candidate for its child: numbers of entities in the order of their
# starts, end exclusive. A range, not a list of pairs: a note with 2,000 entities has four million of those.
Ranges: TypeAlias = Ints2d
Candidates = Callable[[Entities], Ranges]


@registry.misc("spacy_clinner.pairs_within_units.v1")
def make_pairs_within_units(distance: int = 0) -> Candidates:
    """Pair entities at most so many sentences or lines apart, whichever the component's `unit` is.

    distance (int): 0 for the same one, 1 for its neighbours too.
    RETURNS (Callable[[Entities], Ranges]): the generator.
    """
    return partial(pairs_within_units, distance=distance)


def pairs_within_units(entities: Entities, distance: int) -> Ranges:
    """As `make_pairs_within_units` says."""
    return _ranges(entities.units, entities.units - distance, entities.units + distance)


@registry.misc("spacy_clinner.pairs_within_tokens.v1")
def make_pairs_within_tokens(distance: int = 50) -> Candidates:
    """Pair entities that start at most so many tokens apart, across sentences.

    distance (int): in tokens.
    RETURNS (Callable[[Entities], Ranges]): the generator.
    """
    return partial(pairs_within_tokens, distance=distance)


def pairs_within_tokens(entities: Entities, distance: int) -> Ranges:
    """As `make_pairs_within_tokens` says."""
    return _ranges(entities.starts, entities.starts - distance, entities.starts + distance)


@registry.misc("spacy_clinner.pairs_in_document.v1")
def make_pairs_in_document() -> Candidates:
    """Pair all entities of a document.

    RETURNS (Callable[[Entities], Ranges]): the generator.
    """
    return pairs_in_document


def pairs_in_document(entities: Entities) -> Ranges:
    """As `make_pairs_in_document` says."""
    return np.tile([0, len(entities.starts)], (len(entities.starts), 1))


def _ranges(values, lowest, highest) -> Ranges:
    """Where in ascending values those from `lowest` to `highest` lie."""
    return np.stack([np.searchsorted(values, lowest), np.searchsorted(values, highest, side="right")], axis=1)


def read_entities(
    doc: Doc, spans: Sequence[Span], numbers: dict[str, int], unit: Unit, concepts: Ints1d | None = None
) -> Entities:
    """Put the entities of a document into arrays.

    doc (Doc): the document whose tokens are counted.
    spans (Sequence[Span]): its entities, in the order of their starts.
    numbers (Dict[str, int]): number of each known entity label, from 1; an unknown one is 0.
    unit (str): what counts as a sentence, as for `window_bounds`.
    concepts (Optional[Ints1d]): number of each entity's concept, where pairs are judged by these. Shape: (m,)
    RETURNS (Entities): the arrays.
    """
    starts = np.array([span.start for span in spans], dtype="int64")
    unit_starts = np.array([start for start, _ in window_bounds(doc, unit=unit, max_tokens=max(len(doc), 1))])
    return Entities(
        starts=starts,
        ends=np.array([span.end for span in spans], dtype="int64"),
        labels=np.array([numbers.get(span.label_, 0) for span in spans], dtype="int64"),
        units=np.searchsorted(unit_starts, starts, side="right"),
        concepts=concepts,
    )
