"""One training of an experiment: what it is called, what it learns from, and what makes it the same as another."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from thinc.api import Config

from ..configs import read_config
from ..errors import Errors
from ..provenance import sha256

# Stands in overrides for the folder of the model that a cell starts from.
MODEL = "{model}"


@dataclass(frozen=True)
class Cell:
    """A training and its test.

    keys (Mapping[str, Any]): What the tables group by: method, source, target, share, seed ...
    config (Path): The config file.
    test (Path): Documents to score the best checkpoint on, once.
    overrides (Mapping[str, Any]): Settings by dotted name; "{model}" in a value is the folder of `start`'s model.
    start (Optional[Cell]): A cell whose model this one starts from.
    train (bool): Whether to train; if not, `start`'s model is tested as it is.
    """

    keys: Mapping[str, Any]
    config: Path
    test: Path
    overrides: Mapping[str, Any] = field(default_factory=dict)
    start: "Cell | None" = None
    train: bool = True

    @cached_property
    def identity(self) -> str:
        """Checksum of everything that decides the result: config, seed, data, and the model it starts from.

        RETURNS (str): SHA-256 in hexadecimal digits; cells that share it are trained once.
        RAISES (ValueError): CE080 if the config has no such setting, CE320 as `read_config`.
        """
        config = self.resolve(None).interpolate()
        files = {value: checksum(Path(value)) for value in _paths(config, self.overrides)}
        start = self.start.identity if self.start else None
        parts = [config.to_str(), sorted(files.items()), checksum(self.test), start, self.train]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def resolve(self, model: Path | None) -> Config:
        """Read the config with all overrides.

        model (Optional[Path]): Folder of the model to start from.
        RETURNS (Config): The config, its references as they are written: they go into the trained pipeline.
        RAISES (ValueError): CE080 if the config has no such setting, CE320 as `read_config`.
        """
        config = read_config(self.config)
        for name, value in self.overrides.items():
            if isinstance(value, str) and model is not None:
                value = value.replace(MODEL, str(model))
            *sections, last = name.split(".")
            block = config
            for section in sections:
                block = block.get(section) if isinstance(block, dict) else None
            if not isinstance(block, dict) or (last not in block and block is not config["paths"]):
                raise ValueError(Errors.CE080.format(setting=name, config=self.config))
            block[last] = value
        return config


def checksum(path: Path) -> str | None:
    """SHA-256 of a file, or of all files of a folder; None if there is neither."""
    if path.is_dir():
        parts = [(str(file.relative_to(path)), sha256(file)) for file in sorted(path.rglob("*")) if file.is_file()]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return sha256(path) if path.is_file() else None


def _paths(config: Config, overrides: Mapping[str, Any]) -> list[str]:
    """Everything that may name data: the config's paths, and the overrides."""
    values = [*config["paths"].values(), *overrides.values()]
    return sorted({value for value in values if isinstance(value, str) and value})
