"""A pipeline of rules whose components fail as notes ask for it, and an executor without processes."""

import json
from concurrent.futures import Future
from pathlib import Path

import spacy
from spacy.util import import_file

from spacy_clinner.bulk.runs.annotating import ShardResult, annotate_shard
from spacy_clinner.bulk.runs.job import Job, Limit
from spacy_clinner.bulk.runs.shards import Shard, batches

# what a user's --code file is: it registers the component that the pipeline needs
CODE = """
import os, time
from pathlib import Path
from spacy.language import Language


@Language.component("moody")
def moody(doc):
    if "bad" in doc.text:
        raise RuntimeError(doc.text)
    if "deadly" in doc.text:
        os._exit(9)
    if "endless" in doc.text:
        time.sleep(600)
    if "fatal at first" in doc.text and not Path(os.environ["TOY_FLAG"]).exists():
        Path(os.environ["TOY_FLAG"]).touch()
        os._exit(9)
    return doc
"""
PATTERNS = [{"label": "DRUG", "pattern": "aspirin"}, {"label": "SIGN", "pattern": "fever"}]


def save_pipeline(folder: Path, code: str = CODE, component: str = "moody") -> tuple[Path, Path]:
    """RETURNS (Tuple[Path, Path]): A saved pipeline, and the file of code that registers its last component."""
    file = folder / "code.py"
    file.write_text(code)
    import_file("python_code", file)
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(PATTERNS)
    nlp.add_pipe(component)
    nlp.meta["version"] = "1.2.3"
    nlp.to_disk(folder / "pipeline")
    return folder / "pipeline", file


def write_notes(path: Path, texts: dict[str, str]) -> Path:
    """RETURNS (Path): A file of JSON lines with these texts by id, each with a patient."""
    lines = (json.dumps({"id": key, "text": text, "patient": f"P{key}"}) for key, text in texts.items())
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf8")
    return path


class InPlace:
    """An `Executor` that annotates in this process, and breaks off after some shards as a kill of the driver would."""

    workers = 1

    def __init__(self, breaks_after: int | None = None) -> None:
        self.left = breaks_after
        self.done: list[int] = []

    def open(self, job: Job, limit: Limit) -> None:
        self.job, self.nlp = job, spacy.load(job.pipeline)

    def submit(self, shard: Shard) -> Future[ShardResult]:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left = None if self.left is None else self.left - 1
        self.done.append(shard.number)
        future: Future[ShardResult] = Future()
        parts = batches(shard.notes, self.job.batch_size)
        future.set_result(annotate_shard(self.nlp, self.job, shard, parts, {}, lambda position: None))
        return future

    def close(self) -> None:
        pass


def read_tables(folder: Path) -> dict[str, bytes]:
    """RETURNS (Dict[str, bytes]): All files of a run's tables, by path below its folder."""
    files = (path for path in sorted(folder.glob("*/*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
