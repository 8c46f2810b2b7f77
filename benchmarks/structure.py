"""What the house looks like from outside, of one or several checkouts side by side. Nothing of them is imported or run.

    python benchmarks/structure.py --tree before=../old-checkout --tree after=. --suite before=845 --suite after=350

Files and lines by folder, arrows between folders, circles, longest file and function, settings of the recipes, lines
of the project files; the seconds of the test suite are what the command says. Writes
benchmarks/results/structure.{json,md}.
"""

import ast
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Any

import typer
from publishing import origin, publish

from spacy_clinner.provenance import provenance
from spacy_clinner.reports.markdown import markdown_table

ROOT = Path(__file__).parents[1]
PACKAGE = "spacy_clinner"


def imported_files(path: Path, root: Path) -> set[Path]:
    """Files of the package that one of its files imports.

    path (Path): The file.
    root (Path): The checkout.
    RETURNS (Set[Path]): The files, an `__init__.py` only where its own names are meant; none that only types need.
    """
    found = set()
    tree = ast.parse(path.read_text(encoding="utf8"))
    only_types = {node for branch in ast.walk(tree) if _is_of_types(branch) for node in ast.walk(branch)}
    for node in set(ast.walk(tree)) - only_types:
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = path.parents[node.level - 1]
            module = folder.joinpath(*(node.module or "").split("."))
            for alias in node.names:
                candidates = (module / f"{alias.name}.py", module.with_suffix(".py"), module / "__init__.py")
                found |= {next((file for file in candidates if file.exists()), path)}
    return {file for file in found - {path} if file.is_relative_to(root / PACKAGE)}


def _is_of_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def find_circle(arrows: dict[Path, set[Path]]) -> list[Path]:
    """RETURNS (List[Path]): Files that import each other in a circle; none if there is no circle."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def functions_of(path: Path) -> list[tuple[int, str]]:
    """RETURNS (List[Tuple[int, str]]): Lines and name of each function of a file."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf8")))
    defined = (node for node in nodes if isinstance(node, ast.FunctionDef))
    return [((node.end_lineno or 0) - node.lineno + 1, f"{path.name}: {node.name}") for node in defined]


def count_settings(root: Path) -> dict[str, float]:
    """RETURNS (Dict[str, float]): Recipes, their settings, and how many of these differ."""
    recipes = sorted((root / "configs").rglob("*.cfg"))
    settings = []
    for recipe in recipes:
        section = ""
        for line in recipe.read_text(encoding="utf8").splitlines():
            section = line if line.startswith("[") else section
            settings += [(section, line)] if " = " in line else []
    return {"recipes": len(recipes), "settings": len(settings), "different settings": len(set(settings))}


def measure(root: Path) -> dict[str, Any]:
    """Measure a checkout.

    root (Path): The checkout.
    RETURNS (Dict[str, Any]): Figures of the whole, and files and lines by folder.
    """
    files = sorted((root / PACKAGE).rglob("*.py"))
    lines = {file: len(file.read_text(encoding="utf8").splitlines()) for file in files}
    arrows = {file: imported_files(file, root) for file in files}
    between = {(file.parent, other.parent) for file, others in arrows.items() for other in others}
    between = {(one, other) for one, other in between if one != other and other != root / PACKAGE}
    folders = Counter(file.parent for file in files if lines[file])
    sizes: Counter[Path] = Counter()
    for file in files:
        sizes[file.parent] += lines[file]
    longest, function = max(lines, key=lambda file: lines[file]), max(f for file in files for f in functions_of(file))
    projects = sorted(path for path in root.rglob("project.yml") if ".venv" not in path.parts)
    return {
        "figures": {
            "files": sum(folders.values()),
            "lines": sum(lines.values()),
            "folders": len(folders),
            "most files in a folder": max(folders.values()),
            "arrows between folders": len(between),
            "arrows between files": sum(map(len, arrows.values())),
            "circles of imports": int(bool(find_circle(arrows))),
            "longest file": f"{longest.relative_to(root / PACKAGE)}, {lines[longest]}",
            "longest function": f"{function[1]}, {function[0]}",
            **count_settings(root),
            "longest project.yml": max(len(path.read_text(encoding="utf8").splitlines()) for path in projects),
            "project files": len(projects),
        },
        "folders": {
            str(folder.relative_to(root)): {"files": folders[folder], "lines": sizes[folder]}
            for folder in sorted(folders)
        },
    }


def main(
    tree: Annotated[list[str], typer.Option(help="NAME=PATH of a checkout; may be repeated")],
    suite: Annotated[list[str] | None, typer.Option(help="NAME=SECONDS of its tests; may be repeated")] = None,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Measure the structure of checkouts."""
    trees = {name: measure(Path(path).resolve()) for name, path in (entry.split("=", 1) for entry in tree)}
    for name, seconds in (entry.split("=", 1) for entry in suite or []):
        trees[name]["figures"]["seconds of the test suite"] = float(seconds)
    names = list(dict.fromkeys(figure for found in trees.values() for figure in found["figures"]))
    rows = [[name, *(str(found["figures"].get(name, "")) for found in trees.values())] for name in names]
    result = {**provenance(), "trees": trees}
    page = ["# The structure of the project", "", f"{origin(result)}.", "", markdown_table(["", *trees], rows)]
    for name, found in trees.items():
        folders = [[folder, str(row["files"]), str(row["lines"])] for folder, row in found["folders"].items()]
        page += ["", f"## {name}", "", markdown_table(["folder", "files", "lines"], folders)]
    publish(output, "structure", result, "\n".join(page) + "\n")


if __name__ == "__main__":
    typer.run(main)
