"""The whole way through `spacy train`: a source pipeline, a target with tied heads, the target's head alone."""

from io import StringIO

import pytest
import spacy
from spacy.training.initialize import init_nlp
from spacy.training.pretrain import create_pretraining_model
from spacy.util import load_config_from_str, load_model_from_config, registry

from ..toys.tagger import TEXTS, entities
from ..toys.transfer import moved, run_training, shared_encoder, snippets, stamped, weights, write_docs

BASE = """
[system]
seed = 0
gpu_allocator = null

[nlp]
lang = "en"
pipeline = {pipeline}

[components]

[components.tok2vec]
factory = "clinner_tok2vec"

[components.tok2vec.model]
@architectures = "spacy_clinner.WindowedTok2Vec.v1"

[components.tok2vec.model.embed]
@architectures = "spacy_clinner.CharCNNEmbed.v1"
nF = 16
width = 8

[components.tok2vec.model.encode]
@architectures = "spacy_clinner.BiLSTMEncoder.v1"
width = 32

[corpora]

[corpora.train]
@readers = "spacy_clinner.DomainCorpus.v1"
{domains}

[corpora.dev]
@readers = "spacy_clinner.DomainCorpus.v1"
{dev_domains}

[training]
seed = ${{system.seed}}
gpu_allocator = null
train_corpus = "corpora.train"
dev_corpus = "corpora.dev"
{training}

[training.logger]
@loggers = "spacy.ConsoleLogger.v3"

[training.optimizer]
@optimizers = "Adam.v1"
learn_rate = 0.02
use_averages = false
L2 = 0.01

[initialize]
{initialize}
"""

HEAD = """
[components.{name}]
factory = "clinner_crf_tagger"
domains = ["{name}"]
score_prefix = "{name}"
{settings}

[components.{name}.model]
@architectures = "spacy_clinner.CRFTagger.v1"

[components.{name}.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = 32
"""

DROP = """
[training.before_to_disk]
@callbacks = "spacy_clinner.drop_components.v1"
names = ["source"]

[training.score_weights]
ents_target_f = 1.0
ents_source_f = 0.0
ents_f = null
ents_p = null
ents_r = null
"""

TIED = 'tie_to = "source"\ntie_strength = {"emissions": 0.5}'


def config(folder, heads, domains, training="", initialize="", components=""):
    corpora = {
        split: f"[corpora.{split}.domains]\n"
        + "\n".join(
            f'[corpora.{split}.domains.{domain}]\n@readers = "spacy.Corpus.v1"\npath = "{folder}/toy.spacy"\n'
            "gold_preproc = false\nmax_length = 0\nlimit = 0\naugmenter = null"
            for domain in domains
        )
        for split in ("train", "dev")
    }
    text = BASE.format(
        pipeline=str(["tok2vec", *heads]).replace("'", '"'),
        domains=corpora["train"],
        dev_domains=corpora["dev"],
        training=training,
        initialize=initialize,
    )
    return text + components + "".join(HEAD.format(name=name, settings=value) for name, value in heads.items())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    write_docs(folder / "toy.spacy")
    weights_of = "[training.score_weights]\nents_source_f = 1.0\n"
    run_training(config(folder, {"source": ""}, ["source"], weights_of), folder / "source", steps=40)
    return folder


SOURCE = '[initialize.after_init]\n@callbacks = "spacy_clinner.transfer_layers.v1"\nsource = "{}"\n'


def test_source_then_tied_target_then_target_alone(folder):
    source = folder / "source" / "model-last"
    blocks = """
[initialize.after_init.blocks]

[initialize.after_init.blocks.encoder]
target = "tok2vec:encode"
pull = 0.01

[initialize.after_init.blocks.characters]
target = "tok2vec:embed"
freeze = true

[initialize.after_init.blocks.source_head]
target = "source:emissions"

[initialize.after_init.blocks.target_head]
target = "target:emissions"
source = "source:emissions"
"""
    text = config(
        folder,
        {"source": 'set_ents = false\nspans_key = "source"', "target": TIED},
        ["source", "target"],
        DROP,
        SOURCE.format(source) + blocks,
    )
    nlp = run_training(text, folder / "target", steps=8)
    old = spacy.load(source)
    loaded = spacy.load(folder / "target" / "model-last")
    for pipeline in (nlp, loaded):
        embeds = [p.get_pipe("tok2vec").model.get_ref("embed") for p in (old, pipeline)]
        assert not any(moved(weights(embeds[0]), embeds[1]))
        encoders = [p.get_pipe("tok2vec").model.get_ref("encode") for p in (old, pipeline)]
        assert all(moved(weights(encoders[0]), encoders[1]))
    assert nlp.pipe_names == ["tok2vec", "source", "target"] and loaded.pipe_names == ["tok2vec", "target"]
    for text, _ in TEXTS:
        assert entities(nlp(text)) == entities(loaded(text))
    report = loaded.meta["clinner_transfer"]
    assert {row["block"] for row in report["blocks"]} == {"encoder", "characters", "source_head", "target_head"}
    assert any(row["what"] == "target, layer crf" for row in report["not_loaded"])
    assert {"ents_source_f", "ents_target_f"} <= set(loaded.meta["performance"])


def test_both_heads_are_scored_at_every_evaluation(folder):
    text = config(
        folder,
        {"source": 'set_ents = false\nspans_key = "source"', "target": TIED},
        ["source", "target"],
        DROP,
    )
    out = StringIO()
    run_training(text, folder / "scored", steps=20, eval_frequency=5, stdout=out)
    lines = [line.split() for line in out.getvalue().splitlines()]
    (header,) = (line for line in lines if "SCORE" in line)
    assert header[-3:] == ["ENTS_TARGET_F", "ENTS_SOURCE_F", "SCORE"]
    rows = [line for line in lines if len(line) == 8 and line[1].isdigit()]
    assert len(rows) == 5 and all(float(score) > 0 for score in rows[-1][-3:])


def test_frozen_source_head_stays_in_training(folder):
    source = folder / "source" / "model-last"
    sourced = f"""
[components.source]
source = "{source}"

"""
    text = config(
        folder,
        {"target": TIED},
        ["source", "target"],
        'frozen_components = ["source"]\n\n' + DROP,
        SOURCE.format(source) + 'up_to = "token_encoder"\npipe = "target"\n',
        sourced,
    ).replace('pipeline = ["tok2vec", "target"]', 'pipeline = ["tok2vec", "source", "target"]')
    nlp = run_training(text, folder / "frozen", steps=3)
    before = weights(spacy.load(source).get_pipe("source").model)
    assert not any(moved(before, nlp.get_pipe("source").model))
    # it is tied to the head of this pipeline
    crf, loss = nlp.get_pipe("source").model.get_ref("crf"), tie_loss(nlp, ["source"])
    crf.set_param("start", crf.get_param("start") + 1)
    assert tie_loss(nlp, ["source"]) > loss > 0


def tie_loss(nlp, frozen=()):
    return nlp.update(stamped(nlp), losses={}, sgd=False, exclude=frozen)["target/tie"]


def test_sourced_target_head_is_wired_and_linked_by_relink(folder, tmp_path):
    """A new encoder under a sourced head: spaCy alone would leave both unlinked."""
    encoder = spacy.load(folder / "source" / "model-last").config["components"]["tok2vec"]["model"]
    nlp = shared_encoder("source", "target", encoder=encoder)
    nlp.initialize(lambda: stamped(nlp))
    nlp.to_disk(tmp_path / "tied")
    relink = '[initialize.after_init]\n@callbacks = "spacy_clinner.relink.v1"\n'
    for callback, works in ((relink, True), ("", False)):
        text = config(
            folder,
            {"source": 'set_ents = false\nspans_key = "source"'},
            ["source", "target"],
            DROP,
            callback,
            f'\n[components.target]\nsource = "{tmp_path / "tied"}"\n',
        ).replace('pipeline = ["tok2vec", "source"]', 'pipeline = ["tok2vec", "source", "target"]')
        if works:
            assert tie_loss(run_training(text, tmp_path / "out", steps=2)) > 0
        else:
            with pytest.raises(ValueError, match="E203|CE247"):
                run_training(text, tmp_path / "out", steps=2)


def test_an_encoder_does_not_wait_for_what_is_disabled(folder, tmp_path):
    after_init = SOURCE.format(folder / "source" / "model-last") + 'up_to = "token_encoder"\npipe = "source"\n'
    heads = {"source": "", "target": 'set_ents = false\nspans_key = "target"'}
    aligned = '\n[components.alignment]\nfactory = "clinner_mmd_alignment"\ntarget = ["target"]\n'
    text = config(folder, heads, ["source"], "", after_init, aligned)
    loaded = load_config_from_str(text)
    loaded["nlp"] |= {"pipeline": [*loaded["nlp"]["pipeline"], "alignment"], "disabled": ["target", "alignment"]}
    started = weights(init_nlp(loaded).get_pipe("tok2vec").model)
    assert all(moved(started, run_training(loaded.to_str(), tmp_path, steps=2).get_pipe("tok2vec").model))


def test_pretraining_runs_the_callback_without_harm(folder, tmp_path):
    text = config(
        folder, {"source": ""}, ["source"], "", SOURCE.format(folder / "source" / "model-last") + 'up_to = "crf"\n'
    )
    loaded = load_config_from_str(text)
    nlp = load_model_from_config(loaded, auto_fill=True)
    objective = {"@architectures": "spacy.PretrainCharacters.v1", "maxout_pieces": 2, "hidden_size": 8}
    objective["n_characters"] = 2
    resolved = registry.resolve({"objective": objective})["objective"]
    settings = {"component": "tok2vec", "layer": "", "dropout": 0.0, "objective": resolved}
    assert create_pretraining_model(nlp, settings) is not None
    assert "clinner_transfer" not in nlp.meta
    assert init_nlp(loaded).meta["clinner_transfer"]["blocks"]


def test_snippet_of_tied_heads_is_a_pipeline():
    (snippet,) = snippets("tied_heads.md")
    nlp = load_model_from_config(load_config_from_str(snippet), auto_fill=True)
    nlp.initialize(lambda: stamped(nlp))
    assert nlp.update(stamped(nlp))["target/tie"] > 0
    weights_of = nlp.config["training"]["score_weights"]
    assert {name for name, value in weights_of.items() if value} == {"ents_target_f"}


def test_snippets_of_transfers_are_callbacks():
    found = [text for text in snippets("transfer_layers.md") if "[components" not in text]
    assert len(found) == 3
    for snippet in found:
        config = load_config_from_str(f"[initialize]\n\n{snippet}")
        assert callable(registry.resolve(config["initialize"])["after_init"])
