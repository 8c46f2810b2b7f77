"""Transformers that go on learning from notes."""

import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.ledger import only_run
from spacy_clinner.unlabelled import masked_language_model
from spacy_clinner.unlabelled.masked_language_model import MaskedSettings, continue_training, load_masked
from spacy_clinner.unlabelled.masked_pieces import cut_blocks

from ..toys.tagger import examples
from ..toys.transformer import add_transformer, save_tiny_transformer

TEXTS = ["severe pain in the left arm since monday . no fever ."] * 30 + ["fever"]
SETTINGS = MaskedSettings(epochs=4, block=32, batch=8, rate=0.003, save_steps=3)
pytestmark = pytest.mark.slow


@pytest.fixture
def model(tmp_path):
    return tmp_path / save_tiny_transformer(tmp_path / "tiny")


def weights(folder):
    from transformers import AutoModel

    return {name: value.numpy() for name, value in AutoModel.from_pretrained(folder).state_dict().items()}


def test_it_learns_and_serves_a_pipeline(model, tmp_path):
    import spacy

    found = continue_training(model, TEXTS, tmp_path / "out", SETTINGS)
    assert found.after < 0.9 * found.before and found.blocks == 2
    before, after = weights(model), weights(tmp_path / "out")
    # but for the pooler, which the language model has not
    assert before.keys() == after.keys()
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert "embeddings.word_embeddings.weight" in changed
    assert not (tmp_path / "out.checkpoints").exists()
    nlp = spacy.blank("en")
    add_transformer(nlp, str(tmp_path / "out"))
    nlp.initialize(lambda: examples(nlp))
    assert len(nlp("severe pain")) == 2


def test_the_same_notes_give_the_same_weights(model, tmp_path):
    one, other = (continue_training(model, TEXTS, tmp_path / name, SETTINGS) for name in "ab")
    assert one == other
    first, second = weights(tmp_path / "a"), weights(tmp_path / "b")
    assert all(np.array_equal(first[name], second[name]) for name in first if "pooler" not in name)


def test_a_stopped_run_goes_on(model, tmp_path, monkeypatch):
    from transformers import Trainer

    wanted = continue_training(model, TEXTS, tmp_path / "whole", SETTINGS)
    plain, steps = Trainer.training_step, []

    def stop(self, *args, **kwargs):
        steps.append(self.state.global_step)
        if len(steps) == 8:
            raise KeyboardInterrupt
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(Trainer, "training_step", stop)
    with pytest.raises(KeyboardInterrupt):
        continue_training(model, TEXTS, tmp_path / "out", SETTINGS)
    assert not (tmp_path / "out").exists()
    assert "severe" not in (tmp_path / "out.checkpoints" / "run.json").read_text()
    with pytest.raises(ValueError, match="CE432"):
        continue_training(model, [*TEXTS, "more"], tmp_path / "out", SETTINGS)
    # a later one that a kill has left half-written: the Trainer writes its state last
    whole_one, half = (tmp_path / "out.checkpoints" / f"checkpoint-{step}" for step in (6, 7))
    shutil.copytree(whole_one, half)
    (half / "trainer_state.json").write_text("{")
    assert continue_training(model, TEXTS, tmp_path / "out", SETTINGS) == wanted
    # from the checkpoint of step 6
    assert steps[8] == 6
    whole, resumed = weights(tmp_path / "whole"), weights(tmp_path / "out")
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole if "pooler" not in name)


def test_another_transformer_at_the_same_path_does_not_go_on(model, tmp_path, monkeypatch):
    monkeypatch.setattr(masked_language_model, "write_folder_atomically", None)
    with pytest.raises(TypeError):
        continue_training(model, TEXTS, tmp_path / "out", SETTINGS)
    monkeypatch.undo()
    save_tiny_transformer(model, seed=1)
    with pytest.raises(ValueError, match="CE432"):
        continue_training(model, TEXTS, tmp_path / "out", SETTINGS)


def test_a_run_that_was_stopped_before_its_first_checkpoint_is_in_nobody_s_way(model, tmp_path):
    (tmp_path / "out.checkpoints").mkdir()
    (tmp_path / "out.checkpoints" / "run.json").write_text('{"of": "other settings"}')
    continue_training(model, TEXTS, tmp_path / "out", SETTINGS)
    assert (tmp_path / "out" / "config.json").exists() and not (tmp_path / "out.checkpoints").exists()


def test_two_runs_do_not_share_checkpoints(model, tmp_path):
    with only_run(tmp_path / "out.checkpoints"), pytest.raises(ValueError, match="CE372.*out.checkpoints"):
        continue_training(model, TEXTS, tmp_path / "out", SETTINGS)


def test_notes_of_any_length_are_cut(model):
    _, tokenizer = load_masked(model)
    blocks = cut_blocks(tokenizer, "abc " * 100, 32)
    assert max(len(block["input_ids"]) for block in blocks) == 32 and len(blocks) == 10
    inside = [piece for block in blocks for piece in block["input_ids"][1:-1]]
    assert inside == tokenizer("abc " * 100, add_special_tokens=False)["input_ids"]
    assert cut_blocks(tokenizer, "  ", 32) == []


def test_blocks_are_marked_as_the_tokenizer_marks_texts(model):
    from transformers import PreTrainedTokenizerFast

    _, tokenizer = load_masked(model)
    # without a class of its own, whose methods would know the marks
    other = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, **tokenizer.special_tokens_map)
    for one in (tokenizer, other):
        assert cut_blocks(one, "abc", 32) == [{"input_ids": tokenizer("abc")["input_ids"]}]


def command(*args):
    return CliRunner().invoke(clinner_cli, ["adapt-transformer", *map(str, args)])


def test_the_command(model, tmp_path, monkeypatch):
    notes = tmp_path / "notes.jsonl"
    lines = [{"id": n, "text": f"{text} {n}"} for n, text in enumerate(TEXTS)]
    notes.write_text("\n".join(map(json.dumps, lines)))
    options = ("--epochs", 1, "--block", 32, "--batch", 8, "--min-words", 10)
    result = command(model, notes, tmp_path / "out", *options)
    assert result.exit_code == 0 and "Perplexity of" in result.output, result.output
    again = command(model, notes, tmp_path / "out", *options)
    assert again.exit_code == 1 and "CE058" in again.output
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert command(model, notes, ".", *options).exit_code == 0
    assert (tmp_path / "here" / "config.json").exists()


@pytest.mark.parametrize(("option", "value", "said"), [("--block", 513, "CE137"), ("--rate", "nan", "--rate")])
def test_settings_are_checked_before_notes_are_cut(model, tmp_path, monkeypatch, option, value, said):
    monkeypatch.setattr(masked_language_model, "cut_blocks", None)
    (tmp_path / "notes.txt").write_text(" ".join(TEXTS))
    result = command(model, tmp_path / "notes.txt", tmp_path / "out", "--min-words", 10, option, value)
    assert result.exit_code and said in result.output, result.output


def test_what_cannot_learn(model, tmp_path):
    (tmp_path / "empty").mkdir()
    for texts in (TEXTS[:1], [TEXTS[0], " "]):
        # of a single note, none is held out
        with pytest.raises(ValueError, match="CE433"):
            continue_training(model, texts, tmp_path / "out", SETTINGS)
    with pytest.raises(ValueError, match="CE425"):
        continue_training(tmp_path / "empty", TEXTS, tmp_path / "out", SETTINGS)
    from transformers import GPT2Config, GPT2Model

    GPT2Model(GPT2Config(vocab_size=250, n_embd=8, n_layer=1, n_head=1)).save_pretrained(tmp_path / "decoder")
    for file in model.glob("*token*"):
        (tmp_path / "decoder" / file.name).write_bytes(file.read_bytes())
    (tmp_path / "decoder" / "vocab.txt").write_bytes((model / "vocab.txt").read_bytes())
    with pytest.raises(ValueError, match="CE443"):
        continue_training(tmp_path / "decoder", TEXTS, tmp_path / "out", SETTINGS)
