import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_clinner.layers.crf import param_shapes
from spacy_clinner.layers.crf.params import CRFParams, to_chain
from spacy_clinner.layers.tags.entries import label_entries
from spacy_clinner.layers.tags.layout import enterers, leavers


@pytest.mark.parametrize("labels", [[], [1], [2, 0]])
def test_entries_are_the_tags_of_the_labels(labels):
    n_labels = 3
    found = label_entries(labels, n_labels)
    tags = [0] + [1 + kind * n_labels + label for kind in range(4) for label in labels]
    assert found["tags"].tolist() == found["bias"].tolist() == tags
    assert found["labels"].tolist() == labels
    assert set(enterers(n_labels)[found["start"]]) == set(tags) & set(enterers(n_labels))
    assert set(leavers(n_labels)[found["end"]]) == set(tags) & set(leavers(n_labels))
    assert found["tags"].dtype.kind == "i"


@given(st.permutations(range(4)))
def test_corresponding_entries_of_two_heads_are_the_same_moves(order):
    """Copying by entries into another order of the labels equals renaming the tags of the dense scores."""
    rng = np.random.default_rng(0)
    shapes = param_shapes(4).values()
    old = CRFParams(*(rng.normal(size=shape) for shape in shapes))
    new = CRFParams(*(np.zeros(shape) for shape in shapes))
    source, target = label_entries(range(4), 4), label_entries(order, 4)
    for name, values in new._asdict().items():
        values[target[name]] = getattr(old, name)[source[name]]
    tags = target["tags"]
    for left, right in zip(to_chain(old), to_chain(new), strict=True):
        assert np.array_equal(left, right[np.ix_(*[tags] * right.ndim)])
