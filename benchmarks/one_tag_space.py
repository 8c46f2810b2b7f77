"""One tag space with partial likelihood, and its rivals, on equal encoders: `python benchmarks/one_tag_space.py`.

Five corpora, each annotated for one type of entities (configs/corpora_biored.toml), teach one model; BioRED's test
abstracts have all five. Rivals: a head for each corpus on one encoder, AIONER's scheme (`aio.py`), and a tagger for
each corpus; findings are united by probability. Nothing of BioRED is trained or chosen on.

    python -m spacy project run biored studies/many-corpora
    python benchmarks/one_tag_space.py train --seed 0
    python benchmarks/one_tag_space.py measure

Speed is CPU time of one thread, systems in turns. Writes benchmarks/results/one_tag_space.{json,md}.
"""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import spacy
import torch
import typer
from aio import compose_aio, tag_marked
from machine import cpu_model
from publishing import origin, publish
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Config

from spacy_clinner.annotations.documents import document_ids, read_docs
from spacy_clinner.annotations.entity import Entity
from spacy_clinner.annotations.keys import LABELS_KEY
from spacy_clinner.experiments.strict_scores import score_predictions
from spacy_clinner.experiments.train_cell import to_be_saved, train
from spacy_clinner.files import write_folder_atomically
from spacy_clinner.multitask.config import compose_multitask
from spacy_clinner.multitask.corpora_file import Corpora, CorporaFile, read_corpora_file
from spacy_clinner.multitask.heads import plan_heads
from spacy_clinner.pipeline.union.choice import Found, merge_same, without_overlaps
from spacy_clinner.progress import progress
from spacy_clinner.provenance import provenance
from spacy_clinner.reports.markdown import markdown_table
from spacy_clinner.reports.runs import compare_documents, spread_of
from spacy_clinner.scoring.documents import pair_documents
from spacy_clinner.scoring.evaluation import Bootstrap
from spacy_clinner.scoring.probabilities import Probabilities
from spacy_clinner.scoring.sureness import measure_sureness
from spacy_clinner.training.domain_corpus import map_labels

ROOT = Path(__file__).parents[1]
PARTIAL, HEADS = "one tag space, partial likelihood", "a head for each corpus"
AIO, UNION = "marks and outside of a type", "union of taggers"
BIORED = {
    "ChemicalEntity": "Chemical", "DiseaseOrPhenotypicFeature": "Disease", "GeneOrGeneProduct": "Gene",
    "OrganismTaxon": "Species", "SequenceVariant": "Variant",
}  # fmt: skip
Models = Annotated[Path, typer.Option(help="Folder of the trained models")]
MODELS = ROOT / "training" / "one-tag-space"
# from a text: each pipeline has tokens and a vocabulary of its own, all alike
Finder = Callable[[str], Iterable[Found]]


def make_configs(corpora: Corpora, shared_steps: int, single_steps: int) -> dict[str, Config]:
    """Make the config of every model: three of all corpora, and one of each."""
    heads = replace(corpora, settings=CorporaFile(**{**dict(corpora.settings), "join": "corpora"}))
    configs = {
        "partial": compose_multitask(corpora),
        "heads": compose_multitask(heads),
        "aio": compose_aio(corpora),
    }
    for config in configs.values():
        config["training"]["max_steps"] = shared_steps
    for name in corpora.corpora:
        configs[name] = compose_multitask(corpora.subset([name]))
        configs[name]["training"]["max_steps"] = single_steps
    return configs


def entities_of(doc: Doc, head: int = 0) -> Iterable[Found]:
    """RETURNS (Iterable[Found]): What a tagger has found in a document."""
    group = doc.spans["clinner_ents"]
    for span, probability in zip(group, group.attrs["scores"].tolist(), strict=True):
        yield Found(span.start, span.end, span.label_, probability, head)


def make_finders(corpora: Corpora, models: Path, seed: int) -> tuple[dict[str, Finder], dict[str, list[Language]]]:
    """Load the models of a seed. RETURNS: For each system, how it tags a document, and its pipelines."""

    def load(name: str) -> Language:
        return spacy.load(models / f"{name}-{seed}")

    partial, heads, aio = load("partial"), load("heads"), load("aio")
    taggers = [load(name) for name in corpora.corpora]
    kinds = [label for head in plan_heads(corpora) for label in head.labels]

    def by_marks(text: str) -> Iterable[Found]:
        doc = aio.make_doc(text)
        for number, kind in enumerate(kinds):
            yield from (Found(start, end, kind, p, number) for start, end, p in tag_marked(aio, doc, kind))

    def by_taggers(text: str) -> Iterable[Found]:
        for number, nlp in enumerate(taggers):
            yield from entities_of(nlp(text), number)

    finders: dict[str, Finder] = {
        PARTIAL: lambda text: entities_of(partial(text)),
        HEADS: lambda text: entities_of(heads(text)),
        AIO: by_marks,
        UNION: by_taggers,
    }
    return finders, {PARTIAL: [partial], HEADS: [heads], AIO: [aio], UNION: taggers}


def find(finder: Finder, docs: Sequence[Doc]) -> list[dict[Entity, float]]:
    """RETURNS (List[Dict[Entity, float]]): Entities of each document without overlaps, and their probabilities."""
    found = []
    for doc in docs:
        chosen = without_overlaps(merge_same(finder(doc.text)), "probability")
        spans = [(doc[one.start : one.end], one) for one in chosen]
        found.append({Entity(s.start_char, s.end_char, one.label): min(one.probability, 1.0) for s, one in spans})
    return found


def read_biored(path: Path) -> list[Doc]:
    """Read BioRED with our labels; types that nobody teaches are not annotated."""
    docs = [map_labels(doc, BIORED) for doc in read_docs(path)]
    for doc in docs:
        doc.user_data[LABELS_KEY] = sorted(BIORED.values())
    return docs


def score(docs: Sequence[Doc], found: Sequence[dict[Entity, float]]) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Strict scores, F1 by label, and how far the probabilities can be believed."""
    ids = document_ids(docs)
    predictions = {name: frozenset(one) for name, one in zip(ids, found, strict=True)}
    probabilities = Probabilities(dict(zip(ids, found, strict=True)), None)
    sureness = measure_sureness(
        docs, pair_documents(docs, predictions), probabilities, bootstrap=Bootstrap(resamples=0)
    )
    assert sureness is not None
    labels = {}
    for label in sorted(BIORED.values()):
        for doc in docs:
            doc.user_data[LABELS_KEY] = [label]
        only = [map_labels(doc, {label: label}) for doc in docs]
        labels[label] = score_predictions(only, predictions)["f"]
    for doc in docs:
        doc.user_data[LABELS_KEY] = sorted(BIORED.values())
    calibration = sureness.predicted.all.calibration
    return {"test": score_predictions(docs, predictions), "labels": labels, "sureness": calibration.to_dict()}


app = typer.Typer()


@app.command("train")
def train_models(
    seed: Annotated[list[int], typer.Option(help="Seed; repeat it for more")],
    only: Annotated[list[str], typer.Option(help="Model: partial, heads, aio or a corpus; default: all")] = [],  # noqa: B006
    shared_steps: Annotated[int, typer.Option(min=1, help="Steps of a model of all corpora")] = 6000,
    single_steps: Annotated[int, typer.Option(min=1, help="Steps of a tagger of one")] = 2000,
    models: Models = MODELS,
    corpora: Annotated[Path, typer.Option(help="Corpora file")] = ROOT / "configs" / "corpora_biored.toml",
) -> None:
    """Train what is not there yet."""
    torch.set_num_threads(1)
    corpora, models = corpora.absolute(), models.absolute()
    # it names paths from there
    os.chdir(ROOT)
    configs = make_configs(read_corpora_file(corpora), shared_steps, single_steps)
    for one in seed:
        for name in only or configs:
            if (models / f"{name}-{one}").exists():
                continue
            config = configs[name].copy()
            config["system"]["seed"] = one
            start = time.process_time()
            nlp = to_be_saved(train(config)[0])
            nlp.meta["training_cpu_seconds"] = round(time.process_time() - start)
            write_folder_atomically(models / f"{name}-{one}", nlp.to_disk)
            print(f"{name}, seed {one}: {nlp.meta['training_cpu_seconds']} CPU seconds", flush=True)


@app.command("measure")
def measure(
    seed: Annotated[list[int], typer.Option(help="Seed; repeat it for more")] = [0, 1, 2],  # noqa: B006
    corpora: Annotated[Path, typer.Option(help="Corpora file")] = ROOT / "configs" / "corpora_biored.toml",
    biored: Annotated[Path, typer.Option(help="Test documents")] = ROOT / "corpus" / "many" / "BioRED" / "test.spacy",
    models: Models = MODELS,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
    repeats: Annotated[int, typer.Option(min=1, help="Rounds of the timing")] = 5,
) -> None:
    """Test all systems on BioRED."""
    torch.set_num_threads(1)
    corpora, biored, models, output = (path.absolute() for path in (corpora, biored, models, output))
    os.chdir(ROOT)
    plan, docs = read_corpora_file(corpora), read_biored(biored)
    runs: dict[str, list[dict[str, Any]]] = {PARTIAL: [], HEADS: [], AIO: [], UNION: []}
    for one in progress(seed, total=len(seed), unit="seed", desc="Test"):
        finders, pipelines = make_finders(plan, models, one)
        plain = [pipelines[PARTIAL][0].make_doc(doc.text) for doc in docs]
        seconds = dict.fromkeys(finders, float("inf"))
        for number in range(repeats):
            for name, finder in finders.items():
                start = time.process_time()
                found = find(finder, plain)
                seconds[name] = min(seconds[name], time.process_time() - start)
                if not number:
                    runs[name].append({"seed": one, **score(docs, found)})
        for name, run in ((name, runs[name][-1]) for name in finders):
            run["words_per_second"] = sum(map(len, plain)) / seconds[name]
            weights = (pipe.model for nlp in pipelines[name] for _, pipe in nlp.pipeline if hasattr(pipe, "model"))
            run["megabytes"] = sum(len(model.to_bytes()) for model in weights) / 1e6
            run["steps"] = [nlp.config["training"]["max_steps"] for nlp in pipelines[name]]
            run["training_cpu_seconds"] = sum(nlp.meta["training_cpu_seconds"] for nlp in pipelines[name])
    others = {name: compare_documents(runs[PARTIAL], runs[name]) for name in (HEADS, AIO, UNION)}
    result = {**provenance(), "cpu": cpu_model(), "p_values": others, "runs": runs}
    publish(output, "one_tag_space", result, to_markdown(result))


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The tables."""
    columns: dict[str, Callable[[dict[str, Any]], float]] = {
        "F1": lambda run: run["test"]["f"],
        "precision": lambda run: run["test"]["p"],
        "recall": lambda run: run["test"]["r"],
        "ECE": lambda run: run["sureness"]["ece"],
        "100 x Brier": lambda run: run["sureness"]["brier"],
    }
    rows, by_label = [], []
    for name, runs in result["runs"].items():
        scores = [str(spread_of([column(run) for run in runs])) for column in columns.values()]
        p_value = "" if name == PARTIAL else f"{result['p_values'][name]:.4f}"
        means = [sum(run[key] for run in runs) / len(runs) for key in ("megabytes", "training_cpu_seconds")]
        speed = sum(run["words_per_second"] for run in runs) / sum(
            run["words_per_second"] for run in result["runs"][PARTIAL]
        )
        rows.append([name, *scores, p_value, f"{means[0]:.1f}", f"{means[1] / 60:.1f}", f"{speed:.2f}"])
        scores_of = ([run["labels"][label] for run in runs] for label in runs[0]["labels"])
        by_label.append([name, *(str(spread_of(found)) for found in scores_of)])
    header = ["system", *columns, "p", "MB", "training, CPU min", "speed"]
    n = len(result["runs"][PARTIAL])
    lines = [
        "# Five types from five corpora of one type each, tested on BioRED",
        "",
        f"{origin(result)}.",
        f"Strict micro F1 on BioRED's test abstracts in percent, mean ± sample standard deviation of {n} seeds; p: "
        "permutation test over abstracts against the first row; MB: weights without word vectors; speed: words a "
        "second of one thread, first row 1.",
        "",
        markdown_table(header, rows),
        "",
        markdown_table(["F1 by type", *result["runs"][PARTIAL][0]["labels"]], by_label),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    app()
