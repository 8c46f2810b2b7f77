"""Make a spaCy pipeline of a NeuroNER model: the same computation, by this package's layers."""

import warnings
from pathlib import Path
from typing import cast

import numpy as np
import spacy
from spacy.language import Language
from spacy.training import Example
from spacy.training.initialize import convert_vectors, load_vectors_into_model
from thinc.api import Model

from ..errors import Errors, Warnings
from ..layers.crf.logspace import Chain
from ..layers.crf.params import from_chain
from ..pipeline.tagger.crf_tagger import CRFTagger
from .neuroner import Checkpoint, lstm_names

COMPONENT = "ner"
MIN_TOKENS = 20


def load_vectors(nlp: Language, source: Path, width: int) -> None:
    """Load pretrained word vectors into a pipeline.

    nlp (Language): the pipeline.
    source (Path): folder that `python -m spacy init vectors` wrote, or a text file of vectors (GloVe or word2vec, also
        .gz or .zip), one word a line.
    width (int): width that the vectors must have.
    RAISES (ValueError): CE059 if there are no such vectors.
    """
    try:
        if source.is_dir():
            load_vectors_into_model(nlp, source)
        else:
            convert_vectors(nlp, source, truncate=0, prune=-1, name=source.name.split(".")[0], attr="LOWER")
    except Exception as error:  # spaCy's readers raise whatever the content makes Python raise
        raise ValueError(Errors.CE059.format(path=source, found=type(error).__name__, width=width)) from error
    vectors = nlp.vocab.vectors
    if not vectors.n_keys or vectors.shape[1] != width:
        found = f"{max(vectors.n_keys, 0)} vectors of width {vectors.shape[1]}"
        raise ValueError(Errors.CE059.format(path=source, found=found, width=width))


def make_pipeline(checkpoint: Checkpoint, vectors: Path) -> Language:
    """Make an English pipeline with a `clinner_crf_tagger` that computes what the NeuroNER model does.

    checkpoint (Checkpoint): the model.
    vectors (Path): the word vectors that it was trained with, as for `load_vectors`.
    RETURNS (Language): the pipeline; its component is called "ner".
    RAISES (ValueError): CE059 as `load_vectors`.
    """
    nlp = spacy.blank("en")
    load_vectors(nlp, vectors, checkpoint.tensors["token_embedding/token_embedding_weights"].shape[1])
    add_tagger(nlp, checkpoint)
    nlp.meta.update(
        name=f"neuroner_{checkpoint.name}",
        description="Named-entity tagger of NeuroNER, its published weights",
        author="Franck Dernoncourt, Ji Young Lee, Peter Szolovits",
        url="http://neuroner.com",
        license="MIT",
    )
    return nlp


def add_tagger(nlp: Language, checkpoint: Checkpoint) -> CRFTagger:
    """Add a NeuroNER model to a pipeline as a `clinner_crf_tagger` called "ner".

    nlp (Language): a pipeline with the tokenizer of `spacy.blank("en")` and the word vectors of the model.
    checkpoint (Checkpoint): the model.
    RETURNS (CRFTagger): the component. Warns (CW050) if the model was trained on other tokens.
    """
    if checkpoint.tokenizer != "spacy":
        warnings.warn(Warnings.CW050.format(name=checkpoint.name, tokenizer=checkpoint.tokenizer), stacklevel=2)
    config = {"model": _model_config(checkpoint)}
    tagger = cast(CRFTagger, nlp.add_pipe("clinner_crf_tagger", name=COMPONENT, config=config))
    doc = nlp.make_doc("a")
    tagger.initialize(lambda: [Example(doc, doc)], nlp=nlp, labels=checkpoint.labels)
    fill(tagger.model, checkpoint)
    return tagger


def _model_config(checkpoint: Checkpoint) -> dict:
    tensors = checkpoint.tensors
    char_units = tensors[lstm_names("character", "forward").hidden_start].size
    width, hidden = tensors["feedforward_after_lstm/W"].shape
    return {
        "@architectures": "spacy_clinner.CRFTagger.v1",
        "tok2vec": {
            "@architectures": "spacy_clinner.WindowedTok2Vec.v1",
            "embed": {
                "@architectures": "spacy_clinner.NeuroNEREmbed.v1",
                "characters": checkpoint.characters,
                "char_width": tensors["character_embedding/character_embedding_weights"].shape[1],
                "char_nO": 2 * char_units,
                "dropout": 0.5,
            },
            "encode": {"@architectures": "spacy_clinner.CoupledBiLSTMEncoder.v1", "width": width, "hidden": hidden},
            # NeuroNER read sentences; joined lines do as well, also where notes are wrapped inside sentences
            "unit": "lines",
            "min_tokens": MIN_TOKENS,
            "skip_space": True,
        },
    }


def fill(model: Model, checkpoint: Checkpoint) -> None:
    """Set the weights of a tagger's model to those of a NeuroNER model.

    model (Model): as `add_tagger` has it built: `CRFTagger` over `NeuroNEREmbed` and `CoupledBiLSTMEncoder`.
    checkpoint (Checkpoint): the weights.
    """
    tensors, columns = checkpoint.tensors, checkpoint.columns
    tok2vec, emissions, crf = (model.get_ref(name) for name in ("tok2vec", "emissions", "crf"))
    embed, encode = tok2vec.get_ref("embed"), tok2vec.get_ref("encode")
    chars = embed.get_ref("chars").layers[0]
    _set(chars, char_table=tensors["character_embedding/character_embedding_weights"])
    _fill_lstm(chars, checkpoint, "character")
    _set(embed.get_ref("tokens"), unknown_vector=tensors["token_embedding/token_embedding_weights"][0])
    _fill_lstm(encode.get_ref("lstm"), checkpoint, "token")
    _set(encode.get_ref("linear"), W=tensors["feedforward_after_lstm/W"].T, b=tensors["feedforward_after_lstm/bias"])

    tags = tensors["feedforward_before_crf/W"].T[columns]
    shared = {name: np.zeros_like(emissions.get_param(name)) for name in ("kinds", "labels")}
    _set(emissions, tags=tags, bias=tensors["feedforward_before_crf/bias"][columns], **shared)
    # from row to column; the last two are the start and the end of a sentence
    moves = tensors["crf/transitions"]
    start, end = len(columns), len(columns) + 1
    legal = from_chain(Chain(moves[start, columns], moves[np.ix_(columns, columns)], moves[columns, end]))
    _set(crf, **legal._asdict())


def _fill_lstm(layer: Model, checkpoint: Checkpoint, scope: str) -> None:
    tensors, width = checkpoint.tensors, layer.get_dim("nI")
    for way in ("forward", "backward"):
        names = lstm_names(scope, way)
        # rows of W_0 are the inputs, then the hidden state; its columns the cell, forget and output gates
        weights = tensors[names.weights].T
        arrays = {
            "input": weights[:, :width],
            "recurrent": weights[:, width:],
            "bias": tensors[names.bias],
            "hidden_start": tensors[names.hidden_start][0],
            "cell_start": tensors[names.cell_start][0],
        }
        _set(layer, **{f"{way}_{kind}": array for kind, array in arrays.items()})


def _set(layer: Model, **params: np.ndarray) -> None:
    for name, array in params.items():
        layer.set_param(name, layer.ops.xp.array(array, dtype="f", order="C"))
