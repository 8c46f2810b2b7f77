"""The annotators' offsets, kept in documents or read from the corpus, and scores against them."""

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_clinner.annotations.documents import entities_of
from spacy_clinner.annotations.entity import Entity
from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.formats.brat import BratDocument, format_brat, read_brat
from spacy_clinner.corpora.formats.brat_docs import brat_record
from spacy_clinner.corpora.formats.columns import ColumnFormat
from spacy_clinner.corpora.formats.i2b2_2009 import EntryDocument, parse_entries
from spacy_clinner.corpora.formats.i2b2_2009_docs import entries_record
from spacy_clinner.corpora.importing import blank_pipeline, import_corpus
from spacy_clinner.corpora.original_gold import annotations_of, kept_gold, original_gold, read_gold
from spacy_clinner.corpora.placing.place import place
from spacy_clinner.corpora.placing.record import Mention
from spacy_clinner.scoring.documents import pair_documents
from spacy_clinner.scoring.evaluation import Bootstrap, evaluate
from spacy_clinner.scoring.original_gold import Annotations, evaluate_original

from .formats.test_phee import line as phee_line
from .formats.test_pubtator import RECORD as PUBTATOR

TEXT = "Chestpain and fever of 39 degrees\ntoday."
MENTIONS = [
    Mention("T1", "Symptom", ((5, 9),), "pain"),
    Mention("T2", "Symptom", ((14, 19),), "fever"),
    Mention("T3", "Symptom", ((14, 25),), "fever of 39"),
    Mention("T4", "Value", ((23, 25), (34, 39)), "39 today"),
    Mention("T5", "Value", ((26, 33), (34, 39)), "degrees today"),
    Mention("T6", "Symptom", ((5, 9),), "pain"),
]
ANNOTATIONS = Annotations(
    frozenset({Entity(5, 9, "Symptom"), Entity(14, 19, "Symptom"), Entity(14, 25, "Symptom"), Entity(26, 39, "Value")}),
    (Entity(23, 39, "Value"),),
)


@pytest.fixture(scope="module")
def tokenizer():
    return spacy.blank("en").tokenizer


def imported(tokenizer, doc_id="a", mentions=MENTIONS):
    doc = place(brat_record(BratDocument(doc_id, TEXT, mentions or [])), tokenizer, ImportAudit())
    return next(DocBin().from_bytes(DocBin(docs=[doc], store_user_data=True).to_bytes()).get_docs(Vocab()))


@pytest.fixture
def folder(tmp_path):
    """A brat corpus of the documents a and b, and c without annotation."""
    for doc_id in "abc":
        (tmp_path / f"{doc_id}.txt").write_text(TEXT)
    for doc_id in "ab":
        (tmp_path / f"{doc_id}.ann").write_text(format_brat(BratDocument(doc_id, TEXT, MENTIONS)))
    return tmp_path


def test_each_once_pieces_apart():
    assert annotations_of(TEXT, MENTIONS) == ANNOTATIONS
    reordered = Mention("T7", "Value", MENTIONS[3].fragments[::-1], "")
    assert annotations_of(TEXT, [*MENTIONS, reordered]) == ANNOTATIONS


def test_brat_offsets_are_kept(tokenizer):
    docs = [imported(tokenizer, "a"), tokenizer(TEXT), imported(tokenizer, "b", [])]
    docs[1].user_data[DOC_ID_KEY] = "other"
    gold = kept_gold(docs)
    assert gold.documents == {"a": ANNOTATIONS, "b": Annotations(frozenset())}
    assert gold.labels == {"Symptom", "Value"}
    assert kept_gold(docs, "clinner_brat") == gold
    # what another group holds is another layer's
    assert kept_gold(docs, "head") is None and kept_gold(docs[1:2]) is None


def test_i2b2_offsets_are_kept(tokenizer):
    text = "take aspirin/tylenol daily"
    line = 'm="aspirin/tylenol" 1:1 1:1||do="nm"||mo="nm"||f="daily" 1:2 1:2||du="nm"||r="nm"||ln="list"'
    doc = place(entries_record(EntryDocument("a", text, parse_entries(line, text, "f"))), tokenizer, ImportAudit())
    assert kept_gold([doc]).documents["a"].entities == {Entity(5, 20, "DRUG"), Entity(21, 26, "FREQUENCY")}


def test_gold_of_a_folder(tokenizer, folder):
    docs = [imported(tokenizer, "b")]
    gold = read_gold(folder, "brat", docs)
    assert gold.documents == {"b": ANNOTATIONS} and gold.ignored == 2
    assert gold.source == {"path": str(folder), "format": "brat", "files": "Read 5 of 5 files"}
    assert original_gold(docs, None, folder, "brat") == gold
    assert original_gold(docs) == kept_gold(docs)
    # not annotated in the corpus: nothing to score against
    assert read_gold(folder, "brat", [imported(tokenizer, "c"), *docs]).documents.keys() == {"b"}


@pytest.mark.parametrize(
    "format, name, content, moved",
    [
        ("pubtator", "a.PubTator.txt", PUBTATOR, {Entity(30, 42, "Chemical"): Entity(30, 37, "Chemical")}),
        ("phee", "a.json", phee_line(), {}),
    ],
)
def test_formats_that_keep_nothing_in_the_document(tmp_path, format, name, content, moved):
    (tmp_path / name).write_text(content, encoding="utf8")
    nlp, audit = spacy.blank("en"), ImportAudit()
    docs = list(import_corpus(tmp_path, format, nlp, ColumnFormat(), audit))
    assert kept_gold(docs) is None
    gold = read_gold(tmp_path, format, docs)
    assert len(gold.documents) == len(docs) > 0
    flat = {entity for annotations in gold.documents.values() for entity in annotations.entities}
    imported = {entity for doc in docs for entity in entities_of(doc)}
    assert imported - flat == set(moved) and set(moved.values()) <= flat


def test_i2b2_folder(tokenizer, tmp_path):
    (tmp_path / "a.txt").write_text("take aspirin")
    (tmp_path / "a.i2b2.entries").write_text(
        'm="aspirin" 1:1 1:1||do="nm"||mo="nm"||f="nm"||du="nm"||r="nm"||ln="list"\n'
    )
    docs = list(import_corpus(tmp_path, "i2b2-2009", spacy.blank("en"), ColumnFormat(), ImportAudit()))
    assert read_gold(tmp_path, "i2b2-2009", docs).documents == kept_gold(docs).documents


def test_another_text_is_told_with_its_place(tokenizer, folder):
    for text, offset in ((TEXT.replace("fever", "Zebra"), 14), (TEXT[:-1], len(TEXT) - 1), (TEXT + "\n", len(TEXT))):
        (folder / "a.txt").write_text(text)
        with pytest.raises(ValueError, match=rf"CE071.*'a'.*character {offset} on") as error:
            read_gold(folder, "brat", [imported(tokenizer, "a")])
        assert "Zebra" not in str(error.value)


def test_documents_without_gold_there(tokenizer, folder):
    docs = [imported(tokenizer, "a"), imported(tokenizer, "x")]
    with pytest.raises(ValueError, match=r"CE072.*1 documents.*\['x'\]"):
        read_gold(folder, "brat", docs)
    # nobody scores a document without gold
    bare = tokenizer("Other notes.")
    bare.user_data[DOC_ID_KEY] = "y"
    assert read_gold(folder, "brat", [docs[0], bare]).documents.keys() == {"a"}


def test_wrong_formats(tokenizer, folder):
    docs = [imported(tokenizer, "a")]
    with pytest.raises(ValueError, match="CE008.*'bart'"):
        read_gold(folder, "bart", docs)
    with pytest.raises(ValueError, match="CE073.*'iob2'"):
        read_gold(folder, "iob2", docs)
    for path, format in ((folder, None), (None, "brat")):
        with pytest.raises(ValueError, match="CE075"):
            original_gold(docs, None, path, format)


def test_a_document_that_is_there_twice(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.PubTator.txt").write_text(PUBTATOR, encoding="utf8")
    (doc,) = import_corpus(tmp_path / "a.PubTator.txt", "pubtator", spacy.blank("en"), ColumnFormat(), ImportAudit())
    with pytest.raises(ValueError, match="CE301.*'.*' is in a.PubTator.txt and again in b.PubTator.txt"):
        read_gold(tmp_path, "pubtator", [doc])


def scores(docs, predictions):
    """F1, and recall and precision against the annotators' offsets, of predictions."""
    documents = pair_documents(docs, predictions)
    original = evaluate_original(kept_gold(docs), documents, predictions, Bootstrap(resamples=0))
    return evaluate(documents, Bootstrap(resamples=0)).modes["strict"].averages["micro"].f, original


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize("corpus, lang", [("meddocan/dev/brat", "es"), ("maccrobat2020/brat", "en")])
def test_real_annotations(data_dir, corpus, lang):
    # spaCy's own tokens are the coarser ones
    audit, nlp = ImportAudit(), blank_pipeline(lang, "spacy")
    records = list(read_brat(data_dir / corpus, ImportAudit()))
    docs = [place(brat_record(record), nlp.tokenizer, audit) for record in records]
    # the offsets as the .ann files have them, without what an import makes of them
    marked = {
        record.id: frozenset(Entity(*t.fragments[0], t.label) for t in record.textbounds if len(t.fragments) == 1)
        for record in records
    }
    bent = {record.id: entities_of(doc) for record, doc in zip(records, docs, strict=True)}
    n, in_pieces = audit.annotations.total(), sum(len(t.fragments) > 1 for record in records for t in record.textbounds)
    # the audit has a row for each annotation that the data does not hold as it is
    rows = [row for row in audit.rows if row.problem in ("misaligned", "whitespace", "overlapping", "discontinuous")]
    changed = {(row.doc_id, row.annotation_id) for row in rows if not row.action.startswith("one entity")}
    kept, lost = n - len(changed), n - audit.entities.total()
    assert 0 < len(changed) < n / 10

    f, original = scores(docs, marked)
    assert f < 1 and original.modes["strict"].averages["micro"][:2] == (1, (n - in_pieces) / n)
    fates = original.fates
    assert (fates["as annotated"], fates["moved"]) == (kept, len(changed) - lost)
    assert fates["overlapping"] == audit.problems["overlapping"] and fates["left out"] == 0
    assert sum(fates.values()) == n
    assert read_gold(data_dir / corpus, "brat", docs).documents == kept_gold(docs).documents

    f, original = scores(docs, bent)
    assert f == 1 and original.modes["strict"].averages["micro"][:2] == (kept / audit.entities.total(), kept / n)
