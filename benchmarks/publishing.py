"""How a benchmark publishes what it found: a JSON of everything, and a page for people."""

import json
from pathlib import Path
from typing import Any

from spacy_clinner.files import write_atomically


def origin(result: dict[str, Any]) -> str:
    """Say where a result comes from.

    result (Dict[str, Any]): Holds what `provenance` gives, and "cpu" where one thread of it was timed.
    RETURNS (str): Date, processor, versions and command, as one line.
    """
    machine = f"{result['cpu']}; one thread; " if "cpu" in result else ""
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return f"{result['date']}; {machine}{versions}; `{result['command']}`"


def publish(output: Path, name: str, result: dict[str, Any], page: str) -> None:
    """Write a result and print its page.

    output (Path): Folder of the results.
    name (str): Name of the files, without ending.
    result (Dict[str, Any]): Everything.
    page (str): Its tables, as Markdown.
    """
    write_atomically(output / f"{name}.json", json.dumps(result, indent=1) + "\n")
    write_atomically(output / f"{name}.md", page)
    print(page)
