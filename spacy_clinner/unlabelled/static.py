"""Static word vectors of a transformer: what it makes of each word alone, on its main axes."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from thinc.types import Floats2d

from ..errors import Errors
from ..extras import require
from ..layers.buckets import plan_buckets
from ..models.transformer_pieces import settle
from ..progress import progress

# Word pieces, padding included, that are read at once: one word of signs may have as many as some hundred others.
MAX_PIECES = 2048


def distil_words(model: Path, words: Sequence[str], dim: int) -> Floats2d:
    """Embed single words by a transformer on this machine, and keep the axes along which they differ most.

    Words are not weighted by their rarity, as Model2Vec does: that serves the means of sentences, while a tagger has to
    know one frequent word from another. Of a word of more pieces than the transformer reads, the first ones tell; one
    without any is at the mean of the others.

    model (Path): Folder of the transformer and its tokenizer, as `save_pretrained` writes it.
    words (Sequence[str]): The words.
    dim (int): Width of the vectors; at most that of the transformer.
    RETURNS (Floats2d): A row for each word, of mean 0.
    RAISES (ImportError): CE358 if transformers is missing. (ValueError): CE425 if it cannot be loaded, CE426 if there
        are too few words, or the transformer is narrower, CE460 if it makes the same of every word.
    Source: Tulkens & van Dongen 2024, Model2Vec: words alone, mean of the pieces' last states, principal components.
    """
    require("transformers", "Distilling of a transformer")
    import torch
    from transformers import AutoModel, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=True)
        encoder = AutoModel.from_pretrained(model, local_files_only=True).eval()
    except (OSError, ValueError) as error:
        raise ValueError(Errors.CE425.format(path=model, error=type(error).__name__)) from error
    if dim > min(len(words), encoder.config.hidden_size):
        raise ValueError(Errors.CE426.format(dim=dim, words=len(words), width=encoder.config.hidden_size))
    settle(tokenizer, encoder)
    encode = partial(tokenizer, truncation=True)
    sizes = np.array([len(ids) for ids in encode(list(words))["input_ids"]])
    rows = np.zeros((len(words), encoder.config.hidden_size), dtype="f")
    with torch.inference_mode():
        for batch in progress(plan_buckets(sizes, MAX_PIECES), unit="batch", desc="Distil"):
            pieces = encode([words[i] for i in batch.sequences], return_tensors="pt", padding=True)
            states = encoder(**pieces).last_hidden_state
            inside = pieces["attention_mask"].unsqueeze(-1)
            rows[batch.sequences] = ((states * inside).sum(1) / inside.sum(1)).numpy()
    found = rows[sizes > 0]
    if np.allclose(found, found[:1], atol=1e-5):
        raise ValueError(Errors.CE460.format(path=model))
    rows[sizes == 0] = found.mean(0)
    return _main_axes(rows, dim)


def _main_axes(rows: Floats2d, dim: int) -> Floats2d:
    """Principal components, the first ones. Shape: rows (n, width), result (n, dim)"""
    centred = (rows - rows.mean(0)).astype("float64")
    _, axes = np.linalg.eigh(centred.T @ centred)
    # the eigenvalues ascend
    axes = axes[:, ::-1][:, :dim]
    # an axis has two directions: take the one in which its largest entry is positive
    axes = axes * np.sign(axes[np.abs(axes).argmax(0), np.arange(dim)])
    return (centred @ axes).astype("f")
