"""Speed of the CRF against pytorch-crf 0.7.2, one thread, in one run: `python benchmarks/crf_kernels.py`.

Rivals take turns within every repeat; the figure is the minimum process CPU time of a call. Writes
benchmarks/results/crf_kernels.{json,md}.
"""

import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

# one thread everywhere, before any library starts its pool
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torchcrf  # noqa: E402
import typer  # noqa: E402
from machine import cpu_model  # noqa: E402
from publishing import origin, publish  # noqa: E402

from spacy_clinner.layers import crf  # noqa: E402
from spacy_clinner.layers.tags.layout import count_tags  # noqa: E402
from spacy_clinner.provenance import provenance  # noqa: E402
from spacy_clinner.reports.markdown import markdown_table  # noqa: E402

torch.set_num_threads(1)

PEERS = ("pytorch-crf", "numba", "llvmlite")
# name, sequences, tokens of each, labels of ours (4K + 1 tags), tags of the peer.
# 83 is no number of BIOES tags: in A ours has two tags more than the peer, which is to our disadvantage.
SHAPES = (("A", 32, 40, 21, 83), ("B", 8, 400, 41, 165))
COLUMNS = {"ms": ".3f", "us_per_token": ".3f", "peer_ms": ".2f", "ratio": ".1f"}
# added to the score of O: about one token in seven begins an entity, as in clinical notes; decode's cost depends on it
OUTSIDE_BIAS = 5.0

STARTUP = """
import time
t0 = time.perf_counter(); import numpy as np
from spacy_clinner.layers import crf
t1 = time.perf_counter(); import numba
t2 = time.perf_counter(); from spacy_clinner.layers.crf.kernels import batch
params = crf.zero_params(3); emissions = np.zeros((4, 13), "float32"); emissions[:, 10] = 1; lengths = np.array([4])
t3 = time.perf_counter(); crf.likelihood(params, emissions, lengths, np.zeros(4, int))
t4 = time.perf_counter(); crf.decode(params, emissions, lengths)
t5 = time.perf_counter(); print(t1 - t0, t2 - t1, t4 - t3, t5 - t4)
"""


def make_case(n_sequences, length, n_labels, n_tags):
    """Calls of both sides on random scores of one shape, by what they compute."""
    rng = np.random.default_rng(0)
    lengths = np.full(n_sequences, length)
    params = crf.CRFParams(*(rng.normal(size=s).astype("float32") for s in crf.param_shapes(n_labels).values()))
    emissions = rng.normal(size=(lengths.sum(), 4 * n_labels + 1)).astype("float32")
    emissions[:, 0] += OUTSIDE_BIAS
    tags = crf.viterbi(params, rng.normal(size=emissions.shape).astype("float32"), lengths)

    peer = torchcrf.CRF(n_tags, batch_first=True)
    scores = torch.randn(n_sequences, length, n_tags, requires_grad=True)
    gold = torch.randint(n_tags, (n_sequences, length))
    mask = torch.ones(n_sequences, length, dtype=torch.bool)

    def peer_likelihood():
        peer.zero_grad()
        scores.grad = None
        (-peer(scores, gold, mask=mask, reduction="sum")).backward()

    def peer_viterbi():
        with torch.no_grad():
            peer.decode(scores, mask=mask)

    return {
        "likelihood and gradients": (lambda: crf.likelihood(params, emissions, lengths, tags), peer_likelihood),
        "Viterbi": (lambda: crf.viterbi(params, emissions, lengths), peer_viterbi),
        "marginals": (lambda: crf.marginals(params, emissions, lengths), None),
        "decode (Viterbi + probabilities)": (lambda: crf.decode(params, emissions, lengths), None),
        "decode (threshold 0.4)": (lambda: crf.decode(params, emissions, lengths, 0.4), None),
    }


def measure(calls, repeats):
    """Least process CPU seconds of each call, the calls taking turns."""
    best = [float("inf")] * len(calls)
    for _ in range(repeats + 2):  # two rounds warm up: compile, fill caches
        for i, call in enumerate(calls):
            start = time.process_time()
            call()
            best[i] = min(best[i], time.process_time() - start)
    return best


def measure_startup():
    """Wall seconds in a fresh process: imports, and first calls with an empty and with a filled cache."""
    with tempfile.TemporaryDirectory() as cache:
        runs = [
            subprocess.run(
                [sys.executable, "-c", STARTUP],
                env={**os.environ, "NUMBA_CACHE_DIR": cache},
                check=True,
                capture_output=True,
                text=True,
            )
            for _ in range(2)
        ]
    compiled, cached = ([float(x) for x in run.stdout.split()] for run in runs)
    return {
        "import crf (numpy included)": cached[0],
        "import numba": cached[1],
        "first likelihood, compiling": compiled[2],
        "first decode, compiling": compiled[3],
        "first likelihood, cached": cached[2],
        "first decode, cached": cached[3],
    }


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The tables."""
    page = ["# Speed of the CRF", "", f"{origin(result)}.", f"Measure: {result['measure']}."]
    for shape in result["shapes"]:
        rows = [
            [row["what"], *(f"{row[column]:{digits}}" if column in row else "" for column, digits in COLUMNS.items())]
            for row in result["rows"]
            if row["shape"] == shape["name"]
        ]
        tags = f"{count_tags(shape['labels'])} tags against pytorch-crf's {shape['peer_tags']}"
        page += ["", f"## {shape['name']}: {shape['sequences']} x {shape['tokens']} tokens; {tags}", ""]
        page.append(markdown_table(["", *COLUMNS], rows))
    startup = [[what, f"{seconds:.2f}"] for what, seconds in result["startup_wall_seconds"].items()]
    page += ["", "## A fresh process", "", markdown_table(["", "wall seconds"], startup)]
    return "\n".join(page) + "\n"


def main(
    repeats: Annotated[int, typer.Option(help="Calls of each side, of which the fastest counts")] = 30,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = Path(__file__).parent / "results",
) -> None:
    """Measure the CRF's passes on two shapes, and what the first calls of a process cost."""
    rows = []
    for name, n_sequences, length, n_labels, n_tags in SHAPES:
        for what, (ours, peer) in make_case(n_sequences, length, n_labels, n_tags).items():
            seconds = measure([ours] if peer is None else [ours, peer], repeats)
            per_token = seconds[0] / (n_sequences * length) * 1e6
            row = {"shape": name, "what": what, "ms": seconds[0] * 1e3, "us_per_token": per_token}
            if peer is not None:
                row |= {"peer_ms": seconds[1] * 1e3, "ratio": seconds[1] / seconds[0]}
            rows.append(row)
    result = provenance() | {"cpu": cpu_model()}
    result["versions"] |= {package: version(package) for package in PEERS}
    result |= {
        "measure": f"minimum process CPU time over {repeats} interleaved repeats; startup: wall time, one run",
        "shapes": [dict(zip(("name", "sequences", "tokens", "labels", "peer_tags"), s, strict=True)) for s in SHAPES],
        "rows": rows,
        "startup_wall_seconds": measure_startup(),
    }
    publish(output, "crf_kernels", result, to_markdown(result))


if __name__ == "__main__":
    typer.run(main)
