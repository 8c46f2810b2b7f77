"""Train and score systems of relation extraction on a corpus, each with several seeds: one table.

    python scripts/run_relations.py configs/relations_maccrobat.toml

The TOML file names the documents, the seeds, and systems: a tagger and relations trained apart (`tagger`, `relations`),
both on one encoder (`joint`), or relations alone, given gold entities; a system may have `paths` and `overrides` of its
own. Each training is a folder that appears when it is done, so a stopped run goes on where it was. The threshold of
relations is chosen on dev; test is scored once. A system that learns from dev as well can choose nothing on it: it
names an earlier one as `threshold_of`, takes that one's threshold seed by seed, and the model of its last step.
`variants` of a study have each system once more, of the same trainings: with `relative = true` the threshold is for
odds against the best of a document; with `broader`, a file of concepts and broader ones, of relations that follow from
each other the most specific are kept. Writes results.json and results.md to `output`, and shows the table.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import spacy
import typer
from spacy.training import Example
from wasabi import msg

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.annotations.keys import RELATIONS_KEY
from spacy_clinner.experiments.cell import Cell, checksum
from spacy_clinner.experiments.nearest_head import NearestHead
from spacy_clinner.experiments.relation_runs import find_extractor, predict_relations, set_threshold
from spacy_clinner.files import write_atomically, write_folder_atomically
from spacy_clinner.pipeline.relations.hierarchy import read_broader_concepts
from spacy_clinner.provenance import provenance
from spacy_clinner.reports.markdown import markdown_table
from spacy_clinner.reports.runs import spread_of
from spacy_clinner.scoring.counts import PRF
from spacy_clinner.scoring.evaluation import Bootstrap
from spacy_clinner.scoring.ner_scorer import ner_score
from spacy_clinner.scoring.relations.evaluation import evaluate_relations
from spacy_clinner.scoring.relations.horizontal import horizontal_score

PARTS = ("joint", "tagger", "relations")
# How often a pair of entity labels must have been seen for the rule; dev chooses.
MIN_COUNTS = (1, 3, 10, 30, 100, 300)


def train(study: dict[str, Any], name: str, part: str, seed: int) -> Path:
    """Train a part of a system with a seed, unless that is done: same config, same data.

    study (Dict[str, Any]): The file's contents.
    name (str): Name of the system.
    part (str): One of `PARTS`.
    seed (int): The seed.
    RETURNS (Path): Folder of the best model on dev, or of the last one if dev taught it.
    """
    system = study["systems"][name]
    paths = {f"paths.{key}": path for key, path in {**study["paths"], **system.get("paths", {})}.items()}
    overrides = {**paths, **system.get("overrides", {}), "system.seed": seed}
    config = Path(system[part])
    identity = Cell({}, config, Path(study["test"]), overrides).identity
    done = Path(study["output"]) / "models" / config.stem / f"seed{seed}-{identity[:16]}"
    if not done.exists():
        partial = done.with_name(f".{done.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        words = [word for setting, value in overrides.items() for word in (f"--{setting}", value)]
        run("train", config, "--output", partial, *words)
        os.replace(partial, done)
    return done / ("model-last" if "threshold_of" in system else "model-best")


def build(study: dict[str, Any], name: str, seed: int) -> Path:
    """Make a system's pipeline: train its parts, combine them, choose the threshold or take another system's.

    study (Dict[str, Any]): The file's contents.
    name (str): Name of the system.
    seed (int): The seed.
    RETURNS (Path): Folder of the pipeline.
    """
    system = study["systems"][name]
    models = [train(study, name, part, seed) for part in PARTS if part in system]
    folder = folder_of(study, name, seed)
    shutil.rmtree(folder, ignore_errors=True)
    with TemporaryDirectory() as temporary:
        pipeline = models[0]
        if len(models) > 1:
            pipeline = Path(temporary) / "combined"
            run("clinner", "combine", *models, pipeline)
        if "broader" in system:
            pipeline = add_hierarchy(pipeline, Path(system["broader"]), Path(temporary) / "specific")
        if "threshold_of" in system:
            copy_threshold(folder_of(study, system["threshold_of"], seed), pipeline, folder)
        else:
            given = [] if has_tagger(system) else ["--gold-entities"]
            kind = "--relative" if system.get("relative") else "--absolute"
            run("clinner", "choose-threshold", pipeline, study["paths"]["dev"], folder, kind, *given)
    return folder


def with_variants(systems: dict[str, dict[str, Any]], variants: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Put beside each system its variants: of the same trainings, but deciding otherwise.

    systems (Dict[str, Dict[str, Any]]): The systems by name.
    variants (Dict[str, Dict[str, Any]]): Settings by name, for all systems.
    RETURNS (Dict[str, Dict[str, Any]]): All of them; a variant takes its threshold from the same variant.
    """
    found = {}
    for name, system in systems.items():
        found[name] = system
        for variant, settings in variants.items():
            other = {"threshold_of": f"{system['threshold_of']}, {variant}"} if "threshold_of" in system else {}
            found[f"{name}, {variant}"] = system | settings | other
    return found


def add_hierarchy(model: Path, broader: Path, out: Path) -> Path:
    """Save a pipeline that keeps the most specific relations only."""
    nlp = spacy.load(model)
    nlp.add_pipe("clinner_specific_relations").initialize(broader=read_broader_concepts(broader))
    nlp.to_disk(out)
    return out


def folder_of(study: dict[str, Any], name: str, seed: int) -> Path:
    """Where a system's pipeline of a seed is."""
    return Path(study["output"]) / "systems" / name.replace(" ", "-").replace(",", "") / f"seed{seed}"


def copy_threshold(source: Path, model: Path, out: Path) -> None:
    """Save a pipeline with the threshold of another one."""
    nlp = spacy.load(model)
    cfg = find_extractor(spacy.load(source))[1].cfg
    set_threshold(nlp, cfg["threshold"], cfg["relative"])
    write_folder_atomically(out, nlp.to_disk, force=True)


def has_tagger(system: dict[str, Any]) -> bool:
    """Whether a system finds entities by itself."""
    return "tagger" in system or "joint" in system


def run(*words: Any) -> None:
    """Run a command of spaCy's in a process of its own."""
    subprocess.run([sys.executable, "-m", "spacy", *map(str, words)], check=True)


def score(study: dict[str, Any], name: str, seed: int, floor: dict[str, NearestHead]) -> dict[str, Any]:
    """Score a system's pipeline on test.

    study (Dict[str, Any]): The file's contents.
    name (str): Name of the system.
    seed (int): The seed.
    floor (Dict[str, NearestHead]): Rules to score on the same entities, by name.
    RETURNS (Dict[str, Any]): Scores by name of the column.
    """
    nlp = spacy.load(build(study, name, seed))
    _, extractor = find_extractor(nlp)
    found: dict[str, Any] = {"threshold": extractor.cfg["threshold"]}
    for kind in ("gold", "predicted") if has_tagger(study["systems"][name]) else ("gold",):
        examples = predict_relations(nlp, read_docs(Path(study["test"])), given_entities=kind == "gold")
        found[f"{kind}: proposed"] = extractor.score(examples)["rels_proposed"]
        for mode, scores in evaluate_relations(examples, bootstrap=Bootstrap(resamples=0)).items():
            found[f"{kind}: {mode}"] = scores.averages["micro"].f
            if mode == "strict":
                found[f"{kind}: strict, macro"] = scores.averages["macro"].f
                found |= {f"{kind}: {label}": prf.f for label, prf in scores.per_label.items()}
        if "drug" in study:
            entries = horizontal_score(examples, study["drug"])
            for measure in ("horizontal", "entries"):
                found |= {f"{kind}: {measure}, {match}": prf.f for match, prf in entries[measure].items()}
        if kind == "predicted":
            entities = ner_score(examples)
            found["entities"] = entities["ents_f"]
            found |= {f"entities: {label}": prf["f"] for label, prf in entities["ents_per_type"].items()}
        found |= {f"{kind}: {rule.label} {words}": score_rule(rule, examples).f for words, rule in floor.items()}
    return found


def make_rules(study: dict[str, Any]) -> dict[str, NearestHead]:
    """The rule with all pairs of labels, and with those frequent enough to be best on dev, given gold entities."""
    train, dev = (read_docs(Path(study["paths"][part])) for part in ("train", "dev"))
    found = [NearestHead(train, study["rule"], count) for count in MIN_COUNTS]
    given = [Example(doc.copy(), doc) for doc in dev]
    frequent = max(found, key=lambda rule: score_rule(rule, given).f)
    return {"by the rule": found[0], "by the rule, frequent pairs": frequent}


def score_rule(rule: NearestHead, examples: Sequence[Example]) -> PRF:
    """Score a rule on the entities of examples, without changing them."""
    pairs = []
    for example in examples:
        gold = example.reference.copy()
        gold.user_data[RELATIONS_KEY] = [link for link in gold.user_data[RELATIONS_KEY] if link["label"] == rule.label]
        pairs.append(Example(rule(example.predicted.copy()), gold))
    return evaluate_relations(pairs, bootstrap=Bootstrap(resamples=0))["strict"].averages["micro"]


def to_markdown(runs: dict[str, list[dict[str, float]]]) -> str:
    """One line a score, one column a system: mean and sample standard deviation over the seeds."""
    names = list(dict.fromkeys(name for of_one in runs.values() for found in of_one for name in found))
    rows = []
    for name in names:
        found = [[run[name] for run in of_one if run.get(name) is not None] for of_one in runs.values()]
        rows.append((name, *(str(spread_of(scores)) if scores else "" for scores in found)))
    return markdown_table(("F1 on test (but threshold and share proposed), %", *runs), rows)


def main(study: Annotated[Path, typer.Argument(help="TOML file of a corpus and systems", exists=True)]) -> None:
    """Train and score all systems of a study with all of its seeds."""
    settings = tomllib.loads(study.read_text(encoding="utf8"))
    settings["systems"] = with_variants(settings["systems"], settings.pop("variants", {}))
    floor = make_rules(settings) if "rule" in settings else {}
    runs = {name: [score(settings, name, seed, floor) for seed in settings["seeds"]] for name in settings["systems"]}
    systems = settings["systems"].values()
    own = chain.from_iterable(system.get("paths", {}).values() for system in systems)
    hierarchies = [system["broader"] for system in systems if "broader" in system]
    paths = {settings["test"], *settings["paths"].values(), *own, *hierarchies}
    data = [{"path": path, "sha256": checksum(Path(path))} for path in sorted(paths)]
    result = {**provenance(), "study": settings, "data": data, "runs": runs}
    output = Path(settings["output"])
    write_atomically(output / "results.json", json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    table = to_markdown(runs)
    head = f"{result['date']}; `{result['command']}`; seeds {settings['seeds']}."
    write_atomically(output / "results.md", f"{head}\n\n{table}\n")
    print(table)
    msg.good(f"Saved {output}/results.md and results.json")


if __name__ == "__main__":
    typer.run(main)
