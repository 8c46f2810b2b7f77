"""Project files that tests read, without what weasel does to a folder while it reads one."""

from pathlib import Path
from typing import Any

import srsly
from weasel.util.config import substitute_project_variables


def read_project(folder: Path) -> dict[str, Any]:
    """A project's file with its variables filled in.

    weasel's own reader makes the folders that a project lists, under its folder: two processes of the suite that do so
    at once fail on a clone where they are missing.
    """
    return substitute_project_variables(srsly.read_yaml(folder / "project.yml"))
