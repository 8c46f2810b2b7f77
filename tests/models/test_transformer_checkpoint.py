"""What is no transformer for notes is refused when the pipeline is initialised, with what mends it."""

import json
import shutil

import pytest
import spacy

from ..toys.families import save_family
from ..toys.tagger import examples
from ..toys.transformer import add_transformer


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


@pytest.fixture
def folder(tmp_path):
    save_family("bert", tmp_path / "bert")
    return tmp_path / "bert"


def initialize(name, **settings):
    nlp = add_transformer(spacy.blank("en"), str(name))
    model = nlp.get_pipe("transformer").model
    model._init_tokenizer_config.update(settings)
    nlp.initialize(lambda: examples(nlp))
    return nlp


def change(file, **values):
    file.write_text(json.dumps({**json.loads(file.read_text("utf8")), **values}), "utf8")


@pytest.mark.parametrize("name", ["nobody/no-such-transformer", "/no/such/folder", "no such name"])
def test_a_name_of_nothing(name):
    with pytest.raises(ValueError, match=f"CE123.*'{name}'.*--paths.transformer"):
        initialize(name)


def test_a_folder_of_something_else(tmp_path):
    (tmp_path / "note.txt").write_text("No fever")
    with pytest.raises(ValueError, match="CE124.*config.json"):
        initialize(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="CE124"):
        initialize(tmp_path)


def test_a_folder_without_weights(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(ValueError, match="CE124.*safetensors"):
        initialize(folder)


def test_weights_that_were_cut_off(folder):
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(ValueError, match="CE124"):
        initialize(folder)


def test_weights_of_another_size(folder):
    change(folder / "config.json", hidden_size=32)
    with pytest.raises(ValueError, match="CE124"):
        initialize(folder)


def test_weights_of_fewer_layers(folder):
    """transformers would draw the others at random."""
    change(folder / "config.json", num_hidden_layers=3)
    with pytest.raises(ValueError, match=r"CE127.*lacks 16 weights.*\(bert\).*'encoder.layer.2."):
        initialize(folder)


@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_a_language_model_lacks_nothing(family, tmp_path):
    """Its checkpoint has a head that is not read, and no pooler."""
    from transformers import AutoModelForMaskedLM

    folder = save_family(family, tmp_path)
    AutoModelForMaskedLM.from_pretrained(folder).save_pretrained(folder)
    assert initialize(folder)("No fever").spans["clinner_ents"] is not None


def test_other_architectures(folder, tmp_path):
    from transformers import BertConfig, GPT2Config, T5Config, ViTConfig

    for config in (GPT2Config(), T5Config(), ViTConfig(), BertConfig(is_decoder=True)):
        other = tmp_path / config.model_type
        shutil.rmtree(other, ignore_errors=True)
        config.save_pretrained(other)
        with pytest.raises(ValueError, match=f"CE125.*\\({config.model_type}\\)"):
            initialize(other)


@pytest.mark.parametrize("family", ["bert", "roberta", "deberta-v3", "xlnet", "multilingual-e5"])
def test_a_folder_without_a_tokenizer(family, tmp_path):
    save_family(family, tmp_path)
    for file in tmp_path.iterdir():
        if file.name not in ("config.json", "model.safetensors"):
            file.unlink()
    with pytest.raises(ValueError, match="CE126.*tokenizer.json"):
        initialize(tmp_path)


def test_a_tokenizer_that_cannot_pad(tmp_path):
    save_family("distilbert", tmp_path)
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text())
    del settings["pad_token"]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    (tmp_path / "special_tokens_map.json").unlink()
    with pytest.raises(ValueError, match="CE131.*pad_token"):
        initialize(tmp_path)
    assert initialize(tmp_path, pad_token="[PAD]")("No fever").spans["clinner_ents"] is not None


def test_a_tokenizer_of_another_transformer(folder):
    change(folder / "config.json", vocab_size=100)
    from transformers import BertConfig, BertModel

    BertModel(BertConfig.from_pretrained(folder)).save_pretrained(folder)
    with pytest.raises(ValueError, match=r"CE132.*knows \d+ word pieces, the transformer 100"):
        initialize(folder)


def test_a_slow_tokenizer_warns(folder):
    """And reads what it can match."""
    with pytest.warns(UserWarning, match="CW123.*use_fast"):
        nlp = initialize(folder, use_fast=False)
    assert nlp("No fever")._.trf_data.align.lengths.tolist() == [2, 5]
