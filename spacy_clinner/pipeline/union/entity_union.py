"""The entities of all heads of a pipeline, in one group and in `doc.ents`."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from ...annotations.keys import DOC_ID_KEY, SPANS_KEY
from ...annotations.span_groups import SteadySpanGroup, steady_spans
from ...annotations.writers import known_labels
from ...errors import Errors
from ..stored_json import StoredJson
from .choice import Found, Rule, merge_same, without_overlaps
from .settings import check_names, check_settings


@Language.factory(
    "clinner_entity_union",
    assigns=["doc.ents", "doc.spans", "token.ent_type", "token.ent_iob"],
    requires=["doc.spans"],
    # lists and dicts are not defaults of a function: all components would share them
    default_config={
        "heads": [],
        "labels": {},
        "assumed": {},
        "scorer": {"@scorers": "spacy_clinner.ner_scorer.v1"},
    },
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
class EntityUnion(StoredJson):
    """Unite the entities of several heads, each of which finds its own types.

    Writes `doc.spans[spans_key]`, all entities of all heads with `attrs["scores"]`, and `doc.ents`, those of them that
    a rule chooses where they overlap. It stands behind the heads and learns nothing.
    """

    part = "cfg"

    def __init__(
        self,
        nlp: Language,
        name: str,
        heads: list[str],
        labels: dict[str, dict[str, str]],
        assumed: dict[str, float],
        *,
        rule: Rule = "probability",
        threshold: float | None = None,
        spans_key: str = SPANS_KEY,
        set_ents: bool = True,
        score_prefix: str = "",
        scorer: Callable | None = None,
    ) -> None:
        """Set up the component.

        nlp (Language): The pipeline; not used.
        name (str): Name of the component instance.
        heads (List[str]): Span groups to unite, the `spans_key` of each head; their order is that of `rule`.
        labels (Dict[str, Dict[str, str]]): What labels are called in the union, by group and label; "" leaves
            a label out. Those that are not named keep their names.
        assumed (Dict[str, float]): Probability of all spans of a group that has none, such as that of rules.
        rule (str): Which of overlapping entities is in `doc.ents`: "probability", the most probable; "longest", that of
            most tokens, then the most probable; "priority", that of the first of `heads`, then the most probable.
        threshold (Optional[float]): Probability that an entity needs, 0 to 1; None for all that the heads find.
        spans_key (str): Span group to write.
        set_ents (bool): Whether to write `doc.ents` as well, in place of what stands there.
        score_prefix (str): Distinguishes its scores from those of the heads: "x" gives `ents_x_f`.
        scorer (Optional[Callable]): The scoring method.
        RAISES (ValueError): CE375 if a setting is not what it may be, CE376 if `labels` or `assumed` names a group that
            is not among the heads.
        """
        self.name = name
        self.scorer = scorer
        self.cfg: dict[str, Any] = {
            "heads": heads,
            "labels": labels,
            "assumed": assumed,
            "rule": rule,
            "threshold": threshold,
            "spans_key": spans_key,
            "set_ents": set_ents,
            "score_prefix": score_prefix,
        }
        check_settings(name, self.cfg)

    @property
    def heads(self) -> tuple[str, ...]:
        """The span groups that it unites."""
        return tuple(self.cfg["heads"])

    def united_label(self, head: str, label: str) -> str:
        """Find what a label of a head is called in the union.

        head (str): The head's span group.
        label (str): The label.
        RETURNS (str): Its name there; empty if it is left out.
        """
        return self.cfg["labels"].get(head, {}).get(label, label)

    def initialize(
        self, get_examples: Callable[[], Iterable[Example]] | None = None, *, nlp: Language | None = None
    ) -> None:
        """See that heads know the labels that are renamed; those of components that tell no labels are not seen.

        get_examples (Optional[Callable[[], Iterable[Example]]]): Not used.
        nlp (Optional[Language]): The pipeline.
        RAISES (ValueError): CE376 if a head does not know such a label.
        """
        if nlp is None:
            return
        for head, renamed in self.cfg["labels"].items():
            if known := known_labels(nlp, head):
                check_names(self.name, f"labels.{head}", list(renamed), sorted(known))

    def __call__(self, doc: Doc) -> Doc:
        """Unite the entities of a document.

        doc (Doc): The document, with the groups of all heads.
        RETURNS (Doc): The same document.
        RAISES (ValueError): CE377 if it lacks the group of a head, CE378 if a group has no probabilities.
        """
        # as exact as the probabilities are: 0.7 is one of them
        least, key = np.float32(self.cfg["threshold"] or 0.0), self.cfg["spans_key"]
        found = [one for one in merge_same(self._found(doc)) if np.float32(one.probability) >= least]
        scores = np.array([one.probability for one in found], dtype="float32")
        spans = [_span(doc, one) for one in found]
        doc.spans[key] = SteadySpanGroup(doc, name=key, spans=spans, attrs={"scores": scores})
        if self.cfg["set_ents"]:
            doc.set_ents([_span(doc, one) for one in without_overlaps(found, self.cfg["rule"])])
        return doc

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score examples with the scorer.

        examples (Iterable[Example]): The examples.
        RETURNS (Dict[str, Any]): The scores; none without a scorer.
        """
        return {} if self.scorer is None else self.scorer(examples, **{**self.cfg, **kwargs})

    def settings_without(self, components: Collection[str], groups: Collection[str]) -> dict[str, Any]:
        """Find the settings that it has when other components are left out.

        components (Collection[str]): Names of the components.
        groups (Collection[str]): Span groups that nobody writes then.
        RETURNS (Dict[str, Any]): Those that change.
        RAISES (ValueError): CE379 if none of its heads is left.
        """
        heads = [head for head in self.heads if head not in groups]
        if not heads:
            raise ValueError(Errors.CE379.format(name=self.name, heads=", ".join(self.heads)))
        of_heads = {setting: self.cfg[setting] for setting in ("labels", "assumed")}
        kept = {setting: {h: one for h, one in of.items() if h in heads} for setting, of in of_heads.items()}
        return {"heads": heads, **kept}

    def stored(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The settings."""
        return self.cfg

    def take_stored(self, content: dict[str, Any]) -> None:
        """Replace the settings.

        content (Dict[str, Any]): The settings.
        """
        self.cfg = {**self.cfg, **content}

    def _found(self, doc: Doc) -> Iterator[Found]:
        """What all heads have found, of the document's tokens as they are now, by its names in the union."""
        for number, head in enumerate(self.heads):
            if head not in doc.spans:
                where = {"doc": doc.user_data.get(DOC_ID_KEY), "known": ", ".join(sorted(doc.spans)) or "none"}
                raise ValueError(Errors.CE377.format(name=self.name, key=head, **where))
            spans = steady_spans(doc, head)
            for span, probability in zip(spans, self._probabilities(doc, head, len(spans)), strict=True):
                # without a label it is no entity
                if label := self.united_label(head, span.label_):
                    yield Found(span.start, span.end, label, probability, number, span.kb_id, span.id)

    def _probabilities(self, doc: Doc, head: str, n_spans: int) -> list[float]:
        scores = doc.spans[head].attrs.get("scores", ())
        if not len(scores) and head in self.cfg["assumed"]:
            scores = [self.cfg["assumed"][head]] * n_spans
        given = [float(score) for score in scores]
        # a sum of probabilities may be a little more than 1
        if len(given) != n_spans or not all(0 <= round(probability, 4) <= 1 for probability in given):
            doc_id = doc.user_data.get(DOC_ID_KEY)
            raise ValueError(Errors.CE378.format(name=self.name, key=head, doc=doc_id, n=n_spans))
        return given


def _span(doc: Doc, one: Found) -> Span:
    return Span(doc, one.start, one.end, label=one.label, kb_id=one.kb_id, span_id=one.span_id)
