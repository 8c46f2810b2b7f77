import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.training import Example

from spacy_clinner.annotations.keys import DOC_ID_KEY, RELATIONS_KEY
from spacy_clinner.corpora.demo import generate_note, note_to_doc
from spacy_clinner.corpora.importing import blank_pipeline
from spacy_clinner.scoring.relations.horizontal import horizontal_score

NLP = spacy.blank("en")
TEXT = "aspirin forte 5 mg daily and ibuprofen 10 mg"
ASPIRIN, FORTE, FIVE, DAILY, IBUPROFEN, TEN = (0, 1), (0, 2), (2, 4), (4, 5), (6, 7), (7, 9)


def document(entries):
    """A document of {drug: {label: field}}, all by tokens."""
    doc = NLP(TEXT)
    spans = {(drug, "DRUG") for drug in entries}
    spans |= {(field, label) for fields in entries.values() for label, field in fields.items()}
    doc.set_ents([doc.char_span(*chars(place), label=label) for place, label in sorted(spans)], default="outside")
    doc.user_data[RELATIONS_KEY] = [
        {"head": list(chars(drug)), "child": list(chars(field)), "label": label}
        for drug, fields in entries.items()
        for label, field in fields.items()
    ]
    return doc


def chars(place):
    doc = NLP(TEXT)
    return doc[place[0]].idx, doc[place[1] - 1].idx + len(doc[place[1] - 1])


def score(gold, predicted):
    return horizontal_score([Example(document(predicted), document(gold))])


def shown(prf):
    return tuple(round(value, 3) for value in prf)


GOLD = {FORTE: {"DOSAGE": FIVE, "FREQUENCY": DAILY}, IBUPROFEN: {"DOSAGE": TEN}}


def test_all_right():
    scores = score(GOLD, GOLD)
    assert all(scores[name][match] == (1, 1, 1) for name in ("horizontal", "entries") for match in ("exact", "inexact"))
    assert list(scores["vertical"]["exact"]) == ["DOSAGE", "DRUG", "FREQUENCY"]
    assert set(scores["vertical"]["inexact"].values()) == {(1, 1, 1)}


def test_a_field_of_the_wrong_drug_counts_vertically_only():
    scores = score(GOLD, {FORTE: {"FREQUENCY": DAILY}, IBUPROFEN: {"DOSAGE": FIVE}})
    assert scores["vertical"]["exact"]["DOSAGE"] == (1.0, 0.5, pytest.approx(2 / 3))
    # right: both drugs and the frequency, of 4 fields and of 5
    assert shown(scores["horizontal"]["exact"]) == (0.75, 0.6, 0.667)
    assert scores["entries"]["exact"] == (0, 0, 0)


def test_a_drug_with_other_offsets_loses_its_fields_only_exactly():
    scores = score(GOLD, {ASPIRIN: GOLD[FORTE], IBUPROFEN: GOLD[IBUPROFEN]})
    assert shown(scores["horizontal"]["exact"]) == (0.4, 0.4, 0.4)
    assert scores["entries"]["exact"] == (0.5, 0.5, 0.5)
    # tokens: 7 of 7 that are predicted, of 8
    assert shown(scores["horizontal"]["inexact"]) == (1.0, 0.875, 0.933)
    assert scores["entries"]["inexact"] == (1, 1, 1)
    assert shown(scores["vertical"]["inexact"]["DRUG"]) == (1.0, 0.667, 0.8)


def test_an_entry_with_a_field_too_many_is_wrong_inexactly_too():
    scores = score({FORTE: {}}, {FORTE: {"DOSAGE": FIVE}})
    assert scores["entries"] == {"exact": (0, 0, 0), "inexact": (0, 0, 0)}
    assert scores["vertical"]["exact"] == {"DOSAGE": (0, 0, 0), "DRUG": (1, 1, 1)}


def test_what_is_not_annotated_is_left_out():
    reference = document(GOLD)
    del reference.user_data[RELATIONS_KEY]
    assert horizontal_score([Example(document(GOLD), reference)])["horizontal"]["exact"] == (0, 0, 0)


def test_texts_must_be_equal():
    example = Example(Doc(NLP.vocab, ["aspirin"], [False]), Doc(NLP.vocab, ["aspirin"], [True]))
    example.reference.user_data |= {RELATIONS_KEY: [], DOC_ID_KEY: "note7"}
    with pytest.raises(ValueError, match="CE061.*'note7'"):
        horizontal_score([example])


def test_demo_notes_agree_with_themselves():
    nlp = blank_pipeline("en", "clinical")
    docs = [note_to_doc(generate_note("neurology", n, seed=0), nlp) for n in range(3)]
    scores = horizontal_score([Example(doc.copy(), doc) for doc in docs])
    assert scores["entries"]["exact"] == scores["horizontal"]["inexact"] == (1, 1, 1)


PLACES = st.sampled_from([ASPIRIN, (1, 2), (2, 3), (3, 4), DAILY, (5, 6), IBUPROFEN, (7, 8), (8, 9)])


@st.composite
def drugs_with_fields(draw):
    labels = draw(st.dictionaries(PLACES, st.sampled_from(["DRUG", "DOSAGE", "FREQUENCY"])))
    entries = {place: {} for place, label in labels.items() if label == "DRUG"}
    for place, label in labels.items():
        if entries and label != "DRUG":
            entries[draw(st.sampled_from(sorted(entries)))][label] = place
    return entries


@given(drugs_with_fields(), drugs_with_fields())
@settings(max_examples=100, deadline=None)
def test_swapping_sides_swaps_precision_and_recall(one, other):
    there, back = score(one, other), score(other, one)
    for name in ("horizontal", "entries"):
        for match in ("exact", "inexact"):
            assert there[name][match].p == back[name][match].r
            assert there[name][match].f == pytest.approx(back[name][match].f)
    assert there["entries"]["exact"].f <= there["entries"]["inexact"].f


def test_a_note_without_annotation_ends_nothing():
    silent = document({})
    del silent.user_data[RELATIONS_KEY]
    examples = [Example(document(GOLD), gold) for gold in (document(GOLD), silent, document({}))]
    # the last note's two entries are wrong
    assert shown(horizontal_score(examples)["entries"]["exact"]) == (0.5, 1.0, 0.667)


def test_drugs_of_another_label():
    def renamed(doc):
        doc.set_ents([doc.char_span(e.start_char, e.end_char, e.label_.replace("DRUG", "MED")) for e in doc.ents])
        return doc

    examples = [Example(renamed(document(GOLD)), renamed(document(GOLD)))]
    assert horizontal_score(examples, "MED")["entries"]["exact"] == (1, 1, 1)
    assert horizontal_score(examples)["entries"]["exact"] != (1, 1, 1)


def test_an_entry_whose_field_has_other_offsets_is_right_inexactly():
    scores = score({FORTE: {"DOSAGE": FIVE}}, {FORTE: {"DOSAGE": (3, 4)}})
    assert scores["entries"]["inexact"] == (1, 1, 1) and scores["entries"]["exact"][2] == 0


def test_a_space_before_a_field_is_no_token():
    predicted = document({FORTE: {"DOSAGE": FIVE}})
    (relation,) = predicted.user_data[RELATIONS_KEY]
    relation["child"][0] -= 1
    scores = horizontal_score([Example(predicted, document({FORTE: {"DOSAGE": FIVE}}))])["vertical"]
    assert scores["exact"]["DOSAGE"] == (0, 0, 0) and scores["inexact"]["DOSAGE"] == (1, 1, 1)
