"""Components whose saved weights are checked when they are loaded: unchanged, finite, and of the labels' sizes."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self

from spacy.vocab import Vocab
from thinc.api import Model

from ..errors import Errors
from ..models.vocab_vectors import check_read_vectors, digest_vectors, reads_vectors
from .checksums import add_checksums, check_bytes, check_files, readable, write_checksums

FILES = ("cfg", "model")
VECTORS = "vectors"


class StoredWeights:
    """A trainable component that keeps checksums of its files, and checks what it loads.

    A class mixes it in before spaCy's class, whose way of saving it keeps.
    """

    name: str
    model: Model
    vocab: Vocab

    def sizes(self) -> Iterator[tuple[str, Any, Any]]:
        """What must agree in a model that was loaded.

        YIELDS (Tuple[str, Any, Any]): What it is, what was found, and what the labels or other layers ask for.
        """
        yield from ()

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write settings and weights to a folder, and their checksums.

        path (Union[str, Path]): The folder.
        exclude (Iterable[str]): Of "cfg", "model", "vocab" and "checksums", what is left out.
        """
        super().to_disk(path, exclude=exclude)  # type: ignore[misc]
        write_checksums(Path(path), FILES, exclude, **self._digests())

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:
        """Load settings and weights from a folder.

        path (Union[str, Path]): The folder.
        exclude (Iterable[str]): As for `to_disk`; without "checksums", none are compared.
        RETURNS (StoredWeights): The component.
        RAISES (ValueError): CE290 to CE296 if a file or the word vectors are missing, damaged or do not agree.
        """
        folder = Path(path)
        known = check_files(self.name, folder, FILES, exclude)
        with readable(self.name, folder):
            super().from_disk(path, exclude=exclude)  # type: ignore[misc]
            self._check(str(folder), known)
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Serialise settings and weights, and their checksums.

        exclude (Iterable[str]): As for `to_disk`.
        RETURNS (bytes): The data.
        """
        return add_checksums(super().to_bytes(exclude=exclude), exclude, **self._digests())  # type: ignore[misc]

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        """Load settings and weights.

        bytes_data (bytes): What `to_bytes` returned.
        exclude (Iterable[str]): As for `from_disk`.
        RETURNS (StoredWeights): The component.
        RAISES (ValueError): As `from_disk`.
        """
        known = check_bytes(self.name, bytes_data, FILES, exclude)
        with readable(self.name, f"the bytes of {self.name}"):
            super().from_bytes(bytes_data, exclude=exclude)  # type: ignore[misc]
            self._check(f"the bytes of {self.name}", known)
        return self

    def _digests(self) -> dict[str, str]:
        """Of what is saved elsewhere: word vectors of another pipeline would give other results without a word."""
        vectors = self.vocab.vectors
        return {VECTORS: digest_vectors(vectors)} if reads_vectors(self.model) and len(vectors.data) else {}

    def _check(self, where: str, known: dict[str, str]) -> None:
        for node in self.model.walk():
            for param in node.param_names:
                if node.has_param(param) and not node.ops.xp.isfinite(node.get_param(param)).all():
                    raise ValueError(Errors.CE294.format(name=self.name, where=where, layer=node.name, param=param))
        for what, found, wanted in self.sizes():
            if found != wanted:
                raise ValueError(
                    Errors.CE293.format(name=self.name, where=where, what=what, found=found, wanted=wanted)
                )
        check_read_vectors(self.model, self.vocab)
        # a vocabulary without vectors may get them later; without any, the first use raises CE121
        found = self._digests() if VECTORS in known else {}
        if found.get(VECTORS, known.get(VECTORS)) != known.get(VECTORS):
            raise ValueError(Errors.CE296.format(name=self.name, where=where))
