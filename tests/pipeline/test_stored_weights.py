import json
import subprocess
import sys
import warnings
from functools import partial

import numpy as np
import pytest
import spacy
import srsly

from spacy_clinner.layers.crf import CRFParams
from spacy_clinner.pipeline.checksums import FILE

from ..toys import relations as relation_toy
from ..toys.tagger import SMALL_MODEL, entities, examples, make_nlp, references
from .context.test_context import OWN_RULE

pytestmark = pytest.mark.medspacy

CROSSING = CRFParams._fields[0]
TEXT = "Give 5 mg aspirin daily"
WORD_MODEL = {
    "@architectures": "spacy_clinner.CRFTagger.v1",
    "tok2vec": {
        "@architectures": "spacy_clinner.WindowedTok2Vec.v1",
        "embed": {"@architectures": "spacy_clinner.VectorsEmbed.v1", "width": 8},
        "encode": {"@architectures": "spacy_clinner.BiLSTMEncoder.v1", "width": 8},
    },
}
STATIC_MODEL = {
    "@architectures": "spacy_clinner.CRFTagger.v1",
    "tok2vec": {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {
            "@architectures": "spacy.MultiHashEmbed.v2",
            "width": 8,
            "attrs": ["NORM"],
            "rows": [50],
            "include_static_vectors": True,
        },
        "encode": {"@architectures": "spacy.MaxoutWindowEncoder.v2", "width": 8, "window_size": 1, "maxout_pieces": 2,
                   "depth": 1},
    },
}  # fmt: skip


def make_pipeline():
    """One of each component of ours that saves something; what the taggers learned does not matter here."""
    nlp = make_nlp()
    nlp.add_pipe("clinner_tok2vec")
    nlp.add_pipe("clinner_relation_extractor", name="relations", config={"model": relation_model()})
    nlp.add_pipe("clinner_mmd_alignment", name="aligner", config={"model": aligner_model(), "target": ["a"]})
    nlp.add_pipe("clinner_specific_relations", name="specific")
    nlp.add_pipe("clinner_context", name="context", config={"rules": "none"}).add_rules([OWN_RULE])
    labels = {"labels": ["HAS"], "entity_labels": ["DOSE", "DRUG"], "label_pairs": {"DRUG": ["DOSE"]}}
    nlp.config["initialize"]["components"] = {
        "relations": {"labels": labels},
        "specific": {"broader": [["a", "b"]]},
    }
    nlp.initialize(lambda: examples(nlp))
    return nlp


def relation_model():
    return {"@architectures": "spacy_clinner.RelationClassifier.v1", "tok2vec": relation_toy.SMALL_TOK2VEC}


def aligner_model():
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "*"}
    return {"@architectures": "spacy_clinner.MMDAlignment.v1", "tok2vec": listener}


FILES = [
    *(f"{name}/{file}" for name in ("tagger", "clinner_tok2vec", "relations", "aligner") for file in ("cfg", "model")),
    "specific/broader.json",
    "context/rules.json",
]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "model"
    make_pipeline().to_disk(folder)
    return folder


@pytest.fixture
def folder(pipeline, tmp_path):
    """A copy to break."""
    nlp = tmp_path / "model"
    subprocess.run(["cp", "-r", pipeline, nlp], check=True)
    return nlp


def flip(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]


DAMAGES = {
    "cut": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "flipped": flip,
    "zeros": lambda data: bytes(min(len(data), 2048)) + data[2048:],
}


def test_what_is_whole_loads_without_a_word(pipeline):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spacy.load(pipeline)
    for file in FILES:
        name, _, part = file.partition("/")
        assert part in json.loads((pipeline / name / FILE).read_text())


@pytest.fixture(scope="module")
def loaded(pipeline):
    return spacy.load(pipeline)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", FILES)
def test_damage_is_refused_by_name(loaded, folder, file, damage):
    broken = folder / file
    broken.write_bytes(DAMAGES[damage](broken.read_bytes()))
    name, part = file.split("/")
    with pytest.raises(ValueError, match=rf"CE291.*{name}.*{part}"):
        loaded.get_pipe(name).from_disk(folder / name)


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(folder, file):
    (folder / file).unlink()
    name, part = file.split("/")
    with pytest.raises(ValueError, match=rf"CE290.*'{name}'.*{part} is missing in .*{name}"):
        spacy.load(folder)


@pytest.mark.parametrize("name", sorted({file.split("/")[0] for file in FILES}))
def test_without_checksums_there_is_a_warning(folder, name):
    (folder / name / FILE).unlink()
    with pytest.warns(UserWarning, match=rf"CW290.*'{name}'"):
        spacy.load(folder)


@pytest.mark.parametrize("content", ["{", "[]", '{"cfg": 1}'])
def test_checksums_may_be_damaged_themselves(folder, content):
    (folder / "tagger" / FILE).write_text(content)
    with pytest.raises(ValueError, match=rf"CE292.*'tagger'.*{FILE}"):
        spacy.load(folder)


@pytest.mark.slow
def test_the_warning_can_be_silenced_as_it_says(folder):
    for file in folder.rglob(FILE):
        file.unlink()
    code = (
        f"import spacy, sys, warnings; spacy.load({str(folder)!r}); print('then', file=sys.stderr); "
        f"warnings.resetwarnings(); spacy.load({str(folder)!r})"
    )
    env = {"PYTHONWARNINGS": "ignore:[CW290]"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    silent, then, heard = run.stderr.partition("then")
    assert then and "CW290" not in silent and heard.count("CW290") >= len({file.split("/")[0] for file in FILES})


def test_settings_changed_on_purpose_are_saved_anew(folder):
    path = folder / "tagger" / "cfg"
    srsly.write_json(path, {**srsly.read_json(path), "threshold": 0.25})
    with pytest.raises(ValueError, match="CE291.*cfg"):
        spacy.load(folder)
    (folder / "tagger" / FILE).unlink()
    with pytest.warns(UserWarning, match="CW290"):
        nlp = spacy.load(folder)
    nlp.to_disk(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert spacy.load(folder).get_pipe("tagger").cfg["threshold"] == 0.25


def test_what_is_left_out_is_not_asked_for(tmp_path):
    nlp = make_nlp()
    nlp.initialize(lambda: examples(nlp))
    tagger = nlp.get_pipe("tagger")
    tagger.to_disk(tmp_path / "some", exclude=["vocab", "model"])
    other = make_nlp().get_pipe("tagger")
    other.from_disk(tmp_path / "some", exclude=["vocab", "model"])
    assert other.labels == tagger.labels
    tagger.to_disk(tmp_path / "plain", exclude=["vocab", "checksums"])
    assert not (tmp_path / "plain" / FILE).exists()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_nlp().get_pipe("tagger").from_disk(tmp_path / "plain", exclude=["vocab", "checksums"])
        make_nlp().get_pipe("tagger").from_bytes(tagger.to_bytes(exclude=["checksums"]), exclude=["checksums"])


def test_components_that_were_never_initialized_can_be_saved(tmp_path):
    make_nlp().to_disk(tmp_path / "model")
    assert spacy.load(tmp_path / "model").get_pipe("tagger").labels == ()


def test_averages_are_what_is_saved_and_signed(tmp_path):
    nlp = make_nlp()
    optimizer = nlp.initialize(lambda: examples(nlp))
    nlp.update(examples(nlp), sgd=optimizer)
    with nlp.use_params(optimizer.averages):
        expected = entities(nlp(TEXT))
        nlp.to_disk(tmp_path / "model")
    assert entities(spacy.load(tmp_path / "model")(TEXT)) == expected


@pytest.mark.parametrize("name", ["tagger", "relations", "clinner_tok2vec", "aligner", "specific", "context"])
def test_bytes_are_checked_as_files_are(pipeline, name):
    component = spacy.load(pipeline).get_pipe(name)
    data = component.to_bytes(exclude=["vocab"])
    fields = srsly.msgpack_loads(data)
    for field in fields.keys() - {"checksums"}:
        content = fields[field]
        changed = content[:-1] + (b"\1" if isinstance(content, bytes) else " ")
        with pytest.raises(ValueError, match=f"CE291.*'{name}': {field} "):
            component.from_bytes(srsly.msgpack_dumps({**fields, field: changed}), exclude=["vocab"])
        with pytest.raises(ValueError, match=f"CE290.*'{name}': {field} is missing"):
            rest = {key: value for key, value in fields.items() if key != field}
            component.from_bytes(srsly.msgpack_dumps(rest), exclude=["vocab"])
    with pytest.raises(ValueError, match=f"CE292.*'{name}'"):
        component.from_bytes(data[: len(data) // 2], exclude=["vocab"])
    with pytest.warns(UserWarning, match=f"CW290.*'{name}'"):
        component.from_bytes(
            srsly.msgpack_dumps({k: v for k, v in fields.items() if k != "checksums"}), exclude=["vocab"]
        )
    component.from_bytes(data, exclude=["vocab"])


# without checksums, as earlier versions saved: what can be seen without them


def unsigned(folder, name):
    (folder / name / FILE).unlink()
    return folder / name


@pytest.mark.filterwarnings("ignore:.*CW290")
@pytest.mark.parametrize("file", [file for file in FILES if not file.startswith("context")])
@pytest.mark.parametrize("damage", ["cut", "empty"])
def test_a_cut_file_is_named_without_checksums_too(folder, file, damage):
    name, part = file.split("/")
    path = unsigned(folder, name) / part
    data = DAMAGES[damage](path.read_bytes())
    path.write_bytes(data)
    with pytest.raises(ValueError, match=rf"CE292.*'{name}': .*{name}"):
        spacy.load(folder)


@pytest.mark.filterwarnings("ignore:.*CW290")
@pytest.mark.parametrize(
    "name, changed",
    [
        ("tagger", {"labels": []}),
        ("tagger", {"labels": ["DRUG"]}),
        ("relations", {"labels": []}),
        ("relations", {"entity_labels": ["DRUG"]}),
    ],
)
def test_labels_and_weights_agree(folder, name, changed):
    path = unsigned(folder, name) / "cfg"
    srsly.write_json(path, {**srsly.read_json(path), **changed})
    with pytest.raises(ValueError, match=f"CE293.*'{name}'.*labels"):
        spacy.load(folder)


@pytest.mark.filterwarnings("ignore:.*CW290")
def test_weights_have_their_labels_shapes(folder):
    path = unsigned(folder, "tagger") / "model"
    saved = srsly.msgpack_loads(path.read_bytes())
    for params in saved["params"]:
        if CROSSING in params:
            params[CROSSING] = params[CROSSING][:-1]
    path.write_bytes(srsly.msgpack_dumps(saved))
    with pytest.raises(ValueError, match=f"CE293.*'tagger'.*shape of {CROSSING}"):
        spacy.load(folder)


@pytest.mark.filterwarnings("ignore:.*CW290")
def test_a_model_of_another_width_is_refused(folder, tmp_path):
    other = make_nlp(model={**SMALL_MODEL, "tok2vec": relation_toy.SMALL_TOK2VEC})
    other.initialize(lambda: examples(other))
    other.get_pipe("tagger").model.to_disk(unsigned(folder, "tagger") / "model")
    with pytest.raises(ValueError, match="CE292.*'tagger'"):
        spacy.load(folder)


@pytest.mark.parametrize("name", ["tagger", "relations", "clinner_tok2vec"])
def test_weights_that_are_no_numbers_are_refused(folder, name):
    nlp = spacy.load(folder)
    node = next(node for node in nlp.get_pipe(name).model.walk() if node.param_names)
    weights = node.get_param(node.param_names[0]).copy()
    weights.flat[0] = np.nan
    node.set_param(node.param_names[0], weights)
    nlp.to_disk(folder)
    with pytest.raises(ValueError, match=f"CE294.*'{name}'"):
        spacy.load(folder)
    with pytest.raises(ValueError, match=f"CE294.*'{name}'"):
        make_pipeline().from_bytes(nlp.to_bytes())


def test_relations_that_are_no_numbers_are_refused():
    nlp = relation_toy.make_nlp()
    optimizer = nlp.initialize(partial(relation_toy.examples, nlp))
    layer = nlp.get_pipe("relations").model.get_ref("pair_scores")
    layer.set_param("output", np.full_like(layer.get_param("output"), np.nan))
    docs = [pair.x for pair in relation_toy.examples(nlp)]
    with pytest.raises(ValueError, match="CE297"):
        nlp.get_pipe("relations").predict(docs)
    with pytest.raises(ValueError, match="CE297"):
        nlp.update(relation_toy.examples(nlp), sgd=optimizer)


def with_vectors(model=WORD_MODEL):
    nlp = make_nlp(model=model)
    words = sorted({token.text for doc in references(nlp) for token in doc})
    for number, word in enumerate(words):
        nlp.vocab.set_vector(word, np.full(5, number / 10, dtype="f"))
    return nlp


@pytest.mark.parametrize("model", [WORD_MODEL, STATIC_MODEL])
def test_vectors_that_are_no_numbers_are_refused(tmp_path, model):
    nlp = with_vectors(model)
    nlp.initialize(partial(examples, nlp))
    # of a word that no example has
    nlp.vocab.set_vector("zebra", np.full(5, np.nan, dtype="f"))
    nlp.to_disk(tmp_path / "model")
    with pytest.raises(ValueError, match="CE295.* 1 of "):
        spacy.load(tmp_path / "model")
    again = with_vectors(model)
    again.vocab.set_vector("zebra", np.full(5, np.nan, dtype="f"))
    with pytest.raises(ValueError, match="CE295.* 1 of "):
        again.initialize(partial(examples, again))


def test_a_foreign_component_checks_the_vectors_it_reads():
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": WORD_MODEL["tok2vec"]})
    nlp.vocab.set_vector("zebra", np.full(5, np.nan, dtype="f"))
    with pytest.raises(ValueError, match="CE295"):
        nlp.initialize(partial(examples, nlp))


@pytest.mark.parametrize("damage", ["data", "keys"])
@pytest.mark.parametrize("model", [WORD_MODEL, STATIC_MODEL])
def test_other_vectors_are_refused(tmp_path, model, damage):
    nlp = with_vectors(model)
    nlp.initialize(partial(examples, nlp))
    nlp.to_disk(tmp_path / "model")
    spacy.load(tmp_path / "model")
    if damage == "data":
        nlp.vocab.set_vector("aspirin", np.ones(5, dtype="f"))
    else:
        rows = nlp.vocab.vectors.key2row
        rows[nlp.vocab.strings["aspirin"]], rows[nlp.vocab.strings["cough"]] = 0, 1
    nlp.vocab.to_disk(tmp_path / "model" / "vocab")
    with pytest.raises(ValueError, match="CE296.*'tagger'"):
        spacy.load(tmp_path / "model")


def test_without_its_vectors_a_pipeline_says_so_when_it_is_used(tmp_path):
    nlp = with_vectors()
    nlp.initialize(partial(examples, nlp))
    nlp.to_disk(tmp_path / "model")
    with pytest.raises(ValueError, match="CE121"):
        spacy.load(tmp_path / "model", exclude=["vocab"])(TEXT)
