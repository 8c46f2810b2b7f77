"""How a model of many corpora does on one of them: the heads that it teaches, on the labels that it annotates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ..annotations.documents import document_ids
from ..multitask.corpora_file import Corpora
from ..multitask.documents import read_part
from ..multitask.heads import plan_heads
from ..provenance import checksum, digest, provenance
from ..scoring.documents import Predictions
from ..scoring.predictions import predict
from .cell import Cell
from .step import SHORT, Kept, ModelTest
from .strict_scores import score_predictions

PARTS = ("dev", "test")


@dataclass(frozen=True)
class CorpusTest(ModelTest):
    """What a training is worth for a corpus.

    of (Cell): The training.
    corpora (Corpora): What it was trained on.
    name (str): Name of the corpus.
    """

    of: Cell
    corpora: Corpora
    name: str

    @property
    def keys(self) -> Mapping[str, Any]:
        """RETURNS (Mapping[str, Any]): Those of the training, with the corpus as "target"."""
        return {**self.of.keys, "target": self.name}

    @property
    def needs(self) -> Sequence[Cell]:
        """RETURNS (Sequence[Cell]): The training."""
        return [self.of]

    @property
    def data(self) -> list[Path]:
        """RETURNS (List[Path]): Dev and test documents."""
        parts = self.corpora.corpora[self.name].parts
        return [parts[part] for part in PARTS if part in parts]

    @cached_property
    def parts(self) -> dict[str, str]:
        """RETURNS (Dict[str, str]): Checksums of what makes the identity."""
        corpus = self.corpora.corpora[self.name]
        documents = {f"data of {path}": (checksum(path) or "")[:SHORT] for path in self.data}
        return {"training": self.of.identity, **documents, "labels": digest([corpus.label_map, self.heads])[:SHORT]}

    @property
    def heads(self) -> list[str]:
        """RETURNS (List[str]): Span groups of the heads that the corpus teaches."""
        return [head.spans_key for head in plan_heads(self.corpora) if self.name in head.corpora]

    def run(self, models: Sequence[Path], kept: Kept) -> dict[str, Any]:
        """Score the model on dev, for choices, and on test.

        models (Sequence[Path]): Folder of the trained pipeline.
        kept (Kept): Nothing is kept.
        RETURNS (Dict[str, Any]): JSON-able: "dev", the F1; "test" as of `score_predictions`; provenance.
        """
        nlp = spacy.load(models[0])
        scores = {}
        for part in PARTS:
            docs = read_part(self.corpora.corpora[self.name], part)
            scores[part] = score_predictions(docs, find_by_heads(nlp, docs, self.heads))
        return {"dev": scores["dev"]["f"], "test": scores["test"], **provenance()}


def find_by_heads(nlp: Language, docs: Sequence[Doc], heads: Sequence[str]) -> Predictions:
    """Find what some heads of a pipeline find.

    nlp (Language): The pipeline.
    docs (Sequence[Doc]): The documents; nothing but their texts and identifiers is used.
    heads (Sequence[str]): Span groups of the heads.
    RETURNS (Predictions): Predicted entities by document identifier.
    RAISES (ValueError): CE064 if identifiers repeat.
    """
    found = [predict(nlp, docs, group, show_progress=False) for group in heads]
    return {name: frozenset().union(*(one[name] for one in found)) for name in document_ids(docs)}
