from functools import partial

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_clinner.annotations.keys import RELATIONS_KEY
from spacy_clinner.pipeline.relations.candidates import read_entities
from spacy_clinner.pipeline.relations.labels import allowed_pairs
from spacy_clinner.pipeline.relations.portions import portions

from ...toys.relations import NOTES, examples, make_nlp, reference, relations, train


@pytest.fixture(scope="module", params=[False, True], ids=["own encoder", "listener"])
def trained(request):
    nlp = make_nlp(shared=request.param)
    train(nlp)
    return nlp


@pytest.fixture(scope="module")
def documents(trained):
    return list(trained.pipe([pair.x for pair in examples(trained)]))


def gold(nlp):
    return [relations(pair.y) for pair in examples(nlp)]


def test_learns_direction_and_several_labels_of_a_pair(trained, documents):
    assert [relations(doc) for doc in documents] == gold(trained)
    scores = trained.evaluate(examples(trained))
    assert scores["rels_f"] == scores["rels_macro_f"] == scores["rels_overlap_f"] == scores["rels_proposed"] == 1.0
    assert set(scores["rels_per_type"]) == {"ALONE", "BEFORE", "HAS"}


def test_temperature_brings_probabilities_nearer_to_a_half(trained):
    pipe = trained.get_pipe("relations")
    pairs = examples(trained)
    with trained.select_pipes(disable="relations"):
        docs = list(trained.pipe([pair.x for pair in pairs]))
    plain = pipe.predict(docs, at_least=0.0)
    pipe.cfg["temperature"] = 2.0
    try:
        warm = pipe.predict(docs, at_least=0.0)
        assert [triples.tolist() for triples, _ in warm] == [triples.tolist() for triples, _ in plain]
        for (_, p), (_, q) in zip(plain, warm, strict=True):
            np.testing.assert_allclose(np.log(q / (1 - q)), np.log(p / (1 - p)) / 2, rtol=1e-5, atol=1e-5)
    finally:
        pipe.cfg["temperature"] = 1.0
    with pytest.raises(ValueError, match="CE112"):
        make_nlp(temperature=0.0)


@pytest.mark.parametrize("level", ["mentions", "concepts"])
def test_log_losses_are_those_of_the_probabilities(trained, level):
    """Over everything that is judged: the sum of -log(probability of what is so)."""
    pipe = trained.get_pipe("relations")
    pipe.cfg["level"] = level
    try:
        with trained.select_pipes(disable="relations"):
            pairs = [
                Example(doc, pair.y)
                for doc, pair in zip(
                    trained.pipe([pair.x for pair in examples(trained)]), examples(trained), strict=True
                )
            ]
        evidence = pipe.evidence(pairs)
        losses = evidence.log_losses([1.0, 2.0])
        for pair, own, (triples, probabilities) in zip(
            pairs, losses, pipe.predict([pair.x for pair in pairs], at_least=0.0), strict=True
        ):
            spans = pair.x.ents
            names = [(spans[h].start_char, spans[c].start_char, pipe.labels[k]) for h, c, k in triples.tolist()]
            true = {(r["head"][0], r["child"][0], r["label"]) for r in pair.y.user_data[RELATIONS_KEY]}
            is_true = np.array([name in true for name in names], dtype=bool)
            expected = -np.log(np.where(is_true, probabilities, 1 - probabilities)).sum()
            assert own[0] == pytest.approx(expected, rel=1e-3, abs=1e-4)
        assert losses[:, 1].sum() > losses[:, 0].sum() > 0
        if level == "mentions":
            sure = np.concatenate([own for _, own in pipe.predict([pair.x for pair in pairs], at_least=0.5)])
            np.testing.assert_allclose(np.sort(evidence.found(1.0, 0.5)), np.sort(sure))
        unknown = pairs[0].y.copy()
        del unknown.user_data[RELATIONS_KEY]
        assert pipe.evidence([Example(pairs[0].x, unknown)]).log_losses([1.0]).tolist() == [[0.0]]
    finally:
        pipe.cfg["level"] = "mentions"


def test_annotations_are_plain_and_have_a_view(documents):
    for relation in documents[0].user_data[RELATIONS_KEY]:
        assert list(relation) == ["head", "child", "label", "head_label", "child_label", "probability"]
        assert type(relation["probability"]) is float and 0.5 <= relation["probability"] <= 1
    first = documents[0]._.relations[0]
    assert (first.head.text, first.head.label_, first.child.text, first.label) == ("aspirin", "DRUG", "5 mg", "HAS")
    assert spacy.blank("en")("nothing")._.relations == []


def test_portions_give_the_same_relations_and_gradients(trained, documents, monkeypatch):
    nodes = [node for _, pipe in trained.pipeline for node in pipe.model.walk()]
    weights = [(node, name) for node in nodes for name in node.param_names if node.has_param(name)]

    def gradients():
        trained.update(examples(trained), sgd=False)
        found = [node.get_grad(name).copy() for node, name in weights]
        for node, name in weights:
            node.set_grad(name, node.get_grad(name) * 0)
        return found

    # what is left of training: spaCy finishes an encoder's update before its listeners answer
    gradients()
    whole = gradients()
    monkeypatch.setattr(trained.get_pipe("relations"), "max_pairs", 2)
    parts = gradients()
    assert any(gradient.any() for gradient in whole)
    assert all(np.allclose(a, b, rtol=1e-3, atol=1e-6) for a, b in zip(whole, parts, strict=True))
    again = list(trained.pipe([pair.x for pair in examples(trained)]))
    assert [relations(doc) for doc in again] == [relations(doc) for doc in documents]


def test_many_entities_stay_within_bounds(trained):
    nlp = make_nlp(candidates={"@misc": "spacy_clinner.pairs_in_document.v1"}, max_candidates=1000)
    nlp.initialize(partial(examples, nlp))
    doc = Doc(nlp.vocab, words=["aspirin", "5"] * 500)
    doc.set_ents([Span(doc, i, i + 1, ("DRUG", "DOSE")[i % 2]) for i in range(1000)])
    pipe = nlp.get_pipe("relations")
    numbers = {label: number for number, label in enumerate(pipe.cfg["entity_labels"], start=1)}
    entities = read_entities(doc, doc.ents, numbers, "lines")
    allowed = allowed_pairs(pipe.cfg["entity_labels"], pipe.cfg["label_pairs"])
    sizes = [
        sum(len(pairs) for _, pairs in portion)
        for portion in portions([entities], pipe.candidates, allowed, pipe.max_pairs, pipe.cfg["max_candidates"])
    ]
    # a drug's children are doses and drugs
    assert sum(sizes) == 500 * 999 and max(sizes) <= pipe.max_pairs == 2**15


def test_threshold_may_change(trained):
    pipe = trained.get_pipe("relations")
    docs = [pair.x for pair in examples(trained)]
    pipe.cfg["threshold"] = 0.0
    try:
        # three labels; a drug's children are doses and drugs
        assert [len(rows) for rows, _ in pipe.predict(list(trained.pipe(docs)))] == [3 * 6, 3, 3]
    finally:
        pipe.cfg["threshold"] = 0.5


def test_a_threshold_is_asked_for(trained):
    """Whoever asks for another threshold gets what the setting would give, and changes no pipeline."""
    pipe = trained.get_pipe("relations")
    docs = list(trained.pipe([pair.x for pair in examples(trained)]))
    before = dict(pipe.cfg)
    settings = [(0.0, False), (0.3, False), (0.999, False), (0.5, True), (1.0, True)]
    for at_least, relative in settings:
        asked = pipe.predict(docs, at_least=at_least, relative=relative)
        assert pipe.cfg == before
        pipe.cfg.update(threshold=at_least, relative=relative)
        try:
            assert all(map(same_prediction, asked, pipe.predict(docs)))
            # one of the two alone
            assert all(map(same_prediction, asked, pipe.predict(docs, at_least=at_least)))
            pipe.cfg["threshold"] = 0.7
            assert all(map(same_prediction, asked, pipe.predict(docs, at_least=at_least)))
        finally:
            pipe.cfg.update(before)
        piped = trained.pipe(
            [doc.copy() for doc in docs], component_cfg={"relations": dict(at_least=at_least, relative=relative)}
        )
        assert [len(doc.user_data[RELATIONS_KEY]) for doc in piped] == [len(rows) for rows, _ in asked]
    assert len(pipe.predict(docs, at_least=0.0)[0][0]) == 3 * 6
    with pytest.raises(ValueError, match="CE255"):
        pipe.predict(docs, at_least=1.5)


def same_prediction(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_document_known_to_state_a_relation_keeps_those_near_its_best(trained, monkeypatch):
    pipe = trained.get_pipe("relations")
    doc = examples(trained)[2].x
    assert trained(doc.copy()).user_data[RELATIONS_KEY] == []
    monkeypatch.setitem(pipe.cfg, "threshold", 0.0)
    every = trained(doc.copy()).user_data[RELATIONS_KEY]
    monkeypatch.setitem(pipe.cfg, "relative", True)
    assert trained(doc.copy()).user_data[RELATIONS_KEY] == every and len(every) > 2
    odds = sorted((r["probability"] / (1 - r["probability"]) for r in every), reverse=True)
    # between the second and the third
    monkeypatch.setitem(pipe.cfg, "threshold", (odds[1] + odds[2]) / 2 / odds[0])
    kept = trained(doc.copy()).user_data[RELATIONS_KEY]
    assert kept == [r for r in every if r["probability"] / (1 - r["probability"]) >= odds[1] * (1 - 1e-5)]
    assert len(kept) == 2
    # the best is that of the document, not of the portion
    monkeypatch.setattr(pipe, "max_pairs", 1)
    assert [relations(d) for d in trained.pipe([doc.copy()])] == [relations(trained(doc.copy()))]
    assert len(trained(doc.copy()).user_data[RELATIONS_KEY]) == 2
    assert trained("no entities").user_data[RELATIONS_KEY] == []


def test_no_entities_one_entity_empty_and_unknown(trained):
    texts = ["", "nothing here", "only aspirin"]
    docs = [trained.make_doc(text) for text in texts]
    docs[2].set_ents([Span(docs[2], 1, 2, "DRUG")])
    unknown = reference(trained.vocab, ["a", "b"], [(0, 1, "NEW"), (1, 2, "DOSE")], [])
    assert [relations(doc) for doc in trained.pipe([*docs, unknown])] == [[], [], [], []]


def test_unannotated_documents_and_documents_without_entities_teach_nothing(trained):
    pairs = examples(trained)
    del pairs[0].y.user_data[RELATIONS_KEY]
    losses = trained.update(pairs[:1], sgd=False)
    assert losses["relations"] == 0.0
    assert trained.update(examples(trained, [(["a", "b"], [], [])]), sgd=False)["relations"] == 0.0


def test_pairs_beyond_the_generator_and_of_unseen_labels_are_misses():
    nlp = make_nlp(label_pairs={"DRUG": ["DOSE"]})
    train(nlp, steps=30)
    scores = nlp.evaluate(examples(nlp))
    # BEFORE holds between two drugs
    assert scores["rels_proposed"] == pytest.approx(4 / 5)
    assert scores["rels_per_type"]["BEFORE"]["r"] == 0.0 and scores["rels_r"] <= 4 / 5
    lines = (["aspirin", "\n", "5", "mg"], [(0, 1, "DRUG"), (2, 4, "DOSE")], [(0, 1, "HAS")])
    assert nlp.evaluate(examples(nlp, [lines]))["rels_proposed"] == 0.0


def test_learns_between_predicted_entities():
    nlp = make_nlp(entities="predicted")
    train(nlp)
    assert nlp.evaluate(examples(nlp))["rels_f"] == 1.0
    with pytest.raises(ValueError, match="CE254.*'n0'"):
        nlp.update(examples(nlp, with_entities=False))
    lost = examples(nlp)[1:2]
    lost[0].x.set_ents([ent for ent in lost[0].x.ents if ent.label_ == "DRUG"])
    assert nlp.update(lost, sgd=False)["relations"] == 0.0
    assert nlp.evaluate(lost)["rels_r"] == 0.0


def test_cycles_are_relations_like_others():
    nlp = make_nlp()
    note = (["a", "b"], [(0, 1, "X"), (1, 2, "X")], [(0, 1, "R"), (1, 0, "R")])
    optimizer = nlp.initialize(lambda: examples(nlp, [note]))
    for _ in range(30):
        nlp.update(examples(nlp, [note]), sgd=optimizer)
    assert nlp.evaluate(examples(nlp, [note]))["rels_f"] == 1.0


def test_labels_are_given_back_and_fixed(trained):
    data = trained.get_pipe("relations").label_data
    nlp = make_nlp()
    nlp.get_pipe("relations").initialize(lambda: examples(nlp), nlp=nlp, labels=data)
    assert nlp.get_pipe("relations").labels == ("ALONE", "BEFORE", "HAS")
    with pytest.raises(ValueError, match="E922"):
        nlp.get_pipe("relations").add_label("NEW")


def test_labels_that_were_added_before_initialization_stay():
    nlp = make_nlp()
    nlp.get_pipe("relations").add_label("CAUSES")
    nlp.initialize(lambda: examples(nlp))
    assert nlp.get_pipe("relations").labels == ("CAUSES", "ALONE", "BEFORE", "HAS")
    assert nlp.update(examples(nlp))["relations"] > 0


def test_another_training_has_labels_pairs_and_sizes_of_its_own(tmp_path):
    nlp = make_nlp()
    train(nlp, steps=1)
    # of an update that was not finished
    nlp.update(examples(nlp), sgd=False)
    words = "aspirin 5 mg for pain".split()
    notes = [(words, [(0, 1, "DRUG"), (1, 3, "DOSE"), (4, 5, "PROBLEM")], [(0, 2, "TREATS")])]
    optimizer = nlp.initialize(lambda: examples(nlp, notes))
    optimizer.learn_rate = 0.01
    for _ in range(60):
        nlp.update(examples(nlp, notes), sgd=optimizer)
    nlp.to_disk(tmp_path / "model")
    for learned in (nlp, spacy.load(tmp_path / "model")):
        data = learned.get_pipe("relations").label_data
        assert data["labels"] == ["ALONE", "BEFORE", "HAS", "TREATS"] and data["label_pairs"] == {"DRUG": ["PROBLEM"]}
        assert learned.evaluate(examples(learned, notes))["rels_f"] == 1.0


def test_a_refused_training_leaves_the_extractor_as_it_was():
    nlp = make_nlp()
    nlp.initialize(lambda: examples(nlp))
    pipe = nlp.get_pipe("relations")
    before = pipe.label_data
    unlike = {"labels": ["R"], "entity_labels": ["A", "B"], "label_pairs": {"A": ["C"]}}
    with pytest.raises(ValueError, match="CE257.*A, B"):
        pipe.initialize(lambda: examples(nlp), labels=unlike)
    assert pipe.label_data == before


def changed(nlp, **relation):
    pair = examples(nlp)[0]
    pair.y.user_data[RELATIONS_KEY][0] |= relation
    return [pair]


def test_bad_gold_says_where(trained):
    with pytest.raises(ValueError, match="CE251.*'n0'.*'NEW'"):
        trained.update(changed(trained, label="NEW"))
    with pytest.raises(ValueError, match=r"CE253.*'n0'.*child.*\[0, 4\)"):
        trained.update(changed(trained, child=[0, 4]))
    other = Example(trained.make_doc("other"), examples(trained)[0].y)
    other.x.set_ents([])
    with pytest.raises(ValueError, match="CE252.*'n0'"):
        trained.update([other])


def test_bad_settings():
    with pytest.raises(ValueError, match="CE255"):
        make_nlp(threshold=1.5)
    with pytest.raises(ValueError, match="CE256.*'relations'"):
        make_nlp(entities="both")
    with pytest.raises(ValueError, match="CE256.*'relations'.*mentions"):
        make_nlp(level="documents")
    with pytest.raises(ValueError, match="CE375.*`label_pairs`.*'relations' is of 'A=B', but"):
        make_nlp(label_pairs={"A=B": ["C"], "A.B": ["C:D"]})
    nlp = make_nlp()
    with pytest.raises(ValueError, match="CE250.*'relations'"):
        nlp.initialize(lambda: examples(nlp, NOTES[2:]))
    nlp = make_nlp(model={**make_nlp().get_pipe_config("relations")["model"], "nO": 5})
    with pytest.raises(ValueError, match="CE466.*'relations'.*5.*3"):
        nlp.initialize(lambda: examples(nlp))
    nlp = make_nlp(label_pairs={"DRUG": ["FORM"]})
    with pytest.raises(ValueError, match="CE257.*DOSE, DRUG"):
        nlp.initialize(lambda: examples(nlp))


def test_warns_when_the_encoder_has_not_run():
    nlp = make_nlp(shared=True)
    train(nlp, steps=1)
    doc = examples(nlp)[0].x
    with pytest.warns(UserWarning, match="CW250"):
        nlp.get_pipe("relations").predict([doc])
