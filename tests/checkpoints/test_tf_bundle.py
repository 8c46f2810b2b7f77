import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from spacy_clinner.checkpoints.crc32c import crc32c, masked_crc32c
from spacy_clinner.checkpoints.tf_bundle import read_bundle

from .writer import DTYPES, field, varint, write_bundle

TENSORS = {
    "lstm/forward/bias": np.arange(3, dtype="float32"),
    "lstm/forward/weights": np.arange(6, dtype="float64").reshape(2, 3),
    "lstm/backward/bias": np.zeros((0, 4), dtype="int64"),
    "step": np.array(7, dtype="int32"),
}


def names(prefix):
    return prefix.with_name("model.index"), prefix.with_name("model.data-00000-of-00001")


@pytest.fixture
def prefix(tmp_path):
    write_bundle(tmp_path / "model", TENSORS)
    return tmp_path / "model"


def test_checksums_are_those_of_the_standard():
    # RFC 3720, appendix B.4, and the check value of the CRC catalogues
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert masked_crc32c(b"") == 0xA282EAD8


@pytest.mark.parametrize("per_block", [1, 2, 9])
def test_every_tensor_of_every_block_is_read(tmp_path, per_block):
    write_bundle(tmp_path / "model", TENSORS, per_block=per_block)
    found = read_bundle(tmp_path / "model")
    assert set(found) == set(TENSORS)
    for name, array in TENSORS.items():
        assert found[name].shape == array.shape and found[name].dtype == array.dtype
        assert (found[name] == array).all()


# shared names, so that keys are stored without what they have in common
NAMES = st.text(alphabet="ab/", min_size=1, max_size=6)
ARRAYS = arrays(st.sampled_from([np.dtype(name) for name in DTYPES]), array_shapes(min_dims=0, max_side=4))


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(NAMES, ARRAYS, max_size=8))
def test_what_is_written_is_read(tmp_path_factory, tensors):
    prefix = tmp_path_factory.mktemp("bundle") / "model"
    write_bundle(prefix, tensors)
    found = read_bundle(prefix)
    assert set(found) == set(tensors)
    assert all(found[name].tobytes() == array.tobytes() for name, array in tensors.items())


@pytest.mark.parametrize("missing", [0, 1])
def test_a_missing_file(prefix, missing):
    names(prefix)[missing].unlink()
    with pytest.raises(ValueError, match="CE050"):
        read_bundle(prefix)


def test_an_index_cut_off_anywhere_is_an_error(prefix):
    index = names(prefix)[0]
    whole = index.read_bytes()
    for size in range(len(whole)):
        index.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="CE051"):
            read_bundle(prefix)


def test_no_changed_byte_changes_a_tensor(prefix):
    """Either an error with a code or, where the file holds nothing that is read, the same tensors."""
    for path in names(prefix):
        whole = path.read_bytes()
        for position in range(len(whole)):
            path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x21]) + whole[position + 1 :])
            try:
                found = read_bundle(prefix)
            except ValueError as error:
                assert str(error).startswith("[CE05")
            else:
                assert all((found[name] == array).all() for name, array in TENSORS.items())
        path.write_bytes(whole)


def test_numbers_cut_off(prefix):
    numbers = names(prefix)[1]
    numbers.write_bytes(numbers.read_bytes()[:-1])
    with pytest.raises(ValueError, match="CE051.*data-00000"):
        read_bundle(prefix)


def test_a_changed_number_is_named(prefix):
    numbers = names(prefix)[1]
    numbers.write_bytes(numbers.read_bytes()[:-1] + b"\1")
    with pytest.raises(ValueError, match="CE052.*'step'"):
        read_bundle(prefix)


@pytest.mark.parametrize(
    "settings,what",
    [
        ({"header": field(1, 2)}, "2 data files"),
        ({"header": field(1, 1) + field(2, 1)}, "big-endian"),
        ({"compression": 1}, "compressed"),
        ({"dtype": 14}, "type 14"),
        ({"extra": field(7, b"")}, "partitioned"),
    ],
)
def test_what_is_not_read_is_refused(tmp_path, settings, what):
    write_bundle(tmp_path / "model", TENSORS, **settings)
    with pytest.raises(ValueError, match=f"CE053.*{what}"):
        read_bundle(tmp_path / "model")


@pytest.mark.parametrize(
    "settings",
    [
        {"header": varint(1 << 3 | 7)},
        # a number that goes on after 64 bits
        {"header": varint(1 << 3) + b"\x80" * 10 + b"\x01"},
        {"extra": field(2, 5)},
        {"extra": field(4, b"x")},
        {"extra": varint(8 << 3 | 2)},
    ],
)
def test_nonsense_with_good_checksums_has_a_code_too(tmp_path, settings):
    write_bundle(tmp_path / "model", TENSORS, **settings)
    with pytest.raises(ValueError, match="CE051"):
        read_bundle(tmp_path / "model")
