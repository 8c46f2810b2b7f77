import numpy as np
import pytest
import spacy
from spacy.tokens import Span
from spacy.training import Example

from spacy_clinner.annotations.documents import is_annotated
from spacy_clinner.annotations.keys import (
    ASSERTED_KEY,
    ASSERTIONS_KEY,
    BRAT_KEY,
    BRAT_SPANS_KEY,
    CONCEPT_RELATIONS_KEY,
    DOC_ID_KEY,
    ENTRIES_KEY,
)
from spacy_clinner.annotations.relations import has_relations, read_relations, relation_of, write_relations
from spacy_clinner.corpora.fingerprints import take_fingerprints
from spacy_clinner.corpora.leaks import find_leaks
from spacy_clinner.corpora.leaving_out import leave_out
from spacy_clinner.layers.crf import UNKNOWN
from spacy_clinner.pipeline.gold import encode_gold
from spacy_clinner.pipeline.gold_settings import GoldSettings

NLP = spacy.blank("en")
FIRST = "Fever since Monday and cough since then were told."
SHARED = "Pain in the chest was worse at night."
LAST = "Aspirin helped against the fever for some days."


def make_doc(text=f"{FIRST} {SHARED} {LAST}", doc_id="a", words=("Fever", "cough", "Pain", "Aspirin")):
    doc = NLP(text)
    doc.user_data[DOC_ID_KEY] = doc_id
    places = [(text.index(word), text.index(word) + len(word)) for word in words]
    doc.set_ents([doc.char_span(*place, label="X", kb_id=f"C{place[0]}") for place in places])
    return doc


def clean(docs, *others):
    found = find_leaks(take_fingerprints(docs), take_fingerprints(list(others))).found
    return leave_out(docs, found)


def other():
    return make_doc(SHARED, "b", ())


def tags(doc):
    example = Example(doc.copy(), doc)
    found = encode_gold([example], {"X": 0}, GoldSettings()).tags
    return ["known" if tag != UNKNOWN else "unknown" for tag in found]


def test_a_document_goes():
    docs = [make_doc(), make_doc(SHARED, "s", ("Pain",))]
    kept, left_out = clean(docs[1:] + docs[:1], other())
    assert kept == docs[:1] and (left_out.documents, left_out.sentences, left_out.entities) == (1, 1, 2)
    assert left_out.summary() == f"1 documents, 1 sentences, {len(NLP(SHARED))} tokens, 2 entities"


def test_nothing_is_learned_from_a_sentence_that_goes():
    doc = make_doc()
    before = doc.text, [token.text for token in doc]
    (kept,), _ = clean([doc], other())
    start, end = len(NLP(FIRST)), len(NLP(FIRST)) + len(NLP(SHARED))
    assert tags(kept) == ["known"] * start + ["unknown"] * (end - start) + ["known"] * (len(doc) - end)
    assert [entity.text for entity in kept.ents] == ["Fever", "cough", "Aspirin"]
    assert [entity.kb_id_ for entity in kept.ents] == ["C0", "C23", f"C{doc.text.index('Aspirin')}"]
    assert not any(token.ent_kb_id_ or token.ent_type_ for token in kept[start:end])
    assert (kept.text, [token.text for token in kept]) == before and kept.user_data[DOC_ID_KEY] == "a"


def test_an_entity_that_crosses_the_border_is_unknown_as_a_whole():
    doc = make_doc(words=("Fever",))
    start = len(NLP(FIRST))
    doc.set_ents([Span(doc, start - 2, start + 2, "X"), *doc.ents])
    (kept,), left_out = clean([doc], other())
    assert [entity.text for entity in kept.ents] == ["Fever"]
    assert tags(kept)[start - 3 : start] == ["known", "unknown", "unknown"]
    assert left_out.tokens == len(NLP(SHARED)) + 2


def test_what_was_missing_stays_missing():
    doc = make_doc()
    doc.set_ents([], missing=[doc[1:3]], default="unmodified")
    (kept,), _ = clean([doc], other())
    assert tags(kept)[:4] == ["known", "unknown", "unknown", "known"]


def test_relations_and_assertions_go_with_their_entities():
    doc = make_doc()
    fever, cough, pain, aspirin = doc.ents
    write_relations(doc, [relation_of(fever, cough, "R"), relation_of(aspirin, pain, "R")])
    doc.user_data[CONCEPT_RELATIONS_KEY] = [["R", fever.kb_id_, cough.kb_id_], ["R", "gone", pain.kb_id_]]
    rows = [[entity.start_char, entity.end_char, "negated"] for entity in (fever, pain)]
    doc.user_data[ASSERTIONS_KEY] = list(rows)
    (kept,), left_out = clean([doc], other())
    assert [relation.head for relation in read_relations(kept)] == [(0, 5)] and left_out.relations == 1
    assert kept.user_data[CONCEPT_RELATIONS_KEY] == [["R", "C0", "C23"]]
    assert kept.user_data[ASSERTIONS_KEY] == rows[:1]


def test_a_span_group_cannot_say_missing():
    doc = make_doc()
    doc.spans["clinner_ents"] = [doc[0:1]]
    write_relations(doc, [relation_of(doc.ents[0], doc.ents[1], "R")])
    (kept,), left_out = clean([doc], other())
    assert not is_annotated(kept, "clinner_ents")
    assert not has_relations(kept) and (left_out.groups, left_out.relations) == (1, 1)


@pytest.mark.parametrize("key", [BRAT_KEY, ENTRIES_KEY])
def test_the_record_of_an_import_goes_as_it_holds_what_went(key):
    doc = make_doc()
    doc.spans[BRAT_SPANS_KEY] = list(doc.ents)
    doc.user_data |= {key: {}, ASSERTED_KEY: {"A1": [0, 5, "negated"]}}
    write_relations(doc, [relation_of(doc.ents[0], doc.ents[1], "R")])
    (kept,), left_out = clean([doc], other())
    assert not kept.spans and not {key, ASSERTED_KEY} & kept.user_data.keys()
    assert len(read_relations(kept)) == 1 and (left_out.groups, left_out.relations) == (0, 0)


def test_without_any_gold_a_document_goes_if_it_had_some():
    of_groups = make_doc(doc_id="g", words=())
    of_groups.set_ents([], default="missing")
    of_groups.spans["clinner_ents"] = [of_groups[0:1]]
    unannotated = make_doc(doc_id="u", words=())
    unannotated.set_ents([], default="missing")
    kept, left_out = clean([of_groups, unannotated], other())
    assert kept == [unannotated] and (left_out.documents, left_out.groups, left_out.sentences) == (1, 0, 0)


@pytest.mark.parametrize("text", [SHARED, f"{SHARED} {LAST}", f"{FIRST} {LAST[:-1]} {SHARED}"])
def test_what_is_clean_stays_clean(text):
    docs = [make_doc(), make_doc(text, "t", ("Pain",)), make_doc(FIRST, "f", ("Fever",))]
    kept, _ = clean(docs, other())
    again = find_leaks(take_fingerprints(kept), take_fingerprints([other()]))
    assert not again.found and not again.other_found and kept
    before = [doc.to_array(["ENT_IOB", "ENT_TYPE"]) for doc in kept]
    after, left_out = leave_out(kept, again.found)
    assert left_out.summary() == "nothing" and after == kept
    assert all((doc.to_array(["ENT_IOB", "ENT_TYPE"]) == one).all() for doc, one in zip(kept, before, strict=True))
    assert np.concatenate(before).size
