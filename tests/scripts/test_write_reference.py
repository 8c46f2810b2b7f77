"""The pages of docs/reference/ are what their script writes, and leave nothing out."""

import re

import pytest
import typer
from spacy.cli._util import app

from scripts.write_reference import CLI, FACTORIES, FOLDER, GROUPS, PAGES, load_group, pages, read_keys
from spacy_clinner.errors import Errors, Warnings

WRITTEN = {path.name: text for path, text in pages()}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_page_is_what_the_script_writes(name):
    assert (FOLDER / name).read_text(encoding="utf8") == WRITTEN[name], "run: python scripts/write_reference.py"


def test_no_page_is_left_over():
    assert {path.name for path in FOLDER.iterdir()} == set(WRITTEN) == {f"{stem}.md" for stem in PAGES}


def functions() -> set[str]:
    return {name for group in GROUPS for name in load_group(f"{'thinc' if group == 'schedules' else 'spacy'}_{group}")}


def commands() -> set[str]:
    load_group(CLI)
    return set(typer.main.get_command(app).commands["clinner"].commands)


def test_pages_name_everything():
    for name in load_group(FACTORIES):
        assert f"## `{name}`" in WRITTEN["components.md"]
    for name in functions():
        assert f"### `{name}`" in WRITTEN["functions.md"]
    for name in commands():
        assert f"clinner {name}`" in WRITTEN["commands.md"]
    for code in (name for messages in (Errors, Warnings) for name in vars(messages) if name[:2] in ("CE", "CW")):
        assert f"| {code} |" in WRITTEN["codes.md"]


def test_every_setting_is_explained():
    without = [line for line in WRITTEN["components.md"].splitlines() if re.fullmatch(r"\| `\w+` \|.*\|\s*\|", line)]
    assert not without
    assert all(line.count(" | ") >= 3 for line in WRITTEN["components.md"].splitlines() if line.startswith("| `"))


def test_keys_say_who_writes_and_who_reads_them():
    """By the names of components, registered functions and commands."""
    known = {*load_group(FACTORIES), *functions(), *commands()}
    for name, _, comment in read_keys():
        what, written, read = re.fullmatch(r"(.+) Written by: (.+)\. Read by: (.+)\.", comment).groups()
        assert what and read, name
        names = re.findall(r"`([^`]+)`", f"{written} {read}")
        assert names and set(names) <= known, (name, set(names) - known)
