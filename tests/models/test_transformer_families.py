"""Every family of transformers reads, learns and is saved alike."""

import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
import spacy

from ..toys.families import FAMILIES, POSITIONS, WITHOUT_LIMIT, save_family
from ..toys.tagger import examples
from ..toys.transformer import add_transformer

# the families' own marks, two spaces, signs of several code points, signs that are not seen
ODD = "No fever,  \u00e9 e\u0301 100 \u00b5g [SEP] <s>\n\n"
ODD += "\U0001f468\u200d\U0001f469 <pad> [PAD] x\ufe0f A\u00a0B \x07 \u200b end"
WORDS = "Gave aspirin but no  heparin today"
TEXTS = [WORDS, ODD, " ".join(["hydroxychloroquine"] * 20)]


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory):
    """Folders of pipelines that have learned for two steps."""
    base = tmp_path_factory.mktemp("families")
    return {family: _train(family, base) for family in FAMILIES}


def _train(family, base):
    nlp = add_transformer(spacy.blank("en"), save_family(family, base / family / "checkpoint"))
    optimizer = nlp.initialize(lambda: examples(nlp))
    before = _weights(nlp)
    losses = [nlp.update(examples(nlp), sgd=optimizer)["ner"] for _ in range(2)]
    assert np.isfinite(losses).all() and not all(
        np.array_equal(old, new) for old, new in zip(before, _weights(nlp), strict=True)
    )
    nlp.to_disk(base / family / "pipeline")
    # which stands alone
    (base / family / "checkpoint" / "config.json").unlink()
    return base / family / "pipeline"


def _weights(nlp):
    module = nlp.get_pipe("transformer").model.transformer
    return [weights.detach().numpy().copy() for weights in module.parameters()]


@pytest.fixture(params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture
def nlp(pipelines, family):
    return spacy.load(pipelines[family])


def _scores(nlp, texts):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [doc.spans["clinner_ents"].attrs["scores"] for doc in nlp.pipe(texts)]


def _pieces(doc):
    """Of each token."""
    data = doc._.trf_data
    strings = [piece for window in data.wordpieces.strings for piece in window]
    ends = np.cumsum(data.align.lengths)
    return [[strings[i] for i in own] for own in np.split(data.align.dataXd, ends[:-1])]


@pytest.mark.filterwarnings("error::UserWarning")
def test_a_word_has_its_own_pieces(nlp):
    """Not those of the space after it, which begins the next word's piece."""
    doc = nlp(WORDS)
    spelled = ["".join(pieces).replace("#", "").strip("\u2581\u0120") for pieces in _pieces(doc) if pieces]
    words = [token.text for token in doc if not token.is_space]
    assert [word for word in spelled if word] == [word.lower() if spelled[0].islower() else word for word in words]


def test_signs_of_many_kinds_have_rows(nlp, family):
    doc = nlp(ODD)
    missing = {token.text for token, own in zip(doc, _pieces(doc), strict=True) if not (own or token.is_space)}
    # what BERT's tokenizers clean a text of
    assert missing <= {"\x07", "\u200b"}
    assert not missing or family in {"bert", "minilm", "distilbert", "mpnet"}


def test_none_reads_more_than_it_can(nlp, family):
    model = nlp.get_pipe("transformer").model
    doc = nlp(TEXTS[-1])
    limit = model.tokenizer.model_max_length
    assert limit == (2048 if family in WITHOUT_LIMIT else POSITIONS)
    assert doc._.trf_data.wordpieces.input_ids.shape[1] <= limit and doc._.trf_data.align.lengths.all()
    with pytest.warns(UserWarning, match="CW120"):
        doc = nlp("Signed " + "A" * (limit + 10))
    assert doc._.trf_data.wordpieces.input_ids.shape[1] == limit and doc._.trf_data.align.lengths.all()


def test_other_notes_of_a_batch_change_nothing(nlp):
    """Neither the padding that they make, on whichever side, nor what is cut off because of them."""
    long = "A" * 100
    nlp.get_pipe("transformer").model.tokenizer.model_max_length = POSITIONS
    together = _scores(nlp, [WORDS, long, "No"])
    for one, other in zip(
        together, [*_scores(nlp, [WORDS]), *_scores(nlp, [long]), *_scores(nlp, ["No"])], strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_its_settings_are_saved_with_all_their_digits(nlp):
    """Such as the 1e-12 that keeps a row of zeros from being divided by zero."""
    config = nlp.get_pipe("transformer").model.transformer.config
    # DistilBERT's is no setting
    assert getattr(config, "layer_norm_eps", 1e-12) == getattr(type(config)(), "layer_norm_eps", 1e-12) > 0
    assert np.isfinite(np.concatenate([scores.ravel() for scores in _scores(nlp, TEXTS)])).all()


def test_it_is_saved_again(nlp, tmp_path):
    nlp.to_disk(tmp_path / "again")
    for one, other in zip(_scores(nlp, TEXTS), _scores(spacy.load(tmp_path / "again"), TEXTS), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_its_copy_in_a_tagger_reads_alike(nlp, tmp_path):
    expected = _scores(nlp, TEXTS)
    nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    nlp.to_disk(tmp_path / "alone")
    for one, other in zip(expected, _scores(spacy.load(tmp_path / "alone"), TEXTS), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.slow
def test_another_process_tags_the_same(pipelines):
    code = (
        "import json, spacy, sys\n"
        "folders, texts = json.loads(sys.argv[1])\n"
        "read = lambda folder: [d.spans['clinner_ents'].attrs['scores'] for d in spacy.load(folder).pipe(texts)]\n"
        "print(json.dumps([[list(map(float, scores)) for scores in read(folder)] for folder in folders]))"
    )
    folders = list(map(str, pipelines.values()))
    command = [sys.executable, "-W", "ignore", "-c", code, json.dumps([folders, TEXTS])]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    for folder, scores in zip(folders, json.loads(run.stdout.splitlines()[-1]), strict=True):
        for one, other in zip(scores, _scores(spacy.load(folder), TEXTS), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


def test_pipelines_of_before_read_as_they_did(tmp_path):
    """A token had the piece of the next word as well, whose space it ends with."""
    folder = save_family("deberta", tmp_path / "checkpoint")
    old = add_transformer(spacy.blank("en"), folder, architecture="spacy-transformers.TransformerModel.v3")
    old.initialize(lambda: examples(old))
    old.to_disk(tmp_path / "old")
    config = tmp_path / "old" / "config.cfg"
    text = config.read_text(encoding="utf8")
    config.write_text(text.replace("spacy-transformers.TransformerModel.v3", "spacy_clinner.TransformerModel.v1"))
    loaded = spacy.load(tmp_path / "old")
    assert _pieces(loaded(WORDS)) == _pieces(old(WORDS))
    new = add_transformer(spacy.blank("en"), folder)
    new.initialize(lambda: examples(new))
    assert _pieces(new(WORDS)) != _pieces(old(WORDS))
