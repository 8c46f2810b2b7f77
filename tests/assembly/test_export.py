"""Exported pipelines: the same entities and probabilities, from a folder that needs no torch."""

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import spacy
from spacy.util import registry
from thinc.api import Config

from spacy_clinner.assembly.drop_components import drop_components
from spacy_clinner.assembly.ensemble import ensemble_pipelines
from spacy_clinner.assembly.export import export_pipeline
from spacy_clinner.assembly.without_torch import check_without_torch
from spacy_clinner.layers.onnx.layers import REPLACED
from spacy_clinner.transfer.transfer_layers import create_transfer_layers

from ..paths import ROOT
from ..pipeline.tagger.test_crf_tagger import same_annotation
from ..toys import heads, tagger, transfer
from ..toys.whole_pipeline import NOTES, read

NOTE = "The patient has severe fever .\nGive 5 mg aspirin daily"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folder of a pipeline of two heads that listen to one encoder, and their union."""
    nlp = heads.train(heads.make_heads())
    nlp.to_disk(path := tmp_path_factory.mktemp("export") / "trained")
    return path


@pytest.fixture(scope="module")
def exported(trained):
    path = trained.with_name("exported")
    export_pipeline(spacy.load(trained)).to_disk(path)
    return path


def found(doc):
    return {key: [(span.start, span.end, span.label_) for span in group] for key, group in doc.spans.items()}


def test_heads_find_the_same_and_are_as_sure(trained, exported):
    nlp, other = spacy.load(trained), spacy.load(exported)
    texts = [text for text, _ in tagger.TEXTS]
    for doc, again in zip(nlp.pipe(texts), other.pipe(texts), strict=True):
        assert found(doc) == found(again)
        for key, group in doc.spans.items():
            assert np.allclose(group.attrs["scores"], again.spans[key].attrs["scores"], atol=1e-5)
    head, same = (one.get_pipe("drugs") for one in (nlp, other))
    docs = [one.get_pipe("tok2vec")(one.make_doc(NOTE)) for one in (nlp, other)]
    emissions = [pipe.model.predict([doc]).dataXd for pipe, doc in zip((head, same), docs, strict=True)]
    assert np.allclose(*emissions, atol=1e-5) and found(nlp(NOTE))["drugs"]
    probabilities = [p.span_probability(doc, 9, 11, "DOSAGE") for p, doc in zip((head, same), docs, strict=True)]
    assert np.allclose(*probabilities, atol=1e-6)


def test_nothing_but_the_encoder_changes(trained, exported):
    before, after = (Config().from_disk(path / "config.cfg") for path in (trained, exported))
    wrapped = after["components"]["tok2vec"]["model"]["encode"]
    assert wrapped["@architectures"] == "spacy_clinner.OnnxLayers.v1"
    assert wrapped["layers"] == before["components"]["tok2vec"]["model"]["encode"]
    assert all(after["components"][name] == before["components"][name] for name in ("drugs", "problems", "union"))
    for name in ("drugs", "problems"):
        assert (trained / name / "cfg").read_bytes() == (exported / name / "cfg").read_bytes()
    names = {node.name for node in spacy.load(exported).get_pipe("tok2vec").model.walk()}
    assert not names & set(REPLACED) and {"onnx_bilstm", "onnx_char_cnn"} <= names


def test_it_travels_as_others_do(exported, tmp_path):
    nlp = spacy.load(exported)
    expected = found(nlp(NOTE))
    nlp.to_disk(tmp_path / "again")
    copies = [spacy.load(tmp_path / "again"), pickle.loads(pickle.dumps(nlp))]
    copies.append(spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes()))
    assert [found(copy(NOTE)) for copy in copies] == [expected] * 3
    # forked after its sessions were opened
    assert [found(doc) for doc in nlp.pipe([NOTE] * 6, n_process=2, batch_size=2)] == [expected] * 6


def test_a_flipped_bit_is_noticed(exported, tmp_path):
    nlp = spacy.load(exported)
    nlp.to_disk(tmp_path)
    file = tmp_path / "tok2vec" / "model"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(ValueError, match="CE291"):
        spacy.load(tmp_path)


def test_a_tagger_gets_labels_and_a_threshold_as_before(exported):
    nlp = spacy.load(exported)
    head = nlp.get_pipe("drugs")
    head.add_label("NEW")
    head.cfg["threshold"] = 1.0
    assert not nlp(NOTE).spans["drugs"] and head.labels[-1] == "NEW"


# what it cannot be used for


def test_it_cannot_be_trained(exported):
    nlp = spacy.load(exported)
    optimizer = nlp.resume_training()
    with pytest.raises(ValueError, match="CE400.*onnx_char_cnn"):
        nlp.update(heads.examples(nlp), sgd=optimizer)
    with pytest.raises(ValueError, match="CE400"):
        nlp.initialize(lambda: heads.examples(nlp))
    with pytest.raises(ValueError, match="CE404"):
        export_pipeline(nlp)


def test_heads_learn_on_a_frozen_encoder(exported):
    nlp = spacy.load(exported)
    optimizer, head = nlp.resume_training(), nlp.get_pipe("drugs")
    before = transfer.weights(head.model)
    # spaCy's listener takes no empty document from an encoder that was not updated
    examples = [example for example in heads.examples(nlp) if len(example.x)]
    nlp.update(examples, sgd=optimizer, exclude=["tok2vec"], annotates=["tok2vec"])
    assert any(transfer.moved(before, head.model))


def test_its_weights_are_no_source_of_a_training(exported):
    target = transfer.initialized(transfer.shared_encoder("drugs"))
    with pytest.raises(ValueError, match="CE23"):
        create_transfer_layers(str(exported), {"tok2vec": {"target": "tok2vec"}})(target)


def test_what_needs_no_torch_has_nothing_to_export():
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_crf_tagger", name="tagger")
    nlp.initialize(lambda: tagger.examples(nlp))
    with pytest.raises(ValueError, match="CE404.*tagger"):
        export_pipeline(nlp)


def test_an_architecture_of_others_is_named():
    @registry.architectures("toy.Outer.v1")
    def build_outer():
        return registry.resolve({"model": tagger.SMALL_TOK2VEC})["model"]

    nlp = tagger.make_nlp(model={**tagger.SMALL_MODEL, "tok2vec": {"@architectures": "toy.Outer.v1"}})
    nlp.initialize(lambda: tagger.examples(nlp))
    with pytest.raises(ValueError, match="CE405.*'tagger'"):
        export_pipeline(nlp)


# other pipelines


def test_an_ensemble_of_taggers(tmp_path):
    members = []
    for _ in range(2):
        nlp = transfer.own_encoder()
        tagger.train(nlp, 20)
        members.append(nlp)
    nlp = ensemble_pipelines(members)
    expected = [nlp(text) for text, _ in tagger.TEXTS]
    export_pipeline(nlp).to_disk(tmp_path)
    for doc in expected:
        same_annotation(doc, spacy.load(tmp_path)(doc.text))


def test_settings_that_are_borrowed(tmp_path):
    nlp = transfer.borrowing_head()
    tagger.train(nlp, 20)
    export_pipeline(nlp).to_disk(tmp_path)
    same_annotation(nlp(NOTE), spacy.load(tmp_path)(NOTE))


def test_exported_taggers_become_an_ensemble(trained, exported):
    """As the trained ones do; each pipeline has one head of the two."""
    pools = []
    for path in (trained, exported):
        members = [drop_components(spacy.load(path), ["union", "problems"]) for _ in range(2)]
        pools.append(ensemble_pipelines(members))
    for text, _ in tagger.TEXTS:
        assert found(pools[0](text)) == found(pools[1](text))


def test_threads_that_start_together(exported):
    expected = found(spacy.load(exported)(NOTE))
    nlp = spacy.load(exported)
    with ThreadPoolExecutor(8) as pool:
        assert [found(doc) for doc in pool.map(nlp, [NOTE] * 32)] == [expected] * 32


def test_integers_are_near(trained, tmp_path):
    nlp = spacy.load(trained)
    docs = [nlp.get_pipe("tok2vec")(nlp.make_doc(NOTE))]
    export_pipeline(spacy.load(trained), int8=True).to_disk(tmp_path)
    other = spacy.load(tmp_path)
    again = [other.get_pipe("tok2vec")(other.make_doc(NOTE))]
    rows = [doc.tensor for doc in (*docs, *again)]
    assert 1e-5 < np.abs(rows[0] - rows[1]).max() < 0.1
    assert found(nlp(NOTE)) == found(other(NOTE))


@pytest.mark.slow
def test_a_pipeline_of_every_component_without_torch(whole_pipeline, tmp_path):
    nlp = spacy.load(whole_pipeline)
    expected = [read(doc) for doc in nlp.pipe(NOTES)]
    export_pipeline(nlp).to_disk(tmp_path)
    check_without_torch(tmp_path)
    assert [read(doc) for doc in spacy.load(tmp_path).pipe(NOTES)] == expected


# without torch

_WITHOUT = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r}", name="torch")

sys.meta_path.insert(0, Blocker())
from importlib.metadata import EntryPoint
load = EntryPoint.load
# what spacy-transformers registers, which is not there without torch
EntryPoint.load = lambda point: None if point.value.startswith("spacy_transformers") else load(point)
import spacy
nlp = spacy.load(sys.argv[1])
assert "onnxruntime" not in sys.modules
print([[(key, span.start, span.end, span.label_) for key in sorted(doc.spans) for span in doc.spans[key]]
       for doc in nlp.pipe(sys.argv[2:])])
assert not {"torch", "onnx"} & set(sys.modules) and "onnxruntime" in sys.modules
"""


@pytest.mark.slow
def test_it_tags_where_torch_cannot_be_imported(trained, exported):
    expected = [
        [(key, *span) for key, spans in sorted(found(doc).items()) for span in spans]
        for doc in spacy.load(trained).pipe([NOTE, ""])
    ]
    command = [sys.executable, "-W", "ignore", "-c", _WITHOUT]
    done = subprocess.run([*command, exported, NOTE, ""], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(expected)
    with_torch = subprocess.run([*command, trained, NOTE], capture_output=True, text=True, cwd=ROOT)
    assert "No module named 'torch'" in with_torch.stderr
    check_without_torch(exported)
    with pytest.raises(ValueError, match="CE407.*torch"):
        check_without_torch(trained)
