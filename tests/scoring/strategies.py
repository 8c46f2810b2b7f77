"""Hypothesis strategies for entities and scored documents."""

import numpy as np
from hypothesis import strategies as st

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.scoring.documents import ScoredDocument

LABELS = ["A", "B", "C"]
N_TOKENS = 20
# tokens of three characters, one apart
TOKENS = np.array([(4 * i, 4 * i + 3) for i in range(N_TOKENS)])


@st.composite
def flat_entities(draw, labels=LABELS):
    """Entities that start and end with tokens and do not overlap, as in `doc.ents`."""
    cuts = sorted(draw(st.sets(st.integers(0, N_TOKENS), max_size=8)))
    spans = [(start, end) for start, end in zip(cuts, cuts[1:], strict=False) if draw(st.booleans())]
    return frozenset(Entity(4 * start, 4 * end - 1, draw(st.sampled_from(labels))) for start, end in spans)


@st.composite
def any_entities(draw):
    """Entities at any offsets, overlapping and nested."""
    spans = draw(st.lists(st.tuples(st.integers(0, 70), st.integers(1, 9), st.sampled_from(LABELS)), max_size=8))
    return frozenset(Entity(start, start + length, label) for start, length, label in spans)


def collections(entities):
    """Lists of documents."""
    pair = st.tuples(entities, entities)
    return st.lists(pair, min_size=1, max_size=4).map(
        lambda pairs: [ScoredDocument(str(i), TOKENS, gold, predicted) for i, (gold, predicted) in enumerate(pairs)]
    )
