"""What a pipeline with relations is worth on documents: given gold entities, end to end, and beside a rule."""

from collections.abc import Mapping, Sequence
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..annotations.relations import keep_relations, read_relations
from ..scoring.counts import PRF
from ..scoring.evaluation import Bootstrap
from ..scoring.ner_scorer import ner_score
from ..scoring.relations.evaluation import evaluate_relations
from ..scoring.relations.horizontal import horizontal_score
from .nearest_head import NearestHead
from .relation_runs import find_extractor, predict_relations

# How often a pair of entity labels must have been seen for the rule; dev chooses.
MIN_COUNTS = (1, 3, 10, 30, 100, 300)


def score_relations(
    nlp: Language, test: Sequence[Doc], end_to_end: bool, drug: str | None, rules: Mapping[str, NearestHead]
) -> dict[str, Any]:
    """Score a pipeline.

    nlp (Language): The pipeline.
    test (Sequence[Doc]): The documents.
    end_to_end (bool): Whether to score it with its own entities, too.
    drug (Optional[str]): Label of the entities whose relations are entries of a medication table; None: there are none.
    rules (Mapping[str, NearestHead]): Rules to score on the same entities, by name.
    RETURNS (Dict[str, Any]): The threshold, and scores by name.
    """
    _, extractor = find_extractor(nlp)
    found: dict[str, Any] = {"threshold": extractor.cfg["threshold"]}
    spans_key = extractor.cfg["spans_key"]
    for kind in ("gold", "predicted") if end_to_end else ("gold",):
        examples = predict_relations(nlp, test, given_entities=kind == "gold")
        found[f"{kind}: proposed"] = extractor.score(examples)["rels_proposed"]
        for mode, scores in evaluate_relations(examples, spans_key, Bootstrap(resamples=0)).items():
            found[f"{kind}: {mode}"] = scores.averages["micro"].f
            if mode == "strict":
                found[f"{kind}: strict, macro"] = scores.averages["macro"].f
                found |= {f"{kind}: {label}": prf.f for label, prf in scores.per_label.items()}
        if drug is not None:
            entries = horizontal_score(examples, drug)
            for measure in ("horizontal", "entries"):
                found |= {f"{kind}: {measure}, {match}": prf.f for match, prf in entries[measure].items()}
        if kind == "predicted":
            entities = ner_score(examples)
            found["entities"] = entities["ents_f"]
            found |= {f"entities: {label}": prf["f"] for label, prf in entities["ents_per_type"].items()}
        found |= {f"{kind}: {rule.label} {words}": score_rule(rule, examples).f for words, rule in rules.items()}
    return found


def make_rules(train: Sequence[Doc], dev: Sequence[Doc], label: str) -> dict[str, NearestHead]:
    """Make the rule with all pairs of labels, and with those frequent enough to be best on dev, given gold entities.

    train (Sequence[Doc]), dev (Sequence[Doc]): Documents with gold relations.
    label (str): Label of the relations.
    RETURNS (Dict[str, NearestHead]): Both by name.
    """
    found = [NearestHead(train, label, count) for count in MIN_COUNTS]
    given = [Example(doc.copy(), doc) for doc in dev]
    frequent = max(found, key=lambda rule: score_rule(rule, given).f)
    return {"by the rule": found[0], "by the rule, frequent pairs": frequent}


def score_rule(rule: NearestHead, examples: Sequence[Example]) -> PRF:
    """Score a rule on the entities of examples, without changing them.

    rule (NearestHead): The rule.
    examples (Sequence[Example]): Documents with entities, and gold.
    RETURNS (PRF): Strict P, R and F1 of the relations of its label.
    """
    pairs = []
    for example in examples:
        gold = example.reference.copy()
        keep_relations(gold, [relation.label == rule.label for relation in read_relations(gold)])
        pairs.append(Example(rule(example.predicted.copy()), gold))
    return evaluate_relations(pairs, bootstrap=Bootstrap(resamples=0))["strict"].averages["micro"]
