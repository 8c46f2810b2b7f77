import pickle
import time

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokenizer import Tokenizer
from spacy.util import compile_infix_regex, registry

from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.formats.columns import ColumnFormat
from spacy_clinner.corpora.importing import import_corpus
from spacy_clinner.text.tokenizer import make_clinical_tokenizer

CONFIG = {"nlp": {"tokenizer": {"@tokenizers": "spacy_clinner.ClinicalTokenizer.v1"}}}


@pytest.fixture(scope="module")
def nlp():
    return spacy.blank("en", config=CONFIG)


def words(nlp, text):
    return " ".join(token.text for token in nlp.make_doc(text))


def test_resolves_by_name_to_an_ordinary_spacy_tokenizer(nlp):
    assert registry.tokenizers.get("spacy_clinner.ClinicalTokenizer.v1") is make_clinical_tokenizer
    assert type(nlp.tokenizer) is Tokenizer


@pytest.mark.parametrize(
    "glued, split",
    [
        ("rose to 19.2 mg/dL.", "rose to 19.2 mg / dL ."),
        ("1,045 pg/mL", "1,045 pg / mL"),
        ("100,000/µL;WBC<4.5", "100,000 / µL ; WBC < 4.5"),
        ("(ANC>0.5×109)", "( ANC > 0.5×109 )"),
        ("EF=0.20", "EF = 0.20"),
        ("≥30% ∼4 months", "≥ 30 % ∼ 4 months"),
        ("for months.5 Then", "for months . 5 Then"),
        ("guidance.[10] 1).Our", "guidance . [ 10 ] 1 ) . Our"),
        ("5mg 200mL. 24h 0.5ml/kg", "5 mg 200 mL . 24 h 0.5 ml / kg"),
        ("hepatitis C.", "hepatitis C ."),
        ("(COX)-deficient", "( COX ) - deficient"),
        ("uptake(max", "uptake ( max"),
        ("no SOB.He normal.on 3 g/dL.BP", "no SOB . He normal . on 3 g / dL . BP"),
        ("GCS (n = 8) <3", "GCS ( n = 8 ) < 3"),
        ("5 mg im", "5 mg im"),
        ("cafe\u0301.", "cafe\u0301 ."),
        # keys and their values
        ("BP:120/80 HR:88 T:37.5", "BP : 120/80 HR : 88 T : 37.5"),
        ("DOB:01/02/1960 MRN:1234567", "DOB : 01/02/1960 MRN : 1234567"),
        ("SpO2:98% A1c:7.2 CD4:250", "SpO2 : 98 % A1c : 7.2 CD4 : 250"),
        ("Na:<120 K+:3.5 98%RA", "Na : < 120 K+ : 3.5 98 % RA"),
        ("Name:John h/o:DM", "Name : John h / o : DM"),
        # numbers of patients and places
        ("NHC-456125 E-28046 08005-Barcelona", "NHC - 456125 E - 28046 08005 - Barcelona"),
        ("Tfno.+34679802102", "Tfno . + 34679802102"),
        # full stops
        ("5, 4 Der.. esc.B. etc...", "5 , 4 Der . . esc . B . etc ..."),
        ("Palmas.e-mail", "Palmas . e - mail"),
        ("#BTV *fever*", "# BTV * fever *"),
    ],
)
def test_splits_what_notes_glue(nlp, glued, split):
    assert words(nlp, glued) == split


@pytest.mark.parametrize(
    "whole",
    "19.2 1,045 .5 12/08/2019 120/80 10:30 1:1000 10th HbA1c CD34 CD-34 IL-6 COVID-19 CA-125 DSM-5 T2DM".split()
    + "4q35 3D 25(OH)D T10:30 +2 Dr. e.g. U.S. 🙂".split()
    + ["https://a.org/b.c", "www.a.org", "a.b@c.org"],
)
def test_leaves_numbers_names_and_addresses_whole(nlp, whole):
    assert words(nlp, whole) == whole


@pytest.mark.parametrize("lang", ["es", "de", "fr", "xx"])
def test_serves_any_language_with_spaces(lang):
    nlp = spacy.blank(lang, config=CONFIG)
    assert words(nlp, "PAS 120mmHg, 12,5g/dL.") == "PAS 120 mmHg , 12,5 g / dL ."


@pytest.mark.parametrize(
    "glued, split",
    [
        ("Edad:67 CP:28029 NºCol:28", "Edad : 67 CP : 28029 NºCol : 28"),
        ("NHC-456125 E-28046 08005-Barcelona", "NHC - 456125 E - 28046 08005 - Barcelona"),
        ("Concepción-Chile MartínezNºCol", "Concepción - Chile Martínez NºCol"),
        ("TA:110/60 Hb:12,5", "TA : 110/60 Hb : 12,5"),
        ("IL-6 CD-34 anti-TNF 10:30", "IL-6 CD-34 anti-TNF 10:30"),
    ],
)
def test_splits_what_spanish_notes_glue(glued, split):
    assert words(spacy.blank("es", config=CONFIG), glued) == split


def test_a_saved_pipeline_keeps_the_tokenizer_it_was_saved_with(nlp, tmp_path):
    older = spacy.blank("en", config=CONFIG)
    older.tokenizer.infix_finditer = compile_infix_regex(["/"]).finditer
    older.to_disk(tmp_path / "model")
    assert words(spacy.load(tmp_path / "model"), "BP:120/80") == "BP:120 / 80" != words(nlp, "BP:120/80")


GLUED = st.sampled_from("aZ5µ .,;:-/()[]<>=+%'°\n\r\t\u00a0\u0301\u200d🙂")


@given(st.text(GLUED | st.characters(exclude_categories=["Cs"])))
def test_drops_no_character(nlp, text):
    doc = nlp.make_doc(text)
    assert doc.text == text
    assert "".join(token.text_with_ws for token in doc) == text


def test_serialises_with_the_pipeline(nlp, tmp_path):
    text = "Na 5mmol/L.Fig.1A (COX)-deficient"
    expected = words(nlp, text)
    nlp.to_disk(tmp_path / "model")
    assert words(spacy.load(tmp_path / "model"), text) == expected
    assert words(spacy.blank("en", config=CONFIG).from_bytes(nlp.to_bytes()), text) == expected
    assert [token.text for token in pickle.loads(pickle.dumps(nlp.tokenizer))(text)] == expected.split()
    assert [words(nlp, doc.text) for doc in nlp.pipe([text, text], n_process=2)] == [expected] * 2


def test_a_very_long_word_is_fast(nlp):
    start = time.process_time()
    for text in ("a" * 100_000, "5" * 100_000, "5.a" * 30_000):
        assert nlp.make_doc(text).text == text
    assert time.process_time() - start < 10


@pytest.mark.parametrize("text", ["{}", "a{}", "{}a", "a {} b", "3{}.", "({} a"])
@pytest.mark.parametrize("sign", ["_", "(", "+", "-_*", "≥"])
def test_a_line_of_hundreds_of_signs_is_one_token(nlp, sign, text):
    # one by one, 100,000 signs would take an hour
    for n in (200, 100_000):
        run = (sign * n)[:n]
        doc = nlp.make_doc(text.format(run))
        assert doc.text == text.format(run) and len(doc) <= 4
        assert max(map(len, doc)) >= 200
    assert len(nlp.make_doc("_" * 50)) == 50


@pytest.mark.realdata
def test_maccrobat_spans_align_without_many_more_tokens(nlp, data_dir):
    """Every fragment of a discontinuous span counts for itself; of 25,237 fragments spaCy's English misses 181."""
    english, ours, theirs, misaligned, fragments = spacy.blank("en"), 0, 0, 0, 0
    for path in sorted((data_dir / "maccrobat2020" / "brat").glob("*.ann")):
        text = path.with_suffix(".txt").read_bytes().decode("utf8")
        doc = nlp.make_doc(text)
        ours, theirs = ours + len(doc), theirs + len(english.make_doc(text))
        for line in path.read_bytes().decode("utf8").split("\n"):
            if line.startswith("T"):
                for offsets in line.split("\t")[1].split(" ", 1)[1].split(";"):
                    start, end = map(int, offsets.split())
                    fragments += 1
                    misaligned += doc.char_span(start, end) is None
    assert fragments >= 25_189
    assert misaligned <= 30
    assert ours <= 1.08 * theirs


@pytest.mark.realdata
def test_spans_of_spanish_notes_with_many_keys_align(data_dir):
    """Of 17,134 annotations 13 are cut by a token, most by slips of the annotation or a missing space between names."""
    nlp, audit = spacy.blank("es", config=CONFIG), ImportAudit()
    for split in ("train", "dev"):
        for _ in import_corpus(data_dir / "meddocan" / split / "brat", "brat", nlp, ColumnFormat(), audit):
            pass
    assert sum(audit.annotations.values()) == 17_134
    assert sum(row.problem == "misaligned" for row in audit.rows) <= 15
