"""Which files a pipeline was trained on: probabilities look better there than they are."""

from pathlib import Path
from typing import Any

from spacy.language import Language

from ..configs import files_read
from ..errors import Errors
from ..provenance import sha256

TRAINING_DATA = "clinner_training_data"


def check_unseen(nlp: Language, data: Path) -> None:
    """See that a pipeline was not trained on some documents.

    nlp (Language): The pipeline.
    data (Path): The file of documents.
    RAISES (ValueError): CE383 if its checksum is that of a file that the pipeline was trained on: one that its meta
        tells of, or that its config names and that is still there.
    """
    checksum = sha256(data)
    for path, other in trained_on(nlp).items():
        if other == checksum:
            raise ValueError(Errors.CE383.format(path=data, train=path))


def trained_on(nlp: Language) -> dict[str, str]:
    """Find what is known of the files that a pipeline was trained on.

    nlp (Language): The pipeline.
    RETURNS (Dict[str, str]): SHA-256 by path: of those that its meta tells of, and of those that its config names and
        that are still there.
    """
    return {**nlp.meta.get(TRAINING_DATA, {}), **checksums(nlp, "train_corpus")}


def checksums(nlp: Language, corpus: str) -> dict[str, str]:
    """Checksums of the files of documents that a reader of the config reads.

    nlp (Language): The pipeline.
    corpus (str): "train_corpus" or "dev_corpus".
    RETURNS (Dict[str, str]): SHA-256 by path, of those that are there.
    """
    block: Any = nlp.config.interpolate()
    for name in block["training"][corpus].split("."):
        block = block.get(name, {})
    return {str(path): sha256(path) for path in files_read(block) if path.is_file()}
