"""Exported transformers: the same rows, entities and probabilities in every family, without torch and transformers."""

import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import spacy
from thinc.api import Config
from tokenizers.processors import TemplateProcessing

from spacy_clinner.assembly.export import export_pipeline
from spacy_clinner.assembly.without_torch import check_without_torch

from ..toys.families import FAMILIES, save_family
from ..toys.tagger import SMALL_TOK2VEC, examples
from ..toys.transformer import BILSTM, HEAD, LIMIT, LISTENER, add_transformer, save_tiny_transformer

LONG = " ".join(["hydroxychloroquine"] * 30)
ODD = "No fever,  \u00e9 e\u0301 100 \u00b5g [SEP] <s>\n\n\U0001f468\u200d\U0001f469 <pad> A\u00a0B \x07 \u200b end "
NOTES = ["", "Gave aspirin 100 mg .", f"No fever.\n{LONG}\n\nCough\n" * 2, "\n\n", LONG, ODD]
HEARS = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16}
CONTEXT = {"unit": "strides", "min_tokens": 0, "max_tokens": 8, "overlap": 2}


def trained(folder, **settings):
    nlp = add_transformer(spacy.blank("en"), str(folder), **settings)
    optimizer = nlp.initialize(lambda: examples(nlp))
    for _ in range(3):
        nlp.update(examples(nlp), sgd=optimizer)
    return nlp


def scores(nlp, notes=NOTES, key="clinner_ents"):
    return [
        ([(span.start, span.end, span.label_) for span in doc.spans[key]], doc.spans[key].attrs.get("scores", []))
        for doc in nlp.pipe(notes)
    ]


def same(one, other):
    assert [spans for spans, _ in one] == [spans for spans, _ in other]
    for (_, left), (_, right) in zip(one, other, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_transformer(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def pipeline(folder, tmp_path_factory):
    """Folders of a pipeline and of the exported one."""
    base = tmp_path_factory.mktemp("pipelines")
    nlp = trained(folder, encoder=BILSTM)
    nlp.to_disk(base / "trained")
    export_pipeline(nlp).to_disk(base / "exported")
    return base / "trained", base / "exported"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_finds_the_same(family, tmp_path):
    nlp = trained(save_family(family, tmp_path / "checkpoint"), windows=CONTEXT)
    expected = scores(nlp)
    rows = _emissions(nlp)
    export_pipeline(nlp).to_disk(tmp_path / "exported")
    other = spacy.load(tmp_path / "exported")
    same(expected, scores(other))
    for left, right in zip(rows, _emissions(other), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)


def _emissions(nlp):
    docs = [nlp.get_pipe("transformer")(nlp.make_doc(text)) for text in NOTES if text]
    return [nlp.get_pipe("ner").model.predict([doc]).dataXd for doc in docs]


def test_a_pipeline_of_before_counts_pieces_as_it_did(folder):
    """Where a piece that begins with a space was of the word before it, too."""
    nlp = trained(folder)
    nlp.get_pipe("transformer").model.attrs["exact_pieces"] = False
    expected = scores(nlp)
    export_pipeline(nlp)
    assert nlp.get_pipe_config("transformer")["model"]["exact_pieces"] is False
    same(expected, scores(nlp))


def test_a_note_without_pieces(folder):
    """Of a tokenizer that marks no ends, and signs that it leaves out."""
    nlp = trained(folder)
    backend = nlp.get_pipe("transformer").model.tokenizer.backend_tokenizer
    backend.post_processor = TemplateProcessing(single="$A", special_tokens=[])
    notes = ["\x07", "No fever", "\x07 \x08"]
    expected = scores(nlp, notes[1:2])
    export_pipeline(nlp)
    same(expected, scores(nlp, notes)[1:2])


def test_a_token_of_too_many_pieces(folder):
    nlp = trained(folder)
    text = f"Signed {'a_' * LIMIT} today"
    with pytest.warns(UserWarning, match="CW120"):
        expected = scores(nlp, [text])
    export_pipeline(nlp)
    with pytest.warns(UserWarning, match="CW120"):
        same(expected, scores(nlp, [text]))


def test_only_what_was_exported_changes_in_the_config(pipeline):
    before, after = (Config().from_disk(path / "config.cfg")["components"] for path in pipeline)
    encoder = after["transformer"]
    assert encoder["factory"] == "clinner_tok2vec"
    assert encoder["model"]["@architectures"] == "spacy_clinner.OnnxTransformer.v1"
    windows = before["transformer"]["model"]["get_spans"]
    assert all(encoder["model"][key] == value for key, value in windows.items() if key != "@span_getters")
    embed = after["ner"]["model"]["tok2vec"].pop("embed")
    assert embed == {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "transformer"}
    del before["ner"]["model"]["tok2vec"]["embed"]
    after["ner"]["model"]["tok2vec"]["encode"] = after["ner"]["model"]["tok2vec"]["encode"]["layers"]
    assert after["ner"] == before["ner"]


def test_heads_share_one(folder, tmp_path):
    nlp = add_transformer(spacy.blank("en"), folder)
    anyone = {**LISTENER, "upstream": "*"}
    nlp.add_pipe(
        "clinner_crf_tagger", name="second", config={"model": {**HEAD, "tok2vec": anyone}, "spans_key": "second"}
    )
    # a component of spaCy's own
    nlp.add_pipe("spancat", config={"model": {"@architectures": "spacy.SpanCategorizer.v1", "tok2vec": LISTENER,
        "reducer": {"@layers": "spacy.mean_max_reducer.v1", "hidden_size": 8},
        "scorer": {"@layers": "spacy.LinearLogistic.v1"}}, "threshold": 0.0})  # fmt: skip
    made = examples(nlp)
    for example in made:
        example.reference.spans["sc"] = list(example.reference.ents)
    nlp.initialize(lambda: made)
    expected = [scores(nlp, key=key) for key in ("clinner_ents", "second", "sc")]
    export_pipeline(nlp).to_disk(tmp_path)
    other = spacy.load(tmp_path)
    assert sum(node.name == "onnx_transformer" for _, pipe in other.pipeline for node in pipe.model.walk()) == 1
    for key, found in zip(("clinner_ents", "second", "sc"), expected, strict=True):
        same(found, scores(other, key=key))


def test_an_encoder_of_a_components_own(folder, tmp_path):
    nlp = trained(folder, encoder=BILSTM)
    nlp.replace_listeners("transformer", "ner", ["model.tok2vec.embed"])
    nlp.remove_pipe("transformer")
    expected = scores(nlp)
    export_pipeline(nlp).to_disk(tmp_path)
    same(expected, scores(spacy.load(tmp_path)))


def test_it_travels_as_others_do(pipeline):
    nlp = spacy.load(pipeline[1])
    expected = scores(spacy.load(pipeline[0]))
    copies = [pickle.loads(pickle.dumps(nlp)), spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())]
    for copy in (nlp, *copies):
        same(expected, scores(copy))
    # forked after its session was opened
    forked = [doc.spans["clinner_ents"].attrs["scores"] for doc in nlp.pipe(NOTES * 2, n_process=2, batch_size=2)]
    for left, (_, right) in zip(forked, expected * 2, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)


def test_threads_that_start_together(pipeline):
    nlp = spacy.load(pipeline[1])
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(nlp, NOTES[1:3] * 8))
    assert len({len(doc.spans["clinner_ents"]) for doc in found[::2]}) == 1


@pytest.mark.slow
def test_it_tags_without_torch_and_transformers(pipeline):
    check_without_torch(pipeline[1])
    with pytest.raises(ValueError, match="CE407"):
        check_without_torch(pipeline[0])


def test_integers_are_near(pipeline):
    plain = _emissions(spacy.load(pipeline[1]))
    nlp = export_pipeline(spacy.load(pipeline[0]), int8=True)
    differences = [np.abs(left - right).max() for left, right in zip(plain, _emissions(nlp), strict=True)]
    assert 1e-5 < max(differences) < 0.3
    assert b"MatMulInteger" in nlp.get_pipe("transformer").model.shims[0].graph


def test_integers_do_not_depend_on_neighbours(pipeline, tmp_path):
    export_pipeline(spacy.load(pipeline[0]), int8=True).to_disk(tmp_path / "model")
    nlp = spacy.load(tmp_path / "model")
    alone = [nlp(note).tensor for note in NOTES]
    for doc, rows in zip(nlp.pipe(NOTES), alone, strict=True):
        np.testing.assert_array_equal(doc.tensor, rows)


# what it cannot be used for


def test_it_cannot_be_trained(pipeline):
    nlp = spacy.load(pipeline[1])
    with pytest.raises(ValueError, match="CE400.*onnx_transformer"):
        nlp.update(examples(nlp), sgd=nlp.resume_training())
    with pytest.raises(ValueError, match="CE400"):
        nlp.initialize(lambda: examples(nlp))


def test_a_head_learns_on_it_while_it_is_frozen(pipeline):
    nlp = spacy.load(pipeline[1])
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "transformer"}
    nlp.add_pipe("clinner_crf_tagger", name="new", config={"model": {**HEAD, "tok2vec": listener}})
    made = [example for example in examples(nlp) if len(example.x)]
    nlp.get_pipe("new").initialize(lambda: made, nlp=nlp)
    frozen = ["transformer", "ner"]
    optimizer = nlp.resume_training()
    losses = [nlp.update(made, sgd=optimizer, exclude=frozen, annotates=["transformer"])["new"] for _ in range(20)]
    assert losses[-1] < losses[0]


def test_a_config_alone_has_no_graph(pipeline):
    nlp = spacy.blank("en").from_config(Config().from_disk(pipeline[1] / "config.cfg"))
    with pytest.raises(ValueError, match="CE401"):
        nlp("No fever")


def test_windows_of_other_packages_are_refused(folder):
    spans = {"get_spans": {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 8, "stride": 4}}
    with pytest.raises(ValueError, match="CE414.*'bert'.*windows"):
        export_pipeline(trained(folder, **spans))


def test_a_tokenizer_in_python_is_refused(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nlp = trained(folder, tokenizer_config={"use_fast": False})
    with pytest.raises(ValueError, match="CE414.*tokenizer"):
        export_pipeline(nlp)


def test_a_graph_that_computes_something_else_is_refused(folder):
    """As one that was traced through a branch of Python's."""
    nlp = trained(folder)
    module = nlp.get_pipe("transformer").model.transformer
    forward = module.forward

    def depends_on_the_batch(**inputs):
        output = forward(**inputs)
        output.last_hidden_state = output.last_hidden_state * len(inputs["input_ids"])
        return output

    module.forward = depends_on_the_batch
    with pytest.raises(ValueError, match="CE414.*other rows than torch"):
        export_pipeline(nlp)


def test_what_cannot_be_traced_is_refused(folder):
    nlp = trained(folder)

    def cannot(**inputs):
        raise RuntimeError("an operator that ONNX does not have")

    nlp.get_pipe("transformer").model.transformer.forward = cannot
    with pytest.raises(ValueError, match="CE414.*RuntimeError while it was traced"):
        export_pipeline(nlp)


def test_other_pooling_is_refused(folder):
    nlp = trained(folder, encoder={**LISTENER, "pooling": {"@layers": "reduce_sum.v1"}})
    with pytest.raises(ValueError, match="CE415.*'ner'.*'transformer'"):
        export_pipeline(nlp)


def with_another_encoder(folder, before, listener):
    """A transformer and its head `ner`, and an encoder before one of these or its own head `second`."""
    nlp = add_transformer(spacy.blank("en"), folder)
    nlp.add_pipe("clinner_crf_tagger", name="second", config={"model": {**HEAD, "tok2vec": listener}, "spans_key": "2"})
    nlp.add_pipe("clinner_tok2vec", name="other", config={"model": {**SMALL_TOK2VEC, "encode": BILSTM["encode"]}},
        before=before)  # fmt: skip
    nlp.initialize(lambda: examples(nlp))
    return nlp


@pytest.mark.parametrize("upstream", ["other", "*"])
def test_another_encoder_after_the_listeners(folder, upstream):
    nlp = with_another_encoder(folder, "second", {**HEARS, "upstream": upstream})
    expected = [scores(nlp, key=key) for key in ("clinner_ents", "2")]
    export_pipeline(nlp)
    for key, found in zip(("clinner_ents", "2"), expected, strict=True):
        same(found, scores(nlp, key=key))


@pytest.mark.parametrize(
    "before, message",
    [("transformer", "'second'.*'transformer', not of 'other'"), ("ner", "'ner'.*'other', not of 'transformer'")],
)
def test_another_encoder_before_the_listeners_is_refused(folder, before, message):
    nlp = with_another_encoder(folder, before, {**HEARS, "upstream": "other"})
    with pytest.raises(ValueError, match=f"CE438.*{message}"):
        export_pipeline(nlp)


@pytest.mark.parametrize("factory, is_refused", [("tok2vec", True), ("clinner_tok2vec", False)])
def test_another_encoder_that_nobody_listens_to(folder, factory, is_refused):
    """spaCy's own leaves its rows in `doc.tensor` all the same."""
    nlp = add_transformer(spacy.blank("en"), folder)
    nlp.add_pipe(factory, name="other", config={"model": SMALL_TOK2VEC}, before="ner")
    nlp.initialize(lambda: examples(nlp))
    if is_refused:
        with pytest.raises(ValueError, match="CE438.*'ner'.*'other', not of 'transformer'"):
            export_pipeline(nlp)
    else:
        expected = scores(nlp)
        same(expected, scores(export_pipeline(nlp)))


def test_a_transformer_of_others_stays_in_torch(folder):
    nlp = trained(folder, architecture="spacy-transformers.TransformerModel.v3")
    with pytest.raises(ValueError, match="CE403.*: transformer. "):
        export_pipeline(nlp)
