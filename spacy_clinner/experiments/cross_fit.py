"""Evidence about a pipeline from its own training documents: others, trained on parts of them, judge the rest."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from ..annotations.documents import read_docs
from ..calibration.calibrate import evidence_of, find_calibrated
from ..calibration.pooled import PooledEvidence
from ..errors import Errors
from .cell import Cell
from .plan import model_of
from .runner import run_steps


def cross_fit(nlp: Language, model: Path, folds: int, room: Path, *, jobs: int = 1, seed: int = 0) -> dict[str, Any]:
    """Train a pipeline's config again without each part of its training documents, and judge that part.

    nlp (Language): The pipeline.
    model (Path): Its folder.
    folds (int): Number of parts, at least 2.
    room (Path): Folder for the parts and the trained pipelines.
    jobs (int): Number of processes.
    seed (int): Seed of the parts.
    RETURNS (Dict[str, Any]): Evidence of all training documents, by name of the component.
    RAISES (ValueError): CE363 if `paths.train` of the config names no file of at least as many documents as folds;
        CE081 if a training failed.
    """
    train = nlp.config.interpolate()["paths"].get("train")
    docs = read_docs(Path(train)) if train and Path(train).is_file() else []
    if len(docs) < folds:
        raise ValueError(Errors.CE363.format(path=train, n=len(docs), folds=folds))
    parts = np.array_split(np.random.default_rng(seed).permutation(len(docs)), folds)
    cells, held = [], []
    for number, part in enumerate(parts):
        chosen = set(part.tolist())
        held.append([docs[i] for i in sorted(chosen)])
        paths = {"train": [doc for i, doc in enumerate(docs) if i not in chosen], "dev": held[-1]}
        cells.append(
            Cell(
                keys={"fold": number},
                config=model / "config.cfg",
                test=None,
                overrides={f"paths.{name}": _write(room / f"{name}-{number}.spacy", of) for name, of in paths.items()},
                # what is held out chooses no checkpoint
                last=True,
                keep=True,
            )
        )
    run_steps(cells, room, jobs)
    evidence: dict[str, list[Any]] = {name: [] for name in find_calibrated(nlp)}
    for cell, references in zip(cells, held, strict=True):
        trained = spacy.load(model_of(cell.identity, room))
        for name, found in evidence.items():
            found.append(evidence_of(trained, name, references))
    return {name: PooledEvidence(found) for name, found in evidence.items()}


def _write(path: Path, docs: Sequence[Doc]) -> str:
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return str(path)
