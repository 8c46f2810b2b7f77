"""The documents of a corpus as the model is to find them: labels mapped, and what was annotated."""

from spacy.tokens import Doc

from ..annotations.documents import read_docs
from ..annotations.keys import DOMAIN_KEY
from ..training.domain_corpus import map_labels, mark_annotated
from .corpora_file import Corpus


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
