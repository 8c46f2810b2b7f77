"""Annotate notes by two processes started in one way: `python -m tests.toys.in_processes FOLDER METHOD`."""

import json
import multiprocessing
import sys
from pathlib import Path


def main(folder: Path, method: str) -> None:
    multiprocessing.set_start_method(method, force=True)
    # what both processes of a server import for seconds, and none of ours
    multiprocessing.set_forkserver_preload(["spacy_transformers.layers"])
    import spacy

    from .whole_pipeline import read

    expected, notes = (json.loads((folder / name).read_text(encoding="utf8")) for name in ("found.json", "notes.json"))
    nlp = spacy.load(folder)
    assert [read(nlp(note)) for note in notes] == expected
    assert [read(doc) for doc in nlp.pipe(notes, n_process=2, batch_size=2)] == expected


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
