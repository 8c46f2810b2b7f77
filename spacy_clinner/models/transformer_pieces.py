"""Word pieces of a transformer of transformers: how many there are, and how many it reads."""

import inspect
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spacy_transformers.layers import TransformerModel

# Word pieces at once where positions are relative, as in XLNet and DeBERTa, and the tokenizer does not know a limit
# either: memory grows with the square of a token of signs. Hardly a window of words has as many.
MOST_PIECES = 2048
# What transformers sets where a tokenizer's files name no limit is larger still.
_KNOWN = 10**9


class TransformerPieces:
    """The pieces of a transformer whose tokenizer need not be loaded yet.

    model (TransformerModel): the model.
    """

    def __init__(self, model: "TransformerModel") -> None:
        self.model = model

    def limit(self) -> int:
        """As of `Pieces`; see `settle`."""
        return settle(self.model.tokenizer, self.model.transformer)

    def count(self, texts: Sequence[str]) -> list[int]:
        """As of `Pieces`."""
        pieces = self.model.tokenizer(
            list(texts), return_attention_mask=False, return_token_type_ids=False, verbose=False
        )
        return [len(ids) for ids in pieces["input_ids"]]


def settle(tokenizer: Any, transformer: Any) -> int:
    """Have a transformer and its tokenizer agree: on the most word pieces at once, their sides and their types.

    Not every tokenizer knows the limit, and then a token that is too long by itself would end in an IndexError of
    torch: spacy-transformers drops what is over the tokenizer's limit, at the right end. So a tokenizer that pads on
    the left, as XLNet's, would lose what is read. XLNet hands the rows of a window on to the next, which nobody asks
    for, and DistilBERT knows no types of pieces, though a tokenizer of another class tells them.

    tokenizer (PreTrainedTokenizerBase): the tokenizer.
    transformer (PreTrainedModel): the transformer.
    RETURNS (int): the tokenizer's limit, or the rows of the transformer's table of positions if they are fewer, or
        `MOST_PIECES` where there is neither.
    """
    known = [limit for limit in (tokenizer.model_max_length, positions(transformer)) if limit < _KNOWN]
    limit = int(min(known, default=MOST_PIECES))
    tokenizer.model_max_length = limit
    tokenizer.padding_side = "right"
    if "token_type_ids" not in inspect.signature(transformer.forward).parameters:
        tokenizer.model_input_names = [name for name in tokenizer.model_input_names if name != "token_type_ids"]
    if hasattr(transformer.config, "use_mems_eval"):
        transformer.config.use_mems_eval = False
    return limit


def positions(transformer: Any) -> float:
    """RETURNS (float): Positions that a transformer knows, infinite where they are relative."""
    table: Any = getattr(getattr(transformer, "embeddings", transformer), "position_embeddings", None)
    if not hasattr(table, "num_embeddings"):
        return math.inf
    # with padding among the positions, they count from the row after it
    return table.num_embeddings - (0 if table.padding_idx is None else table.padding_idx + 1)
