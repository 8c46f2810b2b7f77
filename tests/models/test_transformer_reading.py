"""Windows with context, and long notes."""

import warnings

import numpy as np
import pytest
import spacy

from spacy_clinner.assembly.bfloat16 import compute_in_bfloat16
from spacy_clinner.models import transformer_reading
from spacy_clinner.text.windows import make_window_spans

from ..toys.families import FAMILIES, save_family
from ..toys.tagger import examples
from ..toys.transformer import LIMIT, add_transformer, save_tiny_transformer

LONG = " ".join(["hydroxychloroquine"] * 30)
NOTES = ["", "Gave aspirin 100 mg .", f"No fever.\n{LONG}\n\nCough\n" * 2, "\n\n", LONG]
STRIDES = {"unit": "strides", "min_tokens": 0, "max_tokens": 8}


def pipeline(folder, **windows):
    nlp = add_transformer(spacy.blank("en"), str(folder), windows=windows)
    nlp.initialize(lambda: examples(nlp))
    return nlp


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_transformer(tmp_path_factory.mktemp("tiny"))


def windows(nlp, doc):
    (of_doc,) = nlp.get_pipe("transformer").model.attrs["get_spans"].windows([doc])
    return [(window.start, window.end, window.span.start, window.span.end) for window in of_doc]


def rows(doc):
    """The mean of each token's pieces, zeros where there are none."""
    data = doc._.trf_data
    pieces = data.model_output.last_hidden_state.reshape(-1, data.width)
    ends = np.cumsum(data.align.lengths)
    return [pieces[own].sum(axis=0) / max(len(own), 1) for own in np.split(data.align.dataXd, ends[:-1])]


def test_windows_overlap_by_their_context(folder):
    spans = make_window_spans(**STRIDES, overlap=3)
    doc = spacy.blank("en")("a b c d e f g h i j k l m n o p q r s t")
    assert [span.text for span in spans([doc])[0]] == [
        "a b c d e f g h i",
        "d e f g h i j k l m n o p",
        "k l m n o p q r s t",
    ]
    assert windows(pipeline(folder, **STRIDES, overlap=3), doc) == [(0, 6, 0, 9), (6, 13, 3, 16), (13, 20, 10, 20)]
    with pytest.raises(ValueError, match="CE130.*-1"):
        make_window_spans(overlap=-1)


def test_a_token_has_the_row_of_its_own_window(folder):
    """Not the mean over the windows that hold it, which spacy-transformers takes."""
    nlp = pipeline(folder, **STRIDES, overlap=3)
    doc = nlp("a b c d e f g h i j k l m n o p q r s t")
    found = rows(doc)
    assert doc._.trf_data.align.lengths.tolist() == [1] * 20
    alone = pipeline(folder, unit="strides", max_tokens=99)
    for start, end, first, last in windows(nlp, doc):
        own = rows(alone(doc[first:last].text))
        for token in range(start, end):
            np.testing.assert_allclose(found[token], own[token - first], atol=1e-6)


@pytest.mark.parametrize("family", ["bert", "roberta", "deberta-v3", "xlnet"])
def test_pieces_are_of_a_tokens_window_in_all_documents(family, tmp_path):
    nlp = pipeline(save_family(family, tmp_path), **STRIDES, overlap=2)
    for doc in nlp.pipe(NOTES):
        data, width = doc._.trf_data, 0
        if not len(doc):
            continue
        width = data.wordpieces.input_ids.shape[1]
        ends = np.cumsum(data.align.lengths)
        homes = np.repeat(np.arange(len(windows(nlp, doc))), [end - start for start, end, *_ in windows(nlp, doc)])
        assert len(homes) == len(doc)
        for token, own in enumerate(np.split(data.align.dataXd, ends[:-1])):
            assert set(own // width) <= {homes[token]} and (len(own) or doc[token].is_space)


def test_context_gives_way_to_the_limit(folder):
    """A window and its context never have more pieces than are read; the tokens are all there."""
    nlp = pipeline(folder, unit="strides", max_tokens=40, overlap=20)
    doc = nlp.make_doc(f"{LONG} {LONG}")
    bounds = windows(nlp, doc)
    assert [i for start, end, *_ in bounds for i in range(start, end)] == list(range(len(doc)))
    tokenizer = nlp.get_pipe("transformer").model.tokenizer
    assert all(len(tokenizer(doc[first:last].text)["input_ids"]) <= LIMIT for *_, first, last in bounds)
    # half of the context at least is left
    assert all(first in (0, start - 10) and last in (60, end + 10) for start, end, first, last in bounds)
    signs = "a_" * 350 + "a"
    with pytest.warns(UserWarning, match="CW120"):
        assert windows(nlp, nlp.make_doc(f"Signed {signs} today"))[1:2] == [(1, 2, 1, 2)]


def test_it_learns_with_context_and_is_saved(folder, tmp_path):
    nlp = pipeline(folder, **STRIDES, overlap=3)
    optimizer = nlp.create_optimizer()
    optimizer.learn_rate = 0.01
    losses = [nlp.update(examples(nlp), sgd=optimizer)["ner"] for _ in range(20)]
    assert losses[-1] < losses[0] / 2
    nlp.to_disk(tmp_path / "model")
    loaded = spacy.load(tmp_path / "model")
    for one, other in zip(nlp.pipe(NOTES), loaded.pipe(NOTES), strict=True):
        scores = (doc.spans["clinner_ents"].attrs["scores"] for doc in (one, other))
        np.testing.assert_allclose(*scores, atol=1e-5)


def test_windows_of_other_packages_are_averaged_as_ever(folder):
    spans = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 8, "stride": 4}
    nlp = spacy.blank("en")
    ours, theirs = (
        {"@architectures": name, "name": str(folder), "get_spans": spans, "tokenizer_config": {"use_fast": True}}
        for name in ("spacy_clinner.TransformerModel.v1", "spacy-transformers.TransformerModel.v3")
    )
    found = []
    for model in (ours, theirs):
        nlp = spacy.blank("en")
        nlp.add_pipe("transformer", config={"model": model}).initialize(lambda: [])
        found.append(nlp("a b c d e f g h i j k l m"))
    assert found[0]._.trf_data.align.lengths.max() == 2
    np.testing.assert_allclose(rows(found[0]), rows(found[1]), atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_many_windows_are_read_in_parts(family, tmp_path, monkeypatch):
    nlp = pipeline(save_family(family, tmp_path), **STRIDES)
    text = f"No fever.\n{LONG}\n" * 3
    whole = nlp(text)
    sizes = []
    transformer = nlp.get_pipe("transformer").model.transformer
    transformer.register_forward_pre_hook(
        lambda _, args, kwargs: sizes.append(kwargs["input_ids"].shape), with_kwargs=True
    )
    monkeypatch.setattr(transformer_reading, "MAX_PIECES", 300)
    cut = nlp(text)
    assert len(sizes) > 3 and all(n * width <= 300 or n == 1 for n, width in sizes)
    ours, theirs = (doc._.trf_data for doc in (cut, whole))
    assert list(ours.model_output) == list(theirs.model_output)
    np.testing.assert_array_equal(ours.align.dataXd, theirs.align.dataXd)
    np.testing.assert_allclose(rows(cut), rows(whole), atol=1e-5)
    if "pooler_output" in ours.model_output:
        np.testing.assert_allclose(ours.model_output.pooler_output, theirs.model_output.pooler_output, atol=1e-5)


def test_little_padding_is_read(folder):
    nlp = pipeline(folder, unit="lines", min_tokens=0, max_tokens=200)
    masks = []
    nlp.get_pipe("transformer").model.transformer.register_forward_pre_hook(
        lambda _, args, kwargs: masks.append(kwargs["attention_mask"]), with_kwargs=True
    )
    generator = np.random.default_rng(0)
    lines = [" ".join("ab" * n) for n in generator.integers(1, 90, 60)]
    doc = nlp("\n".join(lines))
    whole = doc._.trf_data.wordpieces.attention_mask
    read, pieces = sum(mask.numel() for mask in masks), sum(int(mask.sum()) for mask in masks)
    assert pieces == whole.sum() and read < 1.2 * pieces < 0.7 * whole.size
    # whatever a window is read with, its rows are its own
    alone = [rows(nlp(line)) for line in (lines[0], lines[-1])]
    np.testing.assert_allclose(rows(doc)[: len(alone[0])], alone[0], atol=1e-5)
    np.testing.assert_allclose(rows(doc)[-len(alone[1]) :], alone[1], atol=1e-5)


def test_a_token_of_many_pieces_is_read_without_windows_that_it_would_pad(tmp_path):
    nlp = pipeline(save_family("deberta-v3", tmp_path), unit="lines", min_tokens=0, max_tokens=8)
    text = "No fever in the left arm . \n" * 30
    short = nlp(text)
    shapes = []
    nlp.get_pipe("transformer").model.transformer.register_forward_pre_hook(
        lambda _, args, kwargs: shapes.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True
    )
    doc = nlp(f"{text}{'x' * 1500}")
    (alone, width), *others = shapes
    assert alone == 1 and width > 1500 and len(others) < 5
    np.testing.assert_allclose(rows(doc)[:200], rows(short)[:200], atol=1e-5)


def test_what_else_is_asked_for_comes_whole(folder, monkeypatch):
    nlp = pipeline(folder, **STRIDES)
    transformer = nlp.get_pipe("transformer").model.transformer
    transformer.config.output_hidden_states = True
    monkeypatch.setattr(transformer_reading, "MAX_PIECES", 50)
    assert len(nlp("No fever\n" * 20)._.trf_data.model_output.hidden_states) == 2


@pytest.mark.parametrize("family", FAMILIES)
def test_it_reads_in_bfloat16(family, tmp_path):
    nlp = pipeline(save_family(family, tmp_path), **STRIDES)
    nlp.to_disk(tmp_path / "exact")
    if family == "deberta":
        with pytest.raises(ValueError, match="CE417.*'deberta'.*BFloat16"):
            compute_in_bfloat16(nlp)
        return
    compute_in_bfloat16(nlp).to_disk(tmp_path / "model")
    exact, loaded = (spacy.load(tmp_path / name) for name in ("exact", "model"))
    flat, other = (np.concatenate([row for doc in one.pipe(NOTES[1:]) for row in rows(doc)]) for one in (exact, loaded))
    assert other.dtype == np.float32 and 0 < np.abs(flat - other).max() < 0.1 * np.abs(flat).max()
    # it learns as exactly as before
    losses = []
    for one in (exact, loaded):
        optimizer = one.resume_training()
        spacy.util.fix_random_seed(0)
        losses.append([one.update(examples(one), sgd=optimizer)["ner"] for _ in range(2)])
    assert losses[0] == losses[1]


def test_a_processor_that_is_slow_in_bfloat16_is_named(folder, monkeypatch):
    nlp = compute_in_bfloat16(pipeline(folder, **STRIDES))
    able = {"architecture": "x86_64", "avx512_bf16": False, "amx_bf16": False}
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: able, raising=False)
    with pytest.warns(UserWarning, match="CW124"):
        nlp("No fever")
    able["amx_bf16"] = True
    with warnings.catch_warnings(record=True) as others:
        nlp("No fever")
    assert not [other for other in others if "CW124" in str(other.message)]


def test_a_components_own_transformer_reads_in_bfloat16(folder, tmp_path):
    nlp = pipeline(folder, **STRIDES)
    nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    exact = nlp(NOTES[2]).spans["clinner_ents"].attrs["scores"]
    compute_in_bfloat16(nlp).to_disk(tmp_path / "model")
    loaded = spacy.load(tmp_path / "model")
    ours, theirs = (nlp(NOTES[2]).spans["clinner_ents"].attrs["scores"] for nlp in (nlp, loaded))
    np.testing.assert_array_equal(ours, theirs)
    assert len(ours) != len(exact) or 0 < np.abs(ours - exact).max() < 0.1
    with pytest.raises(ValueError, match="CE416.*sentencizer"):
        blank = spacy.blank("en")
        blank.add_pipe("sentencizer")
        compute_in_bfloat16(blank)
