"""Relations between entities: what belongs to what, each with its probability."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model
from thinc.types import Floats1d, Floats2d, Ints1d, Ints2d

from ...annotations.relations import has_relations, read_relations, relation_of, spans_of, write_relations
from ...annotations.relations_view import register_relations_view
from ...errors import Errors, Warnings
from ...layers.pairs.features import Entities
from ...layers.temperature import check_temperature
from ...models.relation_classifier import fixed_count, set_label_counts, sizes
from ...models.vocab_vectors import check_read_vectors
from ..default_models import DEFAULT_RELATION_MODEL
from ..head import Head, warn_of_others
from ..kept_names import check_names_kept
from ..listening import warn_if_encoder_missed
from ..sample import sample_examples
from .candidates import Candidates, read_entities
from .confidence import confidences
from .evidence import RelationEvidence, cross_entropy, sigmoid
from .gold import read_gold_relations, targets_of, taught_entities
from .groups import number_concepts, score_groups, targets_of_groups
from .labels import allowed_pairs, collect_labels
from .portions import Portion, portions

# Relations of one document: rows of (head, child, label), by numbers of entities and labels, and the probability of
# each. Shapes: (k, 3) and (k,)
Prediction = tuple[Ints2d, Floats1d]


@Language.factory(
    "clinner_relation_extractor",
    assigns=["doc._.relations"],
    requires=["doc.ents"],
    default_config={
        "model": DEFAULT_RELATION_MODEL,
        "candidates": {"@misc": "spacy_clinner.pairs_within_units.v1", "distance": 0},
        "scorer": {"@scorers": "spacy_clinner.relation_scorer.v1"},
    },
    default_score_weights={"rels_f": 1.0, "rels_p": 0.0, "rels_r": 0.0, "rels_per_type": None},
)
class RelationExtractor(Head):
    """Find directed, labelled relations between the entities of a document.

    Writes `doc.user_data["clinner_relations"]`, plain dicts that every kind of saving keeps; `doc._.relations` shows
    them with spans. A pair may have several labels: each is judged for itself.
    """

    # Pairs that are scored at once, which take some 50 MB; may be set anew. Not saved: memory is the machine's.
    max_pairs = 2**15

    def __init__(
        self,
        nlp: Language,
        name: str,
        model: Model[list[Doc], list[Floats2d]],
        candidates: Candidates,
        *,
        unit: str = "auto",
        label_pairs: dict[str, list[str]] | None = None,
        entities: str = "gold",
        level: str = "mentions",
        spans_key: str | None = None,
        max_candidates: int = 300,
        threshold: float = 0.5,
        relative: bool = False,
        temperature: float = 1.0,
        loss_weight: float = 1.0,
        lr_scale: float = 1.0,
        scorer: Callable | None = None,
    ) -> None:
        """Set up an extractor around a model.

        nlp (Language): The pipeline.
        name (str): Name of the component instance.
        model (Model[List[Doc], List[Floats2d]]): As `spacy_clinner.RelationClassifier.v1` makes it.
        candidates (Callable[[Entities], Ranges]): Which entities are near enough to be paired
            (`pipeline.relations.candidates`).
        unit (str): What counts as a sentence, as for `window_bounds`: for the generator, and for the feature that
            counts the breaks between two entities.
        label_pairs (Optional[Dict[str, List[str]]]): Labels of heads, and for each the labels of their children; None
            for what occurs in training.
        entities (str): Whether it learns between "gold" entities, or between those that an earlier component has
            "predicted" (one of `[training] annotating_components`). A relation of an entity that was not predicted
            teaches nothing then; the scorer counts it as missed.
        level (str): What is judged: each pair of "mentions" by itself, or all pairs of mentions of the same two
            "concepts" (`kb_id_`) of a document together, by the log-sum-exp of their scores (Verga et al. 2018).
        spans_key (Optional[str]): Span group that holds the entities; None for `doc.ents`.
        max_candidates (int): Most children that are tried for one head, the nearest ones (CW365): the time of a line
            with thousands of entities grows with their square otherwise.
        threshold (float): Probability that a relation needs, 0 to 1; may be changed after training.
        relative (bool): Whether the threshold is for the ratio of a relation's odds to those of the most probable one
            of its document: for texts that are known to state a relation. A document with a candidate has one then.
            May be changed after training.
        temperature (float): What scores are divided by when it predicts, above 0: above 1 probabilities are nearer to
            a half. `clinner calibrate` finds it.
        loss_weight (float): Weight of the loss among components that share an encoder.
        lr_scale (float): Learning rate of this component as a multiple of the training's.
        scorer (Optional[Callable]): The scoring method.
        RAISES (ValueError): CE112 if the temperature is not above 0, CE255 if the threshold is no probability, CE256 if
            entities or level is neither, CE364 if `max_candidates` is not positive, CE375 if a config file would not
            give `label_pairs` back.
        """
        if max_candidates < 1:
            raise ValueError(Errors.CE364.format(name=name, setting="max_candidates", value=max_candidates))
        _check_probability(threshold)
        check_temperature(temperature)
        check_names_kept(name, "label_pairs", label_pairs or {})
        for setting, value, known in (
            ("entities", entities, ("gold", "predicted")),
            ("level", level, ("mentions", "concepts")),
        ):
            if value not in known:
                raise ValueError(Errors.CE256.format(setting=setting, name=name, value=value, known=known))
        super().__init__(
            nlp,
            name,
            model,
            scorer,
            labels=[],
            entity_labels=[],
            label_pairs=label_pairs,
            unit=unit,
            entities=entities,
            level=level,
            spans_key=spans_key,
            max_candidates=max_candidates,
            threshold=threshold,
            relative=relative,
            temperature=temperature,
            loss_weight=loss_weight,
            lr_scale=lr_scale,
        )
        self.candidates = candidates
        self._given_pairs = label_pairs
        register_relations_view()

    @property
    def label_data(self) -> dict[str, Any]:
        """The labels of relations, those of entities and their pairs, as `initialize` takes them back."""
        return {name: self.cfg[name] for name in ("labels", "entity_labels", "label_pairs")}

    def add_label(self, label: str) -> int:
        """Add a relation label, before the component is initialized.

        label (str): The label.
        RETURNS (int): 1 if it was added, 0 if it was there.
        RAISES (ValueError): spaCy's E922 after initialization: the output cannot grow.
        """
        if label in self.labels:
            return 0
        self._allow_extra_label()
        self.cfg["labels"].append(label)
        self.vocab.strings.add(label)
        return 1

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: dict[str, Any] | None = None,
    ) -> None:
        """Find the labels, the pairs of entity labels, and the model's sizes.

        get_examples (Callable[[], Iterable[Example]]): Returns the training examples.
        nlp (Optional[Language]): The pipeline.
        labels (Optional[Dict[str, Any]]): What `label_data` gave; collected from all examples if None.
        RAISES (ValueError): CE250 if there are no relations, CE257 if no pair of entity labels may have one, CE466 if
            the model's config has another number of labels.
        """
        self.forget_blocks()
        sample = sample_examples(get_examples, "RelationExtractor.initialize")
        if labels is None:
            found = collect_labels(get_examples(), self.cfg["spans_key"])
            found["label_pairs"] = self._given_pairs or found["label_pairs"]
        else:
            found = dict(labels)
        # those that were added stay
        found["labels"] = list(dict.fromkeys([*self.labels, *found["labels"]]))
        if not found["labels"]:
            raise ValueError(Errors.CE250.format(name=self.name))
        if not allowed_pairs(found["entity_labels"], found["label_pairs"]).any():
            raise ValueError(Errors.CE257.format(name=self.name, labels=", ".join(found["entity_labels"])))
        if (nO := fixed_count(self.model)) not in (None, len(found["labels"])):
            raise ValueError(Errors.CE466.format(name=self.name, nO=nO, n_labels=len(found["labels"])))
        check_read_vectors(self.model, self.vocab)
        set_label_counts(self.model, len(found["labels"]), len(found["entity_labels"]))
        self.cfg |= found
        for label in self.labels:
            self.vocab.strings.add(label)
        self.model.initialize(X=[example.x for example in sample])

    def predict(
        self, docs: Iterable[Doc], *, at_least: float | None = None, relative: bool | None = None
    ) -> list[Prediction]:
        """Find the relations between the entities of each document, without touching the documents.

        docs (Iterable[Doc]): The documents, with entities.
        at_least (Optional[float]), relative (Optional[bool]): What a relation needs, this time: as the settings
            `threshold` and `relative`, which count where this is None. `nlp.pipe` hands them on, by
            `component_cfg={"relations": {"at_least": 0.05}}`.
        RETURNS (List[Prediction]): Head, child and label of each relation as numbers, and its probability, for each
            document.
        RAISES (ValueError): CE255 if `at_least` is no probability.
        """
        at_least = self.cfg["threshold"] if at_least is None else at_least
        _check_probability(at_least)
        is_sure = partial(_is_sure, at_least=at_least, relative=self.cfg["relative"] if relative is None else relative)
        docs = list(docs)
        found: list[list[Prediction]] = [[] for _ in docs]
        all_entities = [self._read_entities(doc, spans_of(doc, self.cfg["spans_key"])) for doc in docs]
        for portion, logits, groups in self._score(docs, all_entities):
            cuts = np.cumsum([len(pairs) for _, pairs in portion])[:-1]
            probabilities_of_pairs = sigmoid(logits / self.cfg["temperature"])[groups]
            for (number, pairs), probabilities in zip(portion, np.split(probabilities_of_pairs, cuts), strict=True):
                chosen, labels = np.nonzero(is_sure(probabilities))
                triples = np.column_stack([pairs[chosen], labels])
                found[number].append((triples, probabilities[chosen, labels]))
        return [_join(parts, is_sure) for parts in found]

    def evidence(self, examples: Iterable[Example]) -> RelationEvidence:
        """Collect what gold says about the probabilities of relations between the entities that were found.

        Warns (CW383) of labels that the extractor does not know: those relations are left out.

        examples (Iterable[Example]): Documents of this pipeline (an encoder that is listened to must have seen them)
            with entities, and their gold.
        RETURNS (RelationEvidence): The evidence.
        RAISES (ValueError): CE252 to CE254 for examples that cannot be judged.
        """
        examples = list(examples)
        warn_of_others(self, (relation.label for eg in examples for relation in read_relations(eg.reference)))
        all_entities, relations = self._read_gold(examples, from_gold=False)
        width = len(self.labels)
        logits, targets = [np.zeros((0, width))], [np.zeros((0, width), dtype="f")]
        documents = [np.zeros(0, dtype="int64")]
        for portion, of_groups, groups in self._score([example.predicted for example in examples], all_entities):
            logits.append(of_groups)
            targets.append(targets_of_groups(self._targets(portion, relations), groups))
            numbers = np.repeat([number for number, _ in portion], [len(pairs) for _, pairs in portion])
            documents.append(numbers[np.unique(groups, return_index=True)[1]])
        return RelationEvidence(
            logits=np.concatenate(logits),
            targets=np.concatenate(targets),
            documents=np.concatenate(documents),
            n_documents=len(examples),
            n_gold=sum(len(read_relations(example.reference)) for example in examples),
            relative=self.cfg["relative"],
        )

    def set_annotations(self, docs: Iterable[Doc], predictions: Sequence[Prediction]) -> None:
        """Write predicted relations to documents.

        docs (Iterable[Doc]): The documents.
        predictions (Sequence[Prediction]): What `predict` returned for them.
        """
        labels = self.labels
        for doc, (triples, probabilities) in zip(docs, predictions, strict=True):
            spans = spans_of(doc, self.cfg["spans_key"])
            rows = triples.tolist()
            relations = [
                relation_of(spans[head], spans[child], labels[label], probability)
                for (head, child, label), probability in zip(rows, probabilities.tolist(), strict=True)
            ]
            write_relations(doc, relations, [(spans[head].label_, spans[child].label_) for head, child, _ in rows])

    def learn(self, examples: list[Example], outputs: list[Floats2d]) -> tuple[float, list[Floats2d]]:
        """Score the pairs of a batch, a portion at a time, and learn from them.

        examples (List[Example]): The batch; a reference without relations in `user_data` is not annotated.
        outputs (List[Floats2d]): The encoder's rows of the predicted documents.
        RETURNS (Tuple[float, List[Floats2d]]): Binary cross-entropy of pairs and labels, per entity; and its gradient
            by the rows. The scores of pairs have got theirs.
        RAISES (ValueError): CE251 to CE254 for examples that cannot be learned from.
        """
        d_rows = [self.model.ops.alloc2f(*row.shape) for row in outputs]
        all_entities, relations = self._read_gold(examples, self.cfg["entities"] == "gold")
        # Entities, not pairs: the sum must be known before the first portion, and heads weigh alike in every batch.
        scale = self.cfg["loss_weight"] / max(sum(len(entities.starts) for entities in all_entities), 1)
        loss = 0.0
        for portion in self._portions(all_entities):
            loss += self._learn_portion(portion, outputs, d_rows, all_entities, relations, scale)
        return loss, d_rows

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score predicted relations, and tell how many of the gold's could have been found.

        examples (Iterable[Example]): The examples, predicted.
        RETURNS (Dict[str, Any]): What the scorer returns, and `rels_proposed`: the share of gold relations whose pair
            was a candidate. The others are misses, too.
        """
        examples = list(examples)
        scores = super().score(examples, **kwargs)
        n_proposed, n_gold = np.sum([[0, 0], *map(self._count_proposed, examples)], axis=0)
        return {**scores, "rels_proposed": float(n_proposed / n_gold) if n_gold else None}

    def _learn_portion(
        self,
        portion: Portion,
        rows: list[Floats2d],
        d_rows: list[Floats2d],
        all_entities: list[Entities],
        relations: dict[int, Ints2d],
        scale: float,
    ) -> float:
        """Score a portion of pairs, learn from it, and add its gradient by the rows to `d_rows`."""
        ops = self.model.ops
        scores, groups, backprop = score_groups(self.model, portion, all_entities, self._allowed(), rows, is_train=True)
        targets = ops.asarray2f(targets_of_groups(self._targets(portion, relations), groups))
        for number, tokens, gradient in backprop((sigmoid(scores) - targets) * scale):
            d_rows[number][tokens] += gradient
        return float(cross_entropy(scores, targets).sum() * scale)

    def _score(
        self, docs: list[Doc], all_entities: list[Entities]
    ) -> Iterator[tuple[Portion, NDArray[np.float64], Ints1d]]:
        """Portions of the pairs of documents, each with its logits and the groups of pairs that these are for."""
        warn_if_encoder_missed(self.model, docs, Warnings.CW250.format(name=self.name))
        rows = self.model.predict(docs)
        for portion in self._portions(all_entities):
            # without its callback, which would keep a portion's layers alive while the next one is scored
            logits, groups = score_groups(self.model, portion, all_entities, self._allowed(), rows, is_train=False)[:2]
            # 64 bits tell nearly certain ones apart
            yield portion, self.model.ops.to_numpy(logits).astype("float64"), groups

    def _targets(self, portion: Portion, relations: dict[int, Ints2d]) -> Floats2d:
        """Which pairs of a portion have which relation. Shape: (p, n_labels)"""
        return np.concatenate([targets_of(pairs, relations[number], len(self.labels)) for number, pairs in portion])

    def _read_gold(self, examples: list[Example], from_gold: bool) -> tuple[list[Entities], dict[int, Ints2d]]:
        """Entities of all examples, none of those without annotation, and the relations of the others."""
        key = self.cfg["spans_key"]
        all_entities, relations = [], {}
        for number, example in enumerate(examples):
            spans = []
            if has_relations(example.reference):
                taught = taught_entities(example, key, from_gold)
                spans = taught.spans
                # learned from given entities, judged between those that were found
                settings = (taught.gold, self.label_numbers, key)
                relations[number] = read_gold_relations(example.reference, *settings, skip_others=not from_gold)
            all_entities.append(self._read_entities(example.predicted, spans))
        return all_entities, relations

    def _count_proposed(self, example: Example) -> tuple[int, int]:
        """How many of the gold relations are among the candidates of the predicted document, and how many there are."""
        if not has_relations(example.reference):
            return 0, 0
        gold = read_relations(example.reference)
        # a label that training never saw is a miss as well
        numbers = {label: number for number, label in enumerate({relation.label for relation in gold})}
        taught = taught_entities(example, self.cfg["spans_key"], from_gold=False)
        relations = read_gold_relations(example.reference, taught.gold, numbers, self.cfg["spans_key"])
        entities = self._read_entities(example.predicted, taught.spans)
        proposed = sum(
            int(targets_of(pairs, relations, len(numbers)).sum())
            for portion in self._portions([entities])
            for _, pairs in portion
        )
        return proposed, len(gold)

    def sizes(self) -> Iterator[tuple[str, Any, Any]]:
        """What must agree in a model that was loaded, as `models.relation_classifier.sizes`."""
        return sizes(self.model, len(self.labels), len(self.cfg["entity_labels"]))

    def _portions(self, all_entities: list[Entities]) -> Iterator[Portion]:
        return portions(all_entities, self.candidates, self._allowed(), self.max_pairs, self.cfg["max_candidates"])

    def _read_entities(self, doc: Doc, spans) -> Entities:
        numbers = {label: number for number, label in enumerate(self.cfg["entity_labels"], start=1)}
        concepts = number_concepts(spans) if self.cfg["level"] == "concepts" else None
        return read_entities(doc, spans, numbers, self.cfg["unit"], concepts)

    def _allowed(self) -> np.ndarray:
        return allowed_pairs(self.cfg["entity_labels"], self.cfg["label_pairs"])


def _check_probability(threshold: float) -> None:
    if not 0 <= threshold <= 1:
        raise ValueError(Errors.CE255.format(threshold=threshold))


def _is_sure(probabilities: np.ndarray, at_least: float, relative: bool) -> np.ndarray:
    """Which relations of a document to keep; of a portion of them, all that may be kept in the end."""
    return confidences(probabilities, relative) >= at_least


def _join(parts: list[Prediction], is_sure: Callable[[np.ndarray], np.ndarray]) -> Prediction:
    """Put the relations of a document together; the best one may lie in another portion."""
    triples = np.concatenate([np.zeros((0, 3), dtype="int64"), *(triples for triples, _ in parts)])
    probabilities = np.concatenate([np.zeros(0), *(p for _, p in parts)])
    sure = is_sure(probabilities)
    return triples[sure], probabilities[sure]
