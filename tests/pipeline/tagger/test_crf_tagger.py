import subprocess
import sys
import warnings

import numpy as np
import pytest
import spacy
import torch
from spacy.pipeline import Tok2Vec
from spacy.tokens import DocBin, Span
from spacy.training import Example

from spacy_clinner.annotations.keys import DOMAIN_KEY, SPANS_KEY

from ...toys.tagger import SMALL_MODEL, SMALL_TOK2VEC, TEXTS, entities, examples, make_nlp, references, train


@pytest.fixture(scope="module")
def trained():
    nlp = make_nlp()
    train(nlp)
    return nlp


def same_annotation(left, right):
    assert entities(left) == entities(right)
    scores = [doc.spans[SPANS_KEY].attrs["scores"] for doc in (left, right)]
    assert np.allclose(*scores, atol=1e-5)


# probabilities


def test_temperature_leaves_the_best_segmentations_and_changes_their_probabilities(trained, tmp_path):
    pipe = trained.get_pipe("tagger")
    docs = [trained.make_doc(text) for text, _ in TEXTS]
    plain = pipe.predict(docs)
    plain_best = [pipe.k_best(doc, 3) for doc in docs]
    trained.to_disk(tmp_path)
    warm = spacy.load(tmp_path, config={"components": {"tagger": {"temperature": 3.0}}})
    # what is saved with a component wins over the config, as for every setting
    assert warm.get_pipe("tagger").cfg["temperature"] == 1.0
    pipe = warm.get_pipe("tagger")
    pipe.cfg["temperature"] = 3.0
    docs = [warm.make_doc(text) for text, _ in TEXTS]
    for (spans, probabilities), (warm_spans, warm_probabilities) in zip(plain, pipe.predict(docs), strict=True):
        assert warm_spans.tolist() == spans.tolist()
        assert (warm_probabilities < probabilities).all()
    for best, doc in zip(plain_best, docs, strict=True):
        assert_same_order(best, pipe.k_best(doc, 3))
    doc, rows = docs[0], pipe.predict(docs[:1])[0]
    (start, end, label), probability = rows[0][0].tolist(), rows[1][0]
    assert pipe.span_probability(doc, start, end, pipe.labels[label]) == pytest.approx(probability)
    again = type(pipe)(warm, "tagger", pipe.model).from_bytes(pipe.to_bytes())
    assert again.cfg["temperature"] == 3.0


def assert_same_order(one, other):
    for (spans, _), (others, _) in zip(one, other, strict=True):
        assert [(s.start, s.end, s.label_) for s in spans] == [(s.start, s.end, s.label_) for s in others]


def test_a_temperature_that_divides_nothing():
    with pytest.raises(ValueError, match="CE112"):
        make_nlp(temperature=0)


def test_spans_above_holds_what_is_predicted_and_more(trained):
    pipe = trained.get_pipe("tagger")
    docs = [trained.make_doc(text) for text, _ in TEXTS]
    for (spans, probabilities), (every, all_probabilities), doc in zip(
        pipe.predict(docs), pipe.spans_above(docs, 0.001), docs, strict=True
    ):
        found = dict(zip(map(tuple, every.tolist()), all_probabilities.tolist(), strict=True))
        for span, probability in zip(map(tuple, spans.tolist()), probabilities, strict=True):
            assert found[span] == pytest.approx(probability)
        for (start, end, label), probability in found.items():
            assert pipe.span_probability(doc, start, end, pipe.labels[label]) == pytest.approx(probability)
    assert pipe.spans_above([], 0.5) == []


def test_log_losses_are_those_of_the_loss_at_1(trained):
    pipe = trained.get_pipe("tagger")
    pairs = examples(trained)
    losses = pipe.evidence(pairs).log_losses([0.5, 1.0, 2.0])
    loss, _ = pipe.get_loss(pairs, pipe.model.predict([pair.x for pair in pairs]))
    supervised = [len(pair.x) for pair in pairs if pipe.evidence([pair]).log_losses([1.0]).any()]
    assert losses.shape == (len(pairs), 3)
    assert losses[:, 1].sum() / sum(supervised) == pytest.approx(loss, rel=1e-4)
    # it has learned these by heart, so colder is better
    assert (np.diff(losses.sum(axis=0)) > 0).all()


def test_evidence_counts_and_finds_as_the_tagger_does(trained):
    pipe = trained.get_pipe("tagger")
    evidence = pipe.evidence(examples(trained))
    docs = [pair.x for pair in examples(trained)]
    for threshold in (0.2, 0.999):
        pipe.cfg["threshold"] = threshold
        found = pipe.predict(docs)
        probabilities = np.concatenate([own for _, own in found])
        np.testing.assert_allclose(evidence.found(1.0, threshold), probabilities)
        counts = evidence.counts(1.0, [0.5, threshold])
        for (_, gold), (spans, _), row in zip(TEXTS, found, counts[:, 1].tolist(), strict=True):
            rows = {(start, end, pipe.labels[label]) for start, end, label in spans.tolist()}
            assert row == [len(rows & set(gold)), len(rows), len(gold)]
    pipe.cfg["threshold"] = None
    assert evidence.n_gold == sum(len(gold) for _, gold in TEXTS)
    np.testing.assert_allclose(evidence.found(1.0, None), np.concatenate([own for _, own in pipe.predict(docs)]))


# learning


def test_overfits_and_scores_itself(trained):
    for (_, gold), doc in zip(TEXTS, trained.pipe(text for text, _ in TEXTS), strict=True):
        assert entities(doc) == gold
        group = doc.spans[SPANS_KEY]
        assert [(span.start, span.end, span.label_) for span in group] == gold
        assert len(group.attrs["scores"]) == len(gold) and (group.attrs["scores"] > 0.8).all()
    assert trained.evaluate(examples(trained))["ents_f"] == 1.0


def test_labels_found_given_or_missing():
    found, given = make_nlp(), make_nlp()
    found.initialize(lambda: examples(found))
    pipe = given.get_pipe("tagger")
    pipe.initialize(lambda: examples(given), nlp=given, labels=found.get_pipe("tagger").label_data)
    assert pipe.labels == found.get_pipe("tagger").labels == ("DOSAGE", "DRUG", "PROBLEM")
    nothing = make_nlp()
    with pytest.raises(ValueError, match="CE200.*'tagger'"):
        nothing.initialize(lambda: examples(nothing)[2:4])


def test_label_list_that_misses_a_label_of_the_data():
    nlp = make_nlp()
    nlp.config["initialize"]["components"]["tagger"] = {"labels": ["DRUG"]}
    nlp.initialize(lambda: examples(nlp))
    with pytest.raises(ValueError, match="CE203"):
        nlp.update(examples(nlp))


def test_unknown_gold_source():
    with pytest.raises(ValueError, match="CE201"):
        make_nlp(gold_from="tokens")


def test_gradient_of_the_loss(trained):
    pipe = trained.get_pipe("tagger")
    pairs = examples(trained)
    emissions, _ = pipe.model.begin_update([pair.x for pair in pairs])
    loss, gradient = pipe.get_loss(pairs, emissions)
    rng = np.random.default_rng(0)
    direction = rng.normal(size=emissions.data.shape).astype("f")
    step = 1e-2
    emissions.data += step * direction
    above, _ = pipe.get_loss(pairs, emissions)
    emissions.data -= 2 * step * direction
    below, _ = pipe.get_loss(pairs, emissions)
    assert (above - below) / (2 * step) == pytest.approx(float((gradient.data * direction).sum()), rel=1e-2, abs=1e-4)


def test_head_learns_at_its_own_rate():
    moved = []
    for scale in (1.0, 0.0):
        nlp = make_nlp(lr_scale=scale)
        optimizer = nlp.initialize(lambda nlp=nlp: examples(nlp))
        before = nlp.get_pipe("tagger").model.to_bytes()
        nlp.update(examples(nlp), sgd=optimizer)
        moved.append(nlp.get_pipe("tagger").model.to_bytes() != before)
    assert moved == [True, False]


def test_update_without_tokens_or_gold_reports_zero_loss():
    nlp = make_nlp(domains=["cardiology"])
    nlp.initialize(lambda: [stamp(pair, "cardiology") for pair in examples(nlp)])
    for pairs in ([examples(nlp)[2]], examples(nlp)):
        losses = {}
        nlp.update(pairs, losses=losses)
        assert losses == {"tagger": 0.0}


def stamp(example, domain):
    for doc in (example.x, example.y):
        doc.user_data[DOMAIN_KEY] = domain
    return example


def test_partial_gold_teaches_the_annotated_tokens():
    def partial(nlp):
        pairs = []
        for doc in references(nlp):
            doc.set_ents(list(doc.ents), default="missing")
            doc.set_ents([], outside=[doc[:1]], default="unmodified") if len(doc) > 1 and not doc[0].ent_type_ else None
            pairs.append(Example(nlp.make_doc(doc.text), doc))
        return pairs

    nlp = make_nlp()
    losses = train(nlp, make=partial)
    assert losses["tagger"] < 0.05
    assert {"PROBLEM", "DRUG"} <= {span.label_ for doc in nlp.pipe(text for text, _ in TEXTS) for span in doc.ents}


def test_heads_learn_from_their_own_corpora_and_groups():
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": SMALL_TOK2VEC})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32}
    model = {**SMALL_MODEL, "tok2vec": listener}
    shared = {"model": model, "gold_from": "spans", "set_ents": False}
    for head in ("one", "two"):
        nlp.add_pipe("clinner_crf_tagger", name=head, config={**shared, "spans_key": head, "score_prefix": head})

    def pairs():
        made = examples(nlp)
        for i, pair in enumerate(made):
            head = ("one", "two")[i % 2]
            pair.y.spans[head] = [Span(pair.y, span.start, span.end, f"{head} {span.label_}") for span in pair.y.ents]
        return made

    optimizer = nlp.initialize(pairs)
    assert nlp.get_pipe("one").labels == ("one DRUG", "one PROBLEM")
    assert nlp.get_pipe("two").labels == ("two DOSAGE", "two DRUG")
    optimizer.learn_rate = 0.02
    for _ in range(60):
        nlp.update(pairs(), sgd=optimizer)
    scores = nlp.evaluate(pairs())
    assert scores["ents_one_f"] == scores["ents_two_f"] == 1.0
    doc = nlp(TEXTS[1][0])
    assert not doc.ents and [span.label_ for span in doc.spans["two"]] == ["two DOSAGE", "two DRUG"]


# probabilities


def test_threshold_trades_precision_for_recall(trained):
    """Of unknown words the tagger is unsure: the higher the threshold, the fewer entities, and none below it."""
    pipe = trained.get_pipe("tagger")
    texts = [" ".join(f"zz{i}{word}" for i, word in enumerate(text.split())) for text, _ in TEXTS]
    counts = []
    for threshold in (0.01, 0.1, 0.5, 0.99):
        pipe.cfg["threshold"] = threshold
        groups = [doc.spans[SPANS_KEY] for doc in trained.pipe(texts)]
        assert all((group.attrs["scores"] > threshold).all() for group in groups)
        counts.append(sum(len(group) for group in groups))
    pipe.cfg["threshold"] = None
    assert counts == sorted(counts, reverse=True) and counts[0] > counts[-1]


def test_threshold_is_a_probability():
    with pytest.raises(ValueError, match="CE111"):
        make_nlp(threshold=40)


def test_spacy_finds_the_best_threshold(trained, tmp_path):
    from spacy.cli.find_threshold import find_threshold

    trained.to_disk(tmp_path / "model")
    DocBin(docs=references(trained)).to_disk(tmp_path / "dev.spacy")
    threshold, score, _ = find_threshold(
        tmp_path / "model", tmp_path / "dev.spacy", "tagger", "threshold", "ents_f", n_trials=3, silent=True
    )
    assert score == 1.0


def test_probabilities_are_those_of_spans_and_sum_to_one(trained):
    pipe = trained.get_pipe("tagger")
    doc = trained(TEXTS[1][0])
    for span, score in zip(doc.spans[SPANS_KEY], doc.spans[SPANS_KEY].attrs["scores"], strict=True):
        assert pipe.span_probability(doc, span.start, span.end, span.label_) == pytest.approx(score, abs=1e-5)
    everything = pipe.k_best(doc, 100_000)
    assert sum(probability for _, probability in everything) == pytest.approx(1.0, abs=1e-3)
    dosage = (1, 3, "DOSAGE")
    with_dosage = sum(p for spans, p in everything if dosage in [(s.start, s.end, s.label_) for s in spans])
    assert with_dosage == pytest.approx(pipe.span_probability(doc, 1, 3, "DOSAGE"), abs=1e-3)


def test_best_segmentation_is_the_prediction(trained):
    doc = trained(TEXTS[0][0])
    best = trained.get_pipe("tagger").k_best(doc, 3)
    assert [(s.start, s.end, s.label_) for s in best[0][0]] == entities(doc)
    assert best[0][1] > best[1][1] > best[2][1]


def test_questions_about_no_span_or_label(trained):
    pipe, doc = trained.get_pipe("tagger"), trained("Give aspirin")
    with pytest.raises(ValueError, match="CE204.*'FOOD'"):
        pipe.span_probability(doc, 0, 1, "FOOD")
    for start, end in ((1, 1), (-1, 1), (0, 3)):
        with pytest.raises(ValueError, match="CE205"):
            pipe.span_probability(doc, start, end, "DRUG")


# labels added, components moved, pipelines saved


def test_added_label_keeps_the_others_and_can_be_learned(trained):
    nlp = make_nlp().from_bytes(trained.to_bytes())
    before = list(nlp.pipe(text for text, _ in TEXTS))
    pipe = nlp.get_pipe("tagger")
    assert pipe.add_label("FREQUENCY") == 1 and pipe.add_label("FREQUENCY") == 0
    for left, right in zip(before, nlp.pipe(text for text, _ in TEXTS), strict=True):
        assert entities(left) == entities(right)
    pairs = examples(nlp)
    pairs[1].y.set_ents([*pairs[1].y.ents, Span(pairs[1].y, 4, 5, "FREQUENCY")])
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.02
    for _ in range(30):
        nlp.update([Example(nlp.make_doc(pair.y.text), pair.y) for pair in pairs], sgd=optimizer)
    assert entities(nlp(TEXTS[1][0]))[-1] == (4, 5, "FREQUENCY")


@pytest.mark.slow
def test_a_new_process_needs_no_import_of_ours_and_two_finish_with_torchs_default_threads(trained, tmp_path):
    trained.to_disk(tmp_path / "model")
    code = (
        "import spacy, torch; torch.set_num_threads(2); torch.rand(400, 400) @ torch.rand(400, 400)\n"
        f"nlp = spacy.load({str(tmp_path / 'model')!r}); print([e.label_ for e in nlp({TEXTS[1][0]!r}).ents])\n"
        f"docs = list(nlp.pipe([{TEXTS[1][0]!r}] * 40, n_process=2, batch_size=5))\n"
        "print(len(docs), {len(doc.ents) for doc in docs}, docs[0].spans['clinner_ents'].attrs['scores'].shape)"
    )
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert run.stdout.splitlines() == ["['DOSAGE', 'DRUG']", "40 {2} (2,)"]


# under a shared encoder


def listening_nlp():
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": SMALL_TOK2VEC})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32}
    nlp.add_pipe("clinner_crf_tagger", name="tagger", config={"model": {**SMALL_MODEL, "tok2vec": listener}})
    return nlp


def test_encoder_gets_the_same_gradient_through_a_listener():
    own, shared = make_nlp(), listening_nlp()
    for nlp in (own, shared):
        nlp.initialize(lambda nlp=nlp: examples(nlp))
    encoder = shared.get_pipe("tok2vec").model
    encoder.from_bytes(own.get_pipe("tagger").model.get_ref("tok2vec").to_bytes())
    for name in ("emissions", "crf"):
        shared.get_pipe("tagger").model.get_ref(name).from_bytes(own.get_pipe("tagger").model.get_ref(name).to_bytes())
    for nlp in (own, shared):
        nlp.update(examples(nlp), sgd=False)
    for left, right in zip(own.get_pipe("tagger").model.get_ref("tok2vec").walk(), encoder.walk(), strict=True):
        for name in left.param_names:
            assert np.allclose(left.get_grad(name), right.get_grad(name), atol=1e-6)


def test_replaced_listener_annotates_the_same():
    nlp = listening_nlp()
    train(nlp, 20)
    before = nlp(TEXTS[0][0])
    nlp.replace_listeners("tok2vec", "tagger", ["model.tok2vec"])
    nlp.remove_pipe("tok2vec")
    same_annotation(before, nlp(TEXTS[0][0]))


def test_missing_encoder_is_told():
    nlp = listening_nlp()
    train(nlp, 2)
    with nlp.select_pipes(disable="tok2vec"), pytest.warns(UserWarning, match="CW200.*'tagger'"):
        nlp("Give aspirin")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp("Give aspirin")


def test_frozen_encoder_stays_and_head_learns():
    nlp = listening_nlp()
    optimizer = nlp.initialize(lambda: examples(nlp))
    encoder: Tok2Vec = nlp.get_pipe("tok2vec")
    before = encoder.model.to_bytes()
    losses = []
    for _ in range(10):
        losses.append({})
        pairs = [pair for pair in examples(nlp) if len(pair.x)]
        nlp.update(pairs, sgd=optimizer, exclude=["tok2vec"], annotates=["tok2vec"], losses=losses[-1])
    assert encoder.model.to_bytes() == before
    assert losses[-1]["tagger"] < losses[0]["tagger"]


# hard input


def test_a_word_of_any_length(trained):
    doc = trained("x" * 100_000)
    assert len(doc) == 1 and len(doc.spans[SPANS_KEY]) == len(doc.spans[SPANS_KEY].attrs["scores"])


def test_no_entity_begins_or_ends_in_white_space(trained):
    pipe = trained.get_pipe("tagger")
    doc = trained("fever \n cough \r\n\r\n  aspirin")
    spaces = [token.i for token in doc if token.is_space]
    for i in spaces:
        for span in ((i, i + 1), (i - 1, i + 1), (i, i + 2)):
            assert all(pipe.span_probability(doc, *span, label) < 1e-30 for label in pipe.labels)
    assert any(pipe.span_probability(doc, spaces[0] - 1, spaces[0] + 2, label) > 0 for label in pipe.labels)


def test_a_note_of_a_million_characters(trained):
    line = TEXTS[1][0] + "\n"
    text = line * (1_000_000 // len(line))
    assert len(trained(text).ents) == 2 * text.count("\n")


def test_seed_decides(trained):
    from thinc.api import fix_random_seed

    digests = []
    for _ in range(2):
        fix_random_seed(5)
        nlp = make_nlp()
        train(nlp, 3)
        digests.append(nlp.get_pipe("tagger").model.to_bytes())
    assert digests[0] == digests[1]
    assert torch.initial_seed() == 5


def test_a_pipeline_without_its_vocabulary(trained, tmp_path):
    trained.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, exclude=["vocab"])
    for text, _ in TEXTS:
        assert [ent.label_ for ent in loaded(text).ents] == [ent.label_ for ent in trained(text).ents]


def test_a_number_of_tags_in_the_config():
    nlp = make_nlp(model={**SMALL_MODEL, "nO": 13})
    train(nlp, n_steps=1)
    assert nlp.get_pipe("tagger").labels == ("DOSAGE", "DRUG", "PROBLEM")
    with pytest.raises(ValueError, match="CE299.*'tagger'.*9.*3 labels need 13"):
        train(make_nlp(model={**SMALL_MODEL, "nO": 9}), n_steps=1)
