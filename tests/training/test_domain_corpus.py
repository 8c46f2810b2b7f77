import logging
from itertools import count, islice

import pytest
import spacy
from spacy.tokens import DocBin, Span
from spacy.util import registry

from spacy_clinner.annotations.keys import ASSERTIONS_KEY, CONCEPT_RELATIONS_KEY, DOMAIN_KEY, LABELS_KEY
from spacy_clinner.annotations.relations import read_relations, relation_of, write_relations
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.formats.brat import parse_brat
from spacy_clinner.corpora.formats.brat_docs import brat_record, doc_to_brat
from spacy_clinner.corpora.original_gold import kept_gold
from spacy_clinner.corpora.placing.place import place
from spacy_clinner.training.domain_corpus import create_domain_corpus, map_labels

from ..toys.domains import NLP, domain_of, ids, make_example


def reader(*examples):
    return lambda nlp: iter(examples)


def test_every_example_names_its_domain_on_both_documents():
    corpus = create_domain_corpus({"one": reader(make_example(2, "a"), make_example(2, "b")),
                                   "two": reader(make_example(2, "c"))})  # fmt: skip
    for _ in range(2):
        examples = list(corpus(NLP))
        assert sorted(zip(ids(examples), map(domain_of, examples), strict=True)) == [
            ("a", "one"),
            ("b", "one"),
            ("c", "two"),
        ]
        assert all(example.predicted.user_data[DOMAIN_KEY] == domain_of(example) for example in examples)


def test_domains_alternate_without_reading_ahead():
    read = []

    def endless(name):
        def examples(nlp):
            for n in count():
                read.append(name)
                yield make_example(1, f"{name}{n}")

        return examples

    corpus = create_domain_corpus({"one": endless("one"), "two": endless("two")})
    assert ids(list(islice(corpus(NLP), 4))) == ["one0", "two0", "one1", "two1"]
    assert read == ["one", "two"] * 2


@pytest.fixture
def reference():
    doc = NLP.make_doc("severe fever and cough in Boston today")
    spans = [Span(doc, 1, 2, "Sign_symptom", span_id="T1"), Span(doc, 3, 4, "Sign"), Span(doc, 5, 6, "PLACE")]
    doc.set_ents(spans, missing=[doc[6:7]], default="outside")
    doc.spans["all"] = [*spans, Span(doc, 0, 2, "Sign")]
    return doc


def found(spans):
    return [(span.start, span.end, span.label_) for span in spans]


def test_map_labels(reference):
    mapped = map_labels(reference, {"Sign_symptom": "PROBLEM", "Sign": "PROBLEM", "PLACE": ""})
    assert found(mapped.ents) == [(1, 2, "PROBLEM"), (3, 4, "PROBLEM")]
    assert mapped.ents[0].id_ == "T1"
    assert found(mapped.spans["all"]) == [(1, 2, "PROBLEM"), (3, 4, "PROBLEM"), (0, 2, "PROBLEM")]
    assert [token.ent_iob_ for token in mapped] == ["O", "B", "O", "B", "O", "O", ""]
    assert found(reference.ents) == [(1, 2, "Sign_symptom"), (3, 4, "Sign"), (5, 6, "PLACE")]


def test_map_labels_keeps_a_group_that_became_empty_and_missing_gold_missing(reference):
    assert list(map_labels(reference, {"other": "X"}).spans["all"]) == []
    assert not map_labels(NLP.make_doc("not annotated"), {"Sign": "X"}).has_annotation("ENT_IOB")


def test_map_labels_takes_what_is_said_of_entities_along(reference):
    severe, cough, place = (Span(reference, *tokens, "X") for tokens in ((0, 2), (3, 4), (5, 6)))
    write_relations(reference, [relation_of(cough, severe, "R"), relation_of(cough, place, "R")])
    rows = [[span.start_char, span.end_char, "negated"] for span in (cough, place)]
    reference.user_data[ASSERTIONS_KEY] = list(rows)
    mapped = map_labels(reference, {"Sign": "PROBLEM"})
    # "severe fever" is in a span group only
    assert read_relations(mapped) == [relation_of(cough, severe, "R")]
    assert mapped.user_data[ASSERTIONS_KEY] == rows[:1]
    assert len(read_relations(reference)) == 2 and reference.user_data[ASSERTIONS_KEY] == rows


def test_map_labels_relates_what_is_in_ents_whatever_else_groups_have_there(reference):
    """Of two annotations of the same characters, as brat has them, the relation is of the one in `doc.ents`."""
    fever, cough, _ = reference.ents
    reference.spans["all"] = [*reference.spans["all"], Span(reference, fever.start, fever.end, "Sign")]
    write_relations(reference, [relation_of(cough, fever, "R")])
    reference.user_data[ASSERTIONS_KEY] = [[fever.start_char, fever.end_char, "negated"]]
    mapped = map_labels(reference, {"Sign": "PROBLEM"})
    assert (1, 2, "PROBLEM") in found(mapped.spans["all"]) and found(mapped.ents) == [(3, 4, "PROBLEM")]
    assert read_relations(mapped) == [] and mapped.user_data[ASSERTIONS_KEY] == []


def test_map_labels_takes_relations_of_concepts_along(reference):
    concepts = ["C1", "C2", "C3"]
    spans = [Span(reference, ent.start, ent.end, ent.label, kb_id=kb_id)
             for ent, kb_id in zip(reference.ents, concepts, strict=True)]  # fmt: skip
    reference.set_ents(spans, default="unmodified")
    reference.user_data[CONCEPT_RELATIONS_KEY] = [["R", "C1", "C2"], ["R", "C1", "C3"]]
    mapped = map_labels(reference, {"Sign_symptom": "PROBLEM", "Sign": "PROBLEM"})
    assert mapped.user_data[CONCEPT_RELATIONS_KEY] == [["R", "C1", "C2"]]


def test_map_labels_leaves_out_the_record_of_an_import_with_the_old_labels():
    brat = parse_brat("a", "severe fever", "T1\tSign 7 12\tfever\n")
    doc = place(brat_record(brat), NLP.tokenizer, ImportAudit())
    mapped = map_labels(doc, {"Sign": "PROBLEM"})
    assert kept_gold([doc]) and not kept_gold([mapped])
    assert [mention.label for mention in doc_to_brat(mapped).textbounds] == ["PROBLEM"]


def test_map_labels_renames_what_was_looked_for(reference):
    label_map = {"Sign_symptom": "PROBLEM", "Sign": "PROBLEM", "PLACE": "X", "TIME": ""}
    for looked_for, told in (
        (["Sign", "Sign_symptom"], ["PROBLEM"]),
        (["Sign", "PLACE", "TIME"], ["X"]),
        (["Sign_symptom", "Sign", "PLACE"], ["PROBLEM", "X"]),
    ):
        reference.user_data[LABELS_KEY] = looked_for
        assert map_labels(reference, label_map).user_data[LABELS_KEY] == told
    assert reference.user_data[LABELS_KEY] == looked_for


def test_audit_and_log(reference, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(spacy.util.logger, "propagate", True)
    other = make_example(2, "n2", label="A")
    corpus = create_domain_corpus(
        {"one": reader(spacy.training.Example(NLP.make_doc(reference.text), reference)), "two": reader(other)},
        {"one": {"Sign_symptom": "PROBLEM", "PLACE": ""}},
        tmp_path / "audit.tsv",
    )
    with caplog.at_level(logging.INFO, logger="spacy"):
        examples = list(corpus(NLP))
        list(corpus(NLP))
    assert found(examples[0].reference.ents) == [(1, 2, "PROBLEM")]
    assert found(examples[1].reference.ents) == [(0, 1, "A")]
    assert [line.split("\t") for line in (tmp_path / "audit.tsv").read_text().splitlines()] == [
        ["domain", "gold", "label", "mapped_to", "entities", "documents"],
        ["one", "all", "Sign", "", "2", "1"],
        ["one", "all", "PLACE", "", "1", "1"],
        ["one", "all", "Sign_symptom", "PROBLEM", "1", "1"],
        ["one", "doc.ents", "PLACE", "", "1", "1"],
        ["one", "doc.ents", "Sign", "", "1", "1"],
        ["one", "doc.ents", "Sign_symptom", "PROBLEM", "1", "1"],
        ["two", "doc.ents", "A", "A", "1", "1"],
    ]
    lines = [record.message for record in caplog.records]
    assert lines == [
        "Domain 'one': label 'Sign' is not in its map, 2 entities in 1 documents leave the gold (all)",
        "Domain 'one': label 'Sign' is not in its map, 1 entities in 1 documents leave the gold (doc.ents)",
    ]


def test_windows_of_a_document_count_once(tmp_path):
    windows = [make_example(2, "n1"), make_example(3, "n1"), make_example(2, "n2")]
    list(create_domain_corpus({"one": reader(*windows)}, audit=tmp_path / "a.tsv")(NLP))
    assert (tmp_path / "a.tsv").read_text().splitlines()[1].split("\t")[-2:] == ["3", "2"]


def test_names_of_domains_and_labels(tmp_path):
    with pytest.raises(ValueError, match="CE220"):
        create_domain_corpus({})
    with pytest.raises(ValueError, match="CE221.*'three'.*one, two"):
        create_domain_corpus({"one": reader(), "two": reader()}, {"three": {"A": "B"}})
    with pytest.raises(ValueError, match="CE223.*'one'.*found: A; .*map: B"):
        list(create_domain_corpus({"one": reader(make_example(2, "a"))}, {"one": {"B": "C"}})(NLP))


def test_a_domain_may_drop_all_its_labels_on_purpose():
    (example,) = create_domain_corpus({"one": reader(make_example(2, "a"))}, {"one": {"A": ""}})(NLP)
    assert [token.ent_iob_ for token in example.reference] == ["O", "O"]


def test_a_domain_without_examples():
    with pytest.raises(ValueError, match="CE222.*'two'.*no example"):
        list(create_domain_corpus({"one": reader(make_example(2, "a")), "two": reader()})(NLP))


@pytest.mark.parametrize("coded", [True, False])
def test_a_domain_that_fails_in_the_middle(coded):
    def damaged(nlp):
        yield make_example(2, "b")
        raise ValueError("[CE070] no file of ours" if coded else "text of a note")

    corpus = create_domain_corpus({"one": reader(make_example(2, "a")), "two": damaged})
    with pytest.raises(ValueError, match="CE222.*'two'.*, after 1 examples") as error:
        list(corpus(NLP))
    assert ("CE070" in str(error.value)) == coded and "note" not in str(error.value)


def test_resolves_from_a_config_and_names_a_missing_file(tmp_path):
    DocBin(docs=[make_example(3, "a").reference], store_user_data=True).to_disk(tmp_path / "a.spacy")
    files = {"@readers": "spacy.Corpus.v1", "gold_preproc": False}
    windows = {"@readers": "spacy_clinner.WindowCorpus.v1", "unit": "lines"}
    config = {
        "@readers": "spacy_clinner.DomainCorpus.v1",
        "domains": {
            "one": {**files, "path": str(tmp_path / "a.spacy")},
            "two": {**windows, "path": str(tmp_path / "b.spacy")},
        },
    }
    corpus = registry.resolve({"corpus": config})["corpus"]
    with pytest.raises(ValueError, match="CE222.*'two'.*FileNotFoundError"):
        list(corpus(NLP))
    DocBin(docs=[make_example(3, "b").reference], store_user_data=True).to_disk(tmp_path / "b.spacy")
    assert [domain_of(example) for example in corpus(NLP)] == ["one", "two"]


def test_domains_say_what_they_were_annotated_for():
    corpora = {name: reader(make_example(2, name, label=label)) for name, label in (("one", "A"), ("two", "B"))}
    corpus = create_domain_corpus(corpora, {"two": {"B": "C"}}, annotated={"two": ["C", "D"]})
    one, two = (example.reference for example in corpus(NLP))
    assert LABELS_KEY not in one.user_data
    assert two.user_data[LABELS_KEY] == ["C", "D"] and [ent.label_ for ent in two.ents] == ["C"]


def test_gold_that_a_domain_was_not_annotated_for():
    corpus = create_domain_corpus({"one": reader(make_example(2, "a"))}, annotated={"one": ["B"]})
    with pytest.raises(ValueError, match="CE229.*'a' of the domain 'one'.*'A' at character 0.*: B"):
        list(corpus(NLP))
    with pytest.raises(ValueError, match="CE221.*'two'"):
        create_domain_corpus({"one": reader()}, annotated={"two": ["B"]})
