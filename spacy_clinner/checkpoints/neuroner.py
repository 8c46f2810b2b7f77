"""The published checkpoints of NeuroNER: a folder with weights, label and character maps, and settings."""

from configparser import ConfigParser
from configparser import Error as ConfigError
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from ..errors import Errors
from ..files import read_lines
from .inert_pickle import read_pickle
from .tf_bundle import read_bundle

_CLASSES = ("dataset Dataset", "collections OrderedDict")
# What this package's layers compute; a model trained otherwise would run and be wrong.
_SETTINGS = {
    ("ann", "use_character_lstm"): "True",
    ("ann", "use_crf"): "True",
    ("advanced", "tagging_format"): "bioes",
    ("advanced", "check_for_lowercase"): "True",
    ("advanced", "check_for_digits_replaced_with_zeros"): "True",
}
_CELL = "coupled_input_forget_gate_lstm_cell"


class Checkpoint(NamedTuple):
    """A NeuroNER model.

    name (str): Name of its folder.
    labels (List[str]): Entity labels, sorted.
    columns (List[int]): NeuroNER's number of each tag in our order: O, then B, I, E and S of all labels.
    characters (List[int]): Known code points, in the order of their rows in the table, which count from 1.
    tensors (Dict[str, NDArray]): Weights by NeuroNER's names.
    tokenizer (str): What made the tokens it was trained on: "spacy" or "stanford".
    """

    name: str
    labels: list[str]
    columns: list[int]
    characters: list[int]
    tensors: dict[str, NDArray]
    tokenizer: str


class LSTM(NamedTuple):
    """NeuroNER's names of the tensors of one direction of an LSTM."""

    weights: str
    bias: str
    hidden_start: str
    cell_start: str


def lstm_names(scope: str, way: str) -> LSTM:
    """Name the tensors of one direction of an LSTM.

    scope (str): "character" or "token".
    way (str): "forward" or "backward".
    RETURNS (LSTM): the names.
    """
    base = f"{scope}_lstm/bidirectional_LSTM"
    cell = f"{base}/bidirectional_rnn/{way[0]}w/{_CELL}"
    states = (f"{base}/{way}/initial_{state}_state" for state in ("output", "cell"))
    return LSTM(f"{cell}/W_0", f"{cell}/B", *states)


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read a NeuroNER model from its folder.

    folder (Path): holds model.ckpt.index, model.ckpt.data-00000-of-00001, dataset.pickle and parameters.ini.
    RETURNS (Checkpoint): the model.
    RAISES (ValueError): CE050 to CE053 as `read_bundle`; CE055 and CE056 as `read_pickle`; CE054 if weights and maps
        do not fit together; CE057 if a setting is one that this package does not compute.
    """
    for name in ("dataset.pickle", "parameters.ini"):
        if not (folder / name).is_file():
            raise ValueError(Errors.CE050.format(file=name, folder=folder))
    tokenizer = _read_settings(folder / "parameters.ini")
    maps = read_pickle(folder / "dataset.pickle", _CLASSES)
    labels, columns = _read_tags(maps)
    characters = _read_characters(maps)
    tensors = read_bundle(folder / "model.ckpt")
    _check_shapes(tensors, n_tags=len(columns), n_rows=1 + len(characters))
    return Checkpoint(folder.resolve().name, labels, columns, characters, tensors, tokenizer)


def _read_settings(path: Path) -> str:
    """Check the settings and return the tokenizer."""
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string("\n".join(read_lines(path)))
    except ConfigError:
        raise ValueError(Errors.CE057.format(setting="parameters.ini", found="unreadable", wanted="settings")) from None
    for (section, setting), wanted in _SETTINGS.items():
        found = parser.get(section, setting, fallback="missing")
        if found != wanted:
            raise ValueError(Errors.CE057.format(setting=setting, found=repr(found), wanted=repr(wanted)))
    return parser.get("advanced", "tokenizer", fallback="unknown")


def _read_tags(maps: Any) -> tuple[list[str], list[int]]:
    numbers = _read_map(maps, "label_to_index")
    labels = sorted({tag[2:] for tag in numbers if tag != "O"})
    tags = ["O", *(f"{kind}-{label}" for kind in "BIES" for label in labels)]
    if set(tags) != set(numbers) or sorted(numbers.values()) != list(range(len(tags))):
        wanted = f"O and the tags B, I, E and S of {len(labels)} labels, numbered from 0"
        raise ValueError(Errors.CE054.format(what="label_to_index", found=f"{len(numbers)} tags", wanted=wanted))
    return labels, [numbers[tag] for tag in tags]


def _read_characters(maps: Any) -> list[int]:
    rows = _read_map(maps, "character_to_index")
    characters = sorted(rows, key=rows.__getitem__)
    if [rows[char] for char in characters] != list(range(1, 1 + len(rows))) or any(len(char) != 1 for char in rows):
        wanted = f"characters numbered from 1 to {len(rows)}"
        raise ValueError(Errors.CE054.format(what="character_to_index", found="others", wanted=wanted))
    return [ord(char) for char in characters]


def _read_map(maps: Any, name: str) -> dict[str, int]:
    found = maps.get(name) if isinstance(maps, dict) else None
    if not isinstance(found, dict) or not all(isinstance(k, str) and isinstance(v, int) for k, v in found.items()):
        raise ValueError(Errors.CE054.format(what=name, found="missing or something else", wanted="a map to numbers"))
    return found


def _check_shapes(tensors: dict[str, NDArray], n_tags: int, n_rows: int) -> None:
    """Every tensor that is needed has the shape that the others ask for."""

    def size(name: str, axis: int) -> int:
        return tensors[name].shape[axis] if name in tensors and tensors[name].ndim > axis else 0

    char_width = size("character_embedding/character_embedding_weights", 1)
    vector_width = size("token_embedding/token_embedding_weights", 1)
    char_units = size(lstm_names("character", "forward").hidden_start, 1)
    token_units = size(lstm_names("token", "forward").hidden_start, 1)
    hidden = size("feedforward_after_lstm/W", 1)
    shapes: dict[str, tuple[int, ...]] = {
        "character_embedding/character_embedding_weights": (n_rows, char_width),
        # only the row of unknown words: a model with its own vectors of words would lose them
        "token_embedding/token_embedding_weights": (1, vector_width),
        "feedforward_after_lstm/W": (2 * token_units, hidden),
        "feedforward_after_lstm/bias": (hidden,),
        "feedforward_before_crf/W": (hidden, n_tags),
        "feedforward_before_crf/bias": (n_tags,),
        "crf/transitions": (n_tags + 2, n_tags + 2),
    }
    widths = {"character": (char_width, char_units), "token": (2 * char_units + vector_width, token_units)}
    for scope, (width, units) in widths.items():
        for way in ("forward", "backward"):
            weights, bias, hidden_start, cell_start = lstm_names(scope, way)
            shapes |= {weights: (width + units, 3 * units), bias: (3 * units,)}
            shapes |= {hidden_start: (1, units), cell_start: (1, units)}
    for name, wanted in shapes.items():
        found = tensors[name].shape if name in tensors else "missing"
        if found != wanted or 0 in wanted:
            raise ValueError(Errors.CE054.format(what=name, found=found, wanted=wanted))
