import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Span
from spacy.vectors import Vectors
from typer.testing import CliRunner

from spacy_clinner.assembly.calibrated import META_KEY, tell_calibrations
from spacy_clinner.assembly.combine_pipelines import add_context, combine_pipelines
from spacy_clinner.assembly.training_data import TRAINING_DATA, check_unseen
from spacy_clinner.cli import clinner_cli
from spacy_clinner.provenance import sha256

from ..toys.relations import NOTES, examples, make_nlp, relations, train


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    nlp = make_nlp()
    train(nlp)
    path = tmp_path_factory.mktemp("combine") / "extractor"
    nlp.to_disk(path)
    return path


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    nlp = spacy.blank("en")
    patterns = [("DRUG", drug) for drug in ("aspirin", "codeine")] + [("DOSE", dose) for dose in ("5 mg", "3 mg")]
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": label, "pattern": pattern} for label, pattern in patterns])
    path = tmp_path_factory.mktemp("combine") / "tagger"
    nlp.to_disk(path)
    return path


def test_calibrations_come_along():
    first, second, third = (spacy.blank("en") for _ in range(3))
    known = {name: {"temperature": 1.5, "interval": [1.0, 2.0]} for name in ("ner", "relations")}
    tell_calibrations(first, {"ner": known["ner"]})
    tell_calibrations(second, {"relations": known["relations"]})
    combined = combine_pipelines([first, second, third])
    assert combined.meta[META_KEY] == known and all(name in combined.meta["notes"] for name in known)
    assert META_KEY not in combine_pipelines([third, spacy.blank("en")]).meta


def test_training_data_and_requirements_come_along(tmp_path):
    first, second = (spacy.blank("en") for _ in range(2))
    (tmp_path / "train.spacy").write_bytes(b"of the second")
    first.meta[TRAINING_DATA] = {"train.spacy": "of the first"}
    second.meta |= {TRAINING_DATA: {"train.spacy": sha256(tmp_path / "train.spacy")}, "requirements": ["toy>=1"]}
    combined = combine_pipelines([first, second])
    with pytest.raises(ValueError, match="CE383"):
        check_unseen(combined, tmp_path / "train.spacy")
    assert "of the first" in combined.meta[TRAINING_DATA].values()
    assert combined.meta["requirements"] == ["toy>=1"]


def test_what_was_disabled_stays_so(tagger):
    nlp = spacy.load(tagger)
    nlp.add_pipe("sentencizer")
    nlp.disable_pipe("sentencizer")
    combined = combine_pipelines([spacy.blank("en"), nlp])
    assert combined.pipe_names == ["entity_ruler"] and combined.disabled == ["sentencizer"]


def combine(*args):
    return CliRunner().invoke(clinner_cli, ["combine", *map(str, args)])


def test_parts_do_together_what_they_did_apart(tagger, extractor, tmp_path):
    result = combine(tagger, extractor, tmp_path / "out")
    assert result.exit_code == 0, result.output
    nlp = spacy.load(tmp_path / "out")
    assert nlp.pipe_names == ["entity_ruler", "relations"]
    text = " ".join(NOTES[0][0])
    assert relations(nlp(text)) == relations(examples(nlp, NOTES[:1])[0].y)
    assert combine(tagger, extractor, tmp_path / "out").exit_code == 1


@pytest.mark.medspacy
def test_context_comes_before_relations(tagger, extractor, tmp_path):
    result = combine(tagger, extractor, tmp_path / "out", "--context", "DRUG")
    assert result.exit_code == 0, result.output
    nlp = spacy.load(tmp_path / "out")
    assert nlp.pipe_names == ["entity_ruler", "sentencizer", "context", "relations"]
    assert nlp.meta["requirements"] == ["medspacy>=1.3"]
    assert nlp("denies aspirin").user_data["clinner_assertions"] == [[7, 14, "negated"]]


def test_pipelines_that_do_not_fit(tagger, extractor, tmp_path):
    result = combine(tagger, tagger, tmp_path / "out")
    assert result.exit_code == 1 and "CE260" in result.output and not (tmp_path / "out").exists()
    shared = make_nlp(shared=True)
    train(shared, steps=1)
    with pytest.raises(ValueError, match="CE261.*tok2vec"):
        combine_pipelines([spacy.load(tagger), shared])


def with_tagger(name, **config):
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_crf_tagger", name=name, config=config)
    return nlp


def test_two_taggers_write_groups_of_their_own():
    with pytest.raises(ValueError, match="CE439.*'problems' and 'drugs'.*'clinner_ents'"):
        combine_pipelines([with_tagger("problems"), with_tagger("drugs")])
    combined = combine_pipelines([with_tagger("problems"), with_tagger("drugs", spans_key="drugs")])
    assert combined.pipe_names == ["problems", "drugs"]


def with_ruler(name, label, word, **config):
    nlp = spacy.blank("en")
    nlp.add_pipe("span_ruler", name=name, config=config).add_patterns([{"label": label, "pattern": word}])
    return nlp


def test_a_ruler_may_add_to_a_group():
    first, adding = with_ruler("drugs", "DRUG", "aspirin"), with_ruler("doses", "DOSE", "mg", overwrite=False)
    doc = combine_pipelines([first, adding])("aspirin 5 mg")
    assert [span.label_ for span in doc.spans["ruler"]] == ["DRUG", "DOSE"]
    with pytest.raises(ValueError, match="CE439.*'drugs' and 'units'.*'ruler'"):
        combine_pipelines([first, with_ruler("units", "UNIT", "mg")])


def test_who_reads_entities_comes_behind_who_writes_them(tagger, extractor, tmp_path):
    result = combine(extractor, tagger, tmp_path / "out")
    words = " ".join(result.output.split())
    assert result.exit_code == 1 and "CE454" in words and "'relations'" in words and "'entity_ruler'" in words
    assert not (tmp_path / "out").exists()
    # entities may be given
    assert combine_pipelines([spacy.load(extractor), spacy.blank("en")]).pipe_names == ["relations"]


def test_a_union_comes_behind_all_its_heads():
    united = with_tagger("problems", spans_key="problems")
    united.add_pipe("clinner_entity_union", config={"heads": ["problems", "drugs"]})
    with pytest.raises(ValueError, match="CE454.*'clinner_entity_union'.*'drugs'"):
        combine_pipelines([united, with_tagger("medication", spans_key="drugs")])


@pytest.mark.medspacy
def test_context_is_for_labels_that_are_found(tagger, extractor, tmp_path):
    result = combine(tagger, extractor, tmp_path / "out", "--context", "DRUG", "--context", "DRUGS")
    words = " ".join(result.output.split())
    assert result.exit_code == 1 and "CE455" in words and "DRUGS" in words and "DOSE, DRUG" in words
    assert not (tmp_path / "out").exists()
    untold = spacy.load(extractor)
    add_context(untold, ["DRUGS"])
    assert "context" in untold.pipe_names


def rename(doc):
    doc.ents = [Span(doc, ent.start, ent.end, label=ent.label_.title()) for ent in doc.ents]
    return doc


@pytest.mark.medspacy
def test_context_is_for_labels_that_rules_give(tagger):
    nlp = spacy.load(tagger)
    nlp.add_pipe("span_ruler", config={"annotate_ents": True}).add_patterns([{"label": "PROBLEM", "pattern": "pain"}])
    with pytest.raises(ValueError, match="CE455.*: Dose. It finds: DOSE, DRUG, PROBLEM"):
        add_context(nlp, ["PROBLEM", "Dose"])
    Language.component("toy_rename", func=rename)
    nlp.add_pipe("toy_rename")
    add_context(nlp, ["PROBLEM", "Dose"])
    assert "context" in nlp.pipe_names


def with_vectors(path, fill):
    nlp = spacy.load(path)
    data = np.full((1, 4), fill, dtype="f")
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=data, keys=["aspirin"], name="toy")
    return nlp


def test_vectors_are_kept_and_must_agree(tagger, extractor):
    nlp = combine_pipelines([spacy.load(tagger), with_vectors(extractor, 1.0)])
    assert nlp.vocab["aspirin"].vector.tolist() == [1.0] * 4
    combine_pipelines([with_vectors(tagger, 1.0), with_vectors(extractor, 1.0)])
    with pytest.raises(ValueError, match="CE262"):
        combine_pipelines([with_vectors(tagger, 1.0), with_vectors(extractor, 2.0)])


@pytest.mark.parametrize("name", ["context", "sentencizer"])
def test_context_is_added_once(name):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer", name=name)
    with pytest.raises(ValueError, match=f"CE260.*'{name}'"):
        add_context(nlp, ["DRUG"])
    assert nlp.pipe_names == [name]
