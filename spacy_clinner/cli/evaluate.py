"""`python -m spacy clinner evaluate`: score a pipeline, or another tool's predictions."""

from pathlib import Path
from typing import Annotated

from typer import Argument, BadParameter, Option

from ..corpora.formats import READ_BY_CHARACTERS
from ._app import SCORES, clinner_cli
from ._coded import coded_errors
from ._gpu import GpuId, use_gpu


@clinner_cli.command("evaluate", rich_help_panel=SCORES)
def evaluate_cli(
    model: Annotated[str, Argument(help="Pipeline (path or name), or a .jsonl file of another tool's predictions")],
    data: Annotated[Path, Argument(help="Documents with gold, a .spacy file", exists=True, dir_okay=False)],
    compare: Annotated[str | None, Option(help="Second pipeline or .jsonl file: difference and p-value")] = None,
    output: Annotated[Path | None, Option("--output", "-o", help="JSON file for all scores")] = None,
    predictions: Annotated[Path | None, Option(help="JSONL file for MODEL's predictions (offsets, no text)")] = None,
    spans_key: Annotated[str | None, Option(help="Span group that MODEL writes; default: doc.ents")] = None,
    gold_spans_key: Annotated[str | None, Option(help="Span group that holds the gold; default: doc.ents")] = None,
    corpus: Annotated[Path | None, Option("--gold", help="The corpus that DATA was imported from", exists=True)] = None,
    format: Annotated[str | None, Option(help=f"Of --gold: {', '.join(READ_BY_CHARACTERS)}")] = None,
    reliability: Annotated[Path | None, Option(help="Diagram of how sure MODEL is: writes PATH.png, PATH.svg")] = None,
    plots: Annotated[Path | None, Option(help="Folder for plots of labels, frequent terms and confusion")] = None,
    bootstrap: Annotated[int, Option(min=0, help="Resamples of documents for the intervals; 0: no intervals")] = 1000,
    permutations: Annotated[int, Option(min=1, help="Random swaps of the paired test of --compare")] = 10_000,
    seed: Annotated[int, Option(help="Seed of intervals and test")] = 0,
    gpu_id: GpuId = -1,
) -> None:
    """Score entities in every mode, with intervals and confusion; strictly also against the annotators' own offsets.
    And see how far the model's probabilities can be believed (docs/guide/probabilities.md).

    A line of a .jsonl file is {"id": document id, "entities": [[start, end, label], ...]}; see docs/guide/scoring.md.
    """
    import json
    from dataclasses import replace

    from wasabi import msg

    from ..apart import check_apart
    from ..bulk.earlier import check_earlier
    from ..corpora.original_gold import original_gold
    from ..errors import Errors
    from ..files import write_atomically
    from ..reports.evaluation import comparison_sections, score_sections
    from ..reports.label_plots import draw_labels
    from ..reports.plots import check_plots
    from ..reports.reliability import plot_reliability
    from ..reports.sureness import sureness_comparison, sureness_sections
    from ..scoring.calibration import N_BINS
    from ..scoring.evaluation import Bootstrap
    from ..scoring.predictions import write_predictions
    from ..scoring.run import Gold, compare_runs, is_predictions, result_dict, run_model

    names = [model, compare] if compare else [model]
    files = [Path(name) for name in names if is_predictions(name)]
    if spans_key and len(files) == len(names):
        raise BadParameter("--spans-key is of a pipeline: a file of predictions has no span groups")
    with coded_errors():
        # beside a pipeline its scores may be kept
        check_apart([output, predictions], [data, corpus, *files])
        if predictions:
            check_earlier(predictions, "jsonl")
        if reliability or plots:
            check_plots()
        use_gpu(gpu_id)
        gold = Gold.read(data, gold_spans_key)
        gold = replace(gold, original=original_gold(gold.docs, gold_spans_key, corpus, format))
        settings = Bootstrap(resamples=bootstrap, seed=seed)
        run = run_model(model, gold, spans_key=spans_key, bootstrap=settings)
        result = result_dict(gold, run)
        sections = [*score_sections(run, gold.name), *sureness_sections(run.sureness, gold.name)]
        models = [(model, run.sureness)]
        if compare:
            other = run_model(compare, gold, spans_key=spans_key, bootstrap=settings)
            result["comparison"] = compare_runs(run, other, n_permutations=permutations, seed=seed)
            sections += comparison_sections(result["comparison"], (model, compare), gold.name)
            models.append((compare, other.sureness))
            sections.append((f"How sure, compared, against {gold.name}", sureness_comparison(models)))
        for title, table in sections:
            msg.divider(title)
            print(table)
        if unannotated := result["data"]["documents_without_gold"]:
            msg.warn(f"{unannotated} documents hold no gold and were left out.")
        if run.original is None:
            hint = "name the corpus: --gold FOLDER --format F"
            msg.info(f"Scored against {gold.name} only: no annotators' offsets are kept ({hint}).")
        elif other_documents := len(run.evaluation.ids) - len(run.original.ids):
            msg.warn(f"{other_documents} documents have no annotators' offsets: they count against {gold.name} only.")
        if gold.original and "files" in gold.original.source:
            msg.info(gold.original.source["files"])
        if run.original and run.original.ignored:
            msg.info(f"{run.original.ignored} documents of {corpus} are not in the data and were ignored.")
        if predictions:
            write_predictions(predictions, run.predictions, run.probabilities.predicted)
        if output:
            write_atomically(output, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
            msg.good(f"Saved all scores to {output}")
        if plots:
            draw_labels(plots, gold, run.evaluation, model)
            msg.good(f"Saved labels, terms and confusion to {plots}: .png and .svg")
        if reliability:
            drawn = [(name, sureness) for name, sureness in models if sureness]
            if not drawn:
                raise ValueError(Errors.CE362)
            note = f"{data.name}, {len(run.evaluation.ids)} documents, against {gold.name}; {N_BINS} bins of equal mass"
            plot_reliability(reliability, drawn, title="How sure, and how often right", note=note)
            msg.good(f"Saved the diagram to {reliability}.png and {reliability}.svg")
