"""The scorer of assertions: is what an entity names negated, historical, ..., strictly by its offsets."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from spacy import registry
from spacy.tokens import Doc
from spacy.training import Example

from ..annotations.keys import ASSERTIONS_KEY
from .counts import report_labels


@registry.scorers("spacy_clinner.assertion_scorer.v1")
def make_assertion_scorer() -> Callable[..., dict[str, Any]]:
    """Make the scorer of assertions.

    RETURNS (Callable): `assertion_score`.
    """
    return assertion_score


def assertion_score(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Score the assertions in `doc.user_data["clinner_assertions"]`: one is right with both offsets of its entity.

    Documents whose reference lacks that key are not annotated and are skipped. An entity with several assertions counts
    with each; one without any counts only if something was predicted of it. A wrong entity makes its assertion wrong:
    to measure the rules alone, let them run over gold entities.

    examples (Iterable[Example]): The examples.
    **kwargs (Any): Settings of the component, not used.
    RETURNS (Dict[str, Any]): `assertions_p`, `assertions_r`, `assertions_f` over all assertions, and
        `assertions_per_type`, by assertion; all None if there was nothing to score.
    """
    matched, support, predicted = (Counter[str]() for _ in range(3))
    for example in examples:
        if ASSERTIONS_KEY in example.reference.user_data:
            gold, guesses = _assertions(example.reference), _assertions(example.predicted)
            matched.update(assertion for *_, assertion in gold & guesses)
            support.update(assertion for *_, assertion in gold)
            predicted.update(assertion for *_, assertion in guesses)
    return report_labels("assertions", matched, predicted, support)


def _assertions(doc: Doc) -> set[tuple]:
    return {tuple(row) for row in doc.user_data.get(ASSERTIONS_KEY, ())}
