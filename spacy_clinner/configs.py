"""Config files, read so that what is none of them ends in one line."""

from collections.abc import Iterator, Mapping
from configparser import Error as ConfigParserError
from pathlib import Path
from typing import Any

from spacy.util import load_config
from thinc.api import Config

from .errors import Errors

# what every config of spaCy's has
SECTIONS = ("paths", "nlp", "training", "initialize")


def read_config(path: Path, overrides: Mapping[str, Any] | None = None, interpolate: bool = False) -> Config:
    """Read the config of a training.

    path (Path): The file.
    overrides (Optional[Mapping[str, Any]]): Settings that differ, by their names (training.max_steps).
    interpolate (bool): Whether to fill in references to other settings.
    RETURNS (Config): The config.
    RAISES (ValueError): CE320 if it is not in UTF-8, lacks a section or has one twice; spaCy's ConfigValidationError if
        it cannot be parsed.
    """
    try:
        config = load_config(path, overrides=dict(overrides or {}), interpolate=interpolate)
        missing = [section for section in SECTIONS if section not in config]
    except UnicodeDecodeError:
        raise ValueError(Errors.CE320.format(path=path.name, problem="it is not in UTF-8")) from None
    except ConfigParserError as error:
        raise ValueError(Errors.CE320.format(path=path.name, problem=error.message)) from None
    if missing:
        problem = f"it has no [{'], ['.join(missing)}]"
        raise ValueError(Errors.CE320.format(path=path.name, problem=problem))
    return config


def settings_of(block: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Read the settings of a config, or of a block of it.

    block (Mapping[str, Any]): The config or block.
    prefix (str): What names begin with.
    YIELDS (Tuple[str, Any]): Dotted names and values.
    """
    for name, value in block.items():
        if isinstance(value, dict) and value:
            yield from settings_of(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def document_files(block: Mapping[str, Any]) -> Iterator[str]:
    """Find the files of documents that a config, or a block of it, names anywhere.

    block (Mapping[str, Any]): The config or block.
    YIELDS (str): Paths.
    """
    return (value for _, value in settings_of(block) if isinstance(value, str) and value.endswith(".spacy"))
