"""What decides how a training ends, so that another one is not taken for it."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from thinc.api import Config, NumpyOps, get_current_ops

from .. import __version__
from ..configs import named_data, settings_of
from ..provenance import checksum


def fingerprint(config: Config) -> dict[str, Any]:
    """Collect settings, data, versions and device of a training.

    config (Config): The filled and interpolated config.
    RETURNS (Dict[str, Any]): Values by name.
    """
    training = {name: value for name, value in config["training"].items() if name != "logger"}
    decisive = {**config, "training": training}
    found: dict[str, Any] = {name: str(value) for name, value in settings_of(decisive)}
    found |= {f"data of {path}": checksum(Path(path)) for path in sorted(set(named_data(decisive)))}
    found |= {name: version(name) for name in ("spacy", "thinc", "numpy", "torch")}
    found |= {"spacy_clinner": __version__, "python": platform.python_version()}
    return {**found, "device": "cpu" if isinstance(get_current_ops(), NumpyOps) else "gpu", "threads": _threads()}


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """RETURNS (List[str]): Names of what differs."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def _threads() -> int:
    import torch

    return torch.get_num_threads()
