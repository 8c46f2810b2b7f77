"""Transformers of every family, of a few random weights, with tokenizers as their families have them.

They spell words, so a word has as many pieces as letters, or bytes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .transformer import CHARS

LAYERS = 2
WIDTH = 16
# of those whose positions are a table, besides what is counted for padding
POSITIONS = 64
ACCENTS = "áéíóúñÁÉµ°–"


def save_family(family: str, folder: Path) -> str:
    """Save a transformer of a family. RETURNS (str): its folder."""
    import torch

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    FAMILIES[family](folder)
    return str(folder)


def _save(folder: Path, tokenizer: Any, model: Any, config: Any, **sizes: Any) -> None:
    tokenizer.save_pretrained(folder)
    sizes = {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": 2, **sizes}
    if "d_model" not in sizes and "dim" not in sizes:
        sizes |= {"intermediate_size": WIDTH}
    model(config(vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, **sizes)).save_pretrained(folder)


def _wordpieces(folder: Path, marks: list[str]) -> str:
    chars = [*CHARS, *ACCENTS]
    path = folder / "vocab.txt"
    path.write_text("\n".join([*marks, *chars, *("##" + char for char in chars)]), encoding="utf8")
    return str(path)


def _bytes(folder: Path, marks: list[str]) -> dict[str, str]:
    from tokenizers import ByteLevelBPETokenizer

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(["a"], special_tokens=marks)
    trained.save_model(str(folder))
    return {"vocab_file": str(folder / "vocab.json"), "merges_file": str(folder / "merges.txt")}


def _sentencepieces(marks: list[str], template: str, unknown: str, splits_first: bool = False) -> Any:
    """As transformers converts those of sentencepiece (`SpmConverter`); `splits_first` as it did years ago."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    pieces = [*((mark, 0.0) for mark in marks), *((char, -2.0) for char in ["\u2581", *CHARS, *ACCENTS])]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=marks.index(unknown)))
    spaces = [normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "\u2581")]
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), *spaces])
    words: Any = pre_tokenizers.Metaspace()
    if splits_first:
        words = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), words])
    tokenizer.pre_tokenizer = words
    used = [(mark, marks.index(mark)) for mark in marks if f"{mark}:" in template]
    tokenizer.post_processor = processors.TemplateProcessing(single=template, special_tokens=used)
    return tokenizer


BERT_MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_MARKS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def _bert(folder: Path) -> None:
    from transformers import BertConfig, BertModel, BertTokenizerFast

    tokenizer = BertTokenizerFast(_wordpieces(folder, BERT_MARKS), do_lower_case=False)
    _save(folder, tokenizer, BertModel, BertConfig, max_position_embeddings=POSITIONS)


def _distilbert(folder: Path) -> None:
    """With a tokenizer of no family, which tells types of pieces."""
    from transformers import BertTokenizerFast, DistilBertConfig, DistilBertModel, PreTrainedTokenizerFast

    made = BertTokenizerFast(_wordpieces(folder, BERT_MARKS), do_lower_case=False)
    marks = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made.backend_tokenizer, **marks)
    sizes = {"dim": WIDTH, "hidden_dim": WIDTH, "n_layers": LAYERS, "n_heads": 2}
    tokenizer.save_pretrained(folder)
    config = DistilBertConfig(vocab_size=len(tokenizer), max_position_embeddings=POSITIONS, **sizes)
    DistilBertModel(config).save_pretrained(folder)


def _roberta(folder: Path) -> None:
    from transformers import RobertaConfig, RobertaModel, RobertaTokenizerFast

    tokenizer = RobertaTokenizerFast(**_bytes(folder, ROBERTA_MARKS))
    _save(folder, tokenizer, RobertaModel, RobertaConfig, max_position_embeddings=POSITIONS + 2, type_vocab_size=1)


def _deberta(folder: Path) -> None:
    from transformers import DebertaConfig, DebertaModel, DebertaTokenizerFast

    tokenizer = DebertaTokenizerFast(**_bytes(folder, ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"]))
    relative = {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_biased_input": False}
    _save(folder, tokenizer, DebertaModel, DebertaConfig, max_position_embeddings=POSITIONS, **relative)


def _deberta_v3(folder: Path) -> None:
    from transformers import DebertaV2Config, DebertaV2Model, DebertaV2TokenizerFast

    marks = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"]
    made = _sentencepieces(marks, "[CLS]:0 $A:0 [SEP]:0", "[UNK]")
    tokenizer = DebertaV2TokenizerFast(tokenizer_object=made)
    relative = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_biased_input": False}
    relative |= {"position_buckets": 16, "norm_rel_ebd": "layer_norm", "share_att_key": True}
    _save(folder, tokenizer, DebertaV2Model, DebertaV2Config, max_position_embeddings=POSITIONS, **relative)


def _xlnet(folder: Path) -> None:
    from transformers import XLNetConfig, XLNetModel, XLNetTokenizerFast

    marks = ["<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"]
    made = _sentencepieces(marks, "$A:0 <sep>:0 <cls>:2", "<unk>")
    tokenizer = XLNetTokenizerFast(tokenizer_object=made, remove_space=True)
    tokenizer.save_pretrained(folder)
    sizes = {"d_model": WIDTH, "n_layer": LAYERS, "n_head": 2, "d_inner": WIDTH, "mem_len": None}
    config = XLNetConfig(vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, **sizes)
    XLNetModel(config).save_pretrained(folder)


def _mpnet(folder: Path) -> None:
    from transformers import MPNetConfig, MPNetModel, MPNetTokenizerFast

    marks = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"]
    tokenizer = MPNetTokenizerFast(_wordpieces(folder, marks), do_lower_case=False)
    _save(folder, tokenizer, MPNetModel, MPNetConfig, max_position_embeddings=POSITIONS + 2)


def _minilm(folder: Path) -> None:
    """MiniLM is a BERT that reads small letters without accents."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    tokenizer = BertTokenizerFast(_wordpieces(folder, BERT_MARKS), do_lower_case=True)
    _save(folder, tokenizer, BertModel, BertConfig, max_position_embeddings=POSITIONS)


def _xlm_tokenizer(**settings: Any) -> Any:
    from transformers import XLMRobertaTokenizerFast

    made = _sentencepieces(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<s>:0 $A:0 </s>:0", "<unk>", **settings)
    return XLMRobertaTokenizerFast(tokenizer_object=made)


def _xlm_roberta(folder: Path) -> None:
    from transformers import XLMRobertaConfig, XLMRobertaModel

    sizes = {"max_position_embeddings": POSITIONS + 2, "type_vocab_size": 1}
    _save(folder, _xlm_tokenizer(), XLMRobertaModel, XLMRobertaConfig, **sizes)


def _multilingual_e5(folder: Path) -> None:
    """Multilingual e5 (small) is a BERT with the tokenizer of XLM-RoBERTa; its pad is not BERT's."""
    from transformers import BertConfig, BertModel

    _save(folder, _xlm_tokenizer(splits_first=True), BertModel, BertConfig, max_position_embeddings=POSITIONS)


FAMILIES: dict[str, Callable[[Path], None]] = {
    "bert": _bert,
    "minilm": _minilm,
    "distilbert": _distilbert,
    "roberta": _roberta,
    "deberta": _deberta,
    "deberta-v3": _deberta_v3,
    "xlnet": _xlnet,
    "mpnet": _mpnet,
    "xlm-roberta": _xlm_roberta,
    "multilingual-e5": _multilingual_e5,
}
# positions are relative, and the tokenizer knows no limit
WITHOUT_LIMIT = {"deberta", "deberta-v3", "xlnet"}
