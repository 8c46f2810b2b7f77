"""Notes are cut alike every time, and no note falls between two batches."""

from hypothesis import given
from hypothesis import strategies as st

from spacy_clinner.bulk.batch import Failure
from spacy_clinner.bulk.note import Note
from spacy_clinner.bulk.runs.shards import BATCH_CHARS, Shard, ShardNote, batches, cut

TEXTS = st.lists(st.text(max_size=30), max_size=30)


def notes_of(texts):
    return [Note(str(number), text.strip) for number, text in enumerate(texts)]


@given(TEXTS, st.integers(1, 100))
def test_every_note_is_in_one_shard_and_one_batch(texts, shard_bytes):
    shards = list(cut(notes_of(texts), shard_bytes))
    assert [shard.number for shard in shards] == list(range(len(shards)))
    assert [note.id for shard in shards for note in shard.notes] == [str(n) for n in range(len(texts))]
    for shard in shards:
        sizes = [len(note.text.encode()) for note in shard.notes]
        assert len(sizes) == 1 or sum(sizes) <= shard_bytes
        parts = batches(shard.notes, 3)
        assert [i for part in parts for i in part] == list(range(len(shard.notes)))
        assert all(1 <= len(part) <= 3 for part in parts)
    assert [shard.digest() for shard in cut(notes_of(texts), shard_bytes)] == [shard.digest() for shard in shards]


def test_long_notes_have_batches_of_their_own():
    notes = [ShardNote(str(n), "x" * length) for n, length in enumerate([5, BATCH_CHARS, 5, 5, 2 * BATCH_CHARS])]
    assert batches(notes, 64) == [range(0, 1), range(1, 2), range(2, 4), range(4, 5)]


def test_a_note_that_cannot_be_read_is_in_its_shard():
    def fail():
        raise OSError("a secret path")

    (shard,) = cut([Note("a", "fever".strip), Note("b", fail)])
    assert shard.notes[0] == ShardNote("a", "fever")
    assert isinstance(shard.notes[1].text, Failure) and "CE343" in shard.notes[1].text.message


def test_the_digest_is_of_everything():
    notes = (ShardNote("a", "fever", ("P1",)), ShardNote("b", "pain", (None,)))
    variants = [
        notes,
        notes[::-1],
        (notes[0]._replace(id="c"), notes[1]),
        (notes[0]._replace(text="fevers"), notes[1]),
        (notes[0]._replace(also=("P2",)), notes[1]),
        (notes[0], notes[1]._replace(also=("",))),
        (notes[0], notes[1]._replace(text=Failure("pain", ""))),
        (ShardNote("af", "ever", ("P1",)), notes[1]),
    ]
    assert len({Shard(0, variant).digest() for variant in variants}) == len(variants)
    assert Shard(0, notes).digest() == Shard(7, notes).digest()
