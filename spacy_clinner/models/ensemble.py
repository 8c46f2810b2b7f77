"""Several CRF taggers of the same labels as one: their encoders side by side, under one CRF.

The score of a path in a CRF is a sum over its emissions and its moves, so the mean of the scores that n CRFs give a
path is the score that one CRF gives it whose emissions and moves are the means of theirs. Its distribution is the
normalised geometric mean of their n distributions, as log Z of each is the same for all paths:

    p(y) ~ exp(1/n sum_i score_i(y)) = prod_i (p_i(y) Z_i)^(1/n) ~ prod_i p_i(y)^(1/n)

A mean of emissions that are linear in the rows h_i of n encoders is linear in those rows side by side,

    1/n sum_i (W_i h_i + b_i) = [W_1/n ... W_n/n] [h_1; ...; h_n] + 1/n sum_i b_i,

so the ensemble is a CRF tagger over an encoder that joins n others, and all that a tagger can do works as it is.

Source: Heskes 1998, "Selecting weighting factors in logarithmic opinion pools"; of CRFs: Smith, Cohn & Osborne 2005,
"Logarithmic opinion pools for conditional random fields".
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import FloatsXd, Ragged

from ..errors import Errors
from ..layers.tags.entries import label_entries
from ..layers.tags.layout import count_tags
from .crf_tagger import build_crf_tagger
from .listening import listeners_of
from .word_embed import build_concat_embed


class Member(NamedTuple):
    """A trained tagger of an ensemble.

    model (Model[List[Doc], Ragged]): as `build_crf_tagger` makes it, initialised.
    labels (Sequence[int]): for each label of the ensemble its number in this model.
    temperature (float): what this tagger's scores are divided by.
    """

    model: Model[list[Doc], Ragged]
    labels: Sequence[int]
    temperature: float


@registry.architectures("spacy_clinner.TaggerEnsemble.v1")
def build_tagger_ensemble(members: dict[str, Any], nO: int | None = None) -> Model[list[Doc], Ragged]:
    """Tag by several encoders, each of them trained with a CRF of its own: `clinner ensemble` makes it of taggers.

    members (Dict[str, Model[List[Doc], List[Floats2d]]]): the encoders by a name of your choice, in the order of their
        names; none may listen to a shared one.
    nO (Optional[int]): number of tags, 4 labels + 1; found at initialisation if None.
    RETURNS (Model[List[Doc], Ragged]): a CRF tagger as of `spacy_clinner.CRFTagger.v1`. The ref "tok2vec" joins the
        encoders, which are its refs by their names. An encoder that listens raises CE389.
    """
    # Typed Any as in `build_concat_embed`, and by name, not by position: a saved config sorts its sections.
    for name, encoder in members.items():
        if listeners_of(encoder):
            raise ValueError(Errors.CE389.format(name=name))
    return build_crf_tagger(build_concat_embed(members, dropout=0.0), nO)


def pool_members(model: Model[list[Doc], Ragged], members: Sequence[Member]) -> None:
    """Give an ensemble the weights of trained taggers.

    model (Model[List[Doc], Ragged]): as `build_tagger_ensemble` makes it, not initialised.
    members (Sequence[Member]): the taggers in the order of the encoders' names. Their encoders become the ensemble's.
    """
    n_labels = len(members[0].labels)
    tok2vec, emissions, crf = (model.get_ref(name) for name in ("tok2vec", "emissions", "crf"))
    for encoder, member in zip(list(tok2vec.layers), members, strict=True):
        model.replace_node(encoder, member.model.get_ref("tok2vec"))
    width = sum(member.model.get_ref("emissions").get_dim("nI") for member in members)
    tok2vec.set_dim("nO", width, force=True)
    emissions.set_dim("nI", width)
    for node in (model, emissions, crf):
        node.set_dim("nO", count_tags(n_labels))
    for node, ref in ((emissions, "emissions"), (crf, "crf")):
        node.initialize()
        for param in node.param_names:
            shares = [_share(member, ref, param) / len(members) for member in members]
            # a row of weights has a part for each encoder; all else is of all encoders alike
            joined = ref == "emissions" and param != "bias"
            node.set_param(param, model.ops.xp.concatenate(shares, axis=1) if joined else sum(shares))


def _share(member: Member, ref: str, param: str) -> FloatsXd:
    """A parameter in the ensemble's order of labels, as it predicts."""
    entries = label_entries(member.labels, len(member.labels))[param]
    return member.model.get_ref(ref).get_param(param)[entries] / member.temperature
