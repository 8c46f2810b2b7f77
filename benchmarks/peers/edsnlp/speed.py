"""Time a saved edsnlp pipeline on raw texts, on one thread: `python speed.py MODEL TEXTS.json SECONDS`.

Prints the CPU seconds of each round over all texts, until they took so many, after one that is not counted.
"""

import json
import os
import sys
import time

# one thread everywhere, before any library starts its pool
for variable in ("OMP", "MKL", "OPENBLAS", "BLIS"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

import edsnlp  # noqa: E402
import torch  # noqa: E402


def main(model: str, texts: str, seconds: float) -> None:
    """Tag all texts again and again."""
    torch.set_num_threads(1)
    nlp, rounds = edsnlp.load(model), []
    with open(texts, encoding="utf8") as file:
        notes = json.load(file)
    while len(rounds) < 2 or sum(rounds[1:]) < seconds:
        start = time.process_time()
        for _ in nlp.pipe(notes):
            pass
        rounds.append(time.process_time() - start)
    print(json.dumps(rounds[1:]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
