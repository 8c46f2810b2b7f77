"""A tagger that learns from source and target, and predicts the target's labels alone."""

import io
import json

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config

from spacy_clinner.annotations.keys import DOMAIN_KEY, SPANS_KEY
from spacy_clinner.transfer.drop_labels import drop_labels

from ..test_configs import CONFIGS
from ..toys.forked import run_python
from ..toys.tagger import TEXTS, entities, examples
from ..toys.transfer import relabeled, shared_encoder, stamped, weights

# the target has no DRUG
NAMES = {"DRUG": ""}


def make(nlp):
    return stamped(nlp, NAMES)


@pytest.fixture(scope="module")
def trained():
    nlp = shared_encoder(threshold=0.3)
    nlp.config["initialize"]["components"]["ner"] = {"label_domains": ["target"]}
    # the source alone is learned, so DRUG is sure where it is not forbidden
    source = [example for example in make(nlp) if example.reference.user_data[DOMAIN_KEY] == "source"]
    optimizer = nlp.initialize(lambda: make(nlp))
    optimizer.learn_rate = 0.02
    for _ in range(40):
        nlp.update(source, sgd=optimizer)
    return nlp


def annotated(nlp, domain):
    docs = [nlp.make_doc(text) for text, _ in TEXTS]
    for doc in docs:
        if domain:
            doc.user_data[DOMAIN_KEY] = domain
    return list(nlp.pipe(docs))


def labels_of(docs):
    return {ent.label_ for doc in docs for ent in doc.ents}


def test_labels_of_the_source_are_learned_and_found_in_its_documents_alone(trained):
    ner = trained.get_pipe("ner")
    assert ner.labels == ("DOSAGE", "DRUG", "PROBLEM") and ner.foreign_labels == ("DRUG",)
    assert labels_of(annotated(trained, "source")) == {"DOSAGE", "DRUG", "PROBLEM"}
    for domain in ("target", None):
        assert labels_of(annotated(trained, domain)) == {"DOSAGE", "PROBLEM"}
    doc = annotated(trained, "target")[1]
    assert ner.span_probability(doc, 3, 4, "DRUG") < 1e-20
    total = sum(probability for _, probability in ner.k_best(doc, 200))
    assert 0.9 < total < 1 + 1e-6


def test_saved_pipeline_predicts_the_same_without_them(trained, tmp_path):
    before = weights(trained.get_pipe("ner").model)
    docs = annotated(trained, "target")
    copy = drop_labels(trained)
    copy.to_disk(tmp_path / "model")
    code = (
        f"import spacy, json; nlp = spacy.load({str(tmp_path / 'model')!r}); ner = nlp.get_pipe('ner');"
        f"docs = list(nlp.pipe({[text for text, _ in TEXTS]!r}));"
        "ents = [[[e.start, e.end, e.label_] for e in doc.ents] for doc in docs];"
        f"scores = [[float(s) for s in doc.spans[{SPANS_KEY!r}].attrs['scores']] for doc in docs];"
        "probability = ner.span_probability(docs[1], 1, 3, 'DOSAGE');"
        "print(json.dumps([ner.labels, ner.cfg['threshold'], ents, scores, probability]))"
    )
    done = run_python("-c", code)
    labels, threshold, ents, scores, probability = json.loads(done.stdout)
    assert labels == ["DOSAGE", "PROBLEM"] and threshold == pytest.approx(0.3)
    assert [[tuple(ent) for ent in doc] for doc in ents] == [entities(doc) for doc in docs]
    for doc, saved in zip(docs, scores, strict=True):
        assert saved == pytest.approx(list(doc.spans[SPANS_KEY].attrs["scores"]), abs=1e-6)
    assert probability == pytest.approx(trained.get_pipe("ner").span_probability(docs[1], 1, 3, "DOSAGE"), abs=1e-6)
    # the pipeline in training is left alone
    after = weights(trained.get_pipe("ner").model)
    assert all((old == new).all() for old, new in zip(before, after, strict=True))
    assert trained.get_pipe("ner").labels == ("DOSAGE", "DRUG", "PROBLEM")


def test_what_is_left_can_be_trained_on(trained):
    copy = drop_labels(trained)
    optimizer = copy.resume_training()
    assert copy.update(relabeled(copy, NAMES), sgd=optimizer)["ner"] > 0
    assert copy.get_pipe("ner").foreign_labels == () and drop_labels(copy) is copy
    assert copy.get_pipe("ner").add_label("DRUG") and copy.get_pipe("ner").labels == ("DOSAGE", "PROBLEM", "DRUG")


def test_domains_without_entities():
    nlp = shared_encoder()
    nlp.config["initialize"]["components"]["ner"] = {"label_domains": ["tarmac"]}
    with pytest.raises(ValueError, match="CE370.*'ner'.*tarmac"):
        nlp.initialize(lambda: make(nlp))


@pytest.fixture
def replay(tmp_path):
    """Models that `spacy train` made by the recipe of the source, then by that of replay."""

    def write(name, make):
        nlp = spacy.blank("en")
        docs = [example.reference for example in make(nlp) if len(example.reference)]
        DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / name)
        return str(tmp_path / name)

    source, target = write("source.spacy", examples), write("target.spacy", lambda nlp: relabeled(nlp, NAMES))

    def run(recipe, steps, **paths):
        config = load_config(next(path for path in CONFIGS if path.stem == recipe))
        config["paths"].update(paths)
        config["training"].update(max_steps=steps, eval_frequency=steps)
        config["training"]["optimizer"]["learn_rate"] = 0.005
        config["training"]["logger"]["progress_bar"] = None
        (tmp_path / recipe).mkdir()
        train(init_nlp(config), tmp_path / recipe, stdout=io.StringIO(), stderr=io.StringIO())
        return tmp_path / recipe / "model-last"

    name = "ner_demo_charcnn-bilstm_crf"
    start = run(name, 30, train=source, dev=source)
    paths = {"source": source, "source_dev": source, "train": target, "dev": target}
    return run(f"{name}_replay", 4, source_model=str(start), **paths), target


def test_replay_saves_what_it_scored(replay):
    path, target = replay
    nlp = spacy.load(path)
    assert nlp.get_pipe("ner").labels == ("DOSAGE", "PROBLEM")
    assert nlp.meta["labels"]["ner"] == ["DOSAGE", "PROBLEM"]
    report = nlp.meta["clinner_transfer"]
    assert report["dropped_labels"] == {"ner": ["DRUG"]} and report["blocks"][-1]["labels"]
    gold = [Example(nlp.make_doc(doc.text), doc) for doc in DocBin().from_disk(target).get_docs(nlp.vocab)]
    performance = json.loads((path / "meta.json").read_text())["performance"]
    assert nlp.evaluate(gold)["ents_f"] == performance["ents_f_target"] > 0
    assert list(performance)[:2] == ["ents_f_target", "ents_f_source"]
