"""What is done with each note: all that a worker must know, in plain data that travels to any machine."""

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import Errors
from ...provenance import checksum

# what they compute, in the last bits, may differ between versions
PACKAGES = ("spacy_clinner", "spacy", "thinc", "numpy", "torch", "medspacy", "spacy-transformers", "transformers")


class Job(NamedTuple):
    """How notes are annotated, and what is written of them.

    pipeline (str): Folder of the pipeline; each worker loads it, so that no pipeline is ever pickled.
    checksum (str): Checksum of its files, which each worker compares: it may have another copy, or load it days later.
    system (str): Name and version of the pipeline, for tables that say who found something.
    date (str): Day of the run, YYYY-MM-DD, for the same tables.
    format (str): "parquet" or "csv".
    also (Tuple[str, ...]): Names of what travels along with notes.
    spans_key (Optional[str]): Span group of the entities; None: `doc.ents`.
    note_nlp (bool): Whether to write OMOP's NOTE_NLP, too.
    docs (bool): Whether to write the documents, too, as `.spacy` files.
    code (Optional[str]): Python file to import first, which registers components of the user's own.
    batch_size (int): Notes that components see at once.
    gpu_id (int): GPU, or -1 for the CPU.
    """

    pipeline: str
    checksum: str
    system: str
    date: str
    format: str
    also: tuple[str, ...] = ()
    spans_key: str | None = None
    note_nlp: bool = False
    docs: bool = False
    code: str | None = None
    batch_size: int = 64
    gpu_id: int = -1


class Limit(NamedTuple):
    """How long a batch of notes may take before its process is taken for hung.

    seconds (float): Of any batch.
    seconds_per_mb (float): More for each million characters.
    """

    seconds: float = 60.0
    seconds_per_mb: float = 2000.0


def find_pipeline(name: str) -> Path:
    """Find the folder of a pipeline without loading it.

    name (str): Its path, or the name of an installed package.
    RETURNS (Path): The folder that holds its meta.json.
    RAISES (ValueError): CE470 if there is none.
    """
    from spacy.util import get_package_path, is_package

    folder = Path(name)
    if not folder.exists() and is_package(name):
        package = get_package_path(name)
        # a package holds its pipeline in a folder with its version
        folder = next((meta.parent for meta in sorted(package.glob("*/meta.json"))), package)
    if not (folder / "meta.json").is_file():
        raise ValueError(Errors.CE470.format(name=name))
    return folder.resolve()


def system_of(pipeline: Path) -> str:
    """RETURNS (str): Name and version of a pipeline, as its meta.json has them: "en_clinical 1.2.0"."""
    meta = json.loads((pipeline / "meta.json").read_text(encoding="utf8"))
    return f"{meta.get('lang', 'xx')}_{meta.get('name', 'pipeline')} {meta.get('version', '0.0.0')}"


def fingerprint(job: Job) -> dict[str, Any]:
    """What may not change between the shards of a run: settings, the pipeline's files, versions.

    job (Job): The job.
    RETURNS (Dict[str, Any]): By name, JSON-able; the pipeline by its checksum, wherever it lies.
    """
    settings = job._asdict() | {"also": list(job.also), "code": job.code and checksum(Path(job.code))}
    settings["pipeline"] = settings.pop("checksum")
    # a run that goes on tomorrow keeps its first day
    del settings["date"]
    return settings | {f"version of {name}": found for name in PACKAGES if (found := _version(name))}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
