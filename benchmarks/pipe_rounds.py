"""Time a pipeline on raw texts, on one thread: `python pipe_rounds.py LIBRARY MODEL TEXTS.json SECONDS`.

LIBRARY loads the pipeline: spacy, or edsnlp in an environment of its own, for which this file imports nothing else.
Prints the CPU seconds of each round over all texts, until they took so many, after one that is not counted.
"""

import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path

# one thread everywhere, before any library starts its pool
for variable in ("OMP", "MKL", "OPENBLAS", "BLIS", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"


def main(library: str, model: str, texts: str, seconds: str) -> None:
    """Tag all texts again and again."""
    import_module("torch").set_num_threads(1)
    nlp, notes = import_module(library).load(model), json.loads(Path(texts).read_text(encoding="utf8"))
    rounds: list[float] = []
    while len(rounds) < 2 or sum(rounds[1:]) < float(seconds):
        start = time.process_time()
        for _ in nlp.pipe(notes):
            pass
        rounds.append(time.process_time() - start)
    print(json.dumps(rounds[1:]))


if __name__ == "__main__":
    main(*sys.argv[1:])
