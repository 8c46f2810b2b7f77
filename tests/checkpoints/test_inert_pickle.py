import os
import pickle
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_clinner.checkpoints import inert_pickle
from spacy_clinner.checkpoints.inert_pickle import read_pickle

from .writer import dump_dataset

CLASSES = ("dataset Dataset", "collections OrderedDict")


class Harmful:
    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


SCALARS = st.none() | st.booleans() | st.text() | st.floats(allow_nan=False) | st.integers(-(2**31), 2**31 - 1)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4), inner, max_size=4)
        | st.tuples(inner, inner)
        | st.tuples(inner, inner, inner, inner)
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("pickles") / "dataset.pickle"


@given(PLAIN, st.sampled_from([2, 3]))
def test_plain_data_is_what_unpickling_would_give(path, data, protocol):
    path.write_bytes(pickle.dumps(data, protocol=protocol))
    assert read_pickle(path, ()) == data


def test_objects_are_dictionaries_of_their_attributes(path):
    dump_dataset(path, {"labels": OrderedDict(O=0), "rows": list(range(400)), "UNK": "UNK"})
    assert read_pickle(path, CLASSES) == {"labels": {"O": 0}, "rows": list(range(400)), "UNK": "UNK"}


def test_code_is_refused_by_name_and_not_run(path, tmp_path):
    for harmful in (Harmful(tmp_path / "made"), {"a": [Harmful(tmp_path / "made")]}):
        path.write_bytes(pickle.dumps(harmful, protocol=3))
        with pytest.raises(ValueError, match="CE055.*mkdir"):
            read_pickle(path, CLASSES)
    path.write_bytes(pickle.dumps(harmful, protocol=4))
    with pytest.raises(ValueError, match="CE055.*opcode"):
        read_pickle(path, CLASSES)
    assert not (tmp_path / "made").exists()


def test_classes_are_allowed_by_their_whole_name(path):
    path.write_bytes(pickle.dumps(OrderedDict(a=1), protocol=2))
    assert read_pickle(path, CLASSES) == {"a": 1}
    with pytest.raises(ValueError, match="CE055.*OrderedDict"):
        read_pickle(path, ["dataset Dataset"])


def test_damage_has_a_code(path):
    dump_dataset(path, {"labels": OrderedDict(O=0), "list": [1, (2, 3)]})
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="CE056|CE055"):
            read_pickle(path, CLASSES)
    for position in range(len(whole)):
        for flip in (1, 0x20, 0xFF):
            path.write_bytes(whole[:position] + bytes([whole[position] ^ flip]) + whole[position + 1 :])
            try:
                read_pickle(path, CLASSES)
            except ValueError as error:
                assert str(error).startswith("[CE05")


def test_a_pickle_may_not_be_huge(path, monkeypatch):
    path.write_bytes(pickle.dumps("x" * 100, protocol=3))
    monkeypatch.setattr(inert_pickle, "MAX_BYTES", 50)
    with pytest.raises(ValueError, match="CE056.*50"):
        read_pickle(path, CLASSES)


def test_a_small_file_cannot_ask_for_much(path):
    """One dictionary of a thousand entries, copied a thousand times, by each opcode that copies."""
    big = b"}(" + b"".join(b"M" + n.to_bytes(2, "little") + b"N" for n in range(1000)) + b"uq\x00"
    new = b"ccollections\nOrderedDict\n"
    copies = {
        "REDUCE": new + b"h\x00\x85R",
        "NEWOBJ": new + b"h\x00\x85\x81",
        "BUILD": b"}h\x00b",
    }
    for copy in copies.values():
        path.write_bytes(b"\x80\x02" + big + b"]" + (copy + b"a") * 1000 + b".")
        with pytest.raises(ValueError, match="CE055.*more than a file of its size"):
            read_pickle(path, CLASSES)
        path.write_bytes(b"\x80\x02" + big + b"]" + copy + b"a.")
        assert len(read_pickle(path, CLASSES)[0]) == 1000


def test_a_long_name_is_cut(path):
    path.write_bytes(b"\x80\x02cos\n" + b"a" * 2_000_000 + b"\n.")
    with pytest.raises(ValueError, match="CE055.*2000005 characters") as error:
        read_pickle(path, CLASSES)
    assert len(str(error.value)) < 2000
