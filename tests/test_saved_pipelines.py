"""Pipelines that earlier versions saved load, and predict what they did.

The one of commit 98f393e has a shared encoder, tagger, sentencizer, context and relations, and learned three sentences
by heart in 14 updates; what it predicted there, of these and of a fourth, is stored beside it.
"""

import json
import zipfile

import pytest
import spacy

from spacy_clinner.annotations.keys import ASSERTIONS_KEY, RELATIONS_KEY, SPANS_KEY

from .paths import ROOT

SAVED = ROOT / "tests" / "saved"


@pytest.fixture(scope="module")
def nlp(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    with zipfile.ZipFile(SAVED / "pipeline_98f393e.zip") as archive:
        archive.extractall(folder)
    with pytest.warns(UserWarning, match="CW290"):
        return spacy.load(folder / "pipeline")


@pytest.mark.medspacy
def test_predicts_what_it_did(nlp):
    wanted = json.loads((SAVED / "predicted_98f393e.json").read_text(encoding="utf8"))
    for doc, old in zip(nlp.pipe(old["text"] for old in wanted), wanted, strict=True):
        assert [[ent.start_char, ent.end_char, ent.label_] for ent in doc.ents] == old["ents"]
        assert doc.spans[SPANS_KEY].attrs["scores"] == pytest.approx(old["scores"], abs=1e-4)
        assert [list(row) for row in doc.user_data[ASSERTIONS_KEY]] == old["assertions"]
        assert [relation.pop("probability") for relation in doc.user_data[RELATIONS_KEY]] == pytest.approx(
            [relation.pop("probability") for relation in old["relations"]], abs=1e-4
        )
        assert doc.user_data[RELATIONS_KEY] == old["relations"]


@pytest.mark.medspacy
def test_saved_anew_it_says_what_it_holds(nlp, tmp_path, recwarn):
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert not [warning for warning in recwarn if "CW290" in str(warning.message)]
    text = "Started Asacol 800 mg PO TID for colitis."
    assert [ent.text for ent in again(text).ents] == [ent.text for ent in nlp(text).ents] != []
