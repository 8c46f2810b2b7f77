import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_clinner.annotations.keys import ASSERTIONS_KEY
from spacy_clinner.scoring.assertions import assertion_score

NLP = spacy.blank("en")


def example(predicted, gold):
    docs = [Doc(NLP.vocab, words=["no", "fever", "cough"]) for _ in range(2)]
    for doc, rows in zip(docs, (predicted, gold), strict=True):
        if rows is not None:
            doc.user_data[ASSERTIONS_KEY] = rows
    return Example(*docs)


def test_an_assertion_is_right_with_the_offsets_of_its_entity():
    scores = assertion_score(
        [
            example([[3, 8, "negated"], [9, 14, "negated"]], [(3, 8, "negated"), [9, 14, "family"]]),
            example([[3, 7, "family"]], [[3, 8, "family"]]),
        ]
    )
    assert (scores["assertions_p"], scores["assertions_r"]) == (1 / 3, 1 / 3)
    assert scores["assertions_per_type"] == {
        "family": {"p": 0.0, "r": 0.0, "f": 0.0},
        "negated": {"p": 0.5, "r": 1.0, "f": 2 / 3},
    }


def test_documents_without_gold_are_skipped():
    scores = assertion_score([example([[3, 8, "negated"]], None), example(None, [])], scorer="of the component")
    assert set(scores.values()) == {None}
    assert assertion_score([example(None, [[3, 8, "negated"]])])["assertions_f"] == 0.0
