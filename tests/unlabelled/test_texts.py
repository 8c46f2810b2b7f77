import gzip
import json

import pytest
import spacy

from spacy_clinner.corpora.importing import write_docbin
from spacy_clinner.unlabelled.texts import Reading, read_unlabelled

LONG = "A 60-year-old man came with chest pain and dyspnea that had begun two days before admission ."
OTHER = "The woman had never smoked , drank no alcohol and took metformin for diabetes of type two ."


def write_lines(path, records):
    content = "".join(json.dumps(record) + "\n" for record in records).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_labelled(path, *texts):
    nlp = spacy.blank("en")
    write_docbin([nlp.make_doc(text) for text in texts], path)
    return path


def read(*paths, **settings):
    reading = Reading()
    return list(read_unlabelled(paths, reading, **settings)), reading


def test_notes_of_all_kinds_of_files(tmp_path):
    (tmp_path / "ward").mkdir()
    (tmp_path / "ward" / "a.txt").write_text("one two")
    lines = write_lines(tmp_path / "n.jsonl", [{"id": "b", "text": "three"}])
    packed = write_lines(tmp_path / "n.jsonl.gz", [{"id": "c", "text": "four"}])
    docs = write_labelled(tmp_path / "d.spacy", "five")
    notes, reading = read(tmp_path / "ward", lines, packed, docs)
    assert notes == [("a", "one two"), ("b", "three"), ("c", "four"), ("#0", "five")]
    assert (reading.found, reading.kept, reading.words) == (4, 4, 5) and len(reading.files.files) == 4
    assert reading.summary() == "4 of 4 notes, 5 words; left out: none"


def test_what_may_not_be_learned_from_is_left_out_and_counted(tmp_path):
    records = [
        {"id": "flagged", "text": "x", "benchmark": True},
        {"id": "not flagged", "text": OTHER, "benchmark": False},
        {"id": "again", "text": OTHER},
        {"id": "empty", "text": " \n"},
        {"id": "labelled", "text": f"{LONG.upper()}\n{OTHER} " + "More text . " * 50},
        {"id": "like it", "text": LONG.replace("man came", "woman came").replace("had begun", "began")},
    ]
    lines = write_lines(tmp_path / "n.jsonl", records)
    test = write_labelled(tmp_path / "test.spacy", LONG, "Pain .")
    notes, reading = read(lines, against=[test])
    assert [note.id for note in notes] == ["not flagged", "like it"]
    assert reading.left_out == {
        "flagged as benchmark": 1,
        "empty": 1,
        "repeated": 1,
        "shared with labelled documents": 1,
    }
    left_out = "1 flagged as benchmark, 1 empty, 1 repeated, 1 shared with labelled documents"
    assert reading.summary() == f"2 of 6 notes, 34 words; left out: {left_out}"


def test_repeated_texts_are_kept_if_asked_for(tmp_path):
    lines = write_lines(tmp_path / "n.jsonl", [{"id": "a", "text": LONG}, {"id": "b", "text": LONG}])
    assert [note.id for note in read(lines)[0]] == ["a"]
    notes, reading = read(lines, keep_repeated=True)
    assert [note.id for note in notes] == ["a", "b"] and (reading.repeated, reading.kept) == (0, 2)


def test_folders_of_labelled_files(tmp_path):
    (tmp_path / "task" / "a").mkdir(parents=True)
    write_labelled(tmp_path / "task" / "a" / "dev.spacy", LONG)
    lines = write_lines(tmp_path / "n.jsonl", [{"id": "a", "text": LONG}, {"id": "b", "text": OTHER}])
    assert [note.id for note in read(lines, against=[tmp_path / "task"])[0]] == ["b"]
    (tmp_path / "none").mkdir()
    with pytest.raises(ValueError, match="CE421.*none"):
        read(lines, against=[tmp_path / "none"])


def test_notes_of_one_id_get_names_of_their_own(tmp_path):
    ids = ["a", "a (2)", "a", "a", "a (2)"]
    lines = write_lines(tmp_path / "n.jsonl", [{"id": name, "text": f"text {i}"} for i, name in enumerate(ids)])
    notes, _ = read(lines)
    assert len({note.id for note in notes}) == 5 and [note.id for note in notes][:2] == ["a", "a (2)"]
    assert notes[3].id == "a (3)"


def test_nothing_and_too_little_is_left(tmp_path):
    lines = write_lines(tmp_path / "n.jsonl", [{"id": "a", "text": LONG}, {"id": "b", "text": "x", "benchmark": True}])
    with pytest.raises(ValueError, match="CE422.*Of 2: 1 flagged as benchmark, 1 shared with labelled"):
        read(lines, against=[write_labelled(tmp_path / "test.spacy", LONG)])
    with pytest.raises(ValueError, match="CE423.*17 words, fewer than the 18.*--min-words"):
        read(lines, min_words=18, setting="--min-words")
    assert len(read(lines, min_words=17)[0]) == 1
    with pytest.raises(ValueError, match="CE422.*Of 0: none"):
        read(write_lines(tmp_path / "empty.jsonl", []))


def test_text_in_another_encoding_is_named(tmp_path):
    (tmp_path / "a.txt").write_bytes("fiebre, año".encode("cp1252"))
    with pytest.raises(ValueError, match=r"CE001.*a\.txt.*Latin-1"):
        read(tmp_path / "a.txt")
    (tmp_path / "a.txt").write_bytes("fiebre".encode("utf-16"))
    with pytest.raises(ValueError, match=r"CE001.*a\.txt.*UTF-16"):
        read(tmp_path)
