"""A grid's kept predictions scored in every mode: means over seeds, intervals over documents, paired tests."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..annotations.documents import Entity, document_ids, entities_of, is_annotated
from ..annotations.keys import BRAT_SPANS_KEY
from ..corpora.original_gold import kept_gold
from ..scoring.evaluation import AVERAGES, Bootstrap, StrictScores
from ..scoring.run import Gold, run_model
from ..scoring.several_runs import compare_systems, mean_interval
from .cell import Cell
from .given_predictions import GivenPredictions
from .grid_cells import Grid
from .plan import predictions_of

# The golds that a score may be against, by their names in the results.
ENTS, ALL, ORIGINAL = "doc.ents", "all annotations", "annotators' offsets"
# identifier, text and gold of each
Documents = tuple[tuple[str, str, frozenset[Entity]], ...]


def score_grid(grid: Grid, output: Path) -> dict[str, Any]:
    """Score all predictions of a grid.

    grid (Grid): The grid, run with `keep_predictions`.
    output (Path): Folder of its results.
    RETURNS (Dict[str, Any]): JSON-able: the baseline, and a list of tasks; of each its methods: all runs' scores by
        gold, mode, average and measure, the interval (None: the runs have different documents), and the comparison to
        the baseline if all of both have the same.
    """
    return {
        "baseline": grid.baseline,
        "tasks": [_score_task(grid, output, *task) for task in dict.fromkeys(grid.tasks)],
    }


def _score_task(grid: Grid, output: Path, source: str, target: str) -> dict[str, Any]:
    cells = [cell for cell in grid.cells if (cell.keys["source"], cell.keys["target"]) == (source, target)]
    golds: dict[Path, dict[str, Gold]] = {}
    found: dict[str, dict[str, list[StrictScores]]] = {}
    documents: dict[str, set[Documents]] = {}
    for method in grid.methods:
        own = [cell for cell in cells if cell.keys["method"] == method]
        for test in {cell.test for cell in own if cell.test is not None} - golds.keys():
            golds[test] = _golds(test)
        found[method] = _score_method(own, output, golds)
        documents[method] = {_documents(golds[cell.test][ENTS]) for cell in own if cell.test is not None}
    rows = {}
    for method, scores in found.items():
        rows[method] = {"runs": len(scores[ENTS]), "scores": {gold: _scores(runs) for gold, runs in scores.items()}}
        # methods and seeds may have documents of their own (`test`); those cannot be paired
        rows[method]["interval"] = mean_interval(scores[ENTS]) if len(documents[method]) == 1 else None
        base = grid.baseline
        if base and method != base and len(documents[method] | documents[base]) == 1:
            rows[method]["against_baseline"] = compare_systems(scores[ENTS], found[base][ENTS])
    return {"source": source, "target": target, "methods": rows}


def _golds(test: Path) -> dict[str, Gold]:
    gold = Gold.read(test)
    golds = {ENTS: replace(gold, original=kept_gold(gold.docs))}
    if any(is_annotated(doc, BRAT_SPANS_KEY) for doc in gold.docs):
        golds[ALL] = replace(gold, spans_key=BRAT_SPANS_KEY)
    return golds


def _documents(gold: Gold) -> Documents:
    """What is scored, by the texts as well: identifiers may be mere positions in a file."""
    key = gold.spans_key
    names = zip(document_ids(gold.docs), gold.docs, strict=True)
    return tuple((name, doc.text, entities_of(doc, key)) for name, doc in names if is_annotated(doc, key))


def _score_method(
    cells: Sequence[Cell | GivenPredictions], output: Path, golds: dict[Path, dict[str, Gold]]
) -> dict[str, list[StrictScores]]:
    """One evaluation a run, by gold."""
    found: dict[str, list[StrictScores]] = {}
    for cell in cells:
        assert cell.test is not None, "a grid's cells are tested"
        for name, gold in golds[cell.test].items():
            with warnings.catch_warnings():
                # rare labels that a run never predicts are no news here
                warnings.filterwarnings("ignore", message=r"\[CW06[01]\]")
                run = run_model(str(predictions_of(cell.identity, output)), gold, bootstrap=Bootstrap(resamples=0))
            found.setdefault(name, []).append(run.evaluation)
            if run.original:
                found.setdefault(ORIGINAL, []).append(run.original)
    return found


def _scores(runs: Sequence[StrictScores]) -> dict[str, Any]:
    """All runs' scores by mode, average and measure."""
    return {
        mode: {
            average: {
                measure: [getattr(run.modes[mode].averages[average], measure) for run in runs] for measure in "prf"
            }
            for average in AVERAGES
        }
        for mode in runs[0].modes
    }
