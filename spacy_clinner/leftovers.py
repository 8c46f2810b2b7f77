"""What a process keeps beside a file or a folder while it writes that, and what is left of it by a kill."""

import os
import platform
import re
import shutil
import zlib
from contextlib import suppress
from pathlib import Path

# as `beside` names things, and no other program does: they are removed by this name; earlier versions named no machine
_BESIDE = re.compile(r"\.clinner-(?P<name>.+)\.(?P<process>\d+)(-(?P<machine>[0-9a-f]{8}))?\.(?P<end>tmp|old)")


def beside(path: Path, end: str) -> Path:
    """Where this process keeps what is to take a place, or what was there, for the time being.

    path (Path): The place.
    end (str): "tmp" for what is to take it, "old" for what was there.
    RETURNS (Path): A hidden name in the same folder, of this process alone.
    """
    return path.with_name(f".clinner-{path.name}.{os.getpid()}-{_machine()}.{end}")


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes have left half-written, and put back what they were just replacing.

    folder (Path): The folder, which no other process writes to.
    """
    for path in list(folder.glob(".*")):
        if found := _BESIDE.fullmatch(path.name):
            place = folder / found["name"]
            if found["end"] == "old" and not place.exists():
                os.replace(path, place)
            else:
                _remove(path)


def remove_leftovers_of(path: Path) -> None:
    """Remove what killed processes have left of a file or a folder which is whole now; what lives may still write it.

    Of those of other machines, which write to a shared disk, nobody knows whether they live.

    path (Path): The file or the folder. If leftovers cannot be removed, they stay.
    """
    with suppress(OSError):
        for other in list(path.parent.glob(".*")):
            found = _BESIDE.fullmatch(other.name)
            if found and (found["name"], found["machine"]) == (path.name, _machine()) and _has_ended(found["process"]):
                _remove(other)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _machine() -> str:
    return f"{zlib.crc32(platform.node().encode()):08x}"


def _has_ended(process: str) -> bool:
    if os.name == "nt":
        # there, to ask is to end it
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        # it is another user's, or no process could have the number
        return False
    return False
