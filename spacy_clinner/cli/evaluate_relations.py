"""`python -m spacy clinner evaluate-relations`: score a pipeline's relations, given entities and end to end."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ._app import SCORES, clinner_cli
from ._coded import coded_errors
from ._gpu import GpuId, use_gpu


class Entities(StrEnum):
    """Between which entities relations are scored."""

    gold = "gold"
    predicted = "predicted"
    both = "both"


@clinner_cli.command("evaluate-relations", rich_help_panel=SCORES)
def evaluate_relations_cli(
    model: Annotated[str, Argument(help="Pipeline (path or name)")],
    data: Annotated[Path, Argument(help="Documents with gold relations, a .spacy file", exists=True, dir_okay=False)],
    entities: Annotated[Entities, Option(help="Between gold entities, predicted ones, or both")] = Entities.both,
    output: Annotated[Path | None, Option("--output", "-o", help="JSON file for all scores")] = None,
    bootstrap: Annotated[int, Option(min=0, help="Resamples of documents for the 95 % intervals; 0 for none")] = 1000,
    gpu_id: GpuId = -1,
) -> None:
    """Score relations per label, and tell how many of the gold's were among the candidates."""
    import json

    import spacy
    from wasabi import msg

    from ..annotations.documents import document_ids, read_docs
    from ..apart import check_apart
    from ..experiments.relation_runs import find_extractor, score_relations
    from ..files import write_atomically
    from ..provenance import as_text, provenance, sha256
    from ..reports.tables import label_table
    from ..scoring.evaluation import Bootstrap

    with coded_errors():
        check_apart([output], [data])
        use_gpu(gpu_id)
        nlp, docs = spacy.load(model), read_docs(data)
        _, extractor = find_extractor(nlp)
        result = {**provenance(), "model": as_text(model), "data": {"path": as_text(data), "sha256": sha256(data)}}
        result |= {name: extractor.cfg[name] for name in ("threshold", "relative")}
        result["document_ids"] = document_ids(docs)
        for kind, title in (("gold", "given gold entities"), ("predicted", "end to end")):
            if entities not in (kind, Entities.both):
                continue
            modes, proposed = score_relations(nlp, docs, kind == "gold", Bootstrap(resamples=bootstrap))
            result[kind] = {"proposed": proposed, **{name: scores.to_dict() for name, scores in modes.items()}}
            for name, scores in modes.items():
                msg.divider(f"Relations {title}, {name}")
                print(label_table(scores))
            if proposed is not None:
                msg.info(f"{100 * proposed:.1f} % of the gold relations were candidates; the others count as missed.")
        if output:
            write_atomically(output, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
            msg.good(f"Saved all scores to {output}")
