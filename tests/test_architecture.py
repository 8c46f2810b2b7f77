"""The direction of dependency: a room imports only what lies to its right in docs/develop/internals.md."""

import ast
import re
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import spacy_clinner

PACKAGE = Path(spacy_clinner.__file__).parent
GROUND = {"__init__", "apart", "cells", "configs", "encodings", "errors", "extras", "files", "forks"}
GROUND |= {"leftovers", "ledger", "processes", "progress", "provenance", "quoting", "toml_file"}
# from right to left
MAY_IMPORT: dict[str, set[str]] = {"layers": set(), "text": set(), "annotations": set()}
MAY_IMPORT["recipes"] = set()
MAY_IMPORT["models"] = {"layers", "text", "annotations"}
MAY_IMPORT["assembly"] = {"models", "annotations"}
MAY_IMPORT["transfer"] = {"models", "layers", "assembly"}
MAY_IMPORT["training"] = {"text", "annotations"}
MAY_IMPORT["scoring"] = {"text", "annotations"}
MAY_IMPORT["corpora"] = {"scoring", "text", "annotations"}
MAY_IMPORT["reports"] = {"training", "scoring", "text", "annotations"}
MAY_IMPORT["pipeline"] = {"models", "transfer", "layers", "text", "annotations"}
MAY_IMPORT["calibration"] = {"training", "scoring", "annotations", "assembly"}
MAY_IMPORT["multitask"] = {"recipes", "training", "corpora", "annotations"}
MAY_IMPORT["checkpoints"] = MAY_IMPORT["pipeline"] | {"pipeline"}
MAY_IMPORT["resuming"] = set()
MAY_IMPORT["bulk"] = set(MAY_IMPORT) - {"checkpoints", "recipes"}
MAY_IMPORT["unlabelled"] = set(MAY_IMPORT) - {"checkpoints"}
MAY_IMPORT["experiments"] = set(MAY_IMPORT) - {"checkpoints", "recipes"}
MAY_IMPORT["cli"] = set(MAY_IMPORT)


def imported_names(path: Path) -> set[str]:
    """Dotted names that a file imports, wherever in the file it does."""
    folders = path.relative_to(PACKAGE.parent).with_suffix("").parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(folders[: len(folders) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def imported_rooms(path: Path) -> set[str]:
    """Rooms of the package that a file imports."""
    return {name.split(".")[1] for name in imported_names(path) if name.startswith("spacy_clinner.")}


def test_rooms_import_only_to_their_right():
    files = [path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE]
    assert len(files) > 20
    for path in files:
        room = path.relative_to(PACKAGE).parts[0]
        allowed = MAY_IMPORT[room] | {room} | GROUND
        assert imported_rooms(path) <= allowed | {"__version__"}, (path, imported_rooms(path) - allowed)


def test_stairwells_do_not_import_each_other():
    stairwells = {path.name for path in (PACKAGE / "pipeline").iterdir() if (path / "__init__.py").exists()}
    assert len(stairwells) == 5
    for stairwell in stairwells:
        for path in (PACKAGE / "pipeline" / stairwell).rglob("*.py"):
            parts = {name.split(".")[2] for name in imported_names(path) if name.startswith("spacy_clinner.pipeline.")}
            assert not parts & stairwells - {stairwell}, path


def test_no_circles():
    """Also not those that imports inside of functions hide; types alone may point back."""
    sys.path.insert(0, str(PACKAGE.parent / "benchmarks"))
    try:
        from structure import find_circle, imported_files
    finally:
        sys.path.pop(0)
    files = list(PACKAGE.rglob("*.py"))
    assert find_circle({file: imported_files(file, PACKAGE.parent) for file in files}) == []
    assert find_circle({Path("a"): {Path("b")}, Path("b"): {Path("a")}})


def test_layers_know_no_spacy():
    for path in (PACKAGE / "layers").rglob("*.py"):
        assert not any(name.split(".")[0] == "spacy" for name in imported_names(path)), path


def test_tests_use_no_private_names():
    """What a test sees through the keyhole changes with every better way of doing the same."""
    private = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                private.add(node.name)
            elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self":
                private.add(node.attr)
    private = {name for name in private if re.match("_[^_]", name)} - set(dir(namedtuple("Row", ())))
    assert len(private) > 100
    for path in Path(__file__).parent.rglob("*.py"):
        names = {name.rpartition(".")[2] for name in imported_names(path)}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            if isinstance(node, ast.Attribute):
                names.add(node.attr)
        assert not names & private, path


def test_import_is_light():
    code = "import sys, spacy_clinner; print([m for m in ('torch', 'numba', 'spacy', 'numpy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_spacy_starts_without_torch_and_numba_of_ours():
    code = (
        "import sys, spacy; before = {'torch', 'numba'} & set(sys.modules); spacy.blank('en'); "
        "print({'numba'} & set(sys.modules) - before)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
