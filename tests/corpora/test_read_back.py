"""Whatever is exported is read back with the same entities and relations, or refused with a code."""

import re
import warnings

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spacy_clinner.annotations.keys import DOC_ID_KEY, RELATIONS_KEY
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.exporting import export_docs
from spacy_clinner.corpora.formats.brat import format_brat
from spacy_clinner.corpora.formats.tags import PREFIXES
from spacy_clinner.corpora.importing import DEFAULT_LAYOUT, blank_pipeline, import_corpus

from .strategies import annotated_docs, brat_documents

NLP = blank_pipeline("en", "clinical")
# keeps the tokens of column files
FILE_NLP = blank_pipeline("en", "file")
CODES = r"\[CE(013|023|33[0134])\]"


def trimmed(text, start, end):
    inside = text[start:end]
    return start + len(inside) - len(inside.lstrip()), end - len(inside) + len(inside.rstrip())


def entities(doc):
    text = doc.text  # built anew at every access
    return [(*trimmed(text, e.start_char, e.end_char), e.label_) for e in doc.ents]


def relations(doc):
    text = doc.text
    return [
        {**relation, "head": [*trimmed(text, *relation["head"])], "child": [*trimmed(text, *relation["child"])]}
        for relation in doc.user_data.get(RELATIONS_KEY, ())
    ]


def words(doc):
    return [([token.text for token in e if not token.is_space], e.label_) for e in doc.ents]


def there_and_back(docs, format, folder):
    """The documents as they are read back, by id; None if they were refused, and nothing was written."""
    with warnings.catch_warnings():
        # i2b2 2009 says what it has no place for
        warnings.simplefilter("ignore")
        try:
            export_docs(docs, folder, format, ents_only=True)
        except ValueError as error:
            assert re.match(CODES, str(error))
            assert not folder.exists() or not list(folder.iterdir())
            return None
    nlp = FILE_NLP if format in PREFIXES else NLP
    back = list(import_corpus(folder, format, nlp, DEFAULT_LAYOUT, ImportAudit()))
    return {doc.user_data[DOC_ID_KEY]: doc for doc in back}


def brat_accepts(ann, text):
    """The two rules of brat's server: the label ends at the first space, and pairs of offsets follow; the text column
    is what stands at these offsets, joined by spaces."""
    for line in ann.splitlines():
        if line[0] == "T":
            _, data, quoted = line.split("\t", 2)
            fragments = [tuple(map(int, pair.split(" "))) for pair in data.split(" ", 1)[1].split(";")]
            assert " ".join(text[start:end] for start, end in fragments) == quoted
        else:
            assert re.fullmatch(r"R\d+\t\S+ Arg1:T\d+ Arg2:T\d+\t", line)


@given(docs=annotated_docs(NLP.tokenizer))
@settings(max_examples=300, deadline=None)
def test_brat(tmp_path_factory, docs):
    folder = tmp_path_factory.mktemp("out") / "brat"
    back = there_and_back(docs, "brat", folder)
    for doc in docs if back is not None else ():
        again = back[doc.user_data[DOC_ID_KEY]]
        assert again.text == doc.text and entities(again) == entities(doc)
        assert {str(relation) for relation in relations(again)} == {str(relation) for relation in relations(doc)}
        brat_accepts((folder / f"{doc.user_data[DOC_ID_KEY]}.ann").read_bytes().decode(), doc.text)


@given(docs=annotated_docs(NLP.tokenizer))
@settings(max_examples=200, deadline=None)
def test_pubtator(tmp_path_factory, docs):
    back = there_and_back(docs, "pubtator", tmp_path_factory.mktemp("out") / "pubtator")
    for doc in docs if back is not None else ():
        assert entities(back[doc.user_data[DOC_ID_KEY]]) == entities(doc)


@given(docs=annotated_docs(NLP.tokenizer))
@settings(max_examples=200, deadline=None)
def test_i2b2(tmp_path_factory, docs):
    back = there_and_back(docs, "i2b2-2009", tmp_path_factory.mktemp("out") / "i2b2")
    for doc in docs if back is not None else ():
        again = back[doc.user_data[DOC_ID_KEY]]
        assert again.text == doc.text
        # widened to what is between white space, so that neighbours may become one
        wanted = [(start, end) for start, end, label in entities(doc) if label == "DRUG"]
        found = [(start, end) for start, end, label in entities(again) if label == "DRUG"]
        assert all(any(s <= start and end <= e for s, e in found) for start, end in wanted)


@pytest.mark.parametrize("scheme", PREFIXES)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_columns(tmp_path_factory, scheme, data):
    docs = [doc for doc in data.draw(annotated_docs(NLP.tokenizer)) if any(not token.is_space for token in doc)]
    back = there_and_back(docs, scheme, tmp_path_factory.mktemp("out") / scheme) if docs else None
    for doc in docs if back is not None else ():
        assert words(back[doc.user_data[DOC_ID_KEY]]) == words(doc)


@given(brat=brat_documents())
@settings(max_examples=200, deadline=None)
def test_what_was_read_from_brat_can_be_written(tmp_path_factory, brat):
    assume("\0" not in brat.text + format_brat(brat))
    folder = tmp_path_factory.mktemp("out")
    (folder / "invented.txt").write_bytes(brat.text.encode())
    (folder / "invented.ann").write_bytes(format_brat(brat).encode())
    (doc,) = import_corpus(folder, "brat", NLP, DEFAULT_LAYOUT, ImportAudit())
    export_docs([doc], folder / "back", "brat")
    for name in ("invented.txt", "invented.ann"):
        assert (folder / "back" / name).read_bytes() == (folder / name).read_bytes()
