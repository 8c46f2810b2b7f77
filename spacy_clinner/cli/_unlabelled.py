"""What commands that learn from unlabelled notes share: their options, and what they say of what they read."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option
from wasabi import msg

from ._notes import Notes as Notes

if TYPE_CHECKING:
    from ..unlabelled.texts import Reading, UnlabelledNote

Against = Annotated[
    list[Path] | None,
    Option(
        help="Leave out notes that share text with this .spacy file, or folder of such; again for more", exists=True
    ),
]
Lang = Annotated[str, Option(help="Language code")]
Tokenizer = Annotated[str, Option(help="clinical or spacy: as the corpora of the task were imported")]
KeepRepeated = Annotated[bool, Option("--keep-repeated", help="Read notes of a text that was there before, too")]
MinWords = Annotated[int, Option(min=1, help="Fewest words of all notes to learn from")]


def read(
    paths: list[Path], against: list[Path] | None, keep_repeated: bool, min_words: int, reading: "Reading"
) -> "Iterator[UnlabelledNote]":
    """Go through notes, and say at the end what was read and left out.

    paths (List[Path]): The notes.
    against (Optional[List[Path]]): Labelled files and folders.
    keep_repeated (bool), min_words (int): As of `read_unlabelled`.
    reading (Reading): Gets the numbers.
    YIELDS (UnlabelledNote): As of `read_unlabelled`; errors, too.
    """
    from ..unlabelled.texts import read_unlabelled

    yield from read_unlabelled(
        paths, reading, against or (), keep_repeated=keep_repeated, min_words=min_words, setting="--min-words"
    )
    (msg.warn if reading.files.left_out else msg.info)(reading.files.files_read())
    msg.info(reading.summary())
