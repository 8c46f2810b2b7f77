import re
from functools import partial

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from thinc.api import Config, fix_random_seed
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.ledger import only_run
from spacy_clinner.transfer.transfer_layers import create_transfer_layers
from spacy_clinner.unlabelled import pretraining
from spacy_clinner.unlabelled.encoder_of import encoder_pipeline
from spacy_clinner.unlabelled.language_model import Vocabulary, build_language_model, learn, tell, total_loss
from spacy_clinner.unlabelled.pretraining import Pretraining, PretrainSettings

from ..paths import CONFIGS
from ..toys.tagger import examples
from ..toys.transfer import ENCODER, own_encoder, shared_encoder

WORDS = ["the", "patient", "has", "fever", ".", "no", "cough"]
TEXT = "The patient has fever.\nNo cough. The patient has Zweistein fever."
SETTINGS = PretrainSettings(
    epochs=3, n_words=50, batch_words=60, learn_rate=0.01, dropout=0.1, held_out=0.1, save_every=5
)


def encoder(**changes):
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_tok2vec", name="tok2vec", config={"model": {**ENCODER, **changes}})
    return nlp


def language_model(nlp, seed=0):
    fix_random_seed(seed)
    tok2vec = nlp.get_pipe("tok2vec").model
    tok2vec.initialize([nlp.make_doc(TEXT)])
    vocabulary = Vocabulary(WORDS)
    model = build_language_model(tok2vec, vocabulary.n_classes)
    for head in model.layers[1:]:
        # Thinc's begins with zeros, which tell all words alike
        head.set_param("W", np.random.normal(size=head.get_param("W").shape).astype("f"))
    return model, tok2vec, vocabulary


def texts():
    rng = np.random.default_rng(0)
    signs, drugs = ["fever", "cough", "pain", "rash"], ["aspirin", "metformin", "ibuprofen", "insulin"]
    pairs = [rng.integers(4) for _ in range(60)]
    return [f"The patient has {signs[i]} and takes {drugs[i]} daily.\nNo {signs[i - 1]} was seen." for i in pairs]


def start(output, settings=SETTINGS, some=None):
    words = sorted({word.lower().strip(".") for text in texts() for word in text.split()})
    return Pretraining(encoder, some or texts(), words, output, settings)


def weights(nlp):
    return [node.get_param(name) for node in nlp.get_pipe("tok2vec").model.walk() for name in node.param_names]


# the language model


def test_neighbours_are_told_within_windows():
    nlp = encoder()
    model, tok2vec, vocabulary = language_model(nlp)
    doc = nlp.make_doc(TEXT)
    forward, backward = tell(tok2vec, [nlp.make_doc("Fever"), doc], vocabulary)
    tokens = ["Fever", *(token.text for token in doc)]
    names = ["?", "\n", *WORDS]
    told = [(tokens[i], names[c]) for i, c in zip(forward.states, forward.targets, strict=True)]
    assert told[:6] == [
        ("The", "patient"), ("patient", "has"), ("has", "fever"), ("fever", "."), (".", "\n"), ("No", "cough"),
    ]  # fmt: skip
    assert ("has", "?") in told and not any(token == "\n" for token, _ in told)
    back = [(tokens[i], names[c]) for i, c in zip(backward.states, backward.targets, strict=True)]
    assert back[:2] == [("patient", "the"), ("has", "patient")] and ("\n", ".") in back and ("No", "\n") not in back


@pytest.mark.parametrize("changed", [3, 6])
def test_no_state_has_read_what_it_tells(changed):
    """Words before change no backward probability behind them, words behind no forward one before them."""
    nlp = encoder()
    model, tok2vec, vocabulary = language_model(nlp)
    words = "the patient has fever no cough no fever has patient".split()
    docs = [Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=[*words[:changed], "OTHER", *words[changed + 1 :]])]
    (forward, backward), (forward_2, backward_2) = (
        model.predict(([doc], tell(tok2vec, [doc], vocabulary))) for doc in docs
    )
    # row i of `forward` is the state of word i, row i of `backward` that of word i + 1
    same = np.isclose(forward, forward_2, atol=1e-7).all(1)
    assert same[:changed].all() and not same[changed]
    same = np.isclose(backward, backward_2, atol=1e-7).all(1)
    assert same[changed:].all() and not same[changed - 1]


def test_the_gradient_is_that_of_the_loss():
    nlp = encoder()
    model, tok2vec, vocabulary = language_model(nlp)
    docs = [nlp.make_doc(TEXT), nlp.make_doc("No fever")]
    told = tell(tok2vec, docs, vocabulary)
    n = len(told[0].targets)
    losses = learn(model, docs, told)
    assert np.allclose(np.array(losses) * n, total_loss(model, docs, told), rtol=1e-4)
    lstm = tok2vec.get_ref("encode")
    for name in ("forward_0_recurrent", "backward_0_input"):
        weight, gradient = lstm.get_param(name), lstm.get_grad(name)
        place = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
        found = []
        for step in (0.01, -0.01):
            weight[place] += step
            found.append(total_loss(model, docs, told).sum() / n)
            weight[place] -= step
        assert np.isclose((found[0] - found[1]) / 0.02, gradient[place], rtol=0.02)


DEEP = {"@architectures": "spacy_clinner.BiLSTMEncoder.v1", "width": 32, "depth": 2}
CNN = {"@architectures": "spacy.MaxoutWindowEncoder.v2", "width": 16, "depth": 1, "window_size": 1, "maxout_pieces": 2}
TAG = {"@architectures": "spacy.MultiHashEmbed.v2", "width": 8, "attrs": ["TAG"], "rows": [9]}
TAG["include_static_vectors"] = False


@pytest.mark.parametrize(
    "changes, problem",
    [({"encode": DEEP}, "depth 2"), ({"encode": CNN}, "BiLSTMEncoder"), ({"embed": TAG}, "more than a word")],
)
def test_encoders_that_read_what_they_are_to_tell_are_refused(changes, problem, tmp_path):
    with pytest.raises(ValueError, match=f"CE429.*{problem}"):
        Pretraining(partial(encoder, **changes), texts(), WORDS, tmp_path, SETTINGS)


# the pretraining


def test_held_out_notes_are_told_better_and_better(tmp_path):
    said = []
    run = start(tmp_path)
    before = run.perplexity()
    run.run(said.append)
    rows = [line.split("\t") for line in (tmp_path / "log.tsv").read_text().splitlines()]
    assert rows[0] == list(pretraining.COLUMNS) and len(rows) == len(said) + 1 > 4
    after = [float(value) for value in rows[-1][-2:]]
    assert before[0] > 15 and before[1] > 15
    assert max(after) < min(before) / 2
    assert re.match(r"Step \d+: loss .*, perplexity of held-out notes", said[0])


def test_a_run_that_was_stopped_ends_as_one_that_was_not(tmp_path):
    whole = start(tmp_path / "whole")
    whole.run(str)
    stopped = start(tmp_path / "stopped")

    def stop(line):
        if len(stopped.progress.history) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped.run(stop)
    again = start(tmp_path / "stopped")
    assert again.progress.step == 10
    again.run(str)
    assert again.progress == whole.progress
    for ours, theirs in zip(weights(again.nlp), weights(whole.nlp), strict=True):
        assert (ours == theirs).all()
    # a finished one has nothing to do
    said = []
    start(tmp_path / "stopped").run(said.append)
    assert not said
    saved = spacy.load(tmp_path / "stopped" / "model-last")
    assert all((a == b).all() for a, b in zip(weights(saved), weights(whole.nlp), strict=True))


def test_where_no_word_is_told_nothing_is_measured(tmp_path):
    """Windows of one word have no neighbour to tell: that is no perfect guess."""
    said = []
    start(tmp_path, some=["Fever", "Rash"] * 10).run(said.append)
    assert said and all("loss nan, perplexity of held-out notes nan and nan" in line for line in said)


def test_checkpoints_of_others_and_damaged_ones_are_refused(tmp_path):
    start(tmp_path).run(str)
    for settings, some in [
        (PretrainSettings(epochs=4), None),
        (SETTINGS, [*texts()[:-1], "Another note."]),
    ]:
        with pytest.raises(ValueError, match="CE432.*checkpoints"):
            start(tmp_path, settings, some)
    for path in (tmp_path / "checkpoints").iterdir():
        path.write_bytes(path.read_bytes()[:1000])
    with pytest.warns(UserWarning, match="CW450"), pytest.raises(ValueError, match="CE451"):
        start(tmp_path)


def test_no_pipeline_is_replaced_that_is_no_result(tmp_path):
    """`spacy train` leaves its own as model-last, too."""
    encoder().to_disk(tmp_path / "model-last")
    with pytest.raises(ValueError, match="CE447.*model-last"):
        start(tmp_path)


def test_too_little_to_learn_from(tmp_path):
    with pytest.raises(ValueError, match="CE427"):
        Pretraining(encoder, texts(), [], tmp_path, SETTINGS)
    with pytest.raises(ValueError, match="CE433"):
        Pretraining(encoder, texts()[:1], WORDS, tmp_path, SETTINGS)


# configs, and the transfer


@pytest.mark.parametrize("name, width", [("ner_charcnn-bilstm_crf", 400), ("ner-transfer_charcnn-bilstm_crf", 200)])
def test_the_encoder_of_a_recipe(name, width):
    config = Config().from_disk(CONFIGS / f"{name}.cfg", interpolate=False)
    nlp = encoder_pipeline(config)
    assert nlp.pipe_names == ["tok2vec"]
    assert nlp.get_pipe("tok2vec").model.get_ref("encode").get_dim("nO") == width


@pytest.mark.parametrize("name", ["ner_transformer_crf", "rel_demo_charcnn-bilstm"])
def test_a_config_needs_one_encoder(name):
    config = Config().from_disk(CONFIGS / f"{name}.cfg", interpolate=False)
    if name.startswith("rel"):
        assert encoder_pipeline(config).pipe_names == ["tok2vec"]
        config["nlp"]["pipeline"] = []
    with pytest.raises(ValueError, match="CE430.*0 encoders"):
        encoder_pipeline(config)


@pytest.mark.parametrize("make", [own_encoder, shared_encoder])
@pytest.mark.parametrize("up_to, n", [("character_encoder", 1), ("token_encoder", 2)])
def test_a_transfer_moves_the_encoder_and_nothing_else(make, up_to, n, tmp_path):
    source = encoder()
    fix_random_seed(7)
    source.get_pipe("tok2vec").model.initialize([source.make_doc(TEXT)])
    source.to_disk(tmp_path / "source")
    nlp = make()
    nlp.initialize(lambda: examples(nlp))
    tagger = nlp.get_pipe("ner").model
    emissions = tagger.get_ref("emissions")
    kept = {name: emissions.get_param(name).copy() for name in emissions.param_names}
    tok2vec = (nlp.get_pipe("tok2vec").model) if make is shared_encoder else tagger.get_ref("tok2vec")
    encode = tok2vec.get_ref("encode")
    before = encode.get_param("forward_0_input").copy()
    create_transfer_layers(tmp_path / "source", up_to=up_to, pipe="ner")(nlp)

    theirs = source.get_pipe("tok2vec").model
    pairs = zip(tok2vec.get_ref("embed").walk(), theirs.get_ref("embed").walk(), strict=True)
    assert all((a.get_param(name) == b.get_param(name)).all() for a, b in pairs for name in a.param_names)
    wanted = theirs.get_ref("encode").get_param("forward_0_input") if up_to == "token_encoder" else before
    assert (encode.get_param("forward_0_input") == wanted).all()
    assert all((emissions.get_param(name) == value).all() for name, value in kept.items())


def test_layers_of_a_tagger_are_not_in_an_encoder(tmp_path):
    source = encoder()
    source.get_pipe("tok2vec").model.initialize([source.make_doc(TEXT)])
    source.to_disk(tmp_path / "source")
    nlp = own_encoder()
    nlp.initialize(lambda: examples(nlp))
    with pytest.raises(ValueError, match="CE434.*'crf'.*'tok2vec'"):
        create_transfer_layers(tmp_path / "source", up_to="crf", pipe="ner")(nlp)


def test_the_command(notes, tmp_path):
    config = str(CONFIGS / "ner_demo_charcnn-bilstm_crf.cfg")
    small = ["--epochs", "1", "--min-words", "10", "--n-words", "20", "--batch-words", "300"]
    words = ["pretrain", config, str(notes), "--output", str(tmp_path / "out"), *small]
    result = CliRunner().invoke(clinner_cli, words)
    assert result.exit_code == 0, result.output
    assert "60 of 60 notes" in result.output and "perplexity" in result.output
    nlp = spacy.load(tmp_path / "out" / "model-last")
    assert nlp.pipe_names == ["tok2vec"] and nlp("No fever.").tensor.shape == (3, 400)
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert b"zweistein" not in written.lower()
    assert "CE423" in CliRunner().invoke(clinner_cli, [*words, "--min-words", "99999"]).output
    long = tmp_path / "long.txt"
    long.write_text("fever " * 200_000)
    assert re.search("CE436.*long", CliRunner().invoke(clinner_cli, [*words, str(long)]).output)
    with only_run(tmp_path / "out"):
        assert "CE372" in CliRunner().invoke(clinner_cli, words).output
