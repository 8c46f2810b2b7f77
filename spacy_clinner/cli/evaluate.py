"""`python -m spacy clinner evaluate`: score a pipeline, or another tool's predictions."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ._app import clinner_cli
from ._coded import coded_errors


@clinner_cli.command("evaluate")
def evaluate_cli(
    model: Annotated[str, Argument(help="Pipeline (path or name), or a .jsonl file of another tool's predictions")],
    data: Annotated[Path, Argument(help="Documents with gold, a .spacy file", exists=True, dir_okay=False)],
    compare: Annotated[str | None, Option(help="Second pipeline or .jsonl file: difference and p-value")] = None,
    output: Annotated[Path | None, Option("--output", "-o", help="JSON file for all scores")] = None,
    predictions: Annotated[Path | None, Option(help="JSONL file for MODEL's predictions (offsets, no text)")] = None,
    spans_key: Annotated[str | None, Option(help="Span group that MODEL writes; default: doc.ents")] = None,
    gold_spans_key: Annotated[str | None, Option(help="Span group that holds the gold; default: doc.ents")] = None,
    bootstrap: Annotated[int, Option(min=0, help="Resamples of documents for the intervals; 0: no intervals")] = 1000,
    permutations: Annotated[int, Option(min=1, help="Random swaps of the paired test of --compare")] = 10_000,
    seed: Annotated[int, Option(help="Seed of intervals and test")] = 0,
    gpu_id: Annotated[int, Option("--gpu-id", "-g", help="GPU, or -1 for the CPU")] = -1,
) -> None:
    """Score entities in every mode, with intervals and confusion.

    A line of a .jsonl file is {"id": document id, "entities": [[start, end, label], ...]}; see docs/scoring.md.
    """
    import json

    from spacy.cli._util import setup_gpu
    from wasabi import msg

    from ..files import write_atomically
    from ..reports.tables import comparison_table, confusion_table, label_table, mode_table
    from ..scoring.evaluation import Bootstrap
    from ..scoring.evaluation import compare as compare_evaluations
    from ..scoring.predictions import write_predictions
    from ..scoring.run import Gold, result_dict, run_model

    with coded_errors():
        setup_gpu(gpu_id)
        gold = Gold.read(data, gold_spans_key)
        settings = Bootstrap(resamples=bootstrap, seed=seed)
        run = run_model(model, gold, spans_key=spans_key, bootstrap=settings)
        result = result_dict(gold, run)
        msg.divider("Strict, per label")
        print(label_table(run.evaluation.modes["strict"]))
        msg.divider("All modes")
        print(mode_table(run.evaluation))
        msg.divider("Most frequent confusions")
        print(confusion_table(run.evaluation.entity_confusion))
        if unannotated := result["data"]["documents_without_gold"]:
            msg.warn(f"{unannotated} documents hold no gold and were left out.")
        if compare:
            other = run_model(compare, gold, spans_key=spans_key, bootstrap=settings)
            comparison = compare_evaluations(run.evaluation, other.evaluation, n_permutations=permutations, seed=seed)
            result["comparison"] = {**comparison, "other_model": other.model, "other_modes": other.evaluation.to_dict()}
            msg.divider("Strict micro F1, compared")
            print(comparison_table(comparison, (model, compare)))
        if predictions:
            write_predictions(predictions, run.predictions)
        if output:
            write_atomically(output, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
            msg.good(f"Saved all scores to {output}")
