"""Shares of a training corpus, each holding the smaller ones."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from spacy.tokens import DocBin

from ..annotations.documents import read_docs
from ..errors import Errors
from ..files import write_atomically


def write_shares(train: Path, shares: Sequence[float], whole: float, seed: int, folder: Path) -> dict[float, Path]:
    """Draw documents for each share and write them.

    train (Path): The training documents.
    shares (Sequence[float]): Wanted shares of the corpus, in percent.
    whole (float): Percent of the corpus that `train` is; Lee et al. 2017 train on up to 60.
    seed (int): Seed of the order in which documents are drawn.
    folder (Path): Where to write `share{share}-seed{seed}-{checksum}.spacy`: a file of another corpus, which a running
        experiment may read, is never replaced.
    RETURNS (Dict[float, Path]): The files. A share has at least one document and all those of the smaller ones.
    RAISES (ValueError): CE082 if a share is not between 0 and `whole`.
    """
    docs = read_docs(train)
    if bad := [share for share in shares if not 0 < share <= whole]:
        raise ValueError(Errors.CE082.format(share=bad[0], whole=whole))
    order = np.random.default_rng(seed).permutation(len(docs))
    paths = {}
    for share in shares:
        chosen = order[: max(1, round(len(docs) * share / whole))]
        content = DocBin(docs=[docs[i] for i in sorted(chosen)], store_user_data=True).to_bytes()
        paths[share] = folder / f"share{share:g}-seed{seed}-{hashlib.sha256(content).hexdigest()[:8]}.spacy"
        if not paths[share].exists():
            write_atomically(paths[share], content, private=True)
    return paths
