"""Entities by a linear-chain CRF, each with its exact probability."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import logger
from thinc.api import Model
from thinc.types import Floats1d, Ints2d, Ragged

from ...annotations.documents import annotated_labels
from ...annotations.keys import DOMAIN_KEY, SPANS_KEY
from ...annotations.span_groups import SteadySpanGroup
from ...errors import Errors, Warnings
from ...layers import crf
from ...layers.tags.layout import count_tags, tags_to_spans
from ...layers.temperature import check_temperature
from ...models.crf_tagger import crf_params, forbid_labels, inc_crf_grads, sizes, take_labels
from ...models.vocab_vectors import check_read_vectors
from ..default_models import DEFAULT_CRF_TAGGER_MODEL
from ..gold import annotated_tokens, encode_gold
from ..gold_settings import GoldSettings
from ..head import Head, warn_of_others
from ..listening import warn_if_encoder_missed
from ..sample import sample_examples
from .evidence import TaggerEvidence
from .soft_gold import encode_soft
from .tying import Tie, read_strength

# Entities of one document: rows of (start, end, label number), and the probability of each. Shapes: (m, 3) and (m,)
Prediction = tuple[Ints2d, Floats1d]


@Language.factory(
    "clinner_crf_tagger",
    assigns=["doc.ents", "doc.spans", "token.ent_type", "token.ent_iob"],
    default_config={
        "model": DEFAULT_CRF_TAGGER_MODEL,
        "scorer": {"@scorers": "spacy_clinner.ner_scorer.v1"},
    },
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
class CRFTagger(Head):
    """Tag entities by a BIOES linear-chain CRF over any encoder.

    Writes `doc.ents` and `doc.spans[spans_key]`, whose `attrs["scores"]` holds P(the span is an entity of its label),
    exact under the CRF. One instance is one head: several may share an encoder, each with its own corpora and key.
    """

    def __init__(
        self,
        nlp: Language,
        name: str,
        model: Model[list[Doc], Ragged],
        *,
        spans_key: str = SPANS_KEY,
        set_ents: bool = True,
        gold_from: str = "ents",
        domains: list[str] | None = None,
        gold_labels: list[str] | None = None,
        loss_weight: float = 1.0,
        lr_scale: float = 1.0,
        threshold: float | None = None,
        temperature: float = 1.0,
        tie_to: str | None = None,
        tie_strength: dict[str, float] | None = None,
        tie_mutual: bool = False,
        score_prefix: str = "",
        scorer: Callable | None = None,
    ) -> None:
        """Set up a tagger around a model.

        nlp (Language): The pipeline.
        name (str): Name of the component instance.
        model (Model[List[Doc], Ragged]): As `spacy_clinner.CRFTagger.v1` makes it.
        spans_key (str): Span group to write, and to read gold from if `gold_from` is "spans".
        set_ents (bool): Whether to write `doc.ents` as well; at most one head of a pipeline should.
        gold_from (str): "ents": gold is in `reference.ents`; "spans": in `reference.spans[spans_key]`, and a document
            without that group is not annotated.
        domains (Optional[List[str]]): Corpora that teach this head, by `user_data["clinner_domain"]`; None for all.
        gold_labels (Optional[List[str]]): Labels that this head learns, of those that the gold has: the others count
            as outside. None for all.
        loss_weight (float): Weight of this head's loss among those that share an encoder.
        lr_scale (float): Learning rate of this component as a multiple of the training's: a head learns best faster
            than the pretrained transformer below it.
        threshold (Optional[float]): Probability that an entity needs, 0 to 1: higher for precision, lower for recall;
            may be changed after training (`spacy find-threshold`). None for the most probable segmentation.
        temperature (float): What all scores are divided by when it predicts, above 0: above 1 probabilities are less
            certain, and the most probable segmentation stays the same. `clinner calibrate` finds it.
        tie_to (Optional[str]): Another tagger of the pipeline whose weights draw this one's to theirs, label by label
            (`pipeline.tagger.tying`).
        tie_strength (Optional[Dict[str, float]]): How strongly, for "emissions", "transitions" and "bounds" (start and
            end); 0.1 where not given.
        tie_mutual (bool): Whether that tagger is drawn to this one, too.
        score_prefix (str): Distinguishes the scores of several heads: "x" gives `ents_x_f`.
        scorer (Optional[Callable]): The scoring method.
        RAISES (ValueError): CE201 if gold_from is neither, CE111 if the threshold is no probability, CE112 if the
            temperature is not above 0, CE248 if tie_strength names another part.
        """
        crf.check_threshold(threshold)
        check_temperature(temperature)
        if gold_from not in ("ents", "spans"):
            raise ValueError(Errors.CE201.format(name=name, value=gold_from))
        super().__init__(
            nlp,
            name,
            model,
            scorer,
            labels=[],
            label_domains=None,
            foreign_labels=[],
            spans_key=spans_key,
            set_ents=set_ents,
            gold_from=gold_from,
            domains=domains,
            gold_labels=gold_labels,
            loss_weight=loss_weight,
            lr_scale=lr_scale,
            threshold=threshold,
            temperature=temperature,
            tie_to=tie_to,
            tie_strength=read_strength(name, tie_strength),
            tie_mutual=tie_mutual,
            score_prefix=score_prefix,
        )
        self._tie: Tie | None = None

    @property
    def label_data(self) -> list[str]:
        """The labels as `initialize` takes them back."""
        return list(self.cfg["labels"])

    def add_label(self, label: str) -> int:
        """Add a label, after training too: the scores of the known ones stay.

        label (str): The label.
        RETURNS (int): 1 if it was added, 0 if it was there.
        """
        if label in self.labels:
            return 0
        self.cfg["labels"].append(label)
        self.vocab.strings.add(label)
        if self.model.get_ref("emissions").has_param("tags"):
            self.model.attrs["resize_output"](self.model, count_tags(len(self.labels)))
        return 1

    @property
    def foreign_labels(self) -> tuple[str, ...]:
        """Labels that are learned but not predicted: no gold of the `label_domains` has them."""
        return tuple(self.cfg["foreign_labels"])

    def drop_labels(self, labels: Sequence[str]) -> None:
        """Forget some labels: what is left is the CRF over the others, whose scores stay.

        labels (Sequence[str]): Labels of this tagger, not all of them.
        """
        kept = [label for label in self.labels if label not in labels]
        take_labels(self.model, [self.labels.index(label) for label in kept])
        self.cfg["labels"] = kept
        self.cfg["foreign_labels"] = [label for label in self.foreign_labels if label in kept]

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Sequence[str] | None = None,
        label_domains: Sequence[str] | None = None,
    ) -> None:
        """Find the labels and the model's sizes.

        get_examples (Callable[[], Iterable[Example]]): Returns the training examples.
        nlp (Optional[Language]): The pipeline, where a tagger that this one is tied to is found.
        labels (Optional[Sequence[str]]): The labels; collected from all examples that teach this head if None.
        label_domains (Optional[Sequence[str]]): Domains whose labels are predicted, if not all are: the others are
            learned with those of other domains, found in documents of these alone, and dropped from what is saved
            (`spacy_clinner.drop_labels.v1`).
        RAISES (ValueError): CE200 if there are no labels, CE370 if the `label_domains` have none, CE299 if the model
            has tags for another number of labels.
        """
        self.forget_blocks()
        sample = sample_examples(get_examples, "CRFTagger.initialize")
        for label in self._collect_labels(get_examples(), self.cfg["domains"]) if labels is None else labels:
            self.add_label(label)
        if not self.labels:
            raise ValueError(Errors.CE200.format(name=self.name, **self._gold_settings()._asdict()))
        self._find_foreign_labels(get_examples, label_domains)
        docs = [example.x for example in sample]
        n_tags = count_tags(len(self.labels))
        if self.model.has_dim("nO") and self.model.get_dim("nO") != n_tags:
            found = {"nO": self.model.get_dim("nO"), "n_labels": len(self.labels), "n_tags": n_tags}
            raise ValueError(Errors.CE299.format(name=self.name, **found))
        check_read_vectors(self.model, self.vocab)
        self.model.initialize(X=docs, Y=[self.model.ops.alloc2f(len(doc), n_tags) for doc in docs])
        if nlp is not None:
            self.wire_tie(nlp)

    def wire_tie(self, nlp: Language) -> None:
        """Connect this head with the one it is tied to. `initialize` does it, `spacy_clinner.relink.v1` as well.

        nlp (Language): The pipeline.
        RAISES (ValueError): CE244 if `tie_to` names no other tagger; CE245 if there is no common label and CE246 if
            the encoders' widths differ, now or in the first update.
        """
        self._tie = None if self.cfg["tie_to"] is None else Tie(nlp, self)

    def settings_without(self, components: Collection[str], groups: Collection[str]) -> dict[str, Any]:
        """Find the settings that it has when other components are left out.

        components (Collection[str]): Names of the components.
        groups (Collection[str]): Not used.
        RETURNS (Dict[str, Any]): Those that change.
        """
        return {"tie_to": None} if self.cfg["tie_to"] in components else {}

    def predict(self, docs: Iterable[Doc]) -> list[Prediction]:
        """Find the best entities of each document and their probabilities, without touching the documents.

        docs (Iterable[Doc]): The documents.
        RETURNS (List[Prediction]): Spans as (start, end, label number) and their probabilities, for each document.
        """
        docs = list(docs)
        return _by_document(crf.decode(*self._scores(docs), self.cfg["threshold"]), len(docs))

    def set_annotations(self, docs: Iterable[Doc], predictions: Sequence[Prediction]) -> None:
        """Write predicted entities to documents.

        docs (Iterable[Doc]): The documents.
        predictions (Sequence[Prediction]): What `predict` returned for them.
        """
        # whoever loads a pipeline without its vocabulary knows no labels
        labels = [self.vocab.strings.add(label) for label in self.labels]
        for doc, (rows, probabilities) in zip(docs, predictions, strict=True):
            spans = [Span(doc, start, end, label=labels[label]) for start, end, label in rows.tolist()]
            scores = np.asarray(probabilities, dtype="float32")
            key = self.cfg["spans_key"]
            doc.spans[key] = SteadySpanGroup(doc, name=key, spans=spans, attrs={"scores": scores})
            if self.cfg["set_ents"]:
                doc.set_ents(spans)

    def check_batch(self, examples: list[Example]) -> None:
        """RAISES (ValueError): CE247 if the head is not connected with the one it is tied to."""
        if self.cfg["tie_to"] is not None and self._tie is None:
            raise ValueError(Errors.CE247.format(name=self.name, source=self.cfg["tie_to"]))

    def is_taught(self, examples: list[Example]) -> bool:
        """RETURNS (bool): Whether a document of the batch is annotated for this head."""
        settings = self._gold_settings()
        references = [example.reference for example in examples]
        return any(settings.is_supervised(doc) or settings.is_soft(doc) for doc in references)

    def learn(self, examples: list[Example], outputs: Ragged) -> tuple[float, Ragged]:
        """As `get_loss`, and the moves of the CRF get their gradient."""
        loss, d_emissions, d_params = self._likelihood(examples, outputs)
        inc_crf_grads(self.model, d_params)
        return loss, d_emissions

    def pull_weights(self) -> dict[str, float]:
        """Draw the weights to those of the head that this one is tied to."""
        return {} if self._tie is None else {f"{self.name}/tie": self._tie.pull()}

    def get_loss(self, examples: Iterable[Example], scores: Ragged) -> tuple[float, Ragged]:
        """Compute the loss of emission scores and its gradient.

        examples (Iterable[Example]): The batch.
        scores (Ragged): Emission scores of the predicted documents, from the model.
        RETURNS (Tuple[float, Ragged]): Negative log-likelihood per supervised token, times the loss weight; and its
            gradient by the scores, zero for tokens that teach nothing.
        RAISES (ValueError): CE202 and CE203 as `encode_gold`; CE203, CE208 and CE209 as `encode_soft`.
        """
        loss, d_emissions, _ = self._likelihood(list(examples), scores)
        return loss, d_emissions

    def span_probability(self, doc: Doc, start: int, end: int, label: str) -> float:
        """Compute the exact probability that any span is an entity, predicted or not.

        doc (Doc): A document of this pipeline (an encoder that is listened to must have seen it).
        start (int), end (int): The span in tokens, end exclusive.
        label (str): The label.
        RETURNS (float): P(the span is an entity of this label).
        RAISES (ValueError): CE204 on an unknown label, CE205 on offsets that are no span.
        """
        if label not in self.labels:
            raise ValueError(Errors.CE204.format(label=label, name=self.name, labels=", ".join(self.labels)))
        if not 0 <= start < end <= len(doc):
            raise ValueError(Errors.CE205.format(start=start, end=end, length=len(doc)))
        span = np.array([[0, start, end, self.labels.index(label)]])
        return float(crf.span_probabilities(*self._scores([doc]), span)[0])

    def spans_above(self, docs: Iterable[Doc], at_least: float) -> list[Prediction]:
        """Find all spans that may be entities, predicted or not; they may overlap.

        docs (Iterable[Doc]): Documents of this pipeline (an encoder that is listened to must have seen them).
        at_least (float): The probability that they need, 0 to 1; none of less than 0.001 is found.
        RETURNS (List[Prediction]): As of `predict`.
        RAISES (ValueError): CE111 if `at_least` is no probability.
        """
        docs = list(docs)
        return _by_document(crf.spans_above(*self._scores(docs), at_least), len(docs))

    def evidence(self, examples: Iterable[Example]) -> TaggerEvidence:
        """Collect what gold says about the probabilities, at any temperature and threshold.

        Warns (CW383) of labels that the tagger does not know: tokens of such entities count as not annotated.

        examples (Iterable[Example]): Documents of this pipeline (an encoder that is listened to must have seen them),
            with gold. Those of other domains than the tagger's count as not annotated.
        RETURNS (TaggerEvidence): The evidence.
        RAISES (ValueError): CE202 as `encode_gold`.
        """
        examples = list(examples)
        docs = [example.predicted for example in examples]
        settings = self._judging_settings()
        gold = [settings.entities(example.reference) for example in examples]
        warn_of_others(self, (entity.label for entities in gold for entity in entities or ()))
        encoded = encode_gold(examples, self.label_numbers, settings, skip_others=True)
        annotated = [annotated_labels(example.reference) for example in examples]
        told = [annotated_tokens(example, settings.gold_from) for example in examples]
        looked_at = np.concatenate([np.zeros(0, dtype=bool), *told])
        return TaggerEvidence(*self._emissions(docs), *encoded, docs, gold, annotated, looked_at, self.labels)

    def is_judged_by(self, reference: Doc) -> bool:
        """Tell whether a document says anything about this tagger.

        reference (Doc): A gold document.
        RETURNS (bool): Whether it is annotated for it.
        """
        return self._judging_settings().is_supervised(reference)

    def k_best(self, doc: Doc, k: int = 5) -> list[tuple[list[Span], float]]:
        """Find the most probable segmentations of a document into entities.

        doc (Doc): A document of this pipeline (an encoder that is listened to must have seen it).
        k (int): How many; a short document may have fewer.
        RETURNS (List[Tuple[List[Span], float]]): Entities and probability of each segmentation, best first.
        """
        params, emissions, lengths = self._scores([doc])
        best = crf.viterbi_k_best(params, emissions, k)
        found = []
        for tags, log_probability in zip(best.tags, best.log_probabilities, strict=True):
            rows = tags_to_spans(tags, lengths, len(self.labels)).tolist()
            spans = [Span(doc, start, end, label=self.labels[label]) for _, start, end, label in rows]
            found.append((spans, float(np.exp(log_probability))))
        return found

    def sizes(self) -> Iterator[tuple[str, Any, Any]]:
        """What must agree in a model that was loaded, as `models.crf_tagger.sizes`."""
        return sizes(self.model, len(self.labels))

    def _scores(self, docs: list[Doc]) -> tuple[crf.CRFParams, np.ndarray, np.ndarray]:
        """Moves, emissions and lengths as they predict: at the temperature."""
        params, emissions, lengths = self._emissions(docs)
        return *crf.temper(params, emissions, self.cfg["temperature"]), lengths

    def _emissions(self, docs: list[Doc]) -> tuple[crf.CRFParams, np.ndarray, np.ndarray]:
        warn_if_encoder_missed(self.model, docs, Warnings.CW200.format(name=self.name))
        emissions = self.model.predict(docs)
        to_numpy = self.model.ops.to_numpy
        scores, lengths = to_numpy(emissions.dataXd), to_numpy(emissions.lengths)
        if self.foreign_labels:
            known = (None, *self.cfg["label_domains"])
            own = [doc.user_data.get(DOMAIN_KEY) in known for doc in docs]
            foreign = [self.labels.index(label) for label in self.foreign_labels]
            forbid_labels(scores, np.flatnonzero(np.repeat(own, lengths)), foreign)
        return crf_params(self.model), scores, lengths

    def _likelihood(self, examples: list[Example], emissions: Ragged) -> tuple[float, Ragged, crf.CRFParams]:
        """Loss, gradient by emissions, gradient by moves; all per supervised token, so that heads weigh alike."""
        ops = self.model.ops
        gold = encode_gold(examples, self.label_numbers, self._gold_settings())
        soft = encode_soft(examples, self.label_numbers, self._gold_settings())
        scores, lengths = ops.to_numpy(emissions.dataXd), ops.to_numpy(emissions.lengths)
        found = crf.likelihood(crf_params(self.model), scores, lengths, *gold, soft)
        n_supervised = gold.n_supervised + (0 if soft is None else int(lengths[soft.chosen].sum()))
        scale = self.cfg["loss_weight"] / max(n_supervised, 1)
        d_emissions = ops.xp.asarray(found.d_emissions * scale, dtype="f")
        d_params = crf.CRFParams(*(grad * scale for grad in found.d_params))
        return float(found.loss.sum() * scale), Ragged(d_emissions, emissions.lengths), d_params

    def _collect_labels(self, examples: Iterable[Example], domains: Sequence[str] | None) -> list[str]:
        return self._gold_settings()._replace(domains=domains).labels(example.reference for example in examples)

    def _find_foreign_labels(
        self, get_examples: Callable[[], Iterable[Example]], label_domains: Sequence[str] | None
    ) -> None:
        self.cfg["label_domains"] = None if label_domains is None else list(label_domains)
        if label_domains is None:
            self.cfg["foreign_labels"] = []
            return
        own = self._collect_labels(get_examples(), label_domains)
        domains = ", ".join(label_domains)
        if not own:
            raise ValueError(Errors.CE370.format(name=self.name, domains=domains))
        self.cfg["foreign_labels"] = [label for label in self.labels if label not in own]
        if self.foreign_labels:
            logger.info(
                "%s learns these labels but does not predict them, as no training note of %s has one: %s",
                *(self.name, domains, ", ".join(self.foreign_labels)),
            )

    def _judging_settings(self) -> GoldSettings:
        """Domains are of training; who names documents of no domain means them."""
        settings = self._gold_settings()
        return settings if settings.domains is None else settings._replace(domains=[None, *settings.domains])

    def _gold_settings(self) -> GoldSettings:
        return GoldSettings(*(self.cfg[name] for name in GoldSettings._fields))


def _by_document(found: crf.Decoded, n_docs: int) -> list[Prediction]:
    spans, probabilities = found
    cuts = np.searchsorted(spans[:, 0], np.arange(1, n_docs))
    return list(zip(np.split(spans[:, 1:], cuts), np.split(probabilities, cuts), strict=True)) if n_docs else []
