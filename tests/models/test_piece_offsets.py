"""Which pieces a token has: as spacy-transformers finds it, without it."""

import numpy as np
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy_transformers.align import get_alignment_via_offset_mapping

from spacy_clinner.models.piece_offsets import pieces_of_tokens

NLP = spacy.blank("en")


def theirs(span, offsets):
    align = get_alignment_via_offset_mapping([span], offsets[None])
    return align.dataXd.tolist(), align.lengths[span.start : span.end].tolist()


@given(st.text("ab \n.", min_size=1), st.data())
def test_pieces_share_a_character_with_their_token(text, data):
    doc = NLP(text)
    start = data.draw(st.integers(0, len(doc) - 1))
    span = doc[start : data.draw(st.integers(start + 1, len(doc)))]
    cuts = st.integers(0, len(span.text) + 2)
    offsets = np.array(data.draw(st.lists(st.tuples(cuts, cuts), min_size=1)), dtype="int64")
    assert tuple(part.tolist() for part in pieces_of_tokens(span, offsets)) == theirs(span, offsets)


def test_nothing_was_cut():
    pieces, lengths = pieces_of_tokens(NLP("No fever")[:], np.zeros((2, 2), dtype="int64"))
    assert not len(pieces) and lengths.tolist() == [0, 0]
