import re

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_clinner.annotations.keys import DOC_ID_KEY, RELATIONS_KEY
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.exporting import export_docs
from spacy_clinner.corpora.formats.i2b2_2009 import (
    DRUG,
    FIELDS,
    Entry,
    EntryDocument,
    TokenPlaces,
    format_entries,
    parse_entries,
    read_i2b2_2009,
)
from spacy_clinner.corpora.formats.i2b2_2009_docs import doc_to_entries, entries_record, write_entries
from spacy_clinner.corpora.formats.options import WriteOptions
from spacy_clinner.corpora.placing.place import place

TEXT = "Medications:\r\n1.  Metformin 500 mg b.i.d. ,\nand  1000 mg at night for the\nnew diabetes.\n"
LINES = [
    'm="metformin" 2:1 2:1||do="500 mg" 2:2 2:3||mo="nm"||f="b.i.d." 2:4 2:4||du="nm"||'
    'r="the new diabetes." 3:6 4:1||ln="list"',
    'm="metformin" 2:1 2:1||do="1000 mg" 3:1 3:2||mo="nm"||f="at night" 3:3 3:4||du="nm"||'
    'r="the new diabetes." 3:6 4:1||ln="list"',
]


@pytest.fixture(scope="module")
def tokenizer():
    return spacy.blank("en").tokenizer


def imported(tokenizer, lines, text=TEXT):
    audit = ImportAudit()
    record = EntryDocument("a", text, parse_entries("\n".join(lines), text, "f"))
    return place(entries_record(record), tokenizer, audit), audit


def written(doc, **settings):
    return format_entries(doc_to_entries(doc, **settings), doc.text).lower().splitlines()


def test_entries_become_entities_and_relations(tokenizer):
    doc, audit = imported(tokenizer, LINES)
    assert [(e.text, e.label_) for e in doc.ents] == [
        ("Metformin", "DRUG"), ("500 mg", "DOSAGE"), ("b.i.d.", "FREQUENCY"), ("1000 mg", "DOSAGE"),
        ("at night", "FREQUENCY"), ("the\nnew diabetes.", "REASON"),
    ]  # fmt: skip
    relations = doc.user_data[RELATIONS_KEY]
    assert {tuple(relation["head"]) for relation in relations} == {(18, 27)}
    assert [relation["label"] for relation in relations] == ["DOSAGE", "FREQUENCY", "DOSAGE", "FREQUENCY", "REASON"]
    assert not audit.rows and audit.linked.total() == 5


@pytest.mark.parametrize("ents_only", [False, True])
def test_written_as_they_were(tokenizer, ents_only):
    doc, _ = imported(tokenizer, LINES)
    (doc,) = DocBin().from_bytes(DocBin(docs=[doc], store_user_data=True).to_bytes()).get_docs(Vocab())
    assert written(doc, ents_only=ents_only, context="list") == LINES


def test_a_field_in_pieces_is_kept_as_data(tokenizer):
    line = LINES[0].replace('f="b.i.d." 2:4 2:4', 'f="b.i.d. ... at night" 2:4 2:4,3:3 3:4')
    doc, audit = imported(tokenizer, [line])
    assert "FREQUENCY" not in {e.label_ for e in doc.ents}
    assert audit.problems == {"discontinuous": 1, "relation": 1}
    assert written(doc) == [line]
    spaced = line.replace("||", " || ").replace(",3:3", ", 3:3").replace(" ... ", " ")
    assert parse_entries(spaced, TEXT, "f") == parse_entries(line, TEXT, "f")


def test_a_drug_without_fields_and_a_field_with_several_drugs(tokenizer):
    text = "aspirin and ibuprofen for pain, water"
    doc = tokenizer(text)
    drugs = [doc.char_span(start, end, label=DRUG) for start, end in ((0, 7), (12, 21), (32, 37))]
    doc.set_ents([*drugs, doc.char_span(26, 30, label="REASON")], default="outside")
    doc.user_data[RELATIONS_KEY] = [
        {"head": head, "child": [26, 30], "label": "REASON", "probability": 0.5} for head in ([0, 7], [12, 21])
    ]
    # tokens between white space: the comma belongs to the last one
    assert [re.sub(r'(do|mo|f|du)="nm"\|\|', "", line) for line in written(doc)] == [
        'm="aspirin" 1:0 1:0||r="pain," 1:4 1:4||ln="narrative"',
        'm="ibuprofen" 1:2 1:2||r="pain," 1:4 1:4||ln="narrative"',
        'm="water" 1:5 1:5||r="nm"||ln="narrative"',
    ]


@pytest.mark.parametrize(
    "text, start, end",
    [("\ufeff aspirin", 0, 1), ("\ufeff", 0, 1), ("nm aspirin", 0, 2), ('5"||do="nm" aspirin', 0, 9)],
)
def test_a_field_that_would_be_read_as_another_is_not_written(text, start, end):
    doc = spacy.blank("en")(text)
    doc.user_data[DOC_ID_KEY] = "a"
    doc.set_ents([doc.char_span(start, end, label=DRUG, alignment_mode="expand")], default="outside")
    with pytest.raises(ValueError, match="CE333.*'a'"):
        next(write_entries([doc], WriteOptions()))


def test_relations_that_the_format_does_not_know_are_not_dropped_silently(tokenizer):
    doc, _ = imported(tokenizer, LINES[:1])
    doc.user_data[RELATIONS_KEY][0]["label"] = "Dosage"
    with pytest.warns(UserWarning, match="CW002.*1 of 3"), pytest.warns(UserWarning, match="CW330.*1 of 4"):
        assert "DOSAGE" not in doc_to_entries(doc, ents_only=True)[0].fields


def test_a_drug_is_not_written_as_a_field_of_another_drug(tokenizer):
    """It would be read back as that field alone."""
    doc = spacy.blank("en")("aspirin ibuprofen")
    doc.set_ents([doc[0:1].char_span(0, 7, label=DRUG), doc.char_span(8, 17, label=DRUG)], default="outside")
    doc.user_data[RELATIONS_KEY] = [{"head": [0, 7], "child": [8, 17], "label": "DOSAGE"}]
    with pytest.warns(UserWarning, match="CW002.*1 of 1"):
        assert [list(entry.fields) for entry in doc_to_entries(doc, ents_only=True)] == [[DRUG], [DRUG]]


@pytest.mark.parametrize(
    "line, code",
    [
        ("Zebedee", "CE025"),
        (LINES[0].replace("||mo", "|mo"), "CE025"),
        (LINES[0].replace('ln="list"', 'ln="li||do="5 mg" 2:2 2:3||ln="list"'), "CE027"),
        (LINES[0].replace('mo="nm"', 'mo="nm" 2:1 2:1'), "CE025"),
        (LINES[0].replace('"500 mg" 2:2 2:3', '"500 mg"'), "CE025"),
        (LINES[0].replace('m="metformin" 2:1 2:1', 'm="nm"'), "CE025"),
        (LINES[0].replace("2:2 2:3", f"2:2 2:{'9' * 4400}"), "CE025"),
        (LINES[0].replace("2:2 2:3", "2:2 2:9"), "CE026"),
        (LINES[0].replace("2:2 2:3", "0:2 2:3"), "CE026"),
        (LINES[0].replace("2:2 2:3", "2:3 2:2"), "CE026"),
        (LINES[0].replace("500 mg", "Zebedee"), "CE027"),
        (LINES[0].replace("2:2 2:3", "2:2 2:4"), "CE027"),
    ],
)
def test_errors_name_the_line_and_quote_nothing(line, code):
    with pytest.raises(ValueError, match=f"{code}.*f, line 3") as error:
        parse_entries(f"{LINES[1]}\n\n{line}\n", TEXT, "f")
    assert "Zebedee" not in str(error.value)


WORDS = st.sampled_from(["aspirin", "5", "mg,", 'q"d', "||", "é🙂", "nm", "..a"])
OTHERS = [label for label in FIELDS.values() if label != DRUG]
SPACES = st.sampled_from([" ", "  ", "\n", "\r\n", "\n\n", "\t"])


@st.composite
def documents(draw, n_entries=3):
    """A text and entries between any of its tokens."""
    words = draw(st.lists(WORDS, min_size=1, max_size=12))
    text = "".join(word + space for word, space in zip(words, [draw(SPACES) for _ in words], strict=True))
    places = TokenPlaces(text)
    tokens = st.integers(0, len(words) - 1)
    ranges = st.tuples(tokens, tokens).map(lambda pair: tuple(places.spans[i] for i in sorted(pair)))
    pieces = st.lists(ranges, min_size=1, max_size=2).map(lambda found: tuple((one[0], two[1]) for one, two in found))
    fields = st.fixed_dictionaries({DRUG: pieces}, optional=dict.fromkeys(OTHERS, pieces))
    # "nm" as the text of a field cannot be told from a field that is not mentioned
    mentioned = fields.filter(lambda found: all(places.words(piece) != ["nm"] for piece in found.values()))
    contexts = st.sampled_from(["list", "narrative"])
    return text, draw(st.lists(st.builds(Entry, mentioned, contexts), max_size=n_entries))


@given(documents())
@settings(max_examples=150, deadline=None)
def test_there_and_back(tokenizer, document):
    text, entries = document
    assert parse_entries(format_entries(entries, text), text, "f") == entries
    doc = place(entries_record(EntryDocument("a", text, entries)), tokenizer, audit := ImportAudit())
    assert doc_to_entries(doc) == entries
    lost = sum(row.problem == "relation" for row in audit.rows)
    assert len(doc.user_data[RELATIONS_KEY]) + lost == audit.relations.total()


@given(documents(n_entries=1))
@settings(max_examples=150, deadline=None)
def test_an_entry_of_flat_entities_is_made_of_relations(tokenizer, document):
    text, entries = document
    doc = place(entries_record(EntryDocument("a", text, entries)), tokenizer, audit := ImportAudit())
    if not audit.rows:
        assert [entry.fields for entry in doc_to_entries(doc, ents_only=True)] == [entry.fields for entry in entries]


def test_files(tokenizer, tmp_path):
    for name in ("b.txt", "a", "c"):
        (tmp_path / name).write_text(TEXT, newline="")
    (tmp_path / ".hidden").write_bytes(b"\xff")
    (tmp_path / "a_gold.entries").write_text("\n".join(LINES))
    (tmp_path / "b.i2b2.entries").write_text("")
    audit = ImportAudit()
    records = list(read_i2b2_2009(tmp_path, audit))
    first, none, unannotated = (entries_record(record).mentions for record in records)
    assert len(first) == 6 and none == [] and unannotated is None
    docs = [place(entries_record(record), tokenizer, audit) for record in records]
    assert [len(doc.ents) for doc in docs] == [6, 0, 0] and docs[0].text == TEXT
    assert [(row.doc_id, row.problem) for row in audit.rows] == [(".hidden", "file left out"), ("c", "unannotated")]
    assert [doc.has_annotation("ENT_IOB") for doc in docs] == [True, True, False]
    assert export_docs(docs, tmp_path / "out", "i2b2-2009") == ["c"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "a.i2b2.entries", "a.txt", "b.i2b2.entries", "b.txt",
    ]  # fmt: skip
    assert (tmp_path / "out" / "a.i2b2.entries").read_text().lower().splitlines() == LINES


def entry(line, token, drug="aspirin"):
    return f'm="{drug}" {line}:{token} {line}:{token}||do="nm"||mo="nm"||f="nm"||du="nm"||r="nm"||ln="list"'


def test_names_and_folders(tokenizer, tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "a.txt").mkdir()
    for name in ("a.TXT", "train/a.b.txt", "train/c.1"):
        (tmp_path / name).write_text("aspirin")
    for name in ("a.I2B2.Entries", "train/a.b_gold.entries", "train/c.1.i2b2.entries"):
        (tmp_path / name).write_text(entry(1, 0))
    (tmp_path / "train" / "notes.doc").write_bytes(b"\0")
    audit = ImportAudit()
    docs = [place(entries_record(record), tokenizer, audit) for record in read_i2b2_2009(tmp_path, audit)]
    assert [doc.user_data[DOC_ID_KEY] for doc in docs] == ["a", "train/a.b", "train/c.1"]
    assert [len(doc.ents) for doc in docs] == [1, 1, 1]
    assert [(row.doc_id, row.problem) for row in audit.rows] == [("train/notes.doc", "file left out")]
    export_docs(docs, tmp_path / "out", "i2b2-2009")
    assert (tmp_path / "out" / "train" / "a.b.i2b2.entries").read_text() == f"{entry(1, 0)}\n"
    (tmp_path / "train" / "a.b.entries").write_text("")
    with pytest.raises(ValueError, match="CE301.*'train/a.b' is in train/a.b.entries and again in"):
        list(read_i2b2_2009(tmp_path, ImportAudit()))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_system_s_way(end):
    text = end.join(["aspirin", "", "no", "aspirin", ""])
    places = TokenPlaces(text)
    assert places.places == [(1, 0), (3, 0), (4, 0)]
    assert [text[start:stop] for start, stop in places.spans] == ["aspirin", "no", "aspirin"]
    assert len(parse_entries(end.join([entry(1, 0), entry(4, 0), ""]), text, "f")) == 2


def test_a_mark_is_in_no_token():
    ((start, end),) = TokenPlaces("\ufeffaspirin").spans
    assert (start, end) == (1, 8) and len(parse_entries(f"\ufeff{entry(1, 0)}", "\ufeffaspirin", "f")) == 1


def test_carriage_returns_that_end_no_line_are_told_by_the_quoted_texts(tokenizer, tmp_path):
    (tmp_path / "a.txt").write_text("one\raspirin\naspirin\n", newline="")
    (tmp_path / "a.entries").write_text(f"{entry(1, 1)}\n{entry(2, 0)}\n")
    (record,) = read_i2b2_2009(tmp_path, audit := ImportAudit())
    doc = place(entries_record(record), tokenizer, audit)
    assert [(e.start_char, e.text) for e in doc.ents] == [(4, "aspirin"), (12, "aspirin")]
    assert [(row.doc_id, row.problem) for row in audit.rows] == [("a", "counted otherwise")]
    assert [entry.fields for entry in parse_entries(format_entries(doc_to_entries(doc), doc.text), doc.text, "f")]
    (tmp_path / "a.entries").write_text(f"{entry(1, 1)}\n{entry(3, 0)}\n")
    with pytest.raises(ValueError, match="CE026.*line 1"):
        list(read_i2b2_2009(tmp_path, ImportAudit()))


def test_entries_without_text_and_no_text(tmp_path):
    with pytest.raises(ValueError, match="CE005"):
        list(read_i2b2_2009(tmp_path, ImportAudit()))
    (tmp_path / "a.entries").write_text("")
    with pytest.raises(ValueError, match="CE028"):
        list(read_i2b2_2009(tmp_path, ImportAudit()))
