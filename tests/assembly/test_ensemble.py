import copy

import numpy as np
import pytest
import spacy
from spacy.util import load_model_from_config
from spacy.vectors import Vectors
from thinc.api import fix_random_seed
from typer.testing import CliRunner

from spacy_clinner.assembly.calibrated import META_KEY, tell_calibrations
from spacy_clinner.assembly.ensemble import ensemble_pipelines
from spacy_clinner.assembly.training_data import TRAINING_DATA
from spacy_clinner.cli import clinner_cli
from spacy_clinner.layers.tags.layout import kind_and_label
from spacy_clinner.models.crf_tagger import crf_params
from spacy_clinner.models.ensemble import build_tagger_ensemble
from spacy_clinner.transfer.blocks import find_block

from ..layers.crf.brute_force import all_paths
from ..pipeline.tagger.test_crf_tagger import same_annotation
from ..toys import transformer
from ..toys.tagger import SMALL_TOK2VEC, TEXTS, entities, examples, make_nlp, train
from ..toys.transfer import borrowing_head

LABELS = ["DOSAGE", "DRUG", "PROBLEM"]
WORDS = "Give 5 mg daily"


def make_member(seed, labels=LABELS, width=32, n_steps=0, tok2vec=SMALL_TOK2VEC, **settings):
    """A tagger with scores of moves, too, trained or not."""
    fix_random_seed(seed)
    encoder = copy.deepcopy(tok2vec)
    encoder["encode"]["width"] = width
    nlp = make_nlp(model={"@architectures": "spacy_clinner.CRFTagger.v1", "tok2vec": encoder}, **settings)
    nlp.config["initialize"]["components"]["tagger"] = {"labels": labels}
    train(nlp, n_steps)
    moves, rng = nlp.get_pipe("tagger").model.get_ref("crf"), np.random.default_rng(seed)
    for name in moves.param_names:
        moves.get_param(name)[...] += rng.normal(size=moves.get_param(name).shape)
    return nlp


def log_probabilities(nlp):
    """Of every path by its tags' kinds and the names of their labels, by enumeration, at the tagger's temperature."""
    tagger = nlp.get_pipe("tagger")
    scores = tagger.model.predict([nlp.make_doc(WORDS)]).dataXd
    temperature = tagger.cfg["temperature"]
    params = crf_params(tagger.model)
    found = all_paths(type(params)(*(param / temperature for param in params)), scores / temperature)

    def named(tag):
        kind, label = kind_and_label(int(tag), len(tagger.labels))
        return kind, tagger.labels[label] if kind else None

    names = (tuple(map(named, tags)) for tags in found.tags)
    return dict(zip(names, np.log(found.probabilities).tolist(), strict=True))


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Folders of three members."""
    paths = [tmp_path_factory.mktemp("ensemble") / f"seed-{seed}" for seed in range(3)]
    for seed, path in enumerate(paths):
        make_member(seed, n_steps=20).to_disk(path)
    return paths


@pytest.fixture
def members(three):
    return [spacy.load(path) for path in three]


# what it is


def test_its_distribution_is_the_geometric_mean_of_those_of_its_members():
    members = [
        make_member(0, ["PROBLEM", "DRUG"]),
        make_member(1, ["DRUG", "PROBLEM"], width=16, temperature=2.0),
        make_member(2, ["PROBLEM", "DRUG"], temperature=0.5),
    ]
    apart = [log_probabilities(nlp) for nlp in members]
    mean = {path: np.mean([one[path] for one in apart]) for path in apart[0]}
    log_z = np.logaddexp.reduce(list(mean.values()))
    nlp = ensemble_pipelines(members)
    assert nlp.get_pipe("tagger").cfg["temperature"] == 1.0
    together = log_probabilities(nlp)
    assert together.keys() == mean.keys() and len(mean) > 50
    for path, found in together.items():
        assert found == pytest.approx(mean[path] - log_z, abs=1e-4)


@pytest.mark.parametrize("temperature", [1.0, 1.7])
def test_an_ensemble_of_one_is_that_one(three, temperature):
    one, nlp = (spacy.load(three[0]) for _ in range(2))
    for pipeline in (one, nlp):
        pipeline.get_pipe("tagger").cfg["temperature"] = temperature
    ensemble_pipelines([nlp])
    assert any(entities(nlp(text)) for text, _ in TEXTS)
    for text, _ in TEXTS:
        same_annotation(one(text), nlp(text))
    best = [[p for _, p in pipeline.get_pipe("tagger").k_best(pipeline(TEXTS[0][0]))] for pipeline in (one, nlp)]
    assert best[0] == pytest.approx(best[1], abs=1e-5)


# like any other pipeline


def test_it_is_saved_and_travels_like_any_other(three, members, tmp_path):
    result = CliRunner().invoke(clinner_cli, ["ensemble", *map(str, [*three, tmp_path / "out"])])
    assert result.exit_code == 0 and "3 taggers" in result.output, result.output
    nlp = ensemble_pipelines(members)
    texts = [text for text, _ in TEXTS]
    docs = list(nlp.pipe(texts))
    assert any(map(entities, docs))
    loaded = spacy.load(tmp_path / "out")
    unpacked = load_model_from_config(loaded.config).from_bytes(nlp.to_bytes())
    for journey in (loaded.pipe(texts), unpacked.pipe(texts), loaded.pipe(texts, n_process=2, batch_size=2)):
        for left, right in zip(docs, journey, strict=True):
            same_annotation(left, right)
    assert CliRunner().invoke(clinner_cli, ["ensemble", str(three[0]), str(tmp_path / "out")]).exit_code == 1


def test_it_learns_on_with_all_its_encoders(members):
    nlp = ensemble_pipelines(members)
    before = [nlp.get_pipe("tagger").model.get_ref("tok2vec").layers[i].to_bytes() for i in range(3)]
    optimizer = nlp.resume_training()
    losses = [nlp.update(examples(nlp), sgd=optimizer)["tagger"] for _ in range(10)]
    assert losses[-1] < losses[0] / 2
    assert all(
        layer.to_bytes() != old
        for layer, old in zip(nlp.get_pipe("tagger").model.get_ref("tok2vec").layers, before, strict=True)
    )


def test_labels_can_be_added_and_dropped(members):
    nlp = ensemble_pipelines(members)
    tagger, doc = nlp.get_pipe("tagger"), nlp.make_doc(TEXTS[1][0])
    before = tagger.model.predict([doc]).dataXd
    assert tagger.add_label("TEST") == 1
    assert not np.allclose(tagger.model.predict([doc]).dataXd[:, :1], 0)
    tagger.drop_labels(["TEST"])
    assert np.allclose(tagger.model.predict([doc]).dataXd, before, atol=1e-5)


def test_weights_of_a_member_have_addresses(members):
    theirs = members[1].get_pipe("tagger").model.get_ref("tok2vec").get_ref("encode")
    nlp = ensemble_pipelines(members)
    assert find_block(nlp, "tagger:tok2vec.member_002.encode", "x").node is theirs
    assert find_block(nlp, "tagger:crf", "x").labels == tuple(LABELS)
    with pytest.raises(ValueError, match="CE234.*member_003"):
        find_block(nlp, "tagger:tok2vec.encode", "x")


def test_members_are_in_the_order_of_their_names():
    nlp = spacy.blank("en")
    encoders = {}
    for name in ("b", "a"):
        tok2vec = {"model": {"@architectures": "spacy_clinner.CRFTagger.v1", "tok2vec": SMALL_TOK2VEC}}
        encoders[name] = nlp.add_pipe("clinner_crf_tagger", name=name, config=tok2vec).model.get_ref("tok2vec")
    assert build_tagger_ensemble(encoders).get_ref("tok2vec").layers == [encoders["a"], encoders["b"]]


# what the members share


LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32, "upstream": "*"}
OVER_LISTENER = {**SMALL_TOK2VEC, "embed": LISTENER}


def make_listening(seed, tok2vec, aligned=False):
    fix_random_seed(seed)
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_tok2vec", name="encoder", config={"model": SMALL_TOK2VEC})
    model = {"@architectures": "spacy_clinner.CRFTagger.v1", "tok2vec": tok2vec}
    nlp.add_pipe("clinner_crf_tagger", name="tagger", config={"model": model})
    if aligned:
        model = {"@architectures": "spacy_clinner.MMDAlignment.v1", "tok2vec": LISTENER}
        nlp.add_pipe("clinner_mmd_alignment", name="aligner", config={"model": model, "target": ["b"]})
    train(nlp, 1 if aligned else 20)
    return nlp


@pytest.mark.parametrize("tok2vec", [LISTENER, OVER_LISTENER], ids=["listener", "over a listener"])
def test_who_listens_gets_an_encoder_of_its_own(tok2vec, tmp_path):
    nlp = make_listening(0, tok2vec)
    docs = [nlp(text) for text, _ in TEXTS]
    assert any(map(entities, docs))
    ensemble_pipelines([nlp]).to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    assert nlp.pipe_names == ["tagger"]
    for left, right in zip(docs, nlp.pipe(text for text, _ in TEXTS), strict=True):
        same_annotation(left, right)


@pytest.mark.parametrize("encoder", [None, transformer.BILSTM], ids=["listener", "over a listener"])
def test_who_listens_to_a_transformer_gets_one_of_its_own(encoder, tmp_path):
    folder = transformer.save_tiny_transformer(tmp_path / "bert")
    nlp = transformer.add_transformer(spacy.blank("en"), folder, encoder=encoder)
    nlp.initialize(lambda: examples(nlp))
    expected = nlp.get_pipe("ner").model.predict([nlp(text) for text, _ in TEXTS]).dataXd
    nlp.to_disk(tmp_path / "model")
    ensemble_pipelines([spacy.load(tmp_path / "model")]).to_disk(tmp_path / "ensemble")
    nlp = spacy.load(tmp_path / "ensemble")
    assert nlp.pipe_names == ["ner"]
    found = nlp.get_pipe("ner").model.predict([nlp.make_doc(text) for text, _ in TEXTS]).dataXd
    assert np.allclose(found, expected, atol=1e-5)


def test_settings_that_are_borrowed(tmp_path):
    members = [borrowing_head(), borrowing_head()]
    for member in members:
        train(member, 20)
    nlp = ensemble_pipelines(members)
    nlp.to_disk(tmp_path)
    same_annotation(nlp(TEXTS[1][0]), spacy.load(tmp_path)(TEXTS[1][0]))


def test_an_encoder_stays_for_others(members):
    nlp = ensemble_pipelines([make_listening(0, LISTENER, aligned=True), *members])
    assert nlp.pipe_names == ["encoder", "tagger", "aligner"]
    assert nlp.get_pipe("encoder").listening_components == ["aligner"]
    assert [doc.text for doc in nlp.pipe(text for text, _ in TEXTS)] == [text for text, _ in TEXTS]


def make_with_vectors(seed, fill):
    vectors = {"@architectures": "spacy_clinner.VectorsEmbed.v1", "width": 8}
    fix_random_seed(seed)
    model = {"@architectures": "spacy_clinner.CRFTagger.v1", "tok2vec": {**SMALL_TOK2VEC, "embed": vectors}}
    nlp = make_nlp(model=model)
    data = np.full((1, 4), fill, dtype="f")
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=data, keys=["aspirin"], name="toy")
    # spaCy's initialisation reads vectors from a file, or empties the table
    nlp.get_pipe("tagger").initialize(lambda: examples(nlp), labels=LABELS)
    return nlp


def test_members_read_one_table_of_vectors(members, tmp_path):
    ensemble_pipelines([members[0], make_with_vectors(0, 1.0), make_with_vectors(1, 1.0)]).to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    assert nlp.vocab["aspirin"].vector.tolist() == [1.0] * 4
    assert len(nlp(TEXTS[1][0])) == 5
    with pytest.raises(ValueError, match="CE262"):
        ensemble_pipelines([make_with_vectors(0, 1.0), make_with_vectors(1, 2.0)])


def test_what_is_told_of_the_members(members):
    first, second = members[:2]
    tell_calibrations(first, {name: {"temperature": 1.2, "interval": (1.0, 1.4)} for name in ("tagger", "other")})
    first.meta["performance"] = {"ents_f": 0.9}
    first.meta["notes"] += "\n\nMine."
    first.meta[TRAINING_DATA], second.meta[TRAINING_DATA] = {"a.spacy": "1"}, {"b.spacy": "2"}
    nlp = ensemble_pipelines(members)
    assert list(nlp.meta[META_KEY]) == ["other"]
    assert "`other`" in nlp.meta["notes"] and "`tagger`" not in nlp.meta["notes"] and "Mine." in nlp.meta["notes"]
    assert nlp.meta[TRAINING_DATA] == {"a.spacy": "1", "b.spacy": "2"}
    assert "performance" not in nlp.meta


# what does not fit


def test_a_pipeline_has_one_tagger(members):
    members[0].add_pipe("clinner_crf_tagger", name="another")
    with pytest.raises(ValueError, match="CE384.*Pipeline 2.* 2 .*another"):
        ensemble_pipelines([members[1], members[0]])


def test_all_read_texts_alike(members):
    members[1].tokenizer.add_special_case("mg", [{"ORTH": "m"}, {"ORTH": "g"}])
    with pytest.raises(ValueError, match="CE385.*rules of the tokenizers"):
        ensemble_pipelines(members)
    german = spacy.blank("de")
    german.add_pipe("clinner_crf_tagger", name="tagger")
    with pytest.raises(ValueError, match="CE385.*Pipeline 2 .*languages"):
        ensemble_pipelines([members[0], german])


def test_all_have_the_same_components_before_their_taggers(members):
    for member in members:
        member.add_pipe("sentencizer", before="tagger")
        member.add_pipe("entity_ruler")
    members[1].get_pipe("sentencizer").punct_chars.add("|")
    with pytest.raises(ValueError, match="CE385.*Pipeline 2 .*components before the tagger"):
        ensemble_pipelines(members)
    members[1].remove_pipe("sentencizer")
    with pytest.raises(ValueError, match="CE385.*Pipeline 2 .*components before the tagger"):
        ensemble_pipelines(members)
    members[1].add_pipe("sentencizer", before="tagger")
    members[1].remove_pipe("entity_ruler")
    assert ensemble_pipelines(members).pipe_names == ["sentencizer", "tagger", "entity_ruler"]


def test_classifiers_of_documents_may_differ(members):
    for member, label in zip(members, "ab", strict=False):
        member.add_pipe("textcat", before="tagger").add_label(label)
    assert ensemble_pipelines(members[:2]).pipe_names == ["textcat", "tagger"]


def test_all_learned_the_same(members):
    with pytest.raises(ValueError, match="CE386.*pipeline 2 .*TEST"):
        ensemble_pipelines([members[0], make_member(0, [*LABELS, "TEST"])])
    with pytest.raises(ValueError, match="CE387.*`domains`.*pipeline 2.*'a'.*None in the first"):
        ensemble_pipelines([members[0], make_member(0, domains=["a"])])


def test_thresholds_may_differ(members):
    members[0].get_pipe("tagger").cfg["threshold"] = 0.4
    with pytest.warns(UserWarning, match="CW384.*pipeline 2.*None.*0.4"):
        nlp = ensemble_pipelines(members[:2])
    assert nlp.get_pipe("tagger").cfg["threshold"] == nlp.get_pipe_config("tagger")["threshold"] == 0.4


def test_members_are_plain_taggers(three, members):
    nlp = ensemble_pipelines(members)
    with pytest.raises(ValueError, match="CE388.*'tagger' of pipeline 2.*TaggerEnsemble"):
        ensemble_pipelines([spacy.load(three[0]), nlp])
    listener = make_listening(0, LISTENER).get_pipe("tagger").model.get_ref("tok2vec")
    with pytest.raises(ValueError, match="CE389.*'m'"):
        build_tagger_ensemble({"m": listener})
