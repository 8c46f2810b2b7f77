"""The documents of a corpus as the model is to find them: labels mapped, and what was annotated."""

from collections.abc import Collection

from spacy.tokens import Doc

from ..annotations.documents import read_docs
from ..annotations.keys import DOMAIN_KEY
from ..training.domain_corpus import map_labels, mark_annotated
from .corpora_file import Corpus, UnseenCorpus


def read_part(corpus: Corpus, part: str) -> list[Doc]:
    """Read a file of a corpus, as `spacy_clinner.DomainCorpus.v1` reads it for a training.

    corpus (Corpus): The corpus.
    part (str): "train", "dev" or "test".
    RETURNS (List[Doc]): Its documents with the labels of the model.
    RAISES (ValueError): CE062 and CE070 as `read_docs`.
    """
    docs = [map_labels(doc, corpus.label_map) for doc in read_docs(corpus.parts[part])]
    for doc in docs:
        doc.user_data[DOMAIN_KEY] = corpus.name
        mark_annotated(doc, corpus.annotated, corpus.name)
    return docs


def read_unseen(corpus: UnseenCorpus, labels: Collection[str]) -> list[Doc]:
    """Read the documents of a corpus that nobody learns from.

    corpus (UnseenCorpus): The corpus.
    labels (Collection[str]): Labels of the model that are asked for; the others leave the gold.
    RETURNS (List[Doc]): Its documents with the labels of the model.
    RAISES (ValueError): CE062 and CE070 as `read_docs`.
    """
    label_map = {own: label if label in labels else "" for own, label in corpus.label_map.items()}
    docs = [map_labels(doc, label_map) for doc in read_docs(corpus.test)]
    for doc in docs:
        mark_annotated(doc, [label for label in corpus.annotated if label in labels], corpus.name)
    return docs
