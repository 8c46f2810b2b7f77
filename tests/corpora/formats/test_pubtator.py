import warnings

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_clinner.annotations.keys import CONCEPT_RELATIONS_KEY, DOC_ID_KEY, RELATIONS_KEY
from spacy_clinner.annotations.relations import read_relations, relation_of, write_relations
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.exporting import export_docs
from spacy_clinner.corpora.formats.options import ReadOptions
from spacy_clinner.corpora.formats.pubtator import format_pubtator, parse_pubtator, pubtator_record, read_pubtator
from spacy_clinner.corpora.importing import blank_pipeline
from spacy_clinner.corpora.placing.place import place

RECORD = """\
1|t|Rash and fever after aspirin.
1|a|Aspirin|gave a rash\tand fever.
1\t0\t14\tRash and fever\tDisease\tD1|D2\trash|fever
1\t21\t28\taspirin\tChemical\tC1
1\t30\t37\tAspirin\tChemical\tC1
1\t45\t49\trash\tDisease\tD1
1\t54\t59\tfever\tDisease\t-1
1\tCID\tC1\tD1
1\tCID\tC1\tD2
"""


@pytest.fixture(scope="module")
def tokenizer():
    return spacy.blank("en").tokenizer


def read(tokenizer, content):
    audit = ImportAudit()
    return [place(pubtator_record(record), tokenizer, audit) for record in parse_pubtator(content, "f")], audit


def test_entities_carry_concepts_and_mentions_are_related(tokenizer):
    (doc,), audit = read(tokenizer, RECORD)
    assert doc.text == "Rash and fever after aspirin.\nAspirin|gave a rash\tand fever."
    concepts = [(e.start_char, e.label_, e.kb_id_) for e in doc.ents]
    # the last one is -1, unknown; "Aspirin|gave" is one token
    assert concepts == [
        (0, "Disease", "D1|D2"), (21, "Chemical", "C1"), (30, "Chemical", "C1"), (45, "Disease", "D1"),
        (54, "Disease", ""),
    ]  # fmt: skip
    assert doc.user_data[DOC_ID_KEY] == "1"
    assert doc.user_data[CONCEPT_RELATIONS_KEY] == [["CID", "C1", "D1"], ["CID", "C1", "D2"]]
    pairs = [(r["head"][0], r["child"][0], r["label"]) for r in doc.user_data[RELATIONS_KEY]]
    assert pairs == [(21, 0, "CID"), (21, 45, "CID"), (30, 0, "CID"), (30, 45, "CID")]
    assert audit.documents == 1 and audit.linked == {"CID": 4}


def test_a_corpus_that_is_not_annotated_with_relations_does_not_say_that_there_are_none(tokenizer):
    (document,) = parse_pubtator(RECORD, "f")
    doc = place(pubtator_record(document, ReadOptions(head_role=None)), tokenizer, ImportAudit())
    assert doc.ents and not {RELATIONS_KEY, CONCEPT_RELATIONS_KEY} & doc.user_data.keys()


def test_relations_that_no_concepts_stand_for_are_told(tokenizer):
    (doc,), _ = read(tokenizer, RECORD)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        format_pubtator(doc)
    write_relations(doc, [*read_relations(doc), relation_of(doc.ents[1], doc.ents[4], "CID")])
    with pytest.warns(UserWarning, match="CW004.*'1': 1 of 5"):
        format_pubtator(doc)


def test_concepts_survive_a_docbin(tokenizer):
    docs, _ = read(tokenizer, RECORD)
    (doc,) = DocBin().from_bytes(DocBin(docs=docs, store_user_data=True).to_bytes()).get_docs(Vocab())
    assert [e.kb_id_ for e in doc.ents] == ["D1|D2", "C1", "C1", "D1", ""]
    assert [list(relation) for relation in doc.user_data[CONCEPT_RELATIONS_KEY]] == [
        ["CID", "C1", "D1"], ["CID", "C1", "D2"],
    ]  # fmt: skip
    assert format_pubtator(doc) == format_pubtator(docs[0])


def test_other_columns_of_biored_are_read(tokenizer):
    mentions = "9\t0\t1\tA\tGene\t3175\n9\t2\t3\tb\tGene\t3630,77\n"
    content = f"9|t|A b\n9|a|\n{mentions}9\tPositive_Correlation\t3175\t77\tNo\n"
    (doc,), _ = read(tokenizer, content)
    assert doc.user_data[RELATIONS_KEY] == [{"head": [0, 1], "child": [2, 3], "label": "Positive_Correlation"}]


def test_a_concept_may_hold_bars(tokenizer):
    mentions = "9\t0\t1\tA\tGene\tp|SUB|V|600|E\n9\t2\t3\tb\tGene\t7\n"
    (doc,), audit = read(tokenizer, f"9|t|A b\n9|a|\n{mentions}9\tBind\tp|SUB|V|600|E\t7\tNo\n")
    assert len(doc.user_data[RELATIONS_KEY]) == 1 and not audit.rows


def test_mentions_of_one_place_are_an_entity_of_all_their_concepts(tokenizer):
    mentions = "9\t0\t1\tA\tGene\t5\n9\t0\t1\tA\tGene\t6\n9\t0\t1\tA\tGene\t5\n9\t2\t3\tb\tGene\t7\n"
    (doc,), _ = read(tokenizer, f"9|t|A b\n9|a|\n{mentions}9\tBind\t6\t7\tNo\n")
    assert [e.kb_id_ for e in doc.ents] == ["5|6", "7"]
    assert doc.user_data[RELATIONS_KEY] == [{"head": [0, 1], "child": [2, 3], "label": "Bind"}]


def test_problems_have_rows(tokenizer):
    content = "1|t|Rash.\n1|a|\n1\t0\t4\tZebedee\tDisease\tD1\n1\t0\t99\tRash\tDisease\tD1\n1\tCID\tC1\tD1\n"
    (doc,), audit = read(tokenizer, content)
    assert [(row.annotation_id, row.problem) for row in audit.rows] == [
        ("R1", "unmentioned"), ("T2", "out of range"), ("T1", "text differs"), ("T2", "text differs"),
    ]  # fmt: skip
    assert "Zebedee" not in str(audit.rows)
    assert doc.user_data[CONCEPT_RELATIONS_KEY] == [["CID", "C1", "D1"]] and doc.user_data[RELATIONS_KEY] == []


@pytest.mark.parametrize(
    "content, code, line",
    [
        ("nonsense", "CE020", 1),
        ("1|a|Abstract", "CE020", 1),
        ("1|t|Title\n\n", "CE020", 2),
        ("1|t|Title", "CE020", 1),
        ("1|t|Title\n1\t0\t1\tT\tX\tD1", "CE020", 2),
        ("1|t|Title\n1|a|Text\n1|a|Text", "CE020", 3),
        ("1|t|Title\n1|a|Text\n1\t0\t1\tT", "CE020", 3),
        ("1|t|Title\n1|a|Text\n1\t-1\t1\tT\tX\tD1", "CE020", 3),
        ("1|t|Title\n2|a|Text", "CE021", 2),
        ("1|t|Title\n1|a|Text\n12\t0\t1\tT\tX\tD1", "CE021", 3),
        ("1|t|Title\n1|a|Text\n\n1|t|Title\n1|a|Other", "CE022", 4),
        ("1|t|Title\n1|a|Text\n\n1|t|Title\n1|a|Text\n1\t0\t1\tT\tX\tD1", "CE022", 4),
        ("1|t|Title\n1|a|Text\n1|t|Title", "CE020", 3),
        (f"1|t|Title\n1|a|Text\n1\t0\t{'9' * 4400}\tT\tX\tD1", "CE020", 3),
    ],
)
def test_errors_name_the_line(content, code, line):
    with pytest.raises(ValueError, match=f"{code}.*f, line {line}\\b"):
        list(parse_pubtator(content, "f"))


def test_a_record_that_is_there_again_word_for_word_is_read_once(tmp_path):
    """NCBI's disease corpus has one."""
    other = RECORD.replace("1|", "2|").replace("1\t", "2\t")
    (tmp_path / "f.PubTator").write_text("\n".join([RECORD, other, RECORD, RECORD]))
    audit = ImportAudit()
    assert [record.id for record in read_pubtator(tmp_path / "f.PubTator", audit) if not record.left_out] == ["1", "2"]
    assert [(row.doc_id, row.problem) for row in audit.rows] == [("1", "left out")] * 2


def test_a_relation_label_may_hold_digits_but_a_mention_is_no_relation(tokenizer):
    (record,) = parse_pubtator("1|t|T\r\n1|a|\r\n1\tCID2\t7\t8\r\n1\t0\t1\tT\tX\r\n", "f")
    assert record.relations == [("CID2", "7", "8")] and len(record.mentions) == 1 and record.text == "T\n"


OTHERS = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
TEXTS = st.text(st.sampled_from("aB5. \t|é🙂") | OTHERS, max_size=30)
NAMES = st.text(st.sampled_from("CD12"), min_size=1, max_size=3)


@given(TEXTS, TEXTS, st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9), NAMES), max_size=5), st.data())
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_again(tokenizer, title, abstract, found, data):
    concepts = [name for *_, name in found] or ["C"]
    relations = data.draw(st.lists(st.tuples(NAMES, *[st.sampled_from(concepts)] * 2), max_size=3, unique=True))
    lines = [f"1|t|{title}", f"1|a|{abstract}", *(f"1\t{i}\t{i + n}\t\tLabel\t{name}" for i, n, name in found)]
    lines += ["\t".join(("1", f"R{label}", one, other)) for label, one, other in relations]
    (doc,), _ = read(tokenizer, "\n".join(lines) + "\n\n")
    assert doc.text == f"{title}\n{abstract}"
    assert len(doc.user_data[CONCEPT_RELATIONS_KEY]) == len(relations)
    (again,), audit = read(tokenizer, format_pubtator(doc))
    assert again.text == doc.text and set(audit.problems) <= {"unmentioned", "relation"}
    facts = [[(e.start_char, e.end_char, e.label_, e.kb_id_) for e in d.ents] for d in (doc, again)]
    assert facts[0] == facts[1]
    assert {key: again.user_data[key] for key in (CONCEPT_RELATIONS_KEY, RELATIONS_KEY)} == {
        key: doc.user_data[key] for key in (CONCEPT_RELATIONS_KEY, RELATIONS_KEY)
    }


def test_files_of_a_folder_there_and_back(tokenizer, tmp_path):
    docs, _ = read(tokenizer, RECORD + "\n" + RECORD.replace("1|", "2|", 2).replace("\n1\t", "\n2\t"))
    assert [doc.user_data[DOC_ID_KEY] for doc in docs] == ["1", "2"]
    assert not export_docs(docs, tmp_path, "pubtator")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.PubTator.txt", "2.PubTator.txt"]
    (tmp_path / "other.txt").write_text("nonsense")
    again = [place(record, tokenizer, ImportAudit()) for record in read_pubtator(tmp_path, ImportAudit())]
    assert [doc.user_data[RELATIONS_KEY] for doc in again] == [doc.user_data[RELATIONS_KEY] for doc in docs]


def test_folders_are_read_whole_and_other_files_named(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "A.PUBTATOR").write_text("1|t|Rash\r1|a|Pain\r", newline="")
    (tmp_path / "a_pubtator").mkdir()
    (tmp_path / "a_pubtator" / "README.md").write_text("")
    (doc,) = read_pubtator(tmp_path, audit := ImportAudit())
    assert doc.text == "Rash\nPain"
    assert [(row.doc_id, row.problem, row.action) for row in audit.rows] == [
        ("a_pubtator/README.md", "file left out", 'no "pubtator" in its name')
    ]
    (tmp_path / "b.pubtator").write_text("1|t|Rash\n1|a|Pain\n")
    with pytest.raises(ValueError, match="CE301.*'1' is in b.pubtator and again in train/A.PUBTATOR"):
        list(read_pubtator(tmp_path, ImportAudit()))


def test_no_record_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="CE005"):
        list(read_pubtator(tmp_path, ImportAudit()))


@pytest.mark.parametrize("doc_id, label", [("a|b", "X"), ("", "X"), ("a", "X\tY")])
def test_names_that_break_the_columns_are_not_written(tokenizer, doc_id, label):
    doc = tokenizer("Rash")
    doc.user_data[DOC_ID_KEY] = doc_id
    doc.set_ents([doc.char_span(0, 4, label=label)], default="outside")
    with pytest.raises(ValueError, match="CE023"):
        format_pubtator(doc)


@pytest.mark.realdata
@pytest.mark.parametrize(
    "name, n_entities, n_concepts, n_mentions",
    [("Training", 9_382, 1_038, 14_209), ("Development", 9_590, 1_012, 15_409), ("Test", 9_807, 1_066, 15_660)],
)
def test_bc5cdr(data_dir, name, n_entities, n_concepts, n_mentions):
    audit, tokenizer = ImportAudit(), blank_pipeline("en", "clinical").tokenizer
    path = data_dir / "bc5cdr" / f"CDR_{name}Set.PubTator.txt"
    docs = [place(record, tokenizer, audit) for record in read_pubtator(path, audit)]
    assert len(docs) == audit.documents == 500
    assert audit.entities.total() == n_entities
    assert sum(len(doc.user_data[CONCEPT_RELATIONS_KEY]) for doc in docs) == n_concepts
    assert audit.relations.total() == audit.linked.total() == n_mentions
    assert set(audit.problems) == {"misaligned", "overlapping"}
