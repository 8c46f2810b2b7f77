"""The scripts of the cross-specialty tasks: splits and corpora."""

import gzip
import json

import pytest
import spacy
from spacy.tokens import DocBin

from scripts import convert_specialties, split_specialties
from scripts.split_specialties import SPLITS_DIR, check_leaks, order, split
from spacy_clinner.annotations.keys import DOC_ID_KEY

TARGETS = (
    "multicardioner/urology",
    "multicardioner/ophthalmology",
    "multicardioner/gastroenterology",
    "multicardioner/cardiology",
    "maccrobat2020-groups/cardiovascular",
)


def test_split_shares_and_seeds():
    ids = [f"d{i}" for i in range(97)]
    parts = split(ids)
    assert [len(parts[name]) for name in ("train", "dev", "test")] == [58, 15, 24]
    assert sorted(parts["train"] + parts["dev"] + parts["test"]) == sorted(ids)
    tenths = [parts[f"train10-{seed}"] for seed in (0, 1, 2)]
    assert [len(tenth) for tenth in tenths] == [6, 6, 6] and len(set(map(tuple, tenths))) == 3
    assert all(set(tenth) < set(parts["train"]) for tenth in tenths)
    assert split(reversed(ids)) == parts
    assert len(split(["a", "b", "c"])["train10-0"]) == 1
    assert set(split(ids, 0.9, 0.1)) == {"train", "dev"}
    assert order(["a", "b", "c"]) == ["a", "c", "b"] != order(["a", "b", "c"], "train10-0")


def test_leaks_are_refused():
    texts = {"a": "one two three", "b": "ONE, two three.", "c": "something else"}
    apart = {"x": {"train": ["a"], "dev": ["b"], "test": ["c"]}}
    check_leaks(apart, texts)
    with pytest.raises(ValueError, match="CE019.*'a' is in the test split of 'x'.*'b' is in train or dev of 'y'"):
        check_leaks({"x": {"train": ["c"], "dev": [], "test": ["a"]}, "y": {"train": ["b"], "dev": []}}, texts)
    with pytest.raises(ValueError, match="CE019.*'a'.*'a'"):
        check_leaks({"x": {"train": ["a"], "dev": [], "test": ["a"]}}, texts)


def read_ids(folder, name):
    return (SPLITS_DIR / folder / f"{name}.txt").read_text(encoding="utf8").split()


@pytest.mark.parametrize("folder", TARGETS)
def test_published_splits(folder):
    parts = {name: set(read_ids(folder, name)) for name in ("train", "dev", "test")}
    assert not parts["train"] & parts["dev"] and not (parts["train"] | parts["dev"]) & parts["test"]
    total = sum(map(len, parts.values()))
    assert [round(100 * len(ids) / total) for ids in parts.values()] == pytest.approx([60, 15, 25], abs=1)
    for seed in (0, 1, 2):
        tenth = read_ids(folder, f"train10-{seed}")
        assert set(tenth) <= parts["train"] and len(tenth) == round(len(parts["train"]) / 10)


@pytest.mark.realdata
def test_published_splits_are_those_of_the_script(data_dir, tmp_path, monkeypatch):
    monkeypatch.setattr(split_specialties, "SPLITS_DIR", tmp_path)
    split_specialties.main(data_dir)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(made) == 35
    for path, content in made.items():
        assert (SPLITS_DIR / path).read_bytes() == content, path


@pytest.fixture
def assets(tmp_path):
    """Two documents of mixed specialties, one of cardiology, and a report with disease groups."""
    (tmp_path / "multicardioner").mkdir()
    (tmp_path / "unlabelled-es").mkdir()
    brat = tmp_path / "maccrobat2020" / "brat"
    brat.mkdir(parents=True)
    files = {
        "multicardioner/train.txt": "Sin O\nHTA B-ENFERMEDAD\n. O\n\nAlta O\n. O\n\nTos B-ENFERMEDAD\n\n",
        "multicardioner/dev.txt": "( O\nDM B-ENFERMEDAD\n) O\n\n",
        "multicardioner/dev_sentences.tsv": 'filename\tbatch_number\tbatch_start\ttext\ncasos1\t1\t0\t"(DM)\n"\n',
        "splits/multicardioner/documents.tsv": "file\tdocument\tsentences\tspecialty\ntrain\tes-S1\t2\turology\n"
        "train\tS2\t1\turology\ndev\tcasos1\t1\tcardiology\n",
        "splits/multicardioner/urology/train.txt": "es-S1\n",
        "splits/multicardioner/urology/train10-0.txt": "es-S1\n",
        "splits/multicardioner/urology/test.txt": "S2\n",
        "splits/multicardioner/urology/dev.txt": "S2\n",
        "splits/multicardioner/cardiology/train.txt": "casos1\n",
        "splits/multicardioner/cardiology/dev.txt": "casos1\n",
        "splits/multicardioner/cardiology/test.txt": "casos1\n",
        "splits/maccrobat2020-groups/other/train.txt": "1\n",
        "maccrobat2020/brat/1.txt": "Fever.",
        "maccrobat2020/brat/1.ann": "T1\tSign 0 5\tFever\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf8", newline="")
    records: list[dict[str, object]] = [
        {"id": "S1", "benchmark": True, "text": "Sin HTA. Alta."},
        {"id": "S2", "benchmark": True, "text": "Tos"},
        {"id": "S3", "benchmark": False, "text": "sin HTA.\nAlta!", "specialty": "urology"},
        {"id": "S4", "benchmark": False, "text": "Paciente con fiebre y tos.\nAlta con fiebre.\n" * 99},
    ]
    with gzip.open(tmp_path / "unlabelled-es" / "case_reports.jsonl.gz", "wt", encoding="utf8") as file:
        file.writelines(json.dumps({"specialty": "other", **record}) + "\n" for record in records)
    return tmp_path


@pytest.mark.slow
def test_convert(assets, tmp_path):
    output = tmp_path / "corpus"
    convert_specialties.main(output, assets)
    vocab = spacy.blank("es").vocab
    files = output.rglob("*.spacy")
    docs = {str(path.relative_to(output)): list(DocBin().from_disk(path).get_docs(vocab)) for path in files}
    assert {name: [doc.text for doc in found] for name, found in docs.items()} == {
        "urology/train.spacy": ["Sin HTA.\nAlta."],
        "urology/train10-0.spacy": ["Sin HTA.\nAlta."],
        "urology/dev.spacy": ["Tos"],
        "urology/test.spacy": ["Tos"],
        "cardiology/train.spacy": ["(DM)"],
        "cardiology/dev.spacy": ["(DM)"],
        "cardiology/test.spacy": ["(DM)"],
        "not-cardiology/train.spacy": ["Sin HTA.\nAlta."],
        "not-cardiology/dev.spacy": ["Tos"],
        "not-urology/train.spacy": ["(DM)"],
        "not-urology/dev.spacy": ["(DM)"],
        "maccrobat-other/train.spacy": ["Fever."],
    }
    assert [(doc.user_data[DOC_ID_KEY], doc.ents[0].text) for doc in docs["urology/train.spacy"]] == [("es-S1", "HTA")]
    counts = (output / "counts.tsv").read_text().splitlines()
    assert "cardiology\ttrain\t1\t3\t1" in counts and "urology\ttest\t1\t1\t1" in counts
    assert (output / "audit.tsv").read_text().count("\n") == 1
    notes = [json.loads(line) for line in (output / "urology" / "notes.jsonl").read_text().splitlines()]
    assert [(note["id"], note.get("benchmark")) for note in notes] == [("es-S1", None), ("S3", False)]
    assert notes[0]["text"] == "Sin HTA.\nAlta." and "label" not in notes[0]
    assert len((output / "cardiology" / "notes.jsonl").read_text().splitlines()) == 1


def test_convert_needs_every_named_document(assets, tmp_path):
    (assets / "splits/multicardioner/urology/test.txt").write_text("S9\n")
    with pytest.raises(SystemExit):
        convert_specialties.main(tmp_path / "corpus", assets)
