"""`python -m spacy clinner demo-corpus`."""

import pytest
import spacy
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_clinner.annotations.keys import DOC_ID_KEY, DOMAIN_KEY
from spacy_clinner.cli import clinner_cli
from spacy_clinner.corpora.demo import SPECIALTIES, SPLITS, digest

NOTES = {"train": 3, "dev": 1, "test": 2}


def run(out_dir, *args):
    sizes = [part for split, n in NOTES.items() for part in (f"--{split}-notes", str(n))]
    return CliRunner().invoke(clinner_cli, ["demo-corpus", str(out_dir), *sizes, *args])


def read(path):
    return list(DocBin().from_disk(path).get_docs(spacy.blank("en").vocab))


def ids_of(path):
    return [doc.user_data[DOC_ID_KEY] for doc in read(path)]


@pytest.mark.slow
def test_writes_every_specialty_and_all_together(tmp_path):
    result = run(tmp_path, "--few-notes", "2")
    assert result.exit_code == 0, result.output
    assert "REASON" in result.output and "neurology" in result.output
    for split in SPLITS:
        together = read(tmp_path / f"{split}.spacy")
        assert len(together) == len(SPECIALTIES) * NOTES[split]
        source, target = (ids_of(tmp_path / folder / f"{split}.spacy") for folder in ("source", "target"))
        ids = set()
        for specialty in SPECIALTIES:
            docs = read(tmp_path / specialty / f"{split}.spacy")
            assert {doc.user_data[DOMAIN_KEY] for doc in docs} == {specialty}
            ids |= {doc.user_data[DOC_ID_KEY] for doc in docs}
        assert ids == {doc.user_data[DOC_ID_KEY] for doc in together} == set(source + target)
        assert target == ids_of(tmp_path / "gastroenterology" / f"{split}.spacy")
        assert len(source) == 3 * NOTES[split] and len(target) == NOTES[split]
    assert ids_of(tmp_path / "target" / "few.spacy") == ids_of(tmp_path / "target" / "train.spacy")[:2]
    note = (tmp_path / "note.txt").read_bytes().decode("utf-8")
    assert len(note) > 200 and note not in {doc.text for split in SPLITS for doc in read(tmp_path / f"{split}.spacy")}
    assert not list(tmp_path.rglob("*.tmp")) and len(list(tmp_path.rglob("*"))) == 6 + 3 * 7 + 1 + 1


def test_same_seed_writes_the_same_corpus(tmp_path):
    for folder, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        assert run(tmp_path / folder, "--seed", seed).exit_code == 0
    digests = [digest(read(tmp_path / folder / "train.spacy")) for folder in "abc"]
    assert digests[0] == digests[1] != digests[2]


def test_needs_at_least_one_note_a_split(tmp_path):
    assert run(tmp_path, "--dev-notes", "0").exit_code == 2


def test_any_specialty_can_be_the_target(tmp_path):
    assert run(tmp_path, "--target", "neurology").exit_code == 0
    assert {doc.user_data[DOMAIN_KEY] for doc in read(tmp_path / "target" / "few.spacy")} == {"neurology"}
    assert "neurology" not in {doc.user_data[DOMAIN_KEY] for doc in read(tmp_path / "source" / "train.spacy")}
    result = run(tmp_path, "--target", "surgery")
    assert result.exit_code == 1 and "CE031" in result.output


def test_other_files_are_not_replaced(tmp_path):
    (tmp_path / "train.spacy").write_bytes(b"mine")
    result = run(tmp_path)
    assert result.exit_code == 1 and "CE344" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["train.spacy"] and (tmp_path / "train.spacy").read_bytes()
