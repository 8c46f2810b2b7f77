"""Word pieces of notes, in blocks that a transformer reads at once, and what of them it has to guess."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from zlib import crc32

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def cut_blocks(tokenizer: "PreTrainedTokenizerBase", text: str, size: int) -> list[dict[str, Any]]:
    """Cut a note into pieces that fit.

    tokenizer (PreTrainedTokenizerBase): Makes the word pieces.
    text (str): The note.
    size (int): Word pieces of a block at most, the marks of its ends included.
    RETURNS (List[Dict[str, Any]]): Blocks, with "input_ids".
    """
    ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    before, after = _marks(tokenizer)
    room = size - len(before) - len(after)
    return [{"input_ids": [*before, *ids[start : start + room], *after]} for start in range(0, len(ids), room)]


def _marks(tokenizer: "PreTrainedTokenizerBase") -> tuple[list[int], list[int]]:
    """What is set before and behind a text; a fast tokenizer without a class of its own shows it in use alone."""
    inside = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a")["input_ids"]
    n = len(inside)
    start = next(start for start in range(len(whole)) if whole[start : start + n] == inside)
    return whole[:start], whole[start + n :]


class Masks:
    """Hides pieces of a batch by what is in it, and by no random state: a stopped run hides the same ones again.

    Batches of another epoch are of other blocks, so that other pieces are hidden.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", share: float, seed: int) -> None:
        """Set up masks. tokenizer: Makes the pieces. share (float): Share that is hidden. seed (int): Seed."""
        self.tokenizer, self.share, self.seed = tokenizer, share, seed

    def __call__(self, examples: Sequence[dict[str, Any]]) -> Any:
        """RETURNS (BatchEncoding): The batch, padded, with "labels" of what is hidden."""
        from transformers import DataCollatorForLanguageModeling

        content = json.dumps([self.seed, *(list(example["input_ids"]) for example in examples)])
        # of the seeds, 0 is none
        seed = crc32(content.encode()) + 1
        return DataCollatorForLanguageModeling(self.tokenizer, mlm_probability=self.share, seed=seed)(list(examples))
