"""Word vectors of pipelines that become one: a vocabulary has one table."""

from spacy.language import Language

from ..errors import Errors


def share_vectors(nlp: Language, other: Language) -> None:
    """See that the word vectors of a pipeline are right for components of another one, too.

    nlp (Language): The pipeline; without vectors it takes the other's.
    other (Language): The pipeline that components come from.
    RAISES (ValueError): CE262 if both have some, and they differ.
    """
    if not len(other.vocab.vectors):
        return
    if not len(nlp.vocab.vectors):
        nlp.vocab.vectors = other.vocab.vectors
    elif nlp.vocab.vectors.to_bytes(exclude=["strings"]) != other.vocab.vectors.to_bytes(exclude=["strings"]):
        raise ValueError(Errors.CE262)
