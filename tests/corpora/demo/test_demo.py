"""The demo corpus as a whole: reproducible, aligned, rich, and with the phenomena it promises."""

import os
import subprocess
import sys
from collections import Counter
from itertools import combinations
from random import Random

import pytest
import spacy

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.annotations.keys import ASSERTIONS_KEY, DOC_ID_KEY, DOMAIN_KEY, RELATIONS_KEY
from spacy_clinner.corpora.demo import (
    LABELS,
    SPECIALTIES,
    base_terms,
    digest,
    generate_note,
    generate_split,
    note_to_doc,
)
from spacy_clinner.corpora.demo.lexicon import DRUG_FIELDS, load_lexicon
from spacy_clinner.corpora.demo.note import Note, load_style
from spacy_clinner.corpora.demo.sentence import SentenceWriter
from spacy_clinner.text.tokenizer import make_clinical_tokenizer

SIZES = {"train": 60, "dev": 15, "test": 25}


@pytest.fixture(scope="module")
def nlp():
    nlp = spacy.blank("en")
    nlp.tokenizer = make_clinical_tokenizer()(nlp)
    return nlp


@pytest.fixture(scope="module")
def splits(nlp):
    """400 notes; that they exist shows that every entity aligns with tokens."""
    return {split: list(generate_split(split, SIZES, nlp)) for split in SIZES}


@pytest.fixture(scope="module")
def docs(splits):
    return [doc for split in splits.values() for doc in split]


def test_same_seed_gives_the_same_corpus(nlp, splits):
    again = generate_split("dev", SIZES, nlp)
    assert digest(splits["dev"]) == digest(again)
    assert digest(splits["dev"]) != digest(generate_split("dev", SIZES, nlp, seed=1))


@pytest.mark.slow
def test_corpus_does_not_depend_on_the_process():
    code = "from spacy_clinner.corpora.demo import generate_note; print(ascii(generate_note('neurology', 3)))"
    other_hashes = os.environ | {"PYTHONHASHSEED": "1"}
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=other_hashes).stdout
    assert output.decode().strip() == ascii(generate_note("neurology", 3))


def test_more_training_notes_leave_the_other_splits_alone(nlp):
    few, many = ({"train": n, "dev": 2, "test": 2} for n in (1, 3))
    for split in ("dev", "test"):
        assert digest(generate_split(split, few, nlp)) == digest(generate_split(split, many, nlp))
    ids = [[doc.user_data[DOC_ID_KEY] for doc in generate_split("train", s, nlp)] for s in (few, many)]
    assert set(ids[0]) < set(ids[1])


def test_no_note_occurs_twice(docs):
    assert len({doc.text for doc in docs}) == len({doc.user_data[DOC_ID_KEY] for doc in docs}) == 400


def test_notes_are_of_the_size_of_notes(docs):
    lengths = sorted(len(doc) for doc in docs)
    assert 80 < lengths[len(lengths) // 20]
    assert 200 < sum(lengths) / len(lengths) < 320
    assert lengths[-len(lengths) // 20] < 500


@pytest.mark.parametrize("specialty", SPECIALTIES)
def test_every_specialty_has_every_label(docs, specialty):
    counts = Counter(ent.label_ for doc in docs if doc.user_data[DOMAIN_KEY] == specialty for ent in doc.ents)
    assert set(counts) == set(LABELS)
    assert min(counts.values()) >= 30


@pytest.mark.parametrize("specialty", SPECIALTIES)
def test_user_data_is_plain_and_points_at_entities(docs, specialty):
    seen = Counter()
    for doc in docs:
        if doc.user_data[DOMAIN_KEY] != specialty:
            continue
        labels = {(ent.start_char, ent.end_char): ent.label_ for ent in doc.ents}
        for start, end, assertion in doc.user_data[ASSERTIONS_KEY]:
            assert (start, end) in labels
            seen[assertion] += 1
        for relation in doc.user_data[RELATIONS_KEY]:
            assert labels[tuple(relation["head"])] == "DRUG"
            assert labels[tuple(relation["child"])] == relation["label"] in DRUG_FIELDS
            seen[relation["label"]] += 1
        fields = [label for label in labels.values() if label in DRUG_FIELDS]
        assert len(fields) == len(doc.user_data[RELATIONS_KEY])
    for phenomenon in ("negated", "historical", "family", "hypothetical", *DRUG_FIELDS):
        assert seen[phenomenon] >= 10, phenomenon


@pytest.mark.parametrize("specialty", SPECIALTIES)
def test_lexicons_are_rich(specialty):
    terms = {label: len(base_terms(specialty, label)) for label in ("PROBLEM", "TEST", "TREATMENT", "DRUG", "REASON")}
    assert terms["PROBLEM"] >= 150 and terms["TEST"] >= 70 and terms["TREATMENT"] >= 60 and terms["DRUG"] >= 70
    assert terms["REASON"] >= 40 and sum(terms.values()) >= 500


@pytest.mark.parametrize("label", ["PROBLEM", "DRUG"])
def test_specialties_share_few_terms(label):
    forms = {s: {form.lower() for term in base_terms(s, label) for form in term.forms} for s in SPECIALTIES}
    for one, other in combinations(SPECIALTIES, 2):
        assert len(forms[one] & forms[other]) <= 0.2 * min(len(forms[one]), len(forms[other])), (one, other)


@pytest.mark.parametrize("specialty", SPECIALTIES)
def test_words_are_ambiguous_between_problem_and_reason(docs, specialty):
    texts = {"PROBLEM": set(), "REASON": set()}
    for doc in docs:
        if doc.user_data[DOMAIN_KEY] == specialty:
            for ent in doc.ents:
                texts.setdefault(ent.label_, set()).add(ent.text.lower())
    assert len(texts["PROBLEM"] & texts["REASON"]) >= 15


@pytest.mark.parametrize("specialty", SPECIALTIES)
def test_every_template_can_be_written(specialty):
    style, lexicon = load_style(specialty), load_lexicon(specialty)
    assert {name.rstrip("?") for names in style.kinds.values() for name in names} == set(style.sections)
    assert len(style.kinds) == 4
    templates = [t for section in style.sections.values() for t in (*section.first, *section.templates)]
    assert len(templates) > 180
    for template in [*templates, *style.asides]:
        for seed in range(8):
            pieces = SentenceWriter(lexicon, Random(seed)).write(template)
            assert all(piece.text == piece.text.strip() for piece in pieces if piece.label)


def test_asides_hold_no_entity():
    for specialty in SPECIALTIES:
        for aside in load_style(specialty).asides:
            pieces = SentenceWriter(load_lexicon(specialty), Random(0)).write(aside)
            assert not any(piece.label for piece in pieces)


def test_ages_over_89_are_protected(docs):
    ages = {int(e.text) for doc in docs for e in doc.ents if e.label_ == "PHI" and e.text.isdigit() and len(e.text) < 4}
    assert len(ages) >= 5 and min(ages) > 89


def test_unknown_specialty_is_refused():
    with pytest.raises(ValueError, match="CE031"):
        generate_note("dermatology", 0)


def test_entity_inside_a_token_is_refused(nlp):
    note = Note("cardiology-9999", "cardiology", "dyspnea", [Entity(0, 3, "PROBLEM")], [], [])
    with pytest.raises(ValueError, match="CE034.*0-3.*cardiology-9999") as caught:
        note_to_doc(note, nlp)
    assert "dys" not in str(caught.value)
