"""How far probabilities of relations can be believed, as trained and calibrated on dev, on two corpora.

    python benchmarks/relation_probabilities.py MODELS --corpus CORPUS

MODELS/NAME/seed*/model-best are pipelines, NAME being maccrobat or bc5cdr; CORPUS/NAME/dev.spacy and test.spacy are
documents. Taggers are calibrated all along, as their recipe has it, so that the same entities are found; the extractor
is measured before and after. Its threshold is the best one of dev at temperature 1, and calibration moves it with the
temperature. Dev chooses all, test is measured. Writes benchmarks/results/relation_probabilities.{json,md}.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import spacy
import typer
from publishing import origin, publish
from spacy.language import Language
from spacy.tokens import Doc

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.assembly.settings import change_settings
from spacy_clinner.calibration.calibrate import evidence_of, settle
from spacy_clinner.experiments.relation_runs import find_extractor, score_thresholds
from spacy_clinner.experiments.thresholds import choose_threshold
from spacy_clinner.pipeline.relations.evidence import RelationEvidence, sigmoid
from spacy_clinner.provenance import provenance, sha256
from spacy_clinner.reports.markdown import markdown_table
from spacy_clinner.reports.probabilities import COLUMNS, probability_rows
from spacy_clinner.scoring.calibration import JudgedSpans, measure_calibration
from spacy_clinner.scoring.evaluation import Bootstrap
from spacy_clinner.scoring.probabilities import AT_LEAST
from spacy_clinner.scoring.review import review_least_sure

ROOT = Path(__file__).parents[1]
# Whether the gold's entities are given.
GIVEN = {"maccrobat": False, "bc5cdr": True}
TITLES = {"maccrobat": "MACCROBAT2020, between predicted entities", "bc5cdr": "BC5CDR, between given concepts"}
# Seeds have their spread.
NO_INTERVALS = Bootstrap(resamples=0)


def measure_seed(model: Path, dev: Sequence[Doc], test: Sequence[Doc], given: bool) -> dict[str, Any]:
    """Choose a threshold on dev, measure on test, calibrate on dev, and measure again.

    model (Path): Folder of the pipeline.
    dev (Sequence[Doc]), test (Sequence[Doc]): Documents with gold.
    given (bool): Whether the gold's entities are given.
    RETURNS (Dict[str, Any]): JSON-able, in the form of a `ProbabilityCell`'s.
    """
    nlp = spacy.load(model)
    name, _ = find_extractor(nlp)
    change_settings(nlp, name, temperature=1.0)
    choose_threshold(nlp, dev, given, relative=False)
    trained = measure(nlp, test, given)
    found = settle(nlp, name, evidence_of(nlp, name, dev))
    calibrated = measure(nlp, test, given)
    return {"trained": trained, "calibrated": calibrated, "calibration": {name: found.to_dict()}}


def measure(nlp: Language, docs: Sequence[Doc], given: bool) -> dict[str, Any]:
    """Score an extractor's relations and their probabilities.

    nlp (Language): The pipeline; its extractor has a threshold for probabilities.
    docs (Sequence[Doc]): Documents with gold.
    given (bool): Whether the gold's entities are given.
    RETURNS (Dict[str, Any]): JSON-able: threshold, "p", "r" and "f" over all of the gold, and as "sureness" what is
        "predicted" and what is "not_predicted".
    """
    name, extractor = find_extractor(nlp)
    temperature, threshold = extractor.cfg["temperature"], extractor.cfg["threshold"]
    (scores,) = score_thresholds(nlp, docs, given, [threshold], relative=False)
    judged = judge(evidence_of(nlp, name, docs), temperature)
    sure = judged.probability >= threshold
    predicted = judged.where(sure)
    others = judged.where(~sure & (judged.probability >= AT_LEAST))
    review = review_least_sure(predicted, NO_INTERVALS).to_dict()
    sureness = {
        "predicted": {**measure_calibration(predicted, NO_INTERVALS).to_dict(), "review": review},
        "not_predicted": measure_calibration(others, NO_INTERVALS).to_dict() if len(others.right) else None,
    }
    return {"threshold": threshold, **dict(zip("prf", scores, strict=True)), "sureness": sureness}


def judge(evidence: RelationEvidence, temperature: float) -> JudgedSpans:
    """Compare the probability of each candidate and label with the gold.

    evidence (RelationEvidence): The candidates' scores, and their gold.
    temperature (float): What scores are divided by.
    RETURNS (JudgedSpans): Candidates times labels; they have no labels here.
    """
    n_labels = evidence.logits.shape[1]
    nothing = np.full(evidence.logits.size, "")
    return JudgedSpans(
        probability=sigmoid(evidence.logits / temperature).ravel(),
        right=evidence.targets.ravel() > 0,
        document=np.repeat(evidence.documents, n_labels),
        label=nothing,
        domain=nothing,
    )


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): A row of each corpus and stage."""
    rows = [
        row
        for name, runs in result["runs"].items()
        for row in probability_rows(f"{TITLES[name]} (runs: {len(runs)})", list(runs.values()))
    ]
    return (
        f"{origin(result)}. On test, mean ± sample standard deviation.\n\n"
        f"{markdown_table(['relations', '', 'T', *COLUMNS], rows)}\n\n"
        "F1: strict, over all relations of the gold, candidates or not; of BC5CDR between concepts. The threshold is "
        "the best one of dev; calibration moves it with the temperature, so that the same relations are found. "
        "Percent, but for T, Brier and log p. ECE: expected calibration error of predicted relations in ten bins of "
        "equal mass; by chance: that of true probabilities in as large a sample; not predicted: of candidates of 5 % "
        "and more; review of 20 %: share of the wrong relations among the least sure fifth "
        "(docs/guide/probabilities.md).\n"
    )


def main(
    models: Annotated[Path, typer.Argument(help="Folder of the trained pipelines")],
    only: Annotated[list[str] | None, typer.Option(help="A corpus, where there are no pipelines of others")] = None,
    corpus: Annotated[Path, typer.Option(help="Folder of the corpora")] = ROOT / "corpus",
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure relations of corpora and seeds."""
    result: dict[str, Any] = {**provenance(), "data": {}, "runs": {}}
    by_corpus = {name: sorted((models / name).glob("seed*/model-best")) for name in only or GIVEN}
    for name, trained in by_corpus.items():
        if not trained:
            raise typer.BadParameter(f"no seed*/model-best in {models / name}")
        paths = [corpus / name / f"{split}.spacy" for split in ("dev", "test")]
        result["data"] |= {f"{name}/{path.name}": sha256(path) for path in paths}
        dev, test = map(read_docs, paths)
        result["runs"][name] = {path.parent.name: measure_seed(path, dev, test, GIVEN[name]) for path in trained}
    publish(output, "relation_probabilities", result, to_markdown(result))


if __name__ == "__main__":
    typer.run(main)
