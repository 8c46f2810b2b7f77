import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.ml.models.tok2vec import MaxoutWindowEncoder, MultiHashEmbed
from spacy.tokens import Span
from spacy.training import Example
from spacy.vectors import Vectors
from thinc.api import chain

from spacy_clinner.models.bilstm import build_bilstm_encoder
from spacy_clinner.models.char_embed import N_ROWS, build_char_cnn_embed, build_char_lstm_embed, word_chars
from spacy_clinner.models.distinct_words import embeds_words_alone
from spacy_clinner.models.tok2vec import build_windowed_tok2vec
from spacy_clinner.models.word_embed import build_casing_embed, build_concat_embed, build_vectors_embed, casing

from ..toys.gradients import assert_gradients, squares

TEXTS = ["The patient has fever.\nNo cough, 5mg aspirin daily", "", "CT 38.9 The", " \n"]
EMBEDS = {
    "chars by convolution": build_char_cnn_embed,
    "chars by LSTM": build_char_lstm_embed,
    "vectors": lambda: build_vectors_embed(7),
    "casing": build_casing_embed,
    "hashes": lambda: MultiHashEmbed(8, ["NORM"], [100], False),
    "joined": lambda: build_concat_embed({"a": build_char_cnn_embed(), "b": build_casing_embed()}),
}


@pytest.fixture
def nlp():
    nlp = spacy.blank("en")
    words = ["fever", "patient", "cough"]
    data = np.random.default_rng(0).normal(size=(3, 5)).astype("f")
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=data, keys=words, name="v")
    return nlp


@pytest.mark.parametrize("build", EMBEDS.values(), ids=EMBEDS)
@pytest.mark.parametrize("encode", [lambda w: build_bilstm_encoder(6), lambda w: MaxoutWindowEncoder(w, 1, 2, 1)])
def test_one_row_a_token_and_batch_equals_single(nlp, build, encode):
    docs = [nlp.make_doc(text) for text in TEXTS]
    embed = build()
    model = build_windowed_tok2vec(embed, encode(embed.get_dim("nO") if embed.has_dim("nO") else 8))
    model.initialize(docs)
    rows = model.predict(docs)
    assert [row.shape for row in rows] == [(len(doc), model.get_dim("nO")) for doc in docs]
    for doc, row in zip(docs, rows, strict=True):
        if len(doc):
            assert np.allclose(model.predict([doc])[0], row, atol=1e-5)


@pytest.mark.parametrize("build", [build for name, build in EMBEDS.items() if name != "hashes"])
def test_no_tokens_at_all_and_bytes_fill_a_twin(nlp, build):
    docs = [nlp.make_doc(text) for text in TEXTS]
    model, twin = (build_windowed_tok2vec(build(), build_bilstm_encoder(6)) for _ in range(2))
    model.initialize(docs)
    empty = [nlp.make_doc(""), nlp.make_doc("")]
    Y, backprop = model(empty, is_train=True)
    assert [y.shape for y in Y] == [(0, 6), (0, 6)]
    backprop(Y)
    twin.from_bytes(model.to_bytes())
    assert all((a == b).all() for a, b in zip(model.predict(docs), twin.predict(docs), strict=True))


def test_gradients_of_the_whole_encoder(nlp):
    docs = [nlp.make_doc(text) for text in TEXTS]
    parts = {"chars": build_char_cnn_embed(6, 5), "words": build_vectors_embed(4), "case": build_casing_embed(3)}
    model = build_windowed_tok2vec(build_concat_embed(parts), build_bilstm_encoder(6), min_tokens=3, max_tokens=4)
    model.initialize(docs)
    # a small step: the maximum over a word's positions has kinks
    assert_gradients(model, docs, squares, lambda Y: Y, step=1e-3, tolerance=5e-2)


def test_a_saved_pipeline_joins_its_parts_in_the_same_order(nlp, tmp_path):
    chars, casings = ({"@architectures": f"spacy_clinner.{kind}Embed.v1"} for kind in ("CharCNN", "Casing"))
    config = {"@architectures": "spacy_clinner.ConcatEmbed.v1", "parts": {"chars": chars, "casings": casings}}
    encoder = nlp.add_pipe("tok2vec", config={"model": config})
    encoder.initialize(lambda: [Example(nlp.make_doc("fever"), nlp.make_doc("fever"))], nlp=nlp)
    nlp.to_disk(tmp_path)
    assert (spacy.load(tmp_path)("Fever in 2020").tensor == nlp("Fever in 2020").tensor).all()


def test_windows_do_not_see_each_other(nlp):
    model = build_windowed_tok2vec(build_char_cnn_embed(), build_bilstm_encoder(6), unit="lines")
    docs = [nlp.make_doc("no fever\ncough"), nlp.make_doc("no fever\nsevere pain")]
    model.initialize(docs)
    first, second = model.predict(docs)
    assert np.allclose(first[:3], second[:3])
    joined = build_windowed_tok2vec(*model.layers, unit="lines", min_tokens=10)
    first, second = joined.predict(docs)
    assert not np.allclose(first[:3], second[:3])


def test_missing_or_other_vectors_are_an_error(nlp):
    docs = [nlp.make_doc("fever")]
    model = build_vectors_embed(4)
    model.initialize(docs)
    with pytest.raises(ValueError, match="CE121"):
        model.predict([spacy.blank("en").make_doc("fever")])
    other = spacy.blank("en")
    other.vocab.vectors = Vectors(strings=other.vocab.strings, data=np.ones((1, 9), "f"), keys=["fever"], name="w")
    with pytest.raises(ValueError, match="CE122"):
        model.predict([other.make_doc("fever")])


@given(st.lists(st.text(min_size=1, max_size=40), max_size=5))
def test_every_character_has_a_row(words):
    rows, lengths = word_chars(words, max_chars=16)
    assert rows.size == lengths.sum() and ((rows > 0) & (rows < N_ROWS)).all()
    assert lengths.tolist() == [min(len(word), 16) for word in words]


def test_a_long_word_is_read_by_both_ends():
    rows, lengths = word_chars(["abcdefgh"], max_chars=4)
    assert lengths.tolist() == [4] and rows.tolist() == word_chars(["abgh"], 4)[0].tolist()


@pytest.mark.parametrize(
    "word,name",
    list(
        zip(
            ["fever", "CT", "Aspirin", "pH", "40", "38.9", "B12ab", ".", "\n"],
            ["lower", "upper", "title", "mixed", "numeric", "mainly numeric", "has digit", "other", "other"],
            strict=True,
        )
    ),
)
def test_casing(word, name):
    assert casing(word) == name


def joined(**parts):
    return build_concat_embed(parts, dropout=0.0)


def test_a_part_is_hidden_from_tokens_in_training_alone(nlp):
    docs = [nlp.make_doc("fever " * 4000), nlp.make_doc("")]
    parts = {"chars": build_char_cnn_embed(4), "words": MultiHashEmbed(6, ["NORM"], [100], False)}
    model = build_concat_embed(parts, dropout=0.0, token_dropout={"words": 0.75})
    model.initialize(docs)
    (wanted, _) = model.predict(docs)
    table = next(node for node in model.get_ref("words").walk() if node.name == "hashembed")
    for learns in (False, True):
        (rows, none), backprop = model(docs, is_train=True)
        hidden = (rows[:, 4:] == 0).all(axis=1)
        assert 0.72 < hidden.mean() < 0.78
        # what is shown counts as much more, so that a part is worth the same where none is hidden
        assert np.allclose(rows[~hidden, 4:], 4 * wanted[~hidden, 4:], atol=1e-5)
        assert np.allclose(rows[:, :4], wanted[:, :4], atol=1e-5)
        gradients = np.zeros_like(rows)
        gradients[hidden != learns] = np.arange(10)
        backprop([gradients, none])
        assert table.get_grad("E").any() == learns


def test_how_often_a_part_is_hidden_is_checked_and_saved(nlp, tmp_path):
    parts = {"chars": build_char_cnn_embed(), "casing": build_casing_embed()}
    for wrong in ({"words": 0.5}, {"chars": 1.0}, {"chars": -0.1}):
        with pytest.raises(ValueError, match="CE134"):
            build_concat_embed(parts, token_dropout=wrong)
    chars, casings = ({"@architectures": f"spacy_clinner.{kind}Embed.v1"} for kind in ("CharCNN", "Casing"))
    config = {"@architectures": "spacy_clinner.ConcatEmbed.v1", "parts": {"chars": chars, "casings": casings}}
    nlp.add_pipe("tok2vec", config={"model": {**config, "token_dropout": {"chars": 0.3}}})
    nlp.to_disk(tmp_path)
    model = spacy.load(tmp_path).get_pipe("tok2vec").model
    assert model.attrs["token_dropout"] == [0.0, 0.3]


def assert_same_rows(model, docs):
    for learnt, predicted in zip(model(docs, is_train=True)[0], model.predict(docs), strict=True):
        assert np.allclose(learnt, predicted, atol=1e-5)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text("aAbc d'nt.1\n", max_size=40), max_size=5))
def test_each_distinct_word_is_embedded_once_with_the_same_rows(texts):
    nlp = spacy.blank("en")
    # "can't" and "ca n't": the same words, of other norms
    docs = [nlp.make_doc(text) for text in (*texts, "I can't", "ca n't")]
    # the same words in entities of two labels, and in none
    for doc in docs[-2:]:
        doc.set_ents([Span(doc, 0, 1, "A"), Span(doc, 1, 2, "B" if doc is docs[-1] else "A")])
    hashes = MultiHashEmbed(8, ["NORM", "PREFIX", "SUFFIX", "SHAPE", "ENT_TYPE"], [100] * 5, False)
    model = joined(a=hashes, b=build_char_cnn_embed(), c=build_casing_embed())
    model.initialize(docs)
    assert all(embeds_words_alone(part) for part in model.layers)
    assert_same_rows(model, docs)


@pytest.mark.parametrize(
    "part",
    [
        lambda: MultiHashEmbed(8, ["NORM", "SPACY"], [100, 2], False),
        lambda: chain(MultiHashEmbed(8, ["NORM"], [100], False), MaxoutWindowEncoder(8, 1, 2, 1)),
    ],
    ids=["what follows the word", "its neighbours"],
)
def test_what_depends_on_more_than_the_word_is_embedded_at_each_token(nlp, part):
    model = joined(a=part(), b=build_casing_embed())
    docs = [nlp.make_doc("no fever (fever)")]
    model.initialize(docs)
    assert not embeds_words_alone(model.layers[0])
    assert_same_rows(model, docs)
    (rows,) = model.predict(docs)
    assert not np.allclose(rows[1], rows[3])


@pytest.mark.parametrize("skip_space", [False, True])
def test_a_long_document_is_encoded_in_parts_with_the_same_rows(nlp, monkeypatch, skip_space):
    docs = [nlp.make_doc(text) for text in ("no fever\n" * 20 + "a " * 30, "", "\n", "one")]
    embed = joined(a=build_casing_embed(), b=build_char_cnn_embed())
    encode = build_bilstm_encoder(6)
    model = build_windowed_tok2vec(embed, encode, max_tokens=8, skip_space=skip_space)
    model.initialize(docs)
    sizes = []
    forward = encode._func

    def spy(model, part, is_train):
        sizes.extend([] if is_train else [sum(map(len, part))])
        return forward(model, part, is_train)

    monkeypatch.setattr(encode, "_func", spy)
    monkeypatch.setattr("spacy_clinner.models.tok2vec.MAX_ROWS", 10)
    assert_same_rows(model, docs)
    assert len(sizes) > 5 and max(sizes) <= 10


@pytest.mark.parametrize("build", [build_char_cnn_embed, build_char_lstm_embed])
def test_of_a_long_word_two_characters_are_read_at_least(build):
    with pytest.raises(ValueError, match="CE135.*max_chars"):
        build(max_chars=1)
