"""The language of the templates, and how a sentence is filled."""

from random import Random

import pytest

from spacy_clinner.corpora.demo.grammar import flatten, parse
from spacy_clinner.corpora.demo.lexicon import load_lexicon
from spacy_clinner.corpora.demo.noise import Noise
from spacy_clinner.corpora.demo.sentence import SentenceWriter


def variants(source: str) -> set[str]:
    return {"".join(flatten(parse(source), Random(seed))) for seed in range(60)}


def write(template: str, seed: int = 0):
    return SentenceWriter(load_lexicon("cardiology"), Random(seed)).write(template)


def test_optional_and_alternative_text():
    assert variants("a[ b]") == {"a", "a b"}
    assert variants("<x|y[z]|>") == {"x", "y", "yz", ""}
    assert variants("a | b") == {"a | b"}


def test_numbers_keep_their_decimals():
    assert variants("{1-3}") == {"1", "2", "3"}
    assert all(len(number) == 3 and 0.5 <= float(number) <= 2 for number in variants("{0.5-2.0}"))


@pytest.mark.parametrize("source", ["a]", "[a", "<a|b", "a>", "{PROBLEM", "{PROBLEM:maybe}", "{9}", "}"])
def test_unreadable_templates_are_refused(source):
    with pytest.raises(ValueError, match="CE030"):
        parse(source)


@pytest.mark.parametrize("source", ["{PROBLEM.nosuch}", "{nosuch}", "{PHI.nosuch}", "{DRUG.nosuch}", "{NOSUCH}"])
def test_slots_without_words_are_refused(source):
    with pytest.raises(ValueError, match="CE032"):
        write(source)


@pytest.mark.parametrize("source", ["{DOSAGE} {DRUG}", "{DRUG} {>DOSAGE}", "{REASON}"])
def test_fields_need_their_drug(source):
    with pytest.raises(ValueError, match="CE033"):
        write(source)


def test_fields_belong_to_the_nearest_drug_on_their_side():
    pieces = [piece for piece in write("{DRUG} {DOSAGE} then {>MODE} {DRUG} {FREQUENCY}") if piece.label]
    first, dosage, mode, second, frequency = pieces
    assert dosage.head is first and mode.head is second and frequency.head is second
    assert first.head is None


def test_named_slots_are_one_concept():
    for seed in range(20):
        names = {piece.text for piece in write("{PROBLEM.disease@main}/{PROBLEM.disease@main}", seed) if piece.label}
        forms = [t.forms for t in load_lexicon("cardiology").groups["PROBLEM"]["disease"].terms]
        assert any(names <= set(group) for group in forms)


def test_articles_agree_with_what_follows():
    texts = {"".join(piece.text for piece in write("a {TEST.ecg}", seed)) for seed in range(300)}
    assert {"an electrocardiogram", "an ECG", "an EPS", "a Holter monitor", "a rhythm strip", "a 12-lead ECG"} <= texts
    assert not {"a electrocardiogram", "a ECG", "an Holter monitor"} & texts


def test_dotted_abbreviation_ends_its_sentence():
    texts = {"".join(piece.text for piece in write("{DRUG.home} {FREQUENCY}.", seed)) for seed in range(300)}
    assert any(text.endswith("b.i.d.") for text in texts) and not any(text.endswith("..") for text in texts)


def test_a_group_includes_the_groups_below_it():
    texts = {write("{TEST.lab}", seed)[0].text for seed in range(300)}
    common = {form for t in load_lexicon("cardiology").groups["TEST"]["lab_common"].terms for form in t.forms}
    assert texts & common and texts - common


def test_noise_changes_words_but_never_identities():
    noises = [Noise(Random(seed)) for seed in range(200)]
    assert {noise.entity("Alma Tarnwick", "PHI").lower() for noise in noises} == {"alma tarnwick"}
    words = {noise.entity("chest tightness", "PROBLEM") for noise in noises for _ in range(5)}
    assert len(words) > 10 and all(word.strip() == word for word in words)
    assert {"5 mg", "5mg"} <= {noise.entity("5 mg", "DOSAGE") for noise in noises}
