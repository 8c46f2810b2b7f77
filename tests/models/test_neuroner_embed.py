import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.vectors import Vectors

from spacy_clinner.models.coupled_lstm import build_coupled_bilstm_encoder
from spacy_clinner.models.neuroner_embed import build_neuroner_embed, find_rows
from spacy_clinner.models.tok2vec import build_windowed_tok2vec

from ..toys.gradients import assert_gradients, squares

WORDS = ["fever", "unk", "US", "us", "00/00", "t0"]
TEXTS = ["Fever of the US\nNo  cough 12/34", "", " \n", "FEVER T5 é", "us"]


@pytest.fixture
def nlp():
    nlp = spacy.blank("en")
    data = np.random.default_rng(0).normal(size=(len(WORDS), 5)).astype("f")
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=data, keys=WORDS, name="v")
    return nlp


def build(**settings):
    embed = build_neuroner_embed(char_width=4, char_nO=6, **settings)
    return build_windowed_tok2vec(embed, build_coupled_bilstm_encoder(6, 3), skip_space=True)


def test_words_are_looked_up_as_written_then_lower_then_with_zeros(nlp):
    words = ["US", "Us", "Fever", "12/34", "T5", "UNK", "cough", "Fe ver"]
    assert find_rows(words, nlp.vocab.vectors).tolist() == [2, 3, 0, 4, 5, 1, -1, -1]


def test_unknown_words_have_the_learned_vector_which_starts_as_that_of_unk(nlp):
    embed = build_neuroner_embed()
    doc = nlp.make_doc("fever cough")
    embed.initialize([doc])
    fever, cough = embed.predict([doc])[0][:, 50:]
    assert np.allclose([fever, cough], nlp.vocab.vectors.data[:2])


def test_characters_without_a_row_share_row_zero(nlp):
    embed = build_neuroner_embed([ord("a"), ord("b")])
    docs = [nlp.make_doc(text) for text in ("a", "b", "é", "\u2028x", "q")]
    embed.initialize(docs)
    a, b, accent, _, q = (rows[0, :50] for rows in embed.predict(docs))
    assert (q == accent).all() and not (a == b).any() and not (a == q).any()
    with pytest.raises(ValueError, match="CE141"):
        build_neuroner_embed([97, 98, 97])


def test_white_space_is_hidden_from_the_encoder(nlp):
    model = build()
    spaced = Doc(nlp.vocab, ["No", "  ", "cough", "\n\n", "today"])
    plain = Doc(nlp.vocab, ["No", "cough", "today"])
    model.initialize([plain])
    model.attrs["min_tokens"] = 9
    rows, expected = model.predict([spaced, plain])
    assert np.allclose(rows[[0, 2, 4]], expected, atol=1e-6) and (rows[[1, 3]] == 0).all()


def test_one_row_a_token_and_batch_equals_single(nlp):
    docs = [nlp.make_doc(text) for text in TEXTS]
    model = build()
    model.initialize(docs)
    rows = model.predict(docs)
    assert [row.shape for row in rows] == [(len(doc), 3) for doc in docs]
    for doc, row in zip(docs, rows, strict=True):
        assert np.allclose(model.predict([doc])[0], row, atol=1e-6)
    twin = build().from_bytes(model.to_bytes())
    assert all((a == b).all() for a, b in zip(twin.predict(docs), rows, strict=True))


def test_gradients_of_the_whole_encoder(nlp):
    docs = [nlp.make_doc(text) for text in TEXTS]
    model = build(dropout=0.0)
    model.initialize(docs)
    assert_gradients(model, docs, squares, lambda Y: Y, step=1e-3, tolerance=5e-2)


def test_no_tokens_at_all_get_an_answer(nlp):
    model = build()
    model.initialize([nlp.make_doc("fever")])
    for texts in ([], ["", ""], ["\n"]):
        Y, backprop = model([nlp.make_doc(text) for text in texts], is_train=True)
        backprop(Y)


def test_half_of_the_joined_vector_is_dropped_in_training_only(nlp):
    embed, doc = build_neuroner_embed(), nlp.make_doc("fever and cough")
    embed.initialize([doc])
    assert 0.3 < (embed([doc], is_train=True)[0][0] == 0).mean() < 0.7
    assert not (embed.predict([doc])[0] == 0).any()


def test_missing_other_and_floret_vectors_are_errors(nlp):
    model = build_neuroner_embed()
    model.initialize([nlp.make_doc("fever")])
    other = spacy.blank("en")
    with pytest.raises(ValueError, match="CE121"):
        model.predict([other.make_doc("fever")])
    other.vocab.vectors = Vectors(strings=other.vocab.strings, data=np.ones((1, 9), "f"), keys=["fever"])
    with pytest.raises(ValueError, match="CE122"):
        model.predict([other.make_doc("fever")])
    data = np.ones((8, 5), "f")
    other.vocab.vectors = Vectors(strings=other.vocab.strings, data=data, mode="floret", hash_count=1, minn=3, maxn=4)
    with pytest.raises(ValueError, match="CE142"):
        model.predict([other.make_doc("fever")])
