"""Tie a head to another one: an L2 pull between the weights of the labels that both know.

Why the distance of weights bounds how differently two CRFs tag. Let p_s and p_t be the conditionals of two linear-chain
CRFs over the same tags and the same rows h_1 ... h_L of the encoder. The score of a path y is linear in the weights:
phi(y) counts what it uses, so score_t(y) - score_s(y) = <phi(y), theta_t - theta_s>, part by part

    emission rows W  sum over tags of the rows h_i where y has the tag      norm at most H = sum_i ||h_i||
    bias b           how often y has each tag                               norm at most L
    moves A          how often y makes each move                            norm at most L - 1
    start, end       one each                                               norm 1 each

By Cauchy and Schwarz every path's score differs by at most

    D = H ||dW|| + L ||db|| + (L - 1) ||dA|| + ||dstart|| + ||dend||  <=  C ||theta_t - theta_s||,
    C = sqrt(H^2 + L^2 + (L - 1)^2 + 2).

log Z is a soft maximum of scores, so it differs by at most D, too, and |log p_t(y) - log p_s(y)| <= 2 D for every path.
Therefore KL(p_s || p_t) = E_s[log p_s - log p_t] <= 2 D <= 2 C ||theta_t - theta_s||, and the same the other way round:
the bound of La-DTL, a constant times the distance that is made small here. With other labels beside the shared ones it
holds for the conditionals given that the path uses shared labels.

Source: Wang et al. 2018, "Label-aware Double Transfer Learning for Cross-Specialty Medical NER" (La-DTL).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from spacy.language import Language
from thinc.api import Model
from thinc.types import FloatsXd

from ...errors import Errors
from ...layers.tags.entries import label_entries
from ...layers.tags.scores import inc_tag_grads, tag_weights

# Parameters by the setting that ties them. "tags" stands for the summed rows of the emission layer (`tag_weights`).
_PARTS = {"emissions": ("tags", "bias"), "transitions": ("between", "within"), "bounds": ("start", "end")}
# As in the code of the paper, where the loss has 0.1 times half the squared distance.
DEFAULT_STRENGTH = 0.1


def read_strength(name: str, strength: Mapping[str, float] | None) -> dict[str, float]:
    """Fill in the strengths that are not given.

    name (str): Name of the tagger, for errors.
    strength (Optional[Mapping[str, float]]): Strengths of "emissions", "transitions" and "bounds", or some of them.
    RETURNS (Dict[str, float]): All three.
    RAISES (ValueError): CE248 if another one is named, or one is negative.
    """
    given = dict(strength or {})
    if not given.keys() <= _PARTS.keys() or any(not value >= 0 for value in given.values()):
        raise ValueError(Errors.CE248.format(name=name, value=given))
    return {**dict.fromkeys(_PARTS, DEFAULT_STRENGTH), **given}


class Tie:
    """A head's tie to its source."""

    def __init__(self, nlp: Language, target: Any) -> None:
        """Find the head that a head is tied to.

        nlp (Language): The pipeline of both.
        target (CRFTagger): The head; its `cfg` names the source.
        RAISES (ValueError): CE244 if there is no such tagger; CE245 and CE246 as `pull`, where both are initialised.
        """
        name = target.cfg["tie_to"]
        taggers = {other: pipe for other, pipe in nlp.components if isinstance(pipe, type(target))}
        if taggers.get(name) in (None, target):
            others = ", ".join(other for other, pipe in taggers.items() if pipe is not target)
            raise ValueError(Errors.CE244.format(name=target.name, value=name, taggers=others or "none"))
        self.target = target
        self.source = taggers[name]
        if self.source.model.has_dim("nO") and target.model.has_dim("nO"):
            self._shared_entries()

    def pull(self) -> float:
        """Add the gradient of the tie to the target's weights, and its opposite to the source's if that is mutual.

        RETURNS (float): 1/2 ||theta_t - theta_s||^2, each part times its strength.
        RAISES (ValueError): CE245 if there is no common label, CE246 if tied emission rows differ in width.
        """
        here, there = self._shared_entries()
        loss = 0.0
        for part, names in _PARTS.items():
            strength = self.target.cfg["tie_strength"][part]
            if not strength:
                continue
            ours, theirs = (_weights(head.model, part) for head in (self.target, self.source))
            d_ours, d_theirs = ([weights[name] * 0 for name in names] for weights in (ours, theirs))
            for name, d_our, d_their in zip(names, d_ours, d_theirs, strict=True):
                difference = ours[name][here[name]] - theirs[name][there[name]]
                loss += 0.5 * strength * float((difference.astype("float64") ** 2).sum())
                d_our[here[name]] = strength * difference
                d_their[there[name]] = -strength * difference
            _inc_grads(self.target.model, part, d_ours)
            if self.target.cfg["tie_mutual"]:
                _inc_grads(self.source.model, part, d_theirs)
                self.source.take_pull()
        return loss

    def _shared_entries(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Corresponding entries of both heads; looked up each time, as labels may be added."""
        target, source = self.target, self.source
        shared = [label for label in target.labels if label in source.labels]
        ours, theirs = ", ".join(target.labels), ", ".join(source.labels)
        if not shared:
            raise ValueError(Errors.CE245.format(name=target.name, source=source.name, ours=ours, theirs=theirs))
        widths = [head.model.get_ref("emissions").get_dim("nI") for head in (target, source)]
        if widths[0] != widths[1] and target.cfg["tie_strength"]["emissions"]:
            raise ValueError(
                Errors.CE246.format(name=target.name, source=source.name, ours=widths[0], theirs=widths[1])
            )
        return _entries_of(shared, target.labels), _entries_of(shared, source.labels)


def _entries_of(shared: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    return label_entries([labels.index(label) for label in shared], len(labels))


def _weights(model: Model, part: str) -> dict[str, FloatsXd]:
    if part == "emissions":
        emissions = model.get_ref("emissions")
        return {"tags": tag_weights(emissions), "bias": emissions.get_param("bias")}
    return {name: model.get_ref("crf").get_param(name) for name in _PARTS[part]}


def _inc_grads(model: Model, part: str, grads: list[FloatsXd]) -> None:
    if part == "emissions":
        inc_tag_grads(model.get_ref("emissions"), *grads)
    else:
        for name, grad in zip(_PARTS[part], grads, strict=True):
            model.get_ref("crf").inc_grad(name, grad)
