"""CPU time per token of a pipeline's components in notes of 2,000 to 200,000 tokens, one thread, one run.

    python benchmarks/reliability/long_notes.py demo/pipeline

Four kinds of text, each a sentence that is repeated: what grows faster than the text shows as a ratio above 1. The
figure is the minimum process CPU time of several repeats, fewer for the long ones. Writes
benchmarks/results/reliability_long_notes.{json,md}.
"""

import os
import sys
import time
import warnings
from pathlib import Path
from typing import Annotated, Any

# one thread everywhere, before any library starts its pool
for variable in ("OMP", "MKL", "OPENBLAS", "BLIS", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

import spacy  # noqa: E402
import torch  # noqa: E402
import typer  # noqa: E402
from spacy.language import Language  # noqa: E402
from spacy.tokens import Doc  # noqa: E402

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
from machine import cpu_model  # noqa: E402
from publishing import origin, publish  # noqa: E402

from spacy_clinner.annotations.keys import RELATIONS_KEY  # noqa: E402
from spacy_clinner.progress import progress  # noqa: E402
from spacy_clinner.provenance import provenance  # noqa: E402

DRUG, DENIAL = "Started Asacol 800 mg PO TID for UC", "Patient denies chest pain and fever"
KINDS = {
    "lines": f"{DRUG}.\n",
    "negated lines": f"{DENIAL}.\n",
    "one line": f"{DRUG} , {DENIAL} , ",
    # some 10,000 entities in 200,000 tokens
    "one line, few entities": "Asacol 800 mg was what he said that he had been on when we saw him here in the clinic "
    "as he had asked us to do so on the phone and we then went on as it was said , ",
}
TARGET = 1.3
MIN_TOKENS = 60_000  # in the repeats of a size together, so that short notes are measured as well as long ones
MIN_REPEATS = 2


def make_text(nlp: Language, kind: str, n_tokens: int) -> str:
    """A text of a kind.

    nlp (Language): Whose tokens are counted.
    kind (str): One of `KINDS`.
    n_tokens (int): About how many tokens; the text ends with a whole sentence.
    RETURNS (str): The text.
    """
    per_unit = len(nlp.make_doc(KINDS[kind] * 100)) / 100
    return KINDS[kind] * max(round(n_tokens / per_unit), 1)


def measure(nlp: Language, text: str, repeats: int) -> tuple[Doc, dict[str, float]]:
    """Annotate a text.

    nlp (Language): The pipeline.
    text (str): The text.
    repeats (int): How often; the minimum counts.
    RETURNS (Tuple[Doc, Dict[str, float]]): The document, and CPU microseconds per token by component.
    """
    best: dict[str, float] = {}
    for _ in range(repeats):
        start = time.process_time()
        doc = nlp.make_doc(text)
        spent = {"tokenizer": time.process_time() - start}
        for name, pipe in nlp.pipeline:
            start = time.process_time()
            doc = pipe(doc)
            spent[name] = time.process_time() - start
        best = {name: min(seconds, best.get(name, seconds)) for name, seconds in spent.items()}
    best["all"] = sum(best.values())
    return doc, {name: 1e6 * seconds / len(doc) for name, seconds in best.items()}


def measure_kind(nlp: Language, kind: str, sizes: list[int]) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Figures by size, and the ratio of the longest to the shortest by component."""
    rows: dict[str, Any] = {}
    for size in sizes:
        text = make_text(nlp, kind, size)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            doc, spent = measure(nlp, text, max(MIN_TOKENS // size, MIN_REPEATS))
        rows[str(size)] = {
            "tokens": len(doc),
            "characters": len(text),
            "entities": len(doc.ents),
            "relations": len(doc.user_data.get(RELATIONS_KEY, [])),
            "warnings": sorted({str(warning.message)[:7] for warning in caught}),
            "microseconds_per_token": spent,
        }
    first, last = (rows[str(size)]["microseconds_per_token"] for size in (sizes[0], sizes[-1]))
    return {"sizes": rows, "ratios": {name: last[name] / first[name] for name in first}}


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The tables."""
    sizes = result["sizes"]
    lines = [
        "# Time of long notes",
        "",
        f"{origin(result)}.",
        f"CPU microseconds per token; target: at {sizes[-1]:,} tokens at most {TARGET} times what it is at "
        f"{sizes[0]:,}, over all components.",
    ]
    for kind, found in result["kinds"].items():
        header = " | ".join(f"{size:,} tokens" for size in sizes)
        lines += ["", f"## {kind}", "", f"`{KINDS[kind]!r}`", ""]
        lines += [f"| component | {header} | ratio |", "|---|" + "--:|" * (len(sizes) + 1)]
        for name, ratio in found["ratios"].items():
            cells = [f"{found['sizes'][str(size)]['microseconds_per_token'][name]:.1f}" for size in sizes]
            lines.append(f"| {name} | {' | '.join(cells)} | {ratio:.2f} |")
        row = found["sizes"][str(sizes[-1])]
        seconds = row["microseconds_per_token"]["all"] * row["tokens"] / 1e6
        warned = ", ".join(row["warnings"]) or "none"
        met = "met" if found["ratios"]["all"] <= TARGET else "not met"
        lines += [
            "",
            f"Target {met}. Longest: {row['characters']:,} characters, {row['tokens']:,} tokens, {row['entities']:,} "
            f"entities, {row['relations']:,} relations, {seconds:.1f} s; warnings: {warned}.",
        ]
    return "\n".join(lines) + "\n"


def main(
    model: Annotated[str, typer.Argument(help="Pipeline")],
    sizes: Annotated[str, typer.Option(help="Tokens of the notes, ascending")] = "2000,20000,200000",
    kind: Annotated[list[str] | None, typer.Option(help="Kind of text; may be repeated; all")] = None,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure how a pipeline's time grows with the length of a note."""
    torch.set_num_threads(1)
    nlp = spacy.load(model)
    nlp.max_length = sys.maxsize
    numbers = [int(size) for size in sizes.split(",")]
    # kernels are compiled, vocabulary and caches filled
    for name in kind or KINDS:
        measure(nlp, make_text(nlp, name, 500), 2)
    found = {name: measure_kind(nlp, name, numbers) for name in progress(kind or list(KINDS), unit="kind")}
    result = {**provenance(), "cpu": cpu_model(), "model": model, "sizes": numbers, "kinds": found}
    page = to_markdown(result)
    publish(output, "reliability_long_notes", result, page)


if __name__ == "__main__":
    typer.run(main)
