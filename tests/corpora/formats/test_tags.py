import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_clinner.corpora.formats.tags import TAG, Chunk, chunks_to_tags, detect_scheme, tags_to_chunks

SCHEMES = ["iob1", "iob2", "bioes"]


@st.composite
def chunkings(draw):
    """A number of tokens and entities among them."""
    chunks, end = [], 0
    for gap, length, label in draw(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.sampled_from("AB")))):
        chunks.append((end + gap, end + gap + length, label))
        end += gap + length
    return end + draw(st.integers(0, 2)), chunks


@pytest.mark.parametrize("scheme", SCHEMES)
@given(chunking=chunkings())
def test_entities_survive_as_tags(scheme, chunking):
    n_tokens, chunks = chunking
    tags = chunks_to_tags(n_tokens, chunks, scheme)
    assert len(tags) == n_tokens and all(TAG.fullmatch(tag) for tag in tags)
    assert list(tags_to_chunks(tags, scheme)) == [Chunk(*chunk) for chunk in chunks]
    detected = detect_scheme([tags])
    assert list(tags_to_chunks(tags, detected)) == [Chunk(*chunk) for chunk in chunks]


@pytest.mark.parametrize("scheme", SCHEMES)
@given(tags=st.lists(st.sampled_from(["O", *(f"{prefix}-{label}" for prefix in "BIESLU" for label in "AB")])))
def test_no_tagged_token_is_lost_whatever_the_tags(scheme, tags):
    found = {i: chunk.label for chunk in tags_to_chunks(tags, scheme) for i in range(chunk.start, chunk.end)}
    assert found == {i: tag[2:] for i, tag in enumerate(tags) if tag != "O"}


def test_the_three_schemes():
    chunks = [(0, 2, "A"), (2, 3, "A"), (4, 5, "B")]
    assert chunks_to_tags(5, chunks, "iob1") == ["I-A", "I-A", "B-A", "O", "I-B"]
    assert chunks_to_tags(5, chunks, "iob2") == ["B-A", "I-A", "B-A", "O", "B-B"]
    assert chunks_to_tags(5, chunks, "bioes") == ["B-A", "E-A", "S-A", "O", "S-B"]


@pytest.mark.parametrize(
    "tags, scheme",
    [
        (["O"], "iob2"),
        (["I-A", "I-A", "B-A", "O"], "iob1"),
        (["B-A", "I-A", "B-A", "O"], "iob2"),
        (["B-A", "O", "I-A"], "iob2"),
        (["B-A", "L-A", "U-B"], "bioes"),
        (["O", "S-B"], "bioes"),
    ],
)
def test_the_scheme_is_told_from_the_tags(tags, scheme):
    assert detect_scheme([[], tags]) == scheme


@pytest.mark.parametrize(
    "tags, scheme, repaired",
    [
        (["I-A", "I-A"], "iob1", ""),
        (["I-A", "I-A"], "iob2", "A begins with I"),
        (["B-A", "O"], "bioes", "A does not end with E or S"),
        (["E-A", "O"], "bioes", "A begins with E"),
        (["I-A", "E-A"], "bioes", "A begins with I"),
        (["B-A", "L-A", "O"], "bioes", ""),
        (["U-A"], "bioes", ""),
    ],
)
def test_illegal_tags_are_repaired_and_said_so(tags, scheme, repaired):
    (chunk,) = tags_to_chunks(tags, scheme)
    assert chunk == Chunk(0, len([tag for tag in tags if tag != "O"]), "A", repaired)
