"""How a model of one or many corpora does on another one, of which it has seen nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import spacy

from ..multitask.corpora_file import UnseenCorpus
from ..multitask.documents import read_unseen
from ..provenance import checksum, digest, provenance
from .cell import Cell
from .corpus_test import CorpusTest, find_by_heads
from .step import SHORT, Kept, ModelTest
from .strict_scores import score_predictions


@dataclass(frozen=True)
class UnseenTest(ModelTest):
    """What a training is worth for documents of an unseen corpus, on the labels that this one and its target annotate.

    of (CorpusTest): The test of the training's target, whose heads are asked.
    corpus (UnseenCorpus): The unseen corpus.
    """

    of: CorpusTest
    corpus: UnseenCorpus

    @property
    def keys(self) -> Mapping[str, Any]:
        """RETURNS (Mapping[str, Any]): Those of the training, from its target as "source" to the corpus as "target"."""
        return {**self.of.keys, "source": self.of.name, "target": self.corpus.name}

    @property
    def needs(self) -> Sequence[Cell]:
        """RETURNS (Sequence[Cell]): The training."""
        return self.of.needs

    @property
    def data(self) -> list[Path]:
        """RETURNS (List[Path]): The documents."""
        return [self.corpus.test]

    @property
    def labels(self) -> list[str]:
        """RETURNS (List[str]): Labels that are asked for; none: there is nothing to test."""
        taught = self.of.corpora.corpora[self.of.name].annotated
        return [label for label in self.corpus.annotated if label in taught]

    @cached_property
    def parts(self) -> dict[str, str]:
        """RETURNS (Dict[str, str]): Checksums of what makes the identity."""
        asked = digest([self.corpus.label_map, self.labels, self.of.heads])[:SHORT]
        documents = (checksum(self.corpus.test) or "")[:SHORT]
        return {"training": self.of.of.identity, f"data of {self.corpus.test}": documents, "labels": asked}

    def run(self, models: Sequence[Path], kept: Kept) -> dict[str, Any]:
        """Score the model.

        models (Sequence[Path]): Folder of the trained pipeline.
        kept (Kept): Nothing is kept.
        RETURNS (Dict[str, Any]): JSON-able: "test" as of `score_predictions`; provenance.
        """
        docs = read_unseen(self.corpus, self.labels)
        return {
            "test": score_predictions(docs, find_by_heads(spacy.load(models[0]), docs, self.of.heads)),
            **provenance(),
        }
