"""Score all predictions on MACCROBAT2020 and write one table.

    python scripts/collect_results.py

Reads `metrics/maccrobat/SYSTEM/seedN-{dev,test}.jsonl`, which `spacy clinner evaluate --predictions` writes, and peers'
`benchmarks/peers/PEER/predictions/seedN/{dev,test}.best.jsonl`, and scores all of them with the same code on the same
gold. Writes `benchmarks/results/maccrobat.{json,md}`: means and sample standard deviations over the runs, intervals
over documents, and a paired permutation test of each system against the baseline.
"""

import json
import statistics
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from wasabi import msg

from spacy_clinner.cli._coded import coded_errors
from spacy_clinner.corpora.original_gold import kept_gold
from spacy_clinner.errors import Errors
from spacy_clinner.files import write_atomically
from spacy_clinner.provenance import provenance, sha256
from spacy_clinner.reports.markdown import markdown_table
from spacy_clinner.scoring.counts import prf
from spacy_clinner.scoring.evaluation import Bootstrap, Evaluation, StrictScores
from spacy_clinner.scoring.resampling import bootstrap_interval, permutation_test
from spacy_clinner.scoring.run import Gold, run_model

BASELINE = "hashcnn_transition"
TITLES = {
    "hashcnn_transition": "spaCy `ner`: HashEmbedCNN + GloVe",
    "hashcnn_crf": "HashEmbedCNN + GloVe + CRF",
    "charcnn-bilstm_crf": "char-CNN + GloVe + BiLSTM + CRF",
    "charlstm-bilstm_crf": "char-LSTM + GloVe + BiLSTM + CRF",
    "transformer_crf": "MiniLM-L6 + BiLSTM + CRF",
}
# heading of a column: split, mode, average
ENTITY_COLUMNS = {
    "dev strict": ("dev", "strict", "micro"),
    "test strict": ("test", "strict", "micro"),
    "test strict, macro": ("test", "strict", "macro"),
    "test exact": ("test", "exact", "micro"),
    "test partial": ("test", "partial", "micro"),
    "test type": ("test", "type", "micro"),
    "test strict, all annotations": ("test-all", "strict", "micro"),
    "test strict, annotators' offsets": ("test-original", "strict", "micro"),
}
TOKEN_COLUMNS = {
    "BIO tags": ("test", "token_tags", "micro"),
    "types": ("test", "token_types", "micro"),
    "BIO tags with O, micro": ("test", "token_tags_with_o", "micro"),
    "BIO tags with O, weighted": ("test", "token_tags_with_o", "weighted"),
    "types with O, micro": ("test", "token_types_with_o", "micro"),
    "types with O, weighted": ("test", "token_types_with_o", "weighted"),
    "binary": ("test", "token_binary", "micro"),
}


@dataclass(frozen=True)
class System:
    """Runs of one system with different seeds.

    name (str): Name of its folder.
    title (str): What the table calls it.
    runs (Dict[str, Dict[str, Path]]): Predictions by run and split.
    """

    name: str
    title: str
    runs: dict[str, dict[str, Path]]


def find_systems(metrics: Path, peers: Path) -> list[System]:
    """Find predictions: this project's systems, then the peers' with their versions; a run needs both splits."""
    systems = []
    for folder in sorted((path for path in metrics.glob("*") if path.is_dir()), key=_order):
        names = sorted(path.name.removesuffix("-test.jsonl") for path in folder.glob("*-test.jsonl"))
        runs = {name: {split: folder / f"{name}-{split}.jsonl" for split in ("dev", "test")} for name in names}
        systems.append(System(folder.name, TITLES.get(folder.name, folder.name), runs))
    for folder in sorted(peers.glob("*/predictions")):
        peer, done = folder.parent.name, sorted(path.parent for path in folder.glob("*/run.json"))
        runs = {run.name: {split: run / f"{split}.best.jsonl" for split in ("dev", "test")} for run in done}
        versions = {json.loads((run / "run.json").read_text(encoding="utf8"))["versions"][peer] for run in done}
        systems.append(System(peer, f"{peer} {', '.join(sorted(versions))}", runs))
    return [system for system in systems if system.runs]


def score(system: System, golds: dict[str, Gold]) -> dict[str, list[StrictScores]]:
    """Score all runs of a system.

    system (System): The system.
    golds (Dict[str, Gold]): Gold by name of the split; "test-all" is the test split with overlapping annotations.
    RETURNS (Dict[str, List[StrictScores]]): One evaluation a run, by split; those of the test split against the
        annotators' offsets are under "test-original", if these are known.
    """
    with warnings.catch_warnings():
        # rare labels that a run never predicts are no news here
        warnings.filterwarnings("ignore", message=r"\[CW06[01]\]")
        found = {
            split: [
                run_model(str(run[split.partition("-")[0]]), gold, bootstrap=Bootstrap(resamples=0))
                for run in system.runs.values()
            ]
            for split, gold in golds.items()
        }
    scores = {split: [run.evaluation for run in runs] for split, runs in found.items()}
    if golds["test"].original:
        scores["test-original"] = [run.original for run in found["test"]]
    return scores


def summarize(scores: dict[str, list[StrictScores]]) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Per split, mode, average and measure: mean, sample standard deviation, all runs."""
    return {
        split: {
            mode: {
                average: {measure: _spread([getattr(run.modes[mode].averages[average], measure) for run in runs])
                          for measure in "prf"}
                for average in ("micro", "macro", "weighted")
            }
            for mode in runs[0].modes
        }
        for split, runs in scores.items()
    }  # fmt: skip


def strict_counts(runs: Sequence[Evaluation]) -> np.ndarray:
    """RETURNS (ndarray): Strict counts of shape (documents, runs, 4)."""
    return np.stack([run.modes["strict"].counts.values.sum(1) for run in runs], 1)


def mean_f(counts: np.ndarray) -> np.ndarray:
    """Mean F1 over runs, of counts of shape (..., runs, 4)."""
    return prf(counts)[..., 2].mean(-1)


def compare_runs(one: Sequence[Evaluation], other: Sequence[Evaluation]) -> dict[str, Any]:
    """Compare two systems' strict micro F1 over all their runs.

    one (Sequence[Evaluation]): Runs of the first system.
    other (Sequence[Evaluation]): Runs of the second on the same documents.
    RETURNS (Dict[str, Any]): Difference of the mean F1 with its bootstrap interval over documents; and the p-value of
        the permutation test, in which a document's counts, averaged over the runs, are swapped.
    """
    first, second = strict_counts(one), strict_counts(other)
    both, n = np.concatenate([first, second], 1), first.shape[1]
    interval = bootstrap_interval(both, lambda counts: mean_f(counts[..., :n, :]) - mean_f(counts[..., n:, :]))
    return {
        "difference": float(mean_f(first.sum(0)) - mean_f(second.sum(0))),
        "interval": interval.tolist(),
        "p_value": permutation_test(first.mean(1, keepdims=True), second.mean(1, keepdims=True)),
    }


def collect(data: Path, metrics: Path, peers: Path) -> dict[str, Any]:
    """Score everything that is there.

    data (Path): Folder with `dev.spacy` and `test.spacy`.
    metrics (Path): Folder of this project's predictions.
    peers (Path): Folder of the peers.
    RETURNS (Dict[str, Any]): JSON-able: provenance, data, and per system its scores and comparison to the baseline.
    RAISES (ValueError): CE005 if there are no predictions.
    """
    systems = find_systems(metrics, peers)
    if not systems:
        raise ValueError(Errors.CE005.format(path=metrics, kind="predictions (SYSTEM/seedN-{dev,test}.jsonl)"))
    golds = {split: Gold.read(data / f"{split}.spacy") for split in ("dev", "test")}
    golds["test"] = replace(golds["test"], original=kept_gold(golds["test"].docs))
    golds["test-all"] = Gold(golds["test"].path, golds["test"].docs, "clinner_brat")
    scores = {system.name: score(system, golds) for system in systems}
    rows = {}
    for system in systems:
        runs = scores[system.name]
        rows[system.name] = {"title": system.title, "runs": list(system.runs), "scores": summarize(runs)}
        rows[system.name]["interval"] = bootstrap_interval(strict_counts(runs["test"]), mean_f).tolist()
        if BASELINE in scores and system.name != BASELINE:
            rows[system.name]["against_baseline"] = compare_runs(runs["test"], scores[BASELINE]["test"])
    files = {split: {"documents": len(gold.docs), "sha256": sha256(gold.path)} for split, gold in golds.items()}
    return {**provenance(), "data": files, "baseline": BASELINE, "systems": rows}


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The tables, F1 in percent: mean, and ± the standard deviation where there are several runs."""
    systems = result["systems"].values()

    def table(columns: dict[str, tuple[str, str, str]], **extra: Any) -> str:
        rows = []
        columns = {name: keys for name, keys in columns.items() if all(keys[0] in row["scores"] for row in systems)}
        for row in systems:
            cells = [_cell(row["scores"][split][mode][average]["f"]) for split, mode, average in columns.values()]
            rows.append([row["title"], str(len(row["runs"])), *cells, *(show(row) for show in extra.values())])
        return markdown_table(["system", "runs", *columns, *extra], rows)

    def interval(row: dict[str, Any]) -> str:
        return " to ".join(f"{100 * bound:.1f}" for bound in row["interval"])

    def difference(row: dict[str, Any]) -> str:
        if not (found := row.get("against_baseline")):
            return ""
        change, lower, upper = (f"{100 * value:+.1f}" for value in (found["difference"], *found["interval"]))
        return f"{change} ({lower} to {upper}), p = {found['p_value']:.4f}"

    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    extra = {"95 % interval of test strict": interval, "test strict against spaCy's `ner`": difference}
    return (
        "# MACCROBAT2020, split of DICE\n\n"
        f"{result['date']}; `{result['command']}`; {versions}. F1 in percent, mean ± sample standard deviation over "
        "the runs (seeds); modes as in docs/scoring.md. Intervals and tests resample documents.\n\n"
        f"## Entities\n\n{table(ENTITY_COLUMNS, **extra)}\n\n## Tokens of the test reports\n\n{table(TOKEN_COLUMNS)}\n"
    )


def _order(folder: Path) -> tuple[int, str]:
    return (list(TITLES).index(folder.name) if folder.name in TITLES else len(TITLES), folder.name)


def _spread(values: list[float]) -> dict[str, Any]:
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return {"mean": statistics.fmean(values), "sd": deviation, "runs": values}


def _cell(found: dict[str, Any]) -> str:
    spread = "" if found["sd"] is None else f" ± {100 * found['sd']:.1f}"
    return f"{100 * found['mean']:.1f}{spread}"


def main(
    data: Annotated[Path, typer.Option(help="Folder with dev.spacy and test.spacy")] = Path("corpus/maccrobat"),
    metrics: Annotated[Path, typer.Option(help="Folder of predictions")] = Path("metrics/maccrobat"),
    peers: Annotated[Path, typer.Option(help="Folder of peers")] = Path("benchmarks/peers"),
    output: Annotated[Path, typer.Option(help="Folder of the tables")] = Path("benchmarks/results"),
) -> None:
    """Score all predictions and write maccrobat.json and maccrobat.md."""
    with coded_errors():
        result = collect(data, metrics, peers)
        page = to_markdown(result)
        write_atomically(output / "maccrobat.json", json.dumps(result, indent=1) + "\n")
        write_atomically(output / "maccrobat.md", page)
        print(page)
        msg.good(f"Saved {output / 'maccrobat.json'} and maccrobat.md")


if __name__ == "__main__":
    typer.run(main)
