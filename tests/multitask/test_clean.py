from dataclasses import replace

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.multitask.clean import clean_corpora, clean_unseen, leaks_table
from spacy_clinner.multitask.corpora_file import UnseenCorpus, read_corpora_file

from ..toys.many_corpora import write_corpora_file

LONG = "the patient from the second ward has had a severe fever since monday"


def add(path, text, doc_id):
    """Put one more document in front of a file's."""
    docs = read_docs(path)
    doc = Doc(docs[0].vocab, words=text.split())
    doc.set_ents([Span(doc, 9, 11, "PROBLEM")])
    doc.user_data[DOC_ID_KEY] = doc_id
    DocBin(docs=[doc, *docs], store_user_data=True).to_disk(path)


@pytest.fixture
def corpora(tmp_path):
    plan = read_corpora_file(write_corpora_file(tmp_path))
    problems = plan.corpora["problems"]
    # dev and test of other texts than train; drugs' train has the same sentences as that of problems
    for part in ("dev", "test"):
        nlp = spacy.blank("en")
        docs = [nlp(f"Of {part} {n} nothing at all is found in any other file here") for n in range(2)]
        for doc in docs:
            doc.set_ents([Span(doc, 0, 1, "PROBLEM")])
        DocBin(docs=docs).to_disk(tmp_path / f"{part}.spacy")
    moved = {part: tmp_path / f"{part}.spacy" for part in ("dev", "test")}
    drugs = replace(plan.corpora["drugs"], **moved)
    return replace(plan, corpora={"problems": replace(problems, **moved), "drugs": drugs})


def test_nothing_is_written_where_nothing_is_shared(corpora, tmp_path):
    cleaned, leaks = clean_corpora(corpora, tmp_path / "clean")
    assert cleaned == corpora and leaks == {"problems": [], "drugs": []} and leaks_table(leaks) == ""
    assert not (tmp_path / "clean").exists()


def test_training_files_lose_what_another_corpus_is_tested_on(corpora, tmp_path):
    add(corpora.corpora["problems"].train, LONG, "shared")
    add(corpora.corpora["drugs"].test, LONG, "of-the-test")
    n_docs = len(read_docs(corpora.corpora["problems"].train))
    cleaned, leaks = clean_corpora(corpora, tmp_path / "clean")
    kept = read_docs(cleaned.corpora["problems"].train)
    assert len(kept) == n_docs - 1 and "shared" not in {doc.user_data[DOC_ID_KEY] for doc in kept}
    assert cleaned.corpora["drugs"] == corpora.corpora["drugs"]
    # both corpora have the same test file here
    assert [line.split()[:3] for line in leaks_table(leaks).splitlines()[3:5]] == [
        ["problems", "problems,", "test"],
        ["problems", "drugs,", "test"],
    ]
    assert clean_corpora(corpora, tmp_path / "clean")[0] == cleaned


def test_a_corpus_of_which_nothing_is_left(corpora, tmp_path):
    problems = corpora.corpora["problems"]
    add(problems.test, LONG, "x")
    same = replace(problems, train=problems.test)
    with pytest.raises(ValueError, match="CE084.*corpora.problems: all of its train documents are in"):
        clean_corpora(replace(corpora, corpora={"problems": same}), tmp_path / "clean")


def test_unseen_documents_are_in_no_other_corpus(corpora, tmp_path):
    path = tmp_path / "unseen.spacy"
    docs = [spacy.blank("en")(f"She went home {n} days after the knee had healed without pain") for n in range(2)]
    DocBin(docs=docs).to_disk(path)
    corpora = replace(corpora, unseen={"else": UnseenCorpus("else", path, {"PROBLEM": "Problem"})})
    assert clean_unseen(corpora, tmp_path / "clean") == (corpora, {"else": []})
    for file in (corpora.corpora["problems"].train, path):
        add(file, LONG, "shared")
    cleaned, leaks = clean_unseen(corpora, tmp_path / "clean")
    assert [doc.text for doc in read_docs(cleaned.unseen["else"].test)] == [doc.text for doc in docs]
    assert cleaned.corpora == corpora.corpora and [one.other for one in leaks["else"]] == ["problems, train"]
    assert leaks_table(leaks).splitlines()[3].split()[:3] == ["else", "problems,", "train"]


def test_no_unseen_document_is_left(corpora, tmp_path):
    seen = UnseenCorpus("else", corpora.corpora["problems"].test, {"PROBLEM": "Problem"})
    with pytest.raises(ValueError, match="CE084.*unseen.else: all of its documents are in other corpora"):
        clean_unseen(replace(corpora, unseen={"else": seen}), tmp_path / "clean")
