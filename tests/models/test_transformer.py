"""Windows of a transformer never hold more word pieces than it reads."""

import re
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.models.transformer_pieces import settle

from ..toys.tagger import entities, examples
from ..toys.transformer import LIMIT, WINDOWS, add_transformer, minilm, save_tiny_roberta, save_tiny_transformer

LONG = " ".join(["hydroxychloroquine"] * 60)
# one token of 701 pieces
SIGNS = "a_" * 350 + "a"
TEXTS = ["", "Gave aspirin 100 mg.", LONG, f"Signed {SIGNS} today", "\n\n", f"No fever.\n{LONG}\n\nCough\n" * 2]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_tiny_transformer(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def nlp(tiny):
    return initialized(tiny)


def initialized(folder, **settings):
    nlp = add_transformer(spacy.blank("en"), folder, **settings)
    nlp.initialize(lambda: examples(nlp))
    return nlp


def rowless(doc):
    """Words that the transformer gave no row."""
    return [token.text for token, n in zip(doc, doc._.trf_data.align.lengths, strict=True) if not (n or token.is_space)]


def windows(nlp, doc):
    (spans,) = nlp.get_pipe("transformer").model.attrs["get_spans"]([doc])
    return [(span.start, span.end) for span in spans]


def pieces(nlp, doc):
    tokenizer = nlp.get_pipe("transformer").model.tokenizer
    return [len(tokenizer(doc[start:end].text)["input_ids"]) for start, end in windows(nlp, doc)]


def test_a_pipeline_without_it_warns_and_can_be_mended(tiny, tmp_path):
    """spacy-transformers by itself drops the ends of windows."""
    nlp = initialized(tiny, architecture="spacy-transformers.TransformerModel.v3")
    doc = nlp.make_doc(f"No fever.\n\n{LONG} \x07\n\n")
    doc.user_data[DOC_ID_KEY] = "note-1"
    with pytest.warns(UserWarning) as caught:
        doc = nlp(doc)
    assert rowless(doc) == ["hydroxychloroquine"] * 32 + ["\x07"]
    (text,) = [str(warning.message) for warning in caught if "CW121" in str(warning.message)]
    first = next(i for i, n in enumerate(doc._.trf_data.align.lengths) if not (n or doc[i].is_space))
    assert text.startswith(
        f"[CW121] Document 'note-1': 33 tokens have no row of the transformer, the first is token {first}"
    )
    nlp.to_disk(tmp_path / "model")
    config = tmp_path / "model" / "config.cfg"
    text = config.read_text(encoding="utf8")
    config.write_text(text.replace("spacy-transformers.TransformerModel.v3", "spacy_clinner.TransformerModel.v1"))
    with warnings.catch_warnings(action="error", category=UserWarning):
        assert rowless(spacy.load(tmp_path / "model")(doc.text)) == ["\x07"]


@pytest.mark.filterwarnings("error::UserWarning")
def test_what_the_tokenizer_leaves_out_is_no_word_over_the_limit(tiny):
    """Signs without pieces, in a batch with a full window."""
    nlp = initialized(tiny, architecture="spacy-transformers.TransformerModel.v3")
    full = " ".join(["aspirins"] * 63 + ["abcdef"])
    (doc,) = list(nlp.pipe([f"{full}\n\n\x07 a \u200b b \x07"]))
    assert doc._.trf_data.wordpieces.input_ids.shape[1] == LIMIT
    assert rowless(doc) == ["\x07", "\u200b", "\x07"]


def test_documents_without_tokens(tiny):
    """spacy-transformers fails on a batch of nothing else."""
    nlp = initialized(tiny)
    assert [len(doc.ents) for doc in (nlp(""), *nlp.pipe(["", ""]))] == [0, 0, 0]
    empty = [example for example in examples(nlp) if not len(example.x)]
    assert nlp.update(empty * 2, sgd=False)["ner"] == 0
    assert nlp.update(examples(nlp), sgd=False)["ner"] > 0
    nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    assert not nlp("").ents


def test_rows_of_other_tokens_are_refused(nlp):
    doc = nlp.get_pipe("transformer")(nlp.make_doc("Gave aspirin, 100 mg \x07."))
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[2:4])
    with pytest.raises(ValueError, match="CE345"):
        nlp.get_pipe("ner")(doc)


def test_a_pipeline_that_lost_its_transformer_warns(nlp):
    with nlp.select_pipes(disable="transformer"), pytest.warns(UserWarning, match="CW200.*'ner'"):
        nlp("No fever")


@pytest.mark.filterwarnings("error::UserWarning")
def test_words_of_many_pieces_all_have_rows(nlp):
    doc = nlp(LONG)
    assert not rowless(doc)
    assert windows(nlp, doc) == [(0, 15), (15, 30), (30, 45), (45, 60)]
    assert max(pieces(nlp, doc)) == 15 * 18 + 2 <= LIMIT


@pytest.mark.parametrize("folder", ["tiny", "minilm"])
def test_windows_within_the_limit_stay(folder, request):
    folder = minilm() if folder == "minilm" else request.getfixturevalue("tiny")
    text = "No fever.\n" * 40 + "Gave aspirin and hydroxychloroquine, 100 mg daily. " * 20
    fitting, plain = (
        initialized(folder, architecture=f"{package}.TransformerModel.{version}")
        for package, version in (("spacy_clinner", "v1"), ("spacy-transformers", "v3"))
    )
    doc, expected = fitting(text), plain(text)
    assert windows(fitting, doc) == [(span.start, span.end) for span in WINDOWS([doc])[0]]
    assert len(windows(fitting, doc)) > 2
    ours, theirs = (d._.trf_data.model_output.last_hidden_state for d in (doc, expected))
    assert np.array_equal(ours, theirs)


@given(st.lists(st.text(alphabet="ab_.\u00e9\u4e2d", min_size=1, max_size=260), max_size=30))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_windows_hold_every_token_once(nlp, words):
    doc = nlp.make_doc(" ".join(words))
    bounds = windows(nlp, doc)
    assert [i for start, end in bounds for i in range(start, end)] == list(range(len(doc)))
    assert all(n <= LIMIT or end - start == 1 for n, (start, end) in zip(pieces(nlp, doc), bounds, strict=True))


def test_minilm_reads_every_word():
    nlp = initialized(minilm())
    # one window of 128 tokens, 17 pieces each
    doc = nlp(" ".join(["pneumonoultramicroscopicsilicovolcanoconiosis"] * 128))
    assert not rowless(doc) and len(windows(nlp, doc)) == 8


def test_a_token_over_the_limit_has_the_row_of_its_first_pieces(nlp):
    doc = nlp.make_doc(f"Signed {SIGNS} today")
    assert len(doc) == 3
    doc.user_data[DOC_ID_KEY] = "note-1"
    with pytest.warns(UserWarning, match=re.escape("[CW120] Document 'note-1', token 1: its 701 characters")) as caught:
        doc = nlp(doc)
    assert SIGNS[:20] not in str(caught[0].message)
    assert windows_quietly(nlp, doc) == [(0, 1), (1, 2), (2, 3)]
    # all that the transformer reads but its mark of the beginning
    assert doc._.trf_data.align.lengths[1] == LIMIT - 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        short = nlp(SIGNS[: LIMIT - 1])
    rows = short._.trf_data.model_output.last_hidden_state
    np.testing.assert_allclose(rows[0], doc._.trf_data.model_output.last_hidden_state[1], atol=1e-5)


def windows_quietly(nlp, doc):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return windows(nlp, doc)


def test_a_tokenizer_without_a_limit_learns_the_transformers(tmp_path):
    """RoBERTa's positions begin after the padding's."""
    nlp = initialized(save_tiny_roberta(tmp_path, n_positions=66))
    model = nlp.get_pipe("transformer").model
    assert settle(model.tokenizer, model.transformer) == 64 == model.tokenizer.model_max_length
    doc = nlp(" ".join(["hydroxychloroquine"] * 60))
    assert not rowless(doc) and len(windows(nlp, doc)) > 8
    with pytest.warns(UserWarning, match="CW120"):
        assert not rowless(nlp("A" * 500))


def test_training_and_use_see_the_same_windows(nlp):
    """Also when each window is a training example by itself."""
    doc = nlp.make_doc(f"No fever.\n{LONG}\nCough {LONG}")
    (spans,) = WINDOWS([doc])
    own = [(span.start + start, span.start + end) for span in spans for start, end in windows(nlp, span.as_doc())]
    assert own == windows(nlp, doc)


def test_it_survives_saving_and_other_processes(nlp, tmp_path):
    nlp.to_disk(tmp_path / "model")
    loaded = spacy.load(tmp_path / "model")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        docs = [list(pipe.pipe(TEXTS, n_process=n)) for pipe, n in ((nlp, 1), (loaded, 1), (loaded, 2))]
        assert not any(rowless(doc) for doc in docs[0] if len(doc))
        for one, other, third in zip(*docs, strict=True):
            assert windows(nlp, one) == windows(loaded, other)
            scores = [doc.spans["clinner_ents"].attrs["scores"] for doc in (one, other, third)]
            np.testing.assert_allclose(scores[0], scores[1], atol=1e-5)
            np.testing.assert_allclose(scores[0], scores[2], atol=1e-5)
            assert entities(one) == entities(other) == entities(third)


@pytest.mark.slow
def test_two_processes_finish_with_torchs_default_threads(nlp, tmp_path):
    nlp.to_disk(tmp_path / "model")
    code = (
        "import spacy, torch; torch.set_num_threads(2); torch.rand(400, 400) @ torch.rand(400, 400)\n"
        f"nlp = spacy.load({str(tmp_path / 'model')!r}); nlp('Give aspirin')\n"
        f"print(len(list(nlp.pipe([{LONG!r}] * 8, n_process=2, batch_size=2))))"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert run.stdout.strip() == "8"


@pytest.mark.parametrize("own", [False, True])
def test_threads_do_not_meet_in_the_transformer(tiny, own):
    """Where they do, a prediction has the dropout or the padding of another's."""
    nlp = initialized(tiny)
    if own:
        nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])
        nlp.remove_pipe("transformer")
    texts = ["Fever" + " again" * n for n in range(12)]
    expected = [nlp(text).spans["clinner_ents"].attrs["scores"] for text in texts]
    together, often = Barrier(4), sys.getswitchinterval()

    def annotate(_):
        together.wait()
        return [nlp(text).spans["clinner_ents"].attrs["scores"] for text in texts]

    try:
        sys.setswitchinterval(1e-5)
        with ThreadPoolExecutor(4) as threads:
            for found in threads.map(annotate, range(4)):
                for scores, wanted in zip(found, expected, strict=True):
                    np.testing.assert_allclose(scores, wanted, atol=1e-5)
    finally:
        sys.setswitchinterval(often)


def test_a_listener_replaced_by_its_own_transformer_fits_too(tiny, tmp_path):
    nlp = initialized(tiny)
    before = nlp(LONG).spans["clinner_ents"].attrs["scores"]
    nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])
    assert nlp.config["components"]["ner"]["model"]["tok2vec"]["@architectures"].startswith("spacy_clinner.")
    nlp.remove_pipe("transformer")
    nlp.to_disk(tmp_path / "alone")
    for pipeline in (nlp, spacy.load(tmp_path / "alone")):
        np.testing.assert_allclose(pipeline(LONG).spans["clinner_ents"].attrs["scores"], before, atol=1e-5)
