"""What relations add to tagging, one thread, one run: `python benchmarks/relation_cost.py MODEL DOCS.spacy`.

MODEL has a tagger and a relation extractor, DOCS are annotated from their texts. The components run one after the
other on the same documents, in turns within every repeat; the figure is the minimum process CPU time. The peak of
memory is that of the extractor on one invented document in which every pair of 2,000 entities is a candidate. Writes
benchmarks/results/relation_cost.{json,md}.
"""

import os
import time
import tracemalloc
from pathlib import Path
from typing import Annotated, Any

# one thread everywhere, before any library starts its pool
for variable in ("OMP", "MKL", "OPENBLAS", "BLIS", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

import spacy  # noqa: E402
import torch  # noqa: E402
import typer  # noqa: E402
from machine import cpu_model  # noqa: E402
from publishing import origin, publish  # noqa: E402
from spacy.language import Language  # noqa: E402
from spacy.tokens import Doc, Span  # noqa: E402

from spacy_clinner.annotations.documents import read_docs  # noqa: E402
from spacy_clinner.experiments.relation_runs import find_extractor  # noqa: E402
from spacy_clinner.pipeline.relations.candidates import make_pairs_in_document  # noqa: E402
from spacy_clinner.progress import progress  # noqa: E402
from spacy_clinner.provenance import provenance, sha256  # noqa: E402

ROOT = Path(__file__).parents[1]
N_ENTITIES = 2_000


def measure_time(nlp: Language, texts: list[str], repeats: int) -> dict[str, float]:
    """CPU seconds of each component over all texts.

    nlp (Language): The pipeline.
    texts (List[str]): The notes.
    repeats (int): How often; the minimum counts.
    RETURNS (Dict[str, float]): Seconds by component.
    """
    best = dict.fromkeys(nlp.pipe_names, float("inf"))
    for _ in progress(range(repeats), unit="round", desc="Annotate"):
        docs = [nlp.make_doc(text) for text in texts]
        for name, pipe in nlp.pipeline:
            start = time.process_time()
            docs = list(pipe.pipe(docs, batch_size=nlp.batch_size)) if hasattr(pipe, "pipe") else [*map(pipe, docs)]
            best[name] = min(best[name], time.process_time() - start)
    return best


def measure_memory(nlp: Language) -> float:
    """Peak of the extractor's memory on a document with many entities, all pairs of them candidates.

    nlp (Language): The pipeline.
    RETURNS (float): Megabytes.
    """
    name, extractor = find_extractor(nlp)
    head, children = next((head, labels) for head, labels in extractor.cfg["label_pairs"].items() if labels)
    doc = Doc(nlp.vocab, words=["word"] * (2 * N_ENTITIES))
    for other, pipe in nlp.pipeline:
        if other == name:
            break
        doc = pipe(doc)
    labels = (head, children[0])
    doc.set_ents([Span(doc, 2 * i, 2 * i + 1, labels[i % 2]) for i in range(N_ENTITIES)])
    before, extractor.candidates = extractor.candidates, make_pairs_in_document()
    limit, extractor.cfg["max_candidates"] = extractor.cfg["max_candidates"], N_ENTITIES
    tracemalloc.start()
    try:
        extractor.predict([doc])
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
        extractor.candidates, extractor.cfg["max_candidates"] = before, limit


def main(
    model: Annotated[str, typer.Argument(help="Pipeline with a tagger and a relation extractor")],
    data: Annotated[Path, typer.Argument(help="Documents, a .spacy file")],
    repeats: Annotated[int, typer.Option(help="Repeats")] = 5,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure what relations cost."""
    torch.set_num_threads(1)
    nlp = spacy.load(model)
    name, _ = find_extractor(nlp)
    texts = [doc.text for doc in read_docs(data)]
    seconds = measure_time(nlp, texts, repeats)
    ratio = seconds[name] / sum(spent for other, spent in seconds.items() if other != name)
    result: dict[str, Any] = {
        **provenance(),
        "cpu": cpu_model(),
        "model": model,
        "data": {"path": str(data), "sha256": sha256(data), "documents": len(texts)},
        "cpu_seconds": seconds,
        "relations_to_the_rest": ratio,
        "peak_mb_with_2000_entities": measure_memory(nlp),
    }
    rows = "".join(f"| `{pipe}` | {spent:.2f} |\n" for pipe, spent in seconds.items())
    page = (
        f"{origin(result)}; {len(texts)} documents.\n\n"
        f"| component | CPU s |\n|---|--:|\n{rows}\n"
        f"Relations add {100 * ratio:.1f} % to what comes before them. Peak memory of the extractor with "
        f"{N_ENTITIES:,} entities, every pair a candidate: {result['peak_mb_with_2000_entities']:.0f} MB.\n"
    )
    publish(output, "relation_cost", result, page)


if __name__ == "__main__":
    typer.run(main)
