"""Config files, read so that what is none of them ends in one line."""

from collections.abc import Mapping
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
