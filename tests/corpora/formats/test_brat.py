import pytest

from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.formats.brat import (
    Attribute,
    BratDocument,
    Equiv,
    Event,
    Normalization,
    Note,
    Relation,
    brat_files,
    format_brat,
    mention_text,
    parse_brat,
    read_brat,
)
from spacy_clinner.corpora.placing.record import Mention
from spacy_clinner.files import write_files_atomically

MARKER = "Zebedee"
TEXT = "Left and right leg pain,\r\nno fever 🙂."
ANN = """\
T1\tSite 0 4;15 18\tLeft leg
T2\tSymptom 19 23\tpain
T3\tSymptom 29 34\tfever
E1\tSymptom:T2 Site:T1
E2\tSymptom:T3 
R1\tMODIFY Arg1:T1 Arg2:E1\t
*\tOVERLAP E1 E2
A1\tNegated E2
A2\tSeverity E1 mild to moderate
M1\tHedged E1
N1\tReference T3 UMLS:C0015967\tFever
#1\tAnnotatorNotes E2\tcheck this
"""


def read(folder):
    return list(read_brat(folder, ImportAudit()))


@pytest.fixture
def document():
    return BratDocument(
        "a",
        TEXT,
        textbounds=[
            Mention("T1", "Site", ((0, 4), (15, 18)), "Left leg"),
            Mention("T2", "Symptom", ((19, 23),), "pain"),
            Mention("T3", "Symptom", ((29, 34),), "fever"),
        ],
        events=[Event("E1", "Symptom", "T2", (("Site", "T1"),)), Event("E2", "Symptom", "T3")],
        relations=[Relation("R1", "MODIFY", (("Arg1", "T1"), ("Arg2", "E1")))],
        equivs=[Equiv("OVERLAP", ("E1", "E2"))],
        attributes=[
            Attribute("A1", "Negated", "E2"),
            Attribute("A2", "Severity", "E1", "mild to moderate"),
            Attribute("M1", "Hedged", "E1"),
        ],
        normalizations=[Normalization("N1", "Reference", "T3", "UMLS:C0015967", "Fever")],
        notes=[Note("#1", "AnnotatorNotes", "E2", "check this")],
    )


def test_reads_every_kind_of_line(document):
    assert parse_brat("a", TEXT, ANN) == document
    assert parse_brat("a", TEXT, "\ufeff" + ANN.replace("\n", "\r\n") + "\n") == document


def test_writes_what_it_read(document):
    assert format_brat(document) == ANN


def test_files_keep_carriage_returns(document, tmp_path):
    write_files_atomically(tmp_path, brat_files(document))
    assert (tmp_path / "a.txt").read_bytes() == TEXT.encode()
    assert read(tmp_path) == [document]
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.ann", "a.txt"]


def test_a_text_without_annotations_is_not_annotated(tmp_path):
    (tmp_path / "a.txt").write_text("Pain.")
    (tmp_path / "b.txt").write_text("")
    (tmp_path / "b.ann").write_text("")
    without, none = read(tmp_path)
    assert (without.annotated, none.annotated) == (False, True)
    assert brat_files(without) == {"a.txt": "Pain.", "a.ann": None}


def test_mentions_have_no_line_ends():
    assert mention_text("a\r\nb c", ((0, 4), (5, 6))) == "a  b c"


@pytest.mark.parametrize(
    "line",
    [
        f"X1\tSymptom 0 4\t{MARKER}",
        f"{MARKER}",
        f"T1\tSymptom 0\t{MARKER}",
        f"T1\tSymptom 0 4,5 6\t{MARKER}",
        f"T1 Symptom 0 4 {MARKER}",
        f"R1\tMODIFY {MARKER}",
        f"E1\t{MARKER}",
        "*\tOVERLAP",
    ],
)
def test_other_lines_are_errors_with_their_number(line):
    with pytest.raises(ValueError, match=r"CE002.*'a', line 2 ") as error:
        parse_brat("a", "Pain", f"T9\tSymptom 0 4\tPain\n{line}\n")
    assert MARKER not in str(error.value)


def test_ids_are_used_once():
    with pytest.raises(ValueError, match="CE004.*line 2.*'T1'"):
        parse_brat("a", "Pain", "T1\tSymptom 0 4\tPain\nT1\tSymptom 0 4\tPain\n")


def test_invalid_utf8_is_an_error_with_its_byte(tmp_path):
    (tmp_path / "a.txt").write_bytes(f"{MARKER}: caf\xe9".encode("latin-1"))
    with pytest.raises(ValueError, match="CE001.*a.txt.*byte 12") as error:
        read(tmp_path)
    assert MARKER not in str(error.value) and error.value.__context__ is None


def test_annotations_need_a_text(tmp_path):
    (tmp_path / "a.ann").write_text("")
    with pytest.raises(ValueError, match="CE003.*'a'"):
        read(tmp_path)


def test_a_folder_without_documents_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="CE005"):
        read(tmp_path)


BAD_IDS = [
    "",
    "../a",
    "/a",
    "a/",
    "a/../b",
    "a//b",
    ".a",
    "a\\b",
    "a\0b",
    "a\nb",
    "é" * 101,
    "a/Con",
    "NUL.txt",
    "lpt1",
]


@pytest.mark.parametrize("id", BAD_IDS)
def test_ids_must_be_file_names(id):
    with pytest.raises(ValueError, match="CE012"):
        brat_files(BratDocument(id, ""))


@pytest.mark.parametrize(
    "kind, item, named",
    [
        ("textbounds", Mention("T1", "a b", ((0, 4),), "Pain"), "'T1' of the label 'a b'"),
        ("textbounds", Mention("T1", "", ((0, 4),), "Pain"), "'T1' of the label ''"),
        ("textbounds", Mention("T 1", "A", ((0, 4),), "Pain"), "'T 1' of the label 'A'"),
        ("textbounds", Mention("T1", "A", ((0, 4),), "Pa\nin"), "'T1' of the label 'A'"),
        ("events", Event("E1", "a:b", "T1"), "'E1' of the label 'a:b'"),
        ("relations", Relation("R1", "A", (("a role", "T1"), ("Arg2", "T1"))), "'R1' of the label 'A'"),
        ("relations", Relation("R1", "A", (("a:b", "T1"), ("Arg2", "T1"))), "'R1' of the label 'A'"),
        ("relations", Relation("R1", "A", ()), "'R1' of the label 'A'"),
        ("equivs", Equiv("A", ("T1 T2", "T1")), "'\\*' of the label 'A'"),
        ("attributes", Attribute("A1", "A", "T1", ""), "'A1' of the label 'A'"),
        ("attributes", Attribute("A1", "A", "T1", "a\nb"), "'A1' of the label 'A'"),
        ("normalizations", Normalization("N1", "A", "T1", "a b"), "'N1' of the label 'A'"),
        ("notes", Note("#1", "A", "T1", "a\nb"), "'#1' of the label 'A'"),
        ("notes", Note("#1", "A", "T1", "a\r"), "'#1' of the label 'A'"),
    ],
)
def test_what_would_be_read_back_as_something_else_is_not_written(kind, item, named):
    with pytest.raises(ValueError, match=f"CE333.*'a'.*{named} would not"):
        brat_files(BratDocument("a", "Pain", **{kind: [item]}))


def test_ids_are_written_once():
    twice = [Mention("T1", "A", ((0, 4),), "Pain")] * 2
    with pytest.raises(ValueError, match="CE333.*its list of annotations"):
        brat_files(BratDocument("a", "Pain", twice))


def test_folders_are_part_of_the_ids_and_written_again(document, tmp_path):
    for doc_id in ("b", "train/b", "train/deep er/note 1"):
        document.id = doc_id
        write_files_atomically(tmp_path, brat_files(document))
    documents = read(tmp_path)
    assert [found.id for found in documents] == ["b", "train/b", "train/deep er/note 1"]
    assert all(found.text == TEXT and len(found.textbounds) == 3 for found in documents)


def test_every_file_is_read_or_named(tmp_path):
    (tmp_path / "A.TXT").write_text("Pain.")
    (tmp_path / "A.ANN").write_text("T1\tSymptom 0 4\tPain\n")
    (tmp_path / "b.Ann").write_text("")
    (tmp_path / "b.txt").write_text("")
    (tmp_path / "c.txt").mkdir()
    (tmp_path / "c.txt" / "d.txt").write_text("")
    for name in ("._A.TXT", "README.md", "c.txt/annotation.conf"):
        (tmp_path / name).write_bytes(b"\0")
    (tmp_path / ".git").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "c.txt", target_is_directory=True)
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    documents = list(read_brat(tmp_path, audit := ImportAudit()))
    assert [(found.id, len(found.textbounds), found.annotated) for found in documents] == [
        ("A", 1, True), ("b", 0, True), ("c.txt/d", 0, False)
    ]  # fmt: skip
    assert audit.problems == {"file left out": 6}
    reasons = {row.doc_id: row.action for row in audit.rows}
    assert reasons["._A.TXT"] == reasons[".git"] == "hidden: its name begins with a dot"
    assert reasons["README.md"] == reasons["c.txt/annotation.conf"] == "ends neither in .txt nor in .ann"
    assert {"linked", "gone.txt"} <= reasons.keys()


def test_two_files_of_one_document_are_an_error(tmp_path):
    (tmp_path / "a.txt").write_text("Pain.")
    (tmp_path / "a.TXT").write_text("No pain.")
    with pytest.raises(ValueError, match="CE301.*'a' is in a.TXT and again in a.txt"):
        read(tmp_path)


@pytest.mark.parametrize("name", [b"a\xff.txt", b"a\nb.txt"])
def test_a_name_that_no_list_can_hold_is_an_error(name, tmp_path):
    open(bytes(tmp_path) + b"/" + name, "w").close()
    with pytest.raises(ValueError, match="CE302"):
        read(tmp_path)


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n\r", "\r\r\n"])
def test_lines_end_in_any_system_s_way(document, end):
    assert parse_brat("a", TEXT, ANN.replace("\n", end)) == document


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_quoted_text_may_go_on_in_the_next_line(end):
    text = f"Pain in left{end}knee today"
    quoted = f"T1\tProblem 0 {16 + len(end)}\tPain in left{end}knee\n"
    (textbound,) = parse_brat("a", text, f"{quoted}").textbounds
    assert textbound.text == "Pain in left knee"
    with pytest.raises(ValueError, match="CE002.*line 2"):
        parse_brat("a", text, quoted.replace("knee", "leg"))


def test_huge_offsets_are_no_annotations():
    for number in ("29999999999999999999", "9" * 4400):
        with pytest.raises(ValueError, match="CE002.*line 1"):
            parse_brat("a", "Pain", f"T1\tX 0 {number}\tPain")


@pytest.mark.realdata
def test_maccrobat_is_read_whole_and_written_line_by_line(data_dir):
    folder = data_dir / "maccrobat2020" / "brat"
    documents = read(folder)
    assert len(documents) == 200
    count = {
        kind: sum(len(getattr(document, kind)) for document in documents)
        for kind in ("textbounds", "events", "relations", "equivs", "attributes", "notes")
    }
    assert count == {
        "textbounds": 25_189,
        "events": 14_368,
        "relations": 16_307,
        "equivs": 2_023,
        "attributes": 1_416,
        "notes": 335,
    }
    assert sum(len(t.fragments) > 1 for document in documents for t in document.textbounds) == 44
    for document in documents:
        original = (folder / f"{document.id}.ann").read_bytes().decode()
        assert sorted(format_brat(document).split("\n")) == sorted(original.split("\n"))
