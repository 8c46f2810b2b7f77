import json

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.find_overlaps import overlapping_ids
from spacy_clinner.annotations.keys import DOC_ID_KEY, RELATIONS_KEY
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.formats.phee import parse_phee, read_phee
from spacy_clinner.corpora.importing import blank_pipeline, import_files
from spacy_clinner.corpora.placing.place import place

TEXT = "Rash after aspirin and  ibuprofen 5 mg orally for two days for a cold."


def argument(*mentions):
    """As in the file: of each mention the texts and starts of its fragments."""
    mentions = [mention if isinstance(mention, list) else [mention] for mention in mentions]
    return {
        "text": mentions,
        "start": [[TEXT.index(fragment.split()[0]) for fragment in mention] for mention in mentions],
        "entity_id": [f"T{n}" for n, _ in enumerate(mentions)],
    }


def line(**treatment):
    event = {"event_id": "E1", "event_type": "Adverse_event", "Effect": argument("Rash"), "Treatment": treatment}
    return json.dumps({"id": "1_2", "context": TEXT, "annotations": [{"events": [event]}]}) + "\n"


@pytest.fixture(scope="module")
def tokenizer():
    return spacy.blank("en").tokenizer


def read(tokenizer, content):
    audit = ImportAudit()
    return [place(record, tokenizer, audit) for record in parse_phee(content, "f")], audit


def shown(doc):
    return [
        (doc.text[slice(*relation["head"])], relation["label"], doc.text[slice(*relation["child"])])
        for relation in doc.user_data[RELATIONS_KEY]
    ]


def test_every_field_belongs_to_every_drug_of_its_event(tokenizer):
    combination = {"event_type": "Combination", "Drug": argument("aspirin", "ibuprofen")}
    content = line(Drug=argument("aspirin"), Combination=[combination], Dosage=argument("5 mg"), Freq=argument("for"))
    (doc,), audit = read(tokenizer, content)
    assert doc.user_data[DOC_ID_KEY] == "1_2"
    assert [(e.text, e.label_) for e in doc.ents] == [
        ("Rash", "Effect"), ("aspirin", "Drug"), ("ibuprofen", "Drug"), ("5 mg", "Dosage"), ("for", "Frequency"),
    ]  # fmt: skip
    assert shown(doc) == [
        ("aspirin", "Effect", "Rash"), ("aspirin", "Dosage", "5 mg"), ("aspirin", "Frequency", "for"),
        ("ibuprofen", "Effect", "Rash"), ("ibuprofen", "Dosage", "5 mg"), ("ibuprofen", "Frequency", "for"),
    ]  # fmt: skip
    assert not audit.rows and audit.relations.total() == 6


def test_one_span_may_be_two_fields(tokenizer):
    content = line(Drug=argument("aspirin"), Duration=argument("two days"), Time_elapsed=argument("two days"))
    (doc,), audit = read(tokenizer, content)
    assert [e.label_ for e in doc.ents] == ["Effect", "Drug", "Duration"]
    assert shown(doc)[1:] == [("aspirin", "Duration", "two days"), ("aspirin", "Time_elapsed", "two days")]
    assert audit.problems == {"overlapping": 1}


def test_what_is_discontinuous_is_lost_with_a_row(tokenizer):
    (doc,), audit = read(tokenizer, line(Drug=argument("aspirin"), Route=argument(["5 mg", "for"])))
    assert shown(doc) == [("aspirin", "Effect", "Rash")]
    assert audit.problems == {"discontinuous": 1, "relation": 1} and audit.relations["Route"] == 1


def test_quoted_white_space_may_differ(tokenizer):
    (doc,), audit = read(tokenizer, line(Drug=argument("and ibuprofen")))
    assert [e.text for e in doc.ents] == ["Rash", "and  ibuprofen"] and not audit.rows


def test_an_event_without_drug_has_no_relations(tokenizer):
    (doc,), _ = read(tokenizer, line(Dosage=argument("5 mg")))
    assert len(doc.ents) == 2 and doc.user_data[RELATIONS_KEY] == []


@given(
    st.lists(st.tuples(st.integers(0, 80), st.text(max_size=9)), max_size=6), st.lists(st.integers(0, 80), max_size=3)
)
@settings(max_examples=150, deadline=None)
def test_whatever_the_offsets_say_nothing_is_lost_silently(tokenizer, fields, drugs):
    def spans(found):
        return {"text": [[text] for _, text in found], "start": [[start] for start, _ in found]}

    event = {"Treatment": {"Drug": spans([(start, "x y") for start in drugs]), "Dosage": spans(fields)}}
    content = json.dumps({"id": "1", "context": TEXT, "annotations": [{"events": [event, event]}]})
    (doc,), audit = read(tokenizer, content)
    rows = sum(row.problem == "relation" for row in audit.rows)
    assert len(doc.user_data[RELATIONS_KEY]) + rows == audit.relations.total() <= len(fields) * len(drugs)


@pytest.mark.parametrize(
    "content",
    [
        "Zebedee",
        '"Zebedee"',
        '{"id": "Zebedee"}',
        "[]",
        line().replace('"start"', '"x"'),
        "[" * 100_000,
        '{"id": null, "context": "Rash", "annotations": []}',
        '{"id": -1000000000000000000000000000000, "context": "Rash", "annotations": []}',
        '{"id": "\\ud800", "context": "Rash", "annotations": []}',
        '{"id": "1", "context": "\\ud800", "annotations": []}',
        line().replace('"start": [[', f'"start": [[{2**63}'),
    ],
)
def test_errors_name_the_line_and_quote_nothing(content):
    with pytest.raises(ValueError, match="CE024.*f, line 2") as error:
        list(parse_phee(f"{line()}{content}", "f"))
    assert "Zebedee" not in str(error.value) and error.value.__context__ is None


def test_folders_are_read_whole_and_other_files_named(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "B.JSON").write_text(line().replace("1_2", "2_1"))
    (tmp_path / "x.json").mkdir()
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + line().strip().encode() + b"\r")
    (tmp_path / "README.md").write_text("")
    records = list(read_phee(tmp_path, audit := ImportAudit()))
    assert [record.id for record in records] == ["1_2", "2_1"]
    assert [row.doc_id for row in audit.rows if row.problem == "file left out"] == ["README.md"]
    (tmp_path / "b.json").write_text(line() + line())
    with pytest.raises(ValueError, match="CE301.*'1_2' is in a.jsonl and again in b.json"):
        list(read_phee(tmp_path, ImportAudit()))
    with pytest.raises(ValueError, match="CE301.*'1_2' is in b.json and again in b.json"):
        list(read_phee(tmp_path / "b.json", ImportAudit()))


def test_no_sentence_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="CE005"):
        list(read_phee(tmp_path, ImportAudit()))


def test_documents_that_are_in_another_corpus_are_left_out(tmp_path):
    words = "one two three four five six seven eight nine ten"
    texts = {"7_1": "Short.", "8_1": f"x {words.upper()}!", "9": f"{words[:-4]} x", "7": "Short."}
    assert overlapping_ids(texts, {"7": f"a {words} b"}, n_words=10) == ["7_1", "8_1", "7"]
    # an abstract and its sentence, from either side
    assert overlapping_ids({"7": "Whole.", "9": "Other."}, {"7_1": "Part."}, n_words=10) == ["7"]
    (tmp_path / "a.json").write_text(line() + line().replace("1_2", "1_3"))
    (tmp_path / "ids.txt").write_text("1_3\n")
    audit, sizes = import_files(tmp_path / "a.json", tmp_path / "a.spacy", "phee", leave_out=tmp_path / "ids.txt")
    assert sizes == {tmp_path / "a.spacy": 1}
    assert [(row.doc_id, row.problem) for row in audit.rows] == [("1_3", "left out")]


@pytest.mark.realdata
@pytest.mark.parametrize(
    "split, counts",
    [("train", (8389, 7965, 5795, 5490)), ("dev", (2827, 2679, 2012, 1907)), ("test", (2912, 2751, 2099, 1980))],
)
def test_phee(data_dir, split, counts):
    audit, tokenizer = ImportAudit(), blank_pipeline("en", "clinical").tokenizer
    docs = [place(record, tokenizer, audit) for record in read_phee(data_dir / "phee" / f"{split}.json", audit)]
    found = [counter.total() for counter in (audit.annotations, audit.entities, audit.relations, audit.linked)]
    assert tuple(found) == counts
    assert sum(len(doc.user_data[RELATIONS_KEY]) for doc in docs) == counts[-1]
    assert set(audit.problems) == {"overlapping", "discontinuous", "misaligned", "relation"}
