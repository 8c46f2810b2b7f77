import io
import pickle
import re
import warnings

import numpy as np
import pytest
import spacy
from spacy.tokens import Span
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as spacy_train
from thinc.api import Config

from spacy_clinner.annotations.keys import DOMAIN_KEY, SPANS_KEY
from spacy_clinner.layers.mmd.discrepancy import mmd
from spacy_clinner.layers.mmd.kernels import make_kernel
from spacy_clinner.pipeline.alignment.groups import find_groups, find_sides
from spacy_clinner.pipeline.alignment.mmd_alignment import PATIENCE, MMDAlignment

from ...paths import DOCS
from ...toys.tagger import SMALL_MODEL, SMALL_TOK2VEC, TEXTS, entities, references
from ...training.test_training_by_domain import config  # noqa: F401  (a fixture)

LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32}
ALIGNER = {"@architectures": "spacy_clinner.MMDAlignment.v1", "tok2vec": LISTENER}
DOMAINS = ["cardiology", "urology"]


def make_nlp(head=True, encoder=True, **settings):
    """A shared encoder, a tagger on it, and an aligner from cardiology to urology."""
    nlp = spacy.blank("en")
    if encoder:
        nlp.add_pipe("tok2vec", config={"model": SMALL_TOK2VEC})
    if head:
        nlp.add_pipe("clinner_crf_tagger", name="tagger", config={"model": {**SMALL_MODEL, "tok2vec": LISTENER}})
    nlp.add_pipe("clinner_mmd_alignment", name="aligner", config={"model": ALIGNER, "target": ["urology"], **settings})
    return nlp


def stamp(example, domain):
    for doc in (example.x, example.y):
        doc.user_data[DOMAIN_KEY] = domain
    return example


def examples(nlp, domains=DOMAINS, copies=2):
    """The toy sentences, dealt to the domains in turn; every domain sees each sentence."""
    dealt = [zip(*(references(nlp) for _ in domains), strict=True) for _ in range(copies)]
    return [
        stamp(Example(nlp.make_doc(doc.text), doc), domain)
        for sentences in dealt
        for docs in sentences
        for doc, domain in zip(docs, domains, strict=True)
    ]


def begin(nlp, **kwargs):
    optimizer = nlp.initialize(lambda: examples(nlp, **kwargs))
    optimizer.learn_rate = 0.02
    return optimizer


def encoder_gradients(nlp):
    encoder = nlp.get_pipe("tok2vec").model
    return {
        (i, name): node.get_grad(name).copy() if node.has_grad(name) else np.zeros_like(node.get_param(name))
        for i, node in enumerate(encoder.walk())
        for name in node.param_names
    }


def silence(nlp, name):
    """Let a component answer with zeros."""
    nlp.get_pipe(name).cfg["loss_weight" if name == "tagger" else "weight"] = 0.0


# groups


def test_domains_become_sides():
    nlp = spacy.blank("en")
    pairs = examples(nlp, ["cardiology", "urology", "neurology", None], copies=1)
    lengths = [len(pair.x) for pair in pairs]
    by_domain = {
        domain: np.repeat([pair.y.user_data[DOMAIN_KEY] == domain for pair in pairs], lengths)
        for domain in ("cardiology", "urology", "neurology")
    }
    others = find_sides(pairs, [], ["urology"])
    assert (others.source == by_domain["cardiology"] | by_domain["neurology"]).all()
    assert (others.target == by_domain["urology"]).all()
    named = find_sides(pairs, ["neurology"], ["urology", "cardiology"])
    assert (named.source == by_domain["neurology"]).all()
    assert (named.target == by_domain["cardiology"] | by_domain["urology"]).all()
    assert find_sides([], [], ["urology"]).source.shape == (0,)


def groups_of(pairs, align="tags", include_outside=True, **gold):
    gold = {"gold_from": "ents", "spans_key": SPANS_KEY, **gold}
    found = find_groups(pairs, align=align, include_outside=include_outside, **gold)
    return {name: (label, tokens.tolist()) for name, label, tokens in found}


def test_gold_becomes_groups():
    nlp = spacy.blank("en")
    pairs = examples(nlp, copies=1)[::2][:2]
    assert groups_of(pairs) == {
        "O": ("O", [0, 1, 2, 5, 6, 7, 9, 10, 14]),
        "B-DOSAGE": ("DOSAGE", [11]),
        "I-DOSAGE": ("DOSAGE", [12]),
        "B-DRUG": ("DRUG", [13]),
        "I-DRUG": ("DRUG", []),
        "B-PROBLEM": ("PROBLEM", [3, 8]),
        "I-PROBLEM": ("PROBLEM", [4]),
    }
    labels = {"DOSAGE": ("DOSAGE", [11, 12]), "DRUG": ("DRUG", [13]), "PROBLEM": ("PROBLEM", [3, 4, 8])}
    assert groups_of(pairs, "labels", include_outside=False) == labels
    assert groups_of(pairs, "all") == {"all": ("", list(range(15)))}


def test_tokens_without_annotation_are_in_no_group():
    nlp = spacy.blank("en")
    bare = [stamp(Example(nlp.make_doc(text), nlp.make_doc(text)), "urology") for text, _ in TEXTS]
    assert groups_of(bare) == {"O": ("O", [])} and groups_of(bare, "labels", False) == {}
    assert len(groups_of(bare, "all")["all"][1]) == sum(len(pair.x) for pair in bare)
    assert groups_of([]) == {"O": ("O", [])} and groups_of([], "all") == {"all": ("", [])}
    partial = bare[1]
    partial.y.set_ents([], outside=[partial.y[:1]], default="missing")
    partial.y.set_ents([Span(partial.y, 3, 4, "DRUG")], default="unmodified")
    assert groups_of([partial]) == {"O": ("O", [0]), "B-DRUG": ("DRUG", [3]), "I-DRUG": ("DRUG", [])}
    partial.y.spans["mine"] = [Span(partial.y, 1, 2, "DOSAGE")]
    found = groups_of(bare, "labels", gold_from="spans", spans_key="mine")
    assert {name: len(tokens) for name, (_, tokens) in found.items()} == {"O": 4, "DOSAGE": 1}


# the gradient


def test_loss_is_the_weighted_discrepancy():
    nlp = make_nlp(weight=0.3, label_weights={"PROBLEM": 2.0, "O": 0.5}, align="labels", unbiased=False)
    begin(nlp)
    pipe, rng = nlp.get_pipe("aligner"), np.random.default_rng(0)
    pairs = examples(nlp)
    rows = [rng.normal(size=(len(pair.x), 32)).astype("f") for pair in pairs]
    loss, d_rows = pipe.get_loss(pairs, rows)
    flat, sides = np.concatenate(rows), find_sides(pairs, [], ["urology"])
    found = groups_of(pairs, "labels")
    kernel = make_kernel("median", np.concatenate([flat[tokens] for _, tokens in found.values()]))
    expected = 0
    for label, tokens in found.values():
        mask = np.isin(np.arange(len(flat)), tokens)
        value = mmd(flat[mask & sides.source], flat[mask & sides.target], kernel, unbiased=False).value
        expected += 0.3 * {"PROBLEM": 2.0, "O": 0.5}.get(label, 1.0) * value
    assert loss == pytest.approx(expected, rel=0.02)
    assert [some.shape for some in d_rows] == [some.shape for some in rows]


@pytest.mark.parametrize("settings", [{}, {"kernel": "ladtl", "unbiased": False}, {"align": "all"}])
def test_gradient_of_the_loss(settings):
    nlp = make_nlp(**settings)
    begin(nlp)
    pipe, rng = nlp.get_pipe("aligner"), np.random.default_rng(0)
    pairs = examples(nlp)
    rows = [2 * rng.normal(size=(len(pair.x), 32)).astype("f") for pair in pairs]
    _, d_rows = pipe.get_loss(pairs, rows)
    direction = [some / np.sqrt(sum((other**2).sum() for other in d_rows)) for some in d_rows]
    # the width of the kernel is a constant of the gradient, so it is held for the differences
    flat = np.concatenate([np.concatenate(rows)])
    step = 0.05
    with pytest.MonkeyPatch.context() as patch:
        used = np.concatenate([flat[tokens] for _, tokens in groups_of(pairs, settings.get("align", "tags")).values()])
        kernel = make_kernel(settings.get("kernel", "median"), used)
        patch.setattr("spacy_clinner.layers.mmd.discrepancy.make_kernel", lambda name, rows: kernel)
        _, d_rows = pipe.get_loss(pairs, rows)
        above, below = (
            pipe.get_loss(pairs, [some + sign * step * way for some, way in zip(rows, direction, strict=True)])[0]
            for sign in (1, -1)
        )
    expected = sum(float((some * way).sum()) for some, way in zip(d_rows, direction, strict=True))
    assert (above - below) / (2 * step) == pytest.approx(expected, rel=2e-2)


def test_encoder_gets_the_sum_of_both_gradients():
    gradients, weights = [], {}
    for silent in ("aligner", "tagger", None):
        nlp = make_nlp(weight=5.0)
        begin(nlp)
        if silent:
            silence(nlp, silent)
        if gradients:
            for pipe in ("tok2vec", "tagger"):
                nlp.get_pipe(pipe).model.from_bytes(weights[pipe])
        else:
            weights = {pipe: nlp.get_pipe(pipe).model.to_bytes() for pipe in ("tok2vec", "tagger")}
        losses = nlp.update(examples(nlp), sgd=False, losses={})
        assert (losses["aligner"] == 0) == (silent == "aligner")
        gradients.append(encoder_gradients(nlp))
    head, alignment, both = gradients
    assert any(np.abs(some).max() > 1e-3 for some in head.values())
    assert any(np.abs(some).max() > 1e-3 for some in alignment.values())
    for key in both:
        assert np.allclose(both[key], head[key] + alignment[key], atol=1e-5)


TRANSFORMER = """
[model]
@architectures = "spacy-transformers.TransformerModel.v3"
name = "{name}"
[model.get_spans]
@span_getters = "spacy_clinner.window_spans.v1"
[model.tokenizer_config]
use_fast = true
"""
TRANSFORMER_LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "pooling": {"@layers": "reduce_mean.v1"},
}


@pytest.fixture
def tiny_bert(tmp_path):
    """A transformer of two small layers with a vocabulary of single characters."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    signs = sorted({sign for text, _ in TEXTS for sign in text.lower() if not sign.isspace()})
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *signs, *(f"##{sign}" for sign in signs)]
    (tmp_path / "vocab.txt").write_text("\n".join(words), encoding="utf8")
    BertTokenizerFast(vocab_file=str(tmp_path / "vocab.txt")).save_pretrained(tmp_path / "bert")
    layers = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    BertModel(layers).save_pretrained(tmp_path / "bert")
    return tmp_path / "bert"


def test_transformer_gets_the_sum_of_both_gradients(tiny_bert, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    gradients, weights = [], None
    for silent in ("aligner", "tagger", None):
        nlp = spacy.blank("en")
        nlp.add_pipe("transformer", config=Config().from_str(TRANSFORMER.format(name=tiny_bert)))
        head = {**SMALL_MODEL, "tok2vec": TRANSFORMER_LISTENER}
        nlp.add_pipe("clinner_crf_tagger", name="tagger", config={"model": head})
        model = {**ALIGNER, "tok2vec": TRANSFORMER_LISTENER}
        nlp.add_pipe("clinner_mmd_alignment", name="aligner", config={"model": model, "target": ["urology"]})
        begin(nlp)
        torch_model = next(
            shim._model for node in nlp.get_pipe("transformer").model.walk() for shim in node.shims if shim._model
        )
        if weights is None:
            weights = nlp.get_pipe("tagger").model.to_bytes()
        nlp.get_pipe("tagger").model.from_bytes(weights)
        if silent:
            silence(nlp, silent)
        # a document without tokens among others has rows without width
        losses = nlp.update(examples(nlp), sgd=False, losses={})
        assert (losses["aligner"] == 0) == (silent == "aligner")
        gradients.append(
            {name: some.grad.numpy().copy() for name, some in torch_model.named_parameters() if some.grad is not None}
        )
    head, alignment, both = gradients
    assert max(np.abs(some).max() for some in alignment.values()) > 1e-4
    for key in both:
        assert np.allclose(both[key], head[key] + alignment[key], atol=1e-5), key


def test_alignment_lessens_the_discrepancy():
    """Urology writes in capitals, which the encoder of characters sees; alignment makes it look away."""

    def pairs(nlp):
        made = examples(nlp)
        shouted = []
        for pair in made:
            if pair.y.user_data[DOMAIN_KEY] == "urology":
                doc = spacy.tokens.Doc(nlp.vocab, [token.text.upper() for token in pair.y])
                doc.set_ents([Span(doc, ent.start, ent.end, ent.label_) for ent in pair.y.ents])
                pair = stamp(Example(spacy.tokens.Doc(nlp.vocab, [token.text for token in doc]), doc), "urology")
            shouted.append(pair)
        return shouted

    found = {}
    for weight in (0.0, 0.1):
        nlp = make_nlp(weight=weight, unbiased=False)
        optimizer = nlp.initialize(lambda nlp=nlp: pairs(nlp))
        optimizer.learn_rate = 0.02
        for _ in range(40):
            losses = nlp.update(pairs(nlp), sgd=optimizer, losses={})
        made = pairs(nlp)
        docs = [nlp.get_pipe("tok2vec")(pair.x) for pair in made]
        nlp.get_pipe("aligner").cfg["weight"] = 1.0
        found[weight], _ = nlp.get_pipe("aligner").get_loss(made, [doc.tensor for doc in docs])
        assert losses["tagger"] < 0.1
    assert found[0.1] < 0.1 * found[0.0]


# always an answer


@pytest.mark.parametrize("domains", [["cardiology"], ["urology"], ["neither"], [None]])
def test_batch_of_one_domain_teaches_the_heads_alone(domains):
    settings = {"source": ["cardiology"]}
    aligned, silent = make_nlp(**settings), make_nlp(**settings)
    begin(aligned)
    begin(silent)
    silent.from_bytes(aligned.to_bytes())
    silence(silent, "aligner")
    for nlp in (aligned, silent):
        losses = nlp.update(examples(nlp, domains), sgd=False, losses={})
        assert losses["aligner"] == 0 and losses["tagger"] > 0
    for left, right in zip(encoder_gradients(aligned).values(), encoder_gradients(silent).values(), strict=True):
        assert np.allclose(left, right, atol=1e-6)


def test_batches_without_tokens_or_gold():
    nlp = make_nlp()
    begin(nlp)
    empty = [stamp(Example(nlp.make_doc(""), nlp.make_doc("")), domain) for domain in DOMAINS]
    bare = [stamp(Example(nlp.make_doc(text), nlp.make_doc(text)), "urology") for text, _ in TEXTS]
    for pairs in (empty, empty[:1], bare, examples(nlp, ["cardiology"]) + bare):
        losses = nlp.update(pairs, losses={})
        assert losses["aligner"] == 0


def test_unlabelled_target_can_be_aligned_as_a_whole():
    nlp = make_nlp(align="all")
    begin(nlp)
    bare = [stamp(Example(nlp.make_doc(text), nlp.make_doc(text)), "urology") for text, _ in TEXTS]
    losses = nlp.update(examples(nlp, ["cardiology"]) + bare, losses={})
    assert losses["aligner"] != 0


def test_labels_are_matched_by_name():
    nlp = make_nlp(include_outside=False)
    begin(nlp)
    pairs = examples(nlp)
    for pair in pairs:
        if pair.y.user_data[DOMAIN_KEY] == "urology":
            pair.y.set_ents([Span(pair.y, ent.start, ent.end, ent.label_.lower()) for ent in pair.y.ents])
    nlp.get_pipe("tagger").cfg["domains"] = ["cardiology"]
    assert nlp.update(pairs, losses={})["aligner"] == 0


# settings


def test_schedule_counts_updates_of_its_own():
    schedule = {"@schedules": "warmup_linear.v1", "initial_rate": 1.0, "warmup_steps": 2, "total_steps": 4}
    nlp, plain = make_nlp(weight_schedule=schedule), make_nlp()
    begin(nlp)
    begin(plain)
    plain.from_bytes(nlp.to_bytes(), exclude=["aligner"])
    full = plain.update(examples(plain), losses={}, sgd=False)["aligner"]
    factors = [nlp.update(examples(nlp), losses={}, sgd=False)["aligner"] / full for _ in range(6)]
    assert factors == pytest.approx([0, 0.5, 1, 0.5, 0, 0], rel=1e-3)
    assert nlp.config["components"]["aligner"]["weight_schedule"] == schedule
    # another training begins at the schedule's beginning
    begin(nlp)
    again = [nlp.update(examples(nlp), losses={}, sgd=False)["aligner"] != 0 for _ in range(6)]
    assert again == [False, True, True, True, False, False]


def test_drawing_is_seeded():
    found = []
    for seed in (0, 0, 1):
        nlp = make_nlp(max_rows=4, seed=seed)
        begin(nlp)
        rng = np.random.default_rng(0)
        pairs = examples(nlp)
        rows = [rng.normal(size=(len(pair.x), 32)).astype("f") for pair in pairs]
        found.append(nlp.get_pipe("aligner").get_loss(pairs, rows)[0])
    assert found[0] == found[1] != found[2]


def test_memory_keeps_the_latest_source_rows():
    settings = {"kernel": "ladtl", "unbiased": False, "align": "labels", "include_outside": False, "weight": 1.0}
    nlp = make_nlp(memory=3, **settings)
    begin(nlp)
    pipe, pairs, rng, kept = nlp.get_pipe("aligner"), examples(nlp, copies=1), np.random.default_rng(0), {}
    # what source and target hold: all; PROBLEM, DRUG and more; DOSAGE and DRUG, the same; nothing, DRUG and more
    for batch in (pairs, [pairs[0], pairs[9]], [pairs[2], pairs[9]], [pairs[6], pairs[9]]):
        rows = [rng.normal(size=(len(pair.x), 32)).astype("f") for pair in batch]
        flat, sides = np.concatenate(rows), find_sides(batch, [], ["urology"])
        expected = 0
        for label, tokens in groups_of(batch, "labels", False).values():
            source, target = (flat[[token for token in tokens if side[token]]] for side in sides)
            source = np.concatenate([kept.get(label, source[:0]), source])
            expected += mmd(source, target, make_kernel("ladtl", flat), unbiased=False).value
            kept[label] = source[-3:]
        loss, d_rows = pipe.learn(batch, rows)
        assert loss == pytest.approx(expected, rel=1e-4) and loss > 0.01
    # rows that are kept pull, and are not pulled
    assert not d_rows[0].any() and d_rows[1].any()
    loaded = make_nlp(memory=3, **settings).from_bytes(nlp.to_bytes())
    assert loaded.get_pipe("aligner").get_loss(batch, rows)[0] == 0 != pipe.get_loss(batch, rows)[0]
    begin(nlp)
    assert pipe.get_loss(batch, rows)[0] == 0


@pytest.mark.parametrize(
    "code, settings",
    [
        ("CE210.*`kernel`", {"kernel": "linear"}),
        ("CE210.*`align`", {"align": "tokens"}),
        ("CE210.*`gold_from`", {"gold_from": "tags"}),
        ("CE211", {"target": []}),
        ("CE211.*urology", {"source": ["urology", "cardiology"]}),
        ("CE212.*`weight`", {"weight": -1.0}),
        ("CE212.*label_weights.DRUG", {"label_weights": {"DRUG": -0.5}}),
        ("CE212.*`max_rows`", {"max_rows": 1}),
        ("CE212.*`memory`", {"memory": -1}),
    ],
)
def test_settings_that_cannot_be(code, settings):
    with pytest.raises(ValueError, match=code):
        make_nlp(**settings)


def test_weight_that_is_no_number():
    nlp = make_nlp()
    aligner = nlp.get_pipe("aligner")
    with pytest.raises(ValueError, match="CE212.*`weight`.*nan"):
        MMDAlignment(nlp, "aligner", aligner.model, [], ["urology"], label_weights={}, weight=float("nan"))


# what goes wrong


@pytest.mark.parametrize("domains, missing", [(["cardiology"], "target"), ([None], "source and target")])
def test_batches_that_never_hold_both_domains(domains, missing):
    nlp = make_nlp()
    begin(nlp)
    for _ in range(PATIENCE - 1):
        nlp.update(examples(nlp, domains, copies=1))
    nlp.update(examples(nlp))
    for _ in range(PATIENCE - 1):
        nlp.update(examples(nlp, domains, copies=1))
    with pytest.raises(ValueError, match=f"CE213.*without tokens of the {missing} .*batch_by_domain.*accumulate_grad"):
        nlp.update(examples(nlp, domains, copies=1))


@pytest.mark.parametrize("annotates", [[], ["tok2vec"]])
def test_frozen_encoder(annotates):
    nlp = make_nlp(head=False)
    begin(nlp)
    pairs = [pair for pair in examples(nlp) if len(pair.x)]
    with pytest.raises(ValueError, match="CE214.*'aligner'.*frozen_components"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nlp.update(pairs, exclude=["tok2vec"], annotates=annotates)


def test_frozen_aligner_does_nothing():
    nlp = make_nlp()
    begin(nlp)
    losses = nlp.update(examples(nlp), exclude=["aligner"], losses={})
    assert "aligner" not in losses


def test_numbers_that_are_not_finite():
    nlp = make_nlp()
    begin(nlp)
    pipe, pairs = nlp.get_pipe("aligner"), examples(nlp)
    rows = [np.ones((len(pair.x), 32), dtype="f") for pair in pairs]
    rows[0][0, 0] = np.nan
    with pytest.raises(ValueError, match="CE215.*'aligner'.*learn_rate"):
        pipe.get_loss(pairs, rows)
    rng = np.random.default_rng(0)
    rows = [1e25 * rng.normal(size=(len(pair.x), 32)).astype("f") for pair in pairs]
    with pytest.raises(ValueError, match="CE216.*'aligner'.*weight"), np.errstate(all="ignore"):
        pipe.get_loss(pairs, rows)


def test_schedule_that_ends():
    nlp = make_nlp()
    begin(nlp)
    pairs = examples(nlp)
    rows = [np.ones((len(pair.x), 32), dtype="f") for pair in pairs]
    for schedule in ([1.0], [1.0, -1.0], [1.0, float("inf")]):
        settings = {"label_weights": {}, "weight_schedule": schedule}
        aligner = MMDAlignment(nlp, "aligner", nlp.get_pipe("aligner").model, [], ["urology"], **settings)
        aligner.learn(pairs, rows)
        with pytest.raises(ValueError, match="CE217.*'aligner'"):
            aligner.learn(pairs, rows)


def test_encoder_of_its_own_is_told():
    nlp = make_nlp(head=False, encoder=False, model={**ALIGNER, "tok2vec": SMALL_TOK2VEC})
    with pytest.warns(UserWarning, match="CW210.*'aligner'"):
        begin(nlp)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        begin(make_nlp())


# saved, sourced, in processes


def test_annotates_nothing_and_travels(tmp_path):
    after = {"@schedules": "constant.v1", "rate": 1.0}
    schedule = {"@schedules": "constant_then.v1", "rate": 0.5, "steps": 10, "schedule": after}
    nlp = make_nlp(source=["cardiology"], label_weights={"DRUG": 2.0}, memory=5, weight_schedule=schedule)
    optimizer = begin(nlp)
    for _ in range(30):
        nlp.update(examples(nlp), sgd=optimizer)
    before = [entities(nlp(text)) for text, _ in TEXTS]
    nlp.to_disk(tmp_path / "model")
    loaded = spacy.load(tmp_path / "model")
    assert loaded.get_pipe("aligner").cfg == nlp.get_pipe("aligner").cfg
    assert [entities(doc) for doc in loaded.pipe(text for text, _ in TEXTS)] == before
    assert loaded.evaluate(examples(loaded))["ents_f"] > 0.9
    # what a worker that is spawned gets
    copy = pickle.loads(pickle.dumps(loaded.get_pipe("aligner")))
    assert copy.cfg == loaded.get_pipe("aligner").cfg and len(list(copy.pipe([loaded.make_doc("a")]))) == 1
    assert loaded.update(examples(loaded), losses={})["aligner"] != 0
    loaded.remove_pipe("aligner")
    assert [entities(loaded(text)) for text, _ in TEXTS] == before
    assert nlp.get_pipe("aligner").predict([nlp.make_doc("a"), nlp.make_doc("")]) == [[], []]


def test_sourced_into_another_pipeline():
    nlp = make_nlp()
    begin(nlp)
    other = spacy.blank("en", vocab=nlp.vocab)
    for name in ("tok2vec", "tagger", "aligner"):
        other.add_pipe(name, source=nlp)
    losses = other.update(examples(other), sgd=other.resume_training(), losses={})
    assert losses["aligner"] == pytest.approx(nlp.update(examples(nlp), losses={})["aligner"], rel=1e-4)


def test_default_listens_to_the_default_encoder():
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    nlp.add_pipe("clinner_mmd_alignment", config={"target": ["urology"]})
    nlp.initialize(lambda: examples(nlp))
    assert nlp.update(examples(nlp), losses={})["clinner_mmd_alignment"] != 0


def test_learns_in_spacys_loop(config, monkeypatch):  # noqa: F811
    # no batch may lack a domain
    monkeypatch.setattr("spacy_clinner.pipeline.alignment.mmd_alignment.PATIENCE", 1)
    listener = {**LISTENER, "width": 16}
    # a weight at which the loss shows in two decimals
    aligner = {"factory": "clinner_mmd_alignment", "target": ["urology"], "weight": 10.0}
    aligner["model"] = {**ALIGNER, "tok2vec": listener}
    config["components"]["aligner"] = aligner
    config["nlp"]["pipeline"].append("aligner")
    nlp, table = init_nlp(config), io.StringIO()
    spacy_train(nlp, stdout=table, stderr=io.StringIO())
    header, _, *rows = [re.split(r"  +", line.strip()) for line in table.getvalue().splitlines() if "  " in line]
    losses = [float(row[header.index("LOSS ALIGNER")]) for row in rows]
    assert any(losses)


def test_settings_of_the_page():
    page = (DOCS / "guide" / "mmd_alignment.md").read_text(encoding="utf8")
    snippet = page.partition("```ini\n")[2].partition("```")[0]
    settings = Config().from_str("[components]\n" + snippet)["components"]["alignment"]
    nlp = spacy.blank("en")
    aligner = nlp.add_pipe(settings.pop("factory"), name="alignment", config=settings)
    assert aligner.cfg["target"] == ["respiratory"] and aligner.cfg["weight"] == 0.1
