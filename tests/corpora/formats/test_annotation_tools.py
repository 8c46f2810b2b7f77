"""Prodigy, doccano and Label Studio: what their files say, and there and back."""

import json
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import DocBin, Span, SpanGroup
from spacy.vocab import Vocab

from spacy_clinner.annotations.keys import DOC_ID_KEY, RELATIONS_KEY, SPANS_KEY
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.exporting import export_docs
from spacy_clinner.corpora.importing import DEFAULT_LAYOUT, blank_pipeline, import_corpus

from ..strategies import annotated_docs
from ..test_read_back import entities, relations

NLP = blank_pipeline("en", "clinical")
TOOLS = ["prodigy", "doccano", "label-studio"]
TEXT = "🙂 Gave aspirin 5 mg\r\nfor pain."
DRUG, DOSAGE, REASON = (7, 14), (15, 19), (25, 29)


def note(doc_id="n/1", predicted=False, annotated=True, related=True, text=TEXT):
    doc = NLP(text)
    doc.user_data[DOC_ID_KEY] = doc_id
    if annotated:
        labels = zip((DRUG, DOSAGE, REASON), ("DRUG", "DOSAGE", "REASON"), strict=True)
        spans = [doc.char_span(*offsets, label=label) for offsets, label in labels]
        doc.set_ents(spans, default="outside")
        if predicted:
            scores = np.array([0.98765, 0.5, 0.25], dtype="float32")
            doc.spans[SPANS_KEY] = SpanGroup(doc, name=SPANS_KEY, spans=spans, attrs={"scores": scores})
        if related:
            doc.user_data[RELATIONS_KEY] = [{"head": [*DRUG], "child": [*DOSAGE], "label": "has dosage"}]
    return doc


def written(docs, tool, folder):
    """The records of the one file."""
    assert export_docs(docs, folder, tool, stem="notes") == []
    (path,) = folder.iterdir()
    content = path.read_bytes().decode("ascii")
    return json.loads(content) if path.suffix == ".json" else [json.loads(line) for line in content.splitlines()]


def read(folder, tool):
    audit = ImportAudit()
    return list(import_corpus(folder, tool, NLP, DEFAULT_LAYOUT, audit)), audit


def read_records(tmp_path, tool, *records, lines=True):
    path = tmp_path / "export.jsonl"
    text = "\n".join(map(json.dumps, records)) if lines else json.dumps(records, indent=1)
    path.write_text(text, encoding="utf8")
    return read(path, tool)


def rows(audit):
    return [(row.doc_id, row.annotation_id, row.problem) for row in audit.rows]


def test_what_prodigy_gets(tmp_path):
    gold, predicted, plain = written(
        [note(), note("b", predicted=True), note("c", annotated=False)], "prodigy", tmp_path
    )
    drug = {"start": 7, "end": 14, "token_start": 2, "token_end": 2, "label": "DRUG"}
    dosage = {"start": 15, "end": 19, "token_start": 3, "token_end": 4, "label": "DOSAGE"}
    assert gold["text"] == TEXT and gold["meta"] == {"doc_id": "n/1"} and gold["answer"] == "accept"
    assert gold["tokens"][2] == {"text": "aspirin", "start": 7, "end": 14, "id": 2, "ws": True}
    assert gold["spans"][:2] == [drug, dosage]
    ends = {"head": 2, "child": 4, "head_span": drug, "child_span": dosage}
    assert gold["relations"] == [{**ends, "label": "has dosage"}]
    assert [span["score"] for span in predicted["spans"]] == [0.988, 0.5, 0.25] and "answer" not in predicted
    assert sorted(plain) == ["meta", "text", "tokens"]


def test_what_doccano_gets(tmp_path):
    gold, plain = written([note(), note("c", annotated=False)], "doccano", tmp_path / "related")
    assert gold["doc_id"] == "n/1" and gold["text"] == TEXT
    # the emoji is two UTF-16 units
    assert gold["entities"][0] == {"id": 1, "label": "DRUG", "start_offset": 8, "end_offset": 15}
    assert gold["relations"] == [{"id": 4, "from_id": 1, "to_id": 2, "type": "has dosage"}]
    assert plain == {"text": TEXT, "doc_id": "c"}
    with pytest.warns(UserWarning, match="CW331"):
        (labels,) = written([note(related=False, predicted=True)], "doccano", tmp_path / "labels")
    assert labels["label"] == [[8, 15, "DRUG"], [16, 20, "DOSAGE"], [26, 30, "REASON"]]


def test_what_label_studio_gets(tmp_path):
    gold, predicted, plain = written(
        [note(), note("b", predicted=True), note("c", annotated=False)], "label-studio", tmp_path
    )
    assert gold["data"] == {"text": TEXT, "doc_id": "n/1"} and "predictions" not in gold
    ((result, *_, relation),) = [one["result"] for one in gold["annotations"]]
    value = {"start": 7, "end": 14, "text": "aspirin", "labels": ["DRUG"]}
    assert result == {"id": "T1", "from_name": "label", "to_name": "text", "type": "labels", "value": value}
    ends = {"type": "relation", "from_id": "T1", "to_id": "T2", "direction": "right"}
    assert relation == {**ends, "labels": ["has dosage"]}
    (prediction,) = predicted["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("spacy_clinner", 0.25)
    assert [one.get("score") for one in prediction["result"]] == [0.988, 0.5, 0.25, None]
    assert "annotations" not in predicted and sorted(plain) == ["data"]


@pytest.mark.parametrize("tool", TOOLS)
def test_there_and_back(tmp_path, tool):
    docs = [note(), note("b", annotated=False), note("c")]
    docs[2].set_ents([], default="outside")
    docs[2].user_data[RELATIONS_KEY] = []
    stored = DocBin(docs=docs, store_user_data=True).to_bytes()
    written(list(DocBin().from_bytes(stored).get_docs(Vocab())), tool, tmp_path)
    (gold, plain, none), audit = read(tmp_path, tool)
    assert [doc.user_data[DOC_ID_KEY] for doc in (gold, plain, none)] == ["n/1", "b", "c"]
    assert gold.text == plain.text == TEXT
    assert entities(gold) == entities(docs[0]) and gold.user_data[RELATIONS_KEY] == docs[0].user_data[RELATIONS_KEY]
    assert not plain.has_annotation("ENT_IOB") and RELATIONS_KEY not in plain.user_data
    assert none.has_annotation("ENT_IOB") and not none.ents
    # a task of Label Studio does not say whether annotators were asked for relations
    assert none.user_data.get(RELATIONS_KEY) == (None if tool == "label-studio" else [])
    assert set(audit.problems) == {"unannotated"} | ({"wide characters"} if tool == "doccano" else set())


@pytest.mark.parametrize("tool", TOOLS)
@given(docs=annotated_docs(NLP.tokenizer))
@settings(max_examples=200, deadline=None)
def test_whatever_is_written_is_read_back(tmp_path_factory, tool, docs):
    folder = tmp_path_factory.mktemp("out") / "tool"
    try:
        export_docs(docs, folder, tool)
    except ValueError as error:
        # only an entity of nothing but white space
        assert "[CE331]" in str(error) and not folder.exists()
        return
    back, _ = read(folder, tool)
    for doc, again in zip(docs, back, strict=True):
        assert again.user_data[DOC_ID_KEY] == doc.user_data[DOC_ID_KEY] and again.text == doc.text
        assert entities(again) == entities(doc)
        assert {str(one) for one in relations(again)} == {str(one) for one in relations(doc)}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_text_without_a_token_has_no_annotation(tmp_path, tool):
    written([note(text="", annotated=False)], tool, tmp_path)
    (doc,), audit = read(tmp_path, tool)
    assert doc.text == "" and audit.problems == {"unannotated": 1}


@pytest.mark.realdata
@pytest.mark.parametrize("tool", ["brat", *TOOLS])
def test_maccrobat_there_and_back(tmp_path, data_dir, tool):
    corpus = import_corpus(data_dir / "maccrobat2020" / "brat", "brat", NLP, DEFAULT_LAYOUT, ImportAudit())
    docs = list(islice(corpus, 40))
    assert export_docs(docs, tmp_path, tool, ents_only=True) == []
    back, _ = read(tmp_path, tool)
    for doc, again in zip(docs, back, strict=True):
        assert again.user_data[DOC_ID_KEY] == doc.user_data[DOC_ID_KEY] and again.text == doc.text
        assert entities(again) == entities(doc) and again.user_data[RELATIONS_KEY] == doc.user_data[RELATIONS_KEY]


def test_predictions_of_a_tagger_that_leaves_doc_ents_alone_are_written(tmp_path):
    doc = NLP("Gave aspirin.")
    doc.user_data[DOC_ID_KEY] = "a"
    spans = [Span(doc, 1, 2, label="DRUG")]
    doc.spans[SPANS_KEY] = SpanGroup(doc, name=SPANS_KEY, spans=spans, attrs={"scores": np.array([0.75])})
    (task,) = written([doc], "prodigy", tmp_path)
    assert [(span["start"], span["label"], span["score"]) for span in task["spans"]] == [(5, "DRUG", 0.75)]


def test_predictions_of_label_studio_are_no_gold(tmp_path):
    written([note(predicted=True)], "label-studio", tmp_path)
    (doc,), audit = read(tmp_path, "label-studio")
    assert not doc.has_annotation("ENT_IOB") and audit.problems == {"unannotated": 1}


def test_relations_of_other_spans_are_not_dropped_silently(tmp_path):
    doc = note()
    doc.user_data[RELATIONS_KEY] += [{"head": [0, 1], "child": [*DRUG], "label": "X"}]
    with pytest.warns(UserWarning, match="CW001.*1 of 2"):
        written([doc], "prodigy", tmp_path)


@pytest.mark.parametrize("tool", TOOLS)
def test_empty_labels_are_not_written(tmp_path, tool):
    doc = note()
    doc.user_data[RELATIONS_KEY][0]["label"] = ""
    with pytest.raises(ValueError, match="CE330.*relation label"):
        export_docs([note("a"), doc], tmp_path / "out", tool)
    assert not (tmp_path / "out").exists()


TASK = {"text": "Gave aspirin.", "spans": [{"start": 5, "end": 12, "label": "DRUG", "token_start": 1, "token_end": 1}]}


def test_answers_of_prodigy(tmp_path):
    answers = [{"answer": "accept"}, {"answer": "reject"}, {"answer": "ignore"}, {"spans": None}, {"spans": []}]
    docs, audit = read_records(tmp_path, "prodigy", *({**TASK, **answer} for answer in answers), TASK)
    ids = [doc.user_data[DOC_ID_KEY] for doc in docs]
    assert ids == [f"export#{n}" for n in (1, 4, 5, 6)]
    assert [doc.has_annotation("ENT_IOB") for doc in docs] == [True, False, True, True]
    assert [len(doc.ents) for doc in docs] == [1, 0, 0, 1]
    assert rows(audit) == [
        ("export#2", "", "left out"), ("export#3", "", "left out"), ("export#4", "", "unannotated"),
    ]  # fmt: skip
    assert audit.documents == 4


def test_a_binary_answer_of_prodigy_knows_nothing_of_the_rest(tmp_path):
    (doc,), _ = read_records(tmp_path, "prodigy", {**TASK, "answer": "accept", "_view_id": "ner"})
    assert [token.ent_iob_ for token in doc] == ["", "B", ""]


def test_relations_of_prodigy_without_spans_are_between_tokens(tmp_path):
    tokens = [{"start": 0, "end": 4, "id": 0}, {"start": 5, "end": 12, "id": 1}, {"start": 13, "end": 17, "id": 2}]
    spans = [*TASK["spans"], {"start": 13, "end": 17, "label": "DOSAGE"}]
    relations = [{"head": 1, "child": 2, "label": "HAS"}, {"head": 1, "child": 0, "label": "HAS"}]
    task = {"text": "Gave aspirin 5 mg", "tokens": tokens, "spans": spans, "relations": relations}
    (doc,), audit = read_records(tmp_path, "prodigy", task)
    assert doc.user_data[RELATIONS_KEY] == [{"head": [5, 12], "child": [13, 17], "label": "HAS"}]
    assert [row.action for row in audit.rows if row.problem == "relation"] == [
        "left out: characters 0 to 4 not in doc.ents"
    ]


@pytest.mark.parametrize("name", ["label", "labels"])
def test_what_doccano_exports_without_relations(tmp_path, name):
    found = [[3, 5, "A"], [6, 8, "B"], [7, 8, "B"], [6, 9, "D"]]
    records = [{"id": 7, "text": "🙂 ok 🙂", name: found, "Comments": []}, {"id": 8, "text": "ok"}]
    docs, audit = read_records(tmp_path, "doccano", *records, lines=False)
    assert [doc.user_data[DOC_ID_KEY] for doc in docs] == ["7", "8"]
    # half of a character is the whole one; what is out of the text stays out of it
    assert [(e.text, e.label_) for e in docs[0].ents] == [("ok", "A"), ("🙂", "B")]
    assert rows(audit)[:4] == [
        ("7", "", "wide characters"), ("7", "T3", "duplicate"), ("7", "T4", "out of range"), ("8", "", "unannotated"),
    ]  # fmt: skip


def region(id, start, end, *labels, **value):
    value = {"start": start, "end": end, "labels": list(labels), **value}
    return {"id": id, "from_name": "label", "to_name": "text", "type": "labels", "value": value}


def arrow(one, other, direction, *labels):
    return {"type": "relation", "from_id": one, "to_id": other, "direction": direction, "labels": list(labels)}


def labelled(*results, text=TEXT, **annotation):
    return {
        "id": 5,
        "data": {"text": text},
        "annotations": [{"result": list(results), **annotation}],
        "predictions": [],
    }


def test_what_label_studio_exports(tmp_path):
    results = [
        region("a", *DRUG, "DRUG", "Chemical", text="aspirin"),
        region("b", *DOSAGE, "DOSAGE"),
        region("c", 15, 24, "LONG", text="5 mg\\nfor"),
        region("d", *REASON),
        {"id": "e", "type": "choices", "value": {"choices": ["x"]}},
        arrow("a", "b", "right", "HAS", "TAKES"),
        arrow("b", "a", "left", "IS"),
        arrow("a", "b", "bi", "BOTH"),
        arrow("a", "b", "right"),
    ]
    (doc,), audit = read_records(tmp_path, "label-studio", labelled(*results), lines=False)
    assert doc.user_data[DOC_ID_KEY] == "5"
    assert [(e.text, e.label_) for e in doc.ents] == [("aspirin", "DRUG"), ("5 mg\r\nfor", "LONG")]
    # DOSAGE lies in LONG, so it is no entity and its relations are left out
    assert doc.user_data[RELATIONS_KEY] == []
    assert rows(audit)[:4] == [
        ("5", "result 4", "no label"), ("5", "result 5", "other annotation"), ("5", "result 8", "relation"),
        ("5", "result 9", "relation"),
    ]  # fmt: skip
    assert audit.problems == {
        "no label": 1, "other annotation": 1, "relation": 5, "overlapping": 2,
    }  # fmt: skip


def test_relations_of_label_studio_have_a_direction(tmp_path):
    results = [region("a", *DRUG, "DRUG"), region("b", *DOSAGE, "DOSAGE")]
    task = labelled(*results, arrow("a", "b", "right", "HAS", "TAKES"), arrow("b", "a", "left", "IS"))
    (doc,), audit = read_records(tmp_path, "label-studio", task)
    ends = {"head": [*DRUG], "child": [*DOSAGE]}
    assert doc.user_data[RELATIONS_KEY] == [{**ends, "label": label} for label in ("HAS", "IS", "TAKES")]
    assert not audit.rows


def test_annotators_of_label_studio(tmp_path):
    first, second = region("a", *DRUG, "FIRST"), region("a", *DRUG, "SECOND")
    several = labelled(first)
    several["annotations"] += [{"result": [second], "ground_truth": True}, {"result": [], "was_cancelled": True}]
    skipped = labelled(first, was_cancelled=True)
    none = {"data": {"text": TEXT}, "annotations": []}
    empty = labelled()
    tasks = [{**task, "id": n} for n, task in enumerate([several, skipped, none, empty])]
    docs, audit = read_records(tmp_path, "label-studio", *tasks, lines=False)
    assert [doc.user_data[DOC_ID_KEY] for doc in docs] == ["0", "2", "3"]
    assert [[e.label_ for e in doc.ents] for doc in docs] == [["SECOND"], [], []]
    assert [doc.has_annotation("ENT_IOB") for doc in docs] == [True, False, True]
    assert rows(audit) == [("0", "", "several annotations"), ("1", "", "left out"), ("2", "", "unannotated")]


MARKER = "Zebedee"


@pytest.mark.parametrize(
    "tool, record, problem",
    [
        ("prodigy", {"spans": []}, "text is missing"),
        ("prodigy", {"text": 5}, "text is not text"),
        ("prodigy", {**TASK, "answer": MARKER}, "answer is none of accept, reject, ignore"),
        ("prodigy", {**TASK, "spans": {}}, "spans is not a list"),
        ("prodigy", {**TASK, "spans": [MARKER]}, "start is wanted of something that is no object"),
        ("prodigy", {**TASK, "spans": [{"start": True, "end": 2, "label": "A"}]}, "start is not a whole number"),
        ("prodigy", {**TASK, "spans": [{"start": 0, "end": 2}]}, "label is missing"),
        ("prodigy", {**TASK, "spans": [{"start": 0, "end": 2, "label": ""}]}, "label is empty"),
        ("prodigy", {**TASK, "meta": {"id": [MARKER]}}, "id is neither text nor a number"),
        ("prodigy", {**TASK, "tokens": [], "relations": [{"head": 0, "child": 1, "label": "A"}]}, "head is no token"),
        ("doccano", {"text": MARKER, "label": [MARKER]}, "id is wanted of something that is no object"),
        ("doccano", {"text": MARKER, "label": [[0, 1]]}, "label is missing"),
        (
            "doccano",
            {"text": MARKER, "entities": [{"id": 1, "label": "A", "start_offset": 0}]},
            "end_offset is missing",
        ),
        (
            "doccano",
            {"text": MARKER, "entities": [{"id": 1, "label": "A", "start_offset": 0, "end_offset": 1}] * 2},
            "an entity's id is there twice",
        ),
        ("label-studio", {"text": MARKER}, "data is missing"),
        ("label-studio", {"data": {"note": MARKER}}, "text is missing"),
        ("label-studio", labelled({"id": "a", "value": {}}), "type is missing"),
        ("label-studio", labelled(region("a", "0", 2, "A")), "start is not a whole number"),
        ("label-studio", labelled(region("a", 0, 2, 5)), "label is not text"),
    ],
)
@pytest.mark.parametrize("lines", [True, False])
def test_errors_name_the_place_and_quote_nothing(tmp_path, tool, record, problem, lines):
    with pytest.raises(ValueError) as error:
        read_records(tmp_path, tool, TASK | labelled(), record, lines=lines)
    place = "line 2" if lines else "record 2"
    assert f"[CE335] export.jsonl, {place} is no record of {tool}: {problem}." in str(error.value)
    assert MARKER not in str(error.value) and error.value.__context__ is None


@pytest.mark.parametrize("line", ["{", "[1]", '"a"', "null", "[" * 100_000, '{"text": "\\ud800"}', "1" * 5000])
def test_lines_that_are_no_objects(tmp_path, line):
    path = tmp_path / "a.jsonl"
    path.write_text(f"{json.dumps(TASK)}\n\n{line}\n")
    with pytest.raises(ValueError, match=r"CE335.*a.jsonl, line 3 is no record of prodigy: it is no (JSON|o)") as error:
        read(path, "prodigy")
    assert error.value.__context__ is None


def test_files(tmp_path):
    with pytest.raises(ValueError, match="CE005"):
        read(tmp_path, "prodigy")
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + json.dumps(TASK).encode() + b"\r\n\r\n")
    (tmp_path / "b.json").write_text(json.dumps(TASK, indent=2))
    (tmp_path / "c.txt").write_text(MARKER)
    docs, _ = read(tmp_path, "prodigy")
    assert sorted(doc.user_data[DOC_ID_KEY] for doc in docs) == ["a#1", "b#1"]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps({**TASK, "meta": {"doc_id": "x"}}) for _ in range(2)))
    with pytest.raises(ValueError, match="CE301.*'x' is in a.jsonl and again in a.jsonl"):
        read(tmp_path, "prodigy")


VALUES = st.sampled_from([None, True, -1, 0, 3, 10**30, 1.5, "", "a", "\n", [], [[]], {}, {"a": 1}])


@st.composite
def broken_records(draw, record):
    """A record with some values replaced or taken out, wherever they are."""
    if draw(st.integers(0, 12)) == 0:
        return draw(VALUES)
    if isinstance(record, dict):
        kept = {key: value for key, value in record.items() if draw(st.integers(0, 20))}
        return {key: draw(broken_records(value)) for key, value in kept.items()}
    return [draw(broken_records(value)) for value in record] if isinstance(record, list) else record


@pytest.mark.parametrize("tool", TOOLS)
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_broken_records_are_errors_with_a_code(tmp_path_factory, tool, data):
    folder = tmp_path_factory.mktemp("broken")
    (record,) = written([note()], tool, folder / "whole")
    (folder / "a.json").write_text(json.dumps([data.draw(broken_records(record))]))
    try:
        docs, _ = read(folder / "a.json", tool)
    except ValueError as error:
        assert str(error).startswith("[CE") and TEXT[:4] not in str(error)
    else:
        DocBin(docs=docs, store_user_data=True).to_bytes()
