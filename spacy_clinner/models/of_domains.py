"""Layers that only some corpora teach, which cost nothing in the others' batches."""

from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d


@registry.architectures("spacy_clinner.OfDomains.v1")
def build_of_domains(tok2vec: Model[list[Doc], list[Floats2d]], domains: list[str]) -> Model[list[Doc], list[Floats2d]]:
    """Let layers read, while they learn, only documents of some domains: rows of the others are zeros.

    For layers of a type of entities between a shared encoder and the heads of the corpora that annotate that type. What
    is predicted later is read whatever its domain.

    tok2vec (Model[List[Doc], List[Floats2d]]): as `spacy_clinner.WindowedTok2Vec.v1` makes it.
    domains (List[str]): names of the domains, by `user_data["clinner_domain"]`.
    RETURNS (Model[List[Doc], List[Floats2d]]): the same model.
    """
    tok2vec.attrs["domains"] = domains
    return tok2vec
