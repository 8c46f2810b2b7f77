"""The documents behind the readers of a config, and the windows it cuts them into."""

import pytest
import spacy
from spacy.tokens import DocBin
from thinc.api import Config

from spacy_clinner.text.windows import Windows
from spacy_clinner.training.whole_corpora import encoder_windows, whole_corpus

from ..toys.tagger import SMALL_TOK2VEC, TEXTS, references

LINES = {"unit": "lines", "min_tokens": 0, "max_tokens": 8}


@pytest.fixture
def path(tmp_path):
    DocBin(docs=references(spacy.blank("en")), store_user_data=True).to_disk(tmp_path / "toy.spacy")
    return str(tmp_path / "toy.spacy")


def windows(path):
    return {"@readers": "spacy_clinner.WindowCorpus.v1", "path": path, "limit": 2, **LINES}


def plain(path):
    settings = {"gold_preproc": False, "max_length": 0, "limit": 0, "augmenter": None}
    return {"@readers": "spacy.Corpus.v1", "path": path, **settings}


def texts(corpus):
    return [example.reference.text for example in corpus(spacy.blank("en"))]


def test_windows_become_documents(path):
    corpus, found = whole_corpus(Config({"corpora": {"train": windows(path)}}), "corpora.train")
    assert texts(corpus) == [TEXTS[0][0], TEXTS[1][0]] and found == {None: Windows("lines", 0, 8)}
    corpus, found = whole_corpus(Config({"corpora": {"train": plain(path)}}), "corpora.train")
    assert texts(corpus) == [text for text, _ in TEXTS if text] and found == {}


def test_gold_stays_in_the_reference(path):
    block = {"@readers": "spacy_clinner.GoldEntsCorpus.v1", "corpus": windows(path)}
    corpus, found = whole_corpus(Config({"train": block}), "train")
    assert not any(example.predicted.ents for example in corpus(spacy.blank("en"))) and found[None].max_tokens == 8


def test_domains_keep_their_windows_and_labels(path, tmp_path):
    domains = {"letters": plain(path), "notes": windows(path)}
    block = {"@readers": "spacy_clinner.DomainCorpus.v1", "domains": domains, "audit": str(tmp_path / "audit.tsv")}
    block["label_maps"] = {"notes": {"DRUG": "MEDICATION"}}
    corpus, found = whole_corpus(Config({"train": block}), "train")
    examples = list(corpus(spacy.blank("en")))
    assert found == {"notes": Windows("lines", 0, 8)} and not (tmp_path / "audit.tsv").exists()
    assert {ent.label_ for example in examples[1::2][:2] for ent in example.reference.ents} == {"MEDICATION"}
    assert [example.reference.user_data["clinner_domain"] for example in examples[:2]] == ["letters", "notes"]


def test_a_path_is_null(path):
    block = {"@readers": "spacy_clinner.GoldEntsCorpus.v1", "corpus": plain(None)}
    config = Config({"corpora": {"dev": block}, "paths": {"mine": None}})
    for written, option in ((None, "--corpora.dev.corpus.path"), ("${paths.mine}", "--paths.mine")):
        block["corpus"]["path"] = written
        with pytest.raises(ValueError, match=f"CE352.*corpora.dev.*{option} FILE"):
            whole_corpus(Config(config, is_interpolated=False), "corpora.dev")


def test_encoders_that_share_windows():
    getter = {"@span_getters": "spacy_clinner.window_spans.v1", **LINES}
    components = {
        "tok2vec": {"factory": "tok2vec", "model": {**SMALL_TOK2VEC, **LINES}},
        "transformer": {"factory": "transformer", "model": {"name": "some", "get_spans": getter}},
        "ner": {"factory": "clinner_crf_tagger", "model": {"tok2vec": {**SMALL_TOK2VEC, **LINES, "unit": "auto"}}},
        "sentencizer": {"factory": "sentencizer"},
    }
    assert encoder_windows(components) == {Windows("lines", 0, 8): "tok2vec, transformer", Windows("auto", 0, 8): "ner"}
