"""Random splits of documents, each of them once and twice."""

import pytest
import spacy

from scripts.split_at_random import PARTS, main, split
from spacy_clinner.annotations.documents import document_ids, read_docs
from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.corpora.importing import write_docbin


@pytest.fixture
def docs():
    nlp = spacy.blank("en")
    made = [nlp(f"Report number {number}.") for number in range(40)]
    for number, doc in enumerate(made):
        doc.user_data[DOC_ID_KEY] = f"r{number}"
    return made


@pytest.mark.parametrize("times", [1, 2])
def test_each_document_is_there_so_often(docs, times):
    parts = split(docs, times, seed=0)
    assert {part: len(parts[part]) for part in PARTS} == {"train": 34 * times, "dev": 2 * times, "test": 4 * times}
    rows = [doc for part in parts.values() for doc in part]
    assert sorted(doc.text for doc in rows) == sorted(doc.text for doc in docs for _ in range(times))
    assert len(set(document_ids(rows))) == len(rows)
    assert split(docs, times, seed=1)["test"][0].text != parts["test"][0].text


def test_what_is_written_and_told(docs, tmp_path, capsys):
    for number, part in enumerate(PARTS):
        write_docbin(docs[number::3], tmp_path / "corpus" / f"{part}.spacy")
    main(tmp_path / "corpus", tmp_path / "random", [3])
    told = capsys.readouterr().out
    assert "once-3: 0 of 4 test documents" in told
    files = {part: list(read_docs(tmp_path / "random" / "twice-3" / f"{part}.spacy")) for part in PARTS}
    leaked = sum(doc.text in {one.text for one in files["train"]} for doc in files["test"])
    assert leaked >= 4 and f"twice-3: {leaked} of 8 test documents" in told
