"""A transformer's tokenizer as a part of a Thinc model: kept and saved with it, and run without transformers."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import srsly
from thinc.api import Shim
from thinc.types import Ints1d, Ints2d

from ...errors import Errors
from ...forks import make_fork_safe_lock

_LOADING = make_fork_safe_lock()


class Encoded(NamedTuple):
    """Word pieces of a text.

    ids (Ints1d), types (Ints1d): their numbers, and which part of the text each is of. *Shapes:* (pieces,)
    offsets (Ints2d): first character and character after the last of each. *Shape:* (pieces, 2)
    """

    ids: Ints1d
    types: Ints1d
    offsets: Ints2d


class PiecesShim(Shim):
    """A tokenizer of the library tokenizers, as `Pieces` of windows; it is made at first use."""

    def __init__(self, tokenizer: str | None = None, pad: int = 0, most: int = 0) -> None:
        """Keep a tokenizer.

        tokenizer (Optional[str]): its JSON, which neither pads nor cuts; None: it is to be loaded.
        pad (int): number of the piece that fills blocks.
        most (int): most pieces that the transformer reads at once.
        """
        super().__init__(None)
        self.tokenizer, self.pad, self.most = tokenizer, pad, most
        self._made: Any = None

    def limit(self) -> int:
        """As of `Pieces`."""
        return self.most

    def count(self, texts: Sequence[str]) -> list[int]:
        """As of `Pieces`."""
        return [len(one) for one in self._encode(texts)]

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Cut texts into pieces.

        texts (Sequence[str]): the texts.
        RETURNS (List[Encoded]): the pieces of each, as many as the transformer reads: what is over that is lost.
        """
        found = [(one.ids, one.type_ids, one.offsets) for one in self._encode(texts)]
        # with their types and shapes also where there are none
        arrays = [[np.array(part[: self.most], dtype="int64") for part in parts] for parts in found]
        return [Encoded(ids, types, offsets.reshape(-1, 2)) for ids, types, offsets in arrays]

    def _encode(self, texts: Sequence[str]) -> list[Any]:
        if self._made is None:
            with _LOADING:
                self._made = self._made or self._make()
        # not as a batch, for which the library starts threads, which a fork would not have
        return [self._made.encode(text) for text in texts]

    def _make(self) -> Any:
        if self.tokenizer is None:
            raise ValueError(Errors.CE401)
        from tokenizers import Tokenizer

        return Tokenizer.from_str(self.tokenizer)

    def finish_update(self, optimizer: Any) -> None:
        """Leave the tokenizer as it is: it has no gradients."""

    def to_device(self, device_type: str, device_id: int) -> None:
        """Stay on the CPU."""

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): The tokenizer."""
        return srsly.msgpack_dumps({"tokenizer": self.tokenizer, "pad": self.pad, "most": self.most})

    def from_bytes(self, data: bytes) -> "PiecesShim":
        """Load a tokenizer. data (bytes): What `to_bytes` returned. RETURNS (PiecesShim): This object."""
        found = srsly.msgpack_loads(data)
        self.tokenizer, self.pad, self.most = found["tokenizer"], found["pad"], found["most"]
        self._made = None
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_made": None}
