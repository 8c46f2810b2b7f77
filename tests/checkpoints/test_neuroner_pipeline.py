import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Config

from spacy_clinner.checkpoints.neuroner import lstm_names, read_checkpoint
from spacy_clinner.checkpoints.neuroner_pipeline import load_vectors, make_pipeline
from spacy_clinner.layers.crf.params import to_chain
from spacy_clinner.models.crf_tagger import crf_params

from ..layers.lstm.coupled_reference import run_both
from ..paths import DOCS
from ..pipeline.tagger.test_crf_tagger import same_annotation
from ..toys.forked import run_python
from .writer import SETTINGS, write_checkpoint

WORDS = "at ten 00 unk date".split()
TEXTS = ["At ten  Zate 19\ndate zeta 12 .", "", "a", "\n\n"]


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    """Word vectors as a text file without a header line, as GloVe is published."""
    rng = np.random.default_rng(1)
    path = tmp_path_factory.mktemp("vectors") / "glove.txt"
    rows = [" ".join([word, *(f"{value:.4f}" for value in rng.normal(size=4))]) for word in WORDS]
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("neuroner") / "tiny"
    write_checkpoint(folder)
    return folder


@pytest.fixture
def nlp(folder, vectors):
    return make_pipeline(read_checkpoint(folder), vectors)


def neuroner_scores(words, checkpoint, table):
    """Unary scores of NeuroNER, step by step from its own tensors and in its order of tags."""
    tensors = checkpoint.tensors

    def lstm(scope, X):
        ways = []
        for way in ("forward", "backward"):
            weights, bias, hidden, cell = (tensors[name].astype("float64") for name in lstm_names(scope, way))
            ways.append((weights, bias, hidden[0], cell[0]))
        return run_both(X, *ways)

    rows = []
    for word in words:
        numbers = [1 + checkpoint.characters.index(ord(c)) if ord(c) in checkpoint.characters else 0 for c in word]
        states = lstm("character", tensors["character_embedding/character_embedding_weights"][numbers])
        half = states.shape[1] // 2
        zeros = "".join("0" if char.isdigit() else char for char in word)
        known = [form for form in (word, word.lower(), zeros, zeros.lower()) if form in table]
        vector = table[known[0]] if known else tensors["token_embedding/token_embedding_weights"][0]
        rows.append(np.concatenate([states[-1, :half], states[0, half:], vector]))
    X = lstm("token", np.array(rows))
    X = np.tanh(X @ tensors["feedforward_after_lstm/W"] + tensors["feedforward_after_lstm/bias"])
    return X @ tensors["feedforward_before_crf/W"] + tensors["feedforward_before_crf/bias"]


def test_scores_are_those_of_neuroner_step_by_step(nlp, folder):
    checkpoint = read_checkpoint(folder)
    table = {word: nlp.vocab.vectors[nlp.vocab.strings[word]] for word in WORDS}
    words = ["At", "ten", "Zate", "19", "[", "unk", "zzz", "DATE", "1"]
    expected = neuroner_scores(words, checkpoint, table)[:, checkpoint.columns]
    found = nlp.get_pipe("ner").model.predict([Doc(nlp.vocab, words)]).data
    assert np.allclose(found, expected, atol=1e-5)


def test_moves_are_those_of_neuroner_where_they_are_legal(nlp, folder):
    tags, weights = write_checkpoint(folder)
    moves = weights["crf/transitions"]
    ours = ["O", *(f"{kind}-{label}" for kind in "BIES" for label in nlp.get_pipe("ner").labels)]
    start, transitions, end = to_chain(crf_params(nlp.get_pipe("ner").model))
    legal = 0
    for i, tag in enumerate(ours):
        begins, ends = tag[0] in "OBS", tag[0] in "OES"
        assert start[i] == (moves[len(tags), tags.index(tag)] if begins else -np.inf)
        assert end[i] == (moves[tags.index(tag), len(tags) + 1] if ends else -np.inf)
        for j, following in enumerate(ours):
            if np.isfinite(transitions[i, j]):
                assert transitions[i, j] == moves[tags.index(tag), tags.index(following)]
                legal += 1
    assert legal == 5 * 5 + 4 * 2


def test_white_space_changes_no_score_of_a_word(nlp):
    model = nlp.get_pipe("ner").model
    words = ["at", " ", "ten", "\n", "date", "\n\n", "zeta"]
    spaced, plain = model.predict([Doc(nlp.vocab, words)]).data, model.predict([Doc(nlp.vocab, words[::2])]).data
    assert np.allclose(spaced[::2], plain, atol=1e-5)


@pytest.mark.slow
def test_travels_by_disk_bytes_and_processes(nlp, tmp_path):
    docs = [nlp(text) for text in TEXTS]
    assert any(doc.ents for doc in docs)
    nlp.to_disk(tmp_path / "model")
    for twin in (spacy.load(tmp_path / "model"), spacy.blank("en", config=nlp.config).from_bytes(nlp.to_bytes())):
        for doc, text in zip(docs, TEXTS, strict=True):
            same_annotation(doc, twin(text))
    for doc, other in zip(docs, nlp.pipe(TEXTS, n_process=2), strict=True):
        same_annotation(doc, other)
    code = (
        f"import spacy; nlp = spacy.load({str(tmp_path / 'model')!r}); "
        f"print([[(e.start, e.end, e.label_) for e in nlp(text).ents] for text in {TEXTS!r}])"
    )
    run = run_python("-c", code)
    assert run.stdout.strip() == str([[(e.start, e.end, e.label_) for e in doc.ents] for doc in docs])


def test_learns_further(nlp):
    def examples():
        doc = nlp.make_doc("at ten zeta date 19 .")
        doc.set_ents([Span(doc, 1, 3, label="NAME"), Span(doc, 4, 5, label="DATE")])
        return [Example(nlp.make_doc(doc.text), doc)]

    def step(sgd):
        losses = {}
        # the same mask at every step, so that losses compare
        np.random.seed(0)
        nlp.update(examples(), sgd=sgd, losses=losses)
        return losses["ner"]

    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.01
    unknown = nlp.get_pipe("ner").model.get_ref("tok2vec").get_ref("embed").get_ref("tokens")
    before, table = unknown.get_param("unknown_vector").copy(), nlp.vocab.vectors.data.copy()
    first, second, third = (step(optimizer) for _ in range(3))
    assert first > second > third
    assert (unknown.get_param("unknown_vector") != before).any() and (nlp.vocab.vectors.data == table).all()


def test_the_architectures_of_the_page_train_without_any_import(vectors):
    blocks = (DOCS / "guide" / "neuroner.md").read_text(encoding="utf8").split("```ini\n")
    config = Config().from_str("[components]\n[components.ner]\n[components.ner.model]\n" + blocks[2].split("```")[0])
    nlp = spacy.blank("en")
    load_vectors(nlp, vectors, 4)
    model = {"@architectures": "spacy_clinner.CRFTagger.v1", **config["components"]["ner"]["model"]}
    nlp.add_pipe("clinner_crf_tagger", name="ner", config={"model": model})
    reference = nlp.make_doc("at ten zeta date 19 .")
    reference.set_ents([Span(reference, 1, 3, label="NAME"), Span(reference, 4, 5, label="DATE")])
    examples = [Example(nlp.make_doc(reference.text), reference)]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(20):
        nlp.update(examples, sgd=optimizer)
    assert [(ent.start, ent.end, ent.label_) for ent in nlp(reference.text).ents] == [(1, 3, "NAME"), (4, 5, "DATE")]


def test_stanford_tokens_are_warned_of(tmp_path, vectors):
    write_checkpoint(tmp_path, settings=SETTINGS.replace("tokenizer = spacy", "tokenizer = stanford"))
    with pytest.warns(UserWarning, match="CW050.*stanford"):
        make_pipeline(read_checkpoint(tmp_path), vectors)


def test_vectors_of_a_folder_are_those_of_the_text(nlp, vectors, tmp_path):
    # what `python -m spacy init vectors` does
    nlp.remove_pipe("ner")
    nlp.to_disk(tmp_path / "vectors")
    other = spacy.blank("en")
    load_vectors(other, tmp_path / "vectors", 4)
    for word in WORDS:
        assert (other.vocab.vectors[other.vocab.strings[word]] == nlp.vocab[word].vector).all()


@pytest.mark.parametrize("content", [None, "", "no numbers here\n", "the 1 2 3\nof 1 2\n", "the 1.0 2.0\n"])
def test_vectors_that_are_none(tmp_path, content):
    path = tmp_path / "vectors.txt"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValueError, match="CE059.*width 4"):
        load_vectors(spacy.blank("en"), path, 4)
    spacy.blank("en").to_disk(tmp_path / "pipeline")
    with pytest.raises(ValueError, match="CE059"):
        load_vectors(spacy.blank("en"), tmp_path / "pipeline", 4)
