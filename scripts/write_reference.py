"""Write docs/reference/ from entry points, signatures and docstrings: `python scripts/write_reference.py`.

A page says what the code says. To change a page, change the docstring, the help or the comment, and run this again.
"""

import ast
import inspect
import json
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from configparser import ConfigParser
from importlib.metadata import EntryPoint
from pathlib import Path

import typer
from spacy.cli._util import app
from spacy.language import Language

from spacy_clinner.annotations.relations_view import EXTENSION, view_relations
from spacy_clinner.errors import Errors, Warnings, first_sentence
from spacy_clinner.files import write_atomically

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "reference"
SETUP = ConfigParser()
SETUP.read(ROOT / "setup.cfg", encoding="utf8")
FACTORIES, CLI = "spacy_factories", "spacy_cli"
GROUPS = "architectures tokenizers readers batchers callbacks misc schedules span_getters scorers".split()
ARGUMENT = re.compile(r"((?:\*{0,2}\w+ \([^)]*\)(?:, )?)+): (.*)")
Rows = list[tuple[str, ...]]


def load_group(group: str) -> dict[str, Callable]:
    """What setup.cfg registers in a group of entry points, by its name: an installed copy may know fewer."""
    lines = SETUP["options.entry_points"].get(group, "").strip().splitlines()
    points = sorted(tuple(part.strip() for part in line.split("=")) for line in lines)
    return {name: EntryPoint(name, value, group).load() for name, value in points}


def read_docstring(function: Callable) -> tuple[list[str], dict[str, tuple[str, str]], list[str]]:
    """Paragraphs of prose, type and meaning of each argument, and what is returned and raised, and from where."""
    prose, arguments, notes = [""], {}, []
    text = re.sub(r"\n +", " ", inspect.getdoc(function) or "")
    for line in text.split("\n"):
        if line.startswith(("RETURNS", "RAISES", "Source")):
            notes.append(line.replace("RETURNS", "Returns").replace("RAISES", "Raises"))
        elif match := ARGUMENT.fullmatch(line):
            for name, type_ in re.findall(r"\*{0,2}(\w+) \(([^)]*)\)", match[1]):
                arguments[name] = type_, match[2]
        elif line:
            prose[-1] = f"{prose[-1]} {line}".strip()
        else:
            prose.append("")
    return [paragraph for paragraph in prose if paragraph], arguments, notes


def settings(function: Callable, defaults: Mapping[str, object], skip: tuple[str, ...] = ()) -> list[str]:
    """The table of a function's arguments: type and meaning as its docstring has them, choices as its signature has."""
    _, described, _ = read_docstring(function)
    rows: Rows = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name in ("self", *skip):
            continue
        type_, meaning = described.get(name, ("", ""))
        if typing.get_origin(parameter.annotation) is typing.Literal:
            type_ = " or ".join(json.dumps(choice) for choice in typing.get_args(parameter.annotation))
        default = defaults.get(name, parameter.default)
        rows.append((code(name), code(type_), "" if default is parameter.empty else code(shown(default)), meaning))
    return table(("setting", "type", "default", "meaning"), rows) if rows else []


def shown(value: object) -> str:
    """A default as a config has it; a registered function as it is called."""
    if isinstance(value, Mapping) and (at := next((key for key in value if key.startswith("@")), None)):
        return f"{value[at]}({', '.join(f'{key}={shown(one)}' for key, one in value.items() if key != at)})"
    return json.dumps(value)


def code(text: str) -> str:
    """Text in the type of code."""
    return f"`{text}`" if text else ""


def table(head: tuple[str, ...], rows: Rows) -> list[str]:
    """Lines of a table in Markdown, an empty one before and after."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return ["", *(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *cells]), ""]


def listed(function: Callable) -> list[str]:
    """What a function returns and raises, and its source, as a list."""
    return ["", *(f"- {note}" for note in read_docstring(function)[2]), ""]


def guides(name: str) -> list[str]:
    """Links to the pages of the guide with a heading that names it."""
    pages = sorted((ROOT / "docs" / "guide").glob("*.md"))
    found = [page for page in pages if re.search(rf"^#.*`{re.escape(name)}`", page.read_text("utf8"), re.MULTILINE)]
    return ["", f"Guide: {', '.join(f'[{page.stem}](../guide/{page.name})' for page in found)}."] if found else []


def write_components() -> Iterator[str]:
    """The components of a pipeline, with their settings."""
    for name, factory in load_group(FACTORIES).items():
        meta = Language.get_factory_meta(name)
        yield from ("", f"## `{name}`", "", "\n\n".join(read_docstring(factory)[0]), *guides(name))
        scores = [f"{score} ({weight})" for score, weight in meta.default_score_weights.items() if weight is not None]
        for title, values in (("Sets", meta.assigns), ("Needs", meta.requires), ("Scores", scores)):
            if values:
                yield from ("", f"{title}: {', '.join(map(code, values))}.")
        yield from settings(factory.__init__, meta.default_config, skip=("nlp", "name"))
        yield from listed(factory.__init__)
        start = getattr(factory, "initialize", None)
        if start and start.__module__.startswith("spacy_clinner."):
            rows = settings(start, {}, skip=("nlp", "get_examples"))
            if rows:
                yield from ("", f"In `[initialize.components.NAME]`: {read_docstring(start)[0][0]}", *rows)
                yield from listed(start)


def write_functions() -> Iterator[str]:
    """What a config may name after an `@`."""
    for group in GROUPS:
        yield from ("", f"## @{group}")
        for name, function in load_group(f"{'thinc' if group == 'schedules' else 'spacy'}_{group}").items():
            prose = "\n\n".join(read_docstring(function)[0])
            yield from ("", f"### `{name}`", "", prose, *guides(name), *settings(function, {}), *listed(function))


def write_commands() -> Iterator[str]:
    """The commands, with their arguments and options."""
    load_group(CLI)
    group = typer.main.get_command(app).commands["clinner"]
    for name, command in [("", group), *sorted(group.commands.items())]:
        types = inspect.signature(command.callback).parameters
        rows: Rows = []
        for parameter in command.params:
            type_ = typing.get_args(types[parameter.name].annotation)[0]
            kind = re.sub(r"\b(?:\w+\.)+", "", type_.__name__ if isinstance(type_, type) else str(type_))
            is_option = parameter.opts[0].startswith("-")
            default = "required" if parameter.required else str(parameter.default)
            names = ", ".join(map(code, parameter.opts if is_option else [parameter.name.upper()]))
            rows.append(
                (names, code(kind), "" if default in ("None", "()", "False") else code(default), parameter.help or "")
            )
        words = " ".join(["python -m spacy clinner", name]).strip()
        yield from ("", f"## `{words}`", "", re.sub(r"\n +", "\n", command.help or "").strip())
        yield from table(("argument or option", "type", "default", "meaning"), rows)


def write_codes() -> Iterator[str]:
    """Errors and warnings: the first sentence of each. What mends it is in the rest of the message."""
    for title, messages in (("Errors", Errors), ("Warnings", Warnings)):
        texts = {name: vars(messages)[name] for name in sorted(vars(messages)) if re.fullmatch(r"C[EW]\d+", name)}
        rows: Rows = [(name, first_sentence(text)) for name, text in texts.items()]
        yield from ("", f"## {title}", *table(("code", "says"), rows))


def read_keys() -> Iterator[tuple[str, str, str]]:
    """Each `..._KEY` of the package: its name, its value, and the comment above it."""
    for path in sorted((ROOT / "spacy_clinner").rglob("*.py")):
        text = path.read_text(encoding="utf8")
        lines = text.splitlines()
        for node in ast.parse(text).body:
            if isinstance(node, ast.Assign) and re.fullmatch(r"[A-Z_]+_KEY", name := ast.unparse(node.targets[0])):
                first = node.lineno - 1
                while lines[first - 1].startswith("# "):
                    first -= 1
                comment = " ".join(line[2:] for line in lines[first : node.lineno - 1])
                yield name, ast.literal_eval(node.value), comment


def write_document() -> Iterator[str]:
    """What is written on a document: where, by which component, function or command, and who reads it."""
    keys = list(read_keys())
    places = {
        "`doc.user_data`": lambda name: not name.endswith(("SPANS_KEY", "META_KEY")),
        "`doc.spans`": lambda name: name.endswith("SPANS_KEY"),
        "`nlp.meta`": lambda name: name.endswith("META_KEY"),
    }
    for place, belongs in places.items():
        rows: Rows = [(code(value), *split_comment(comment)) for name, value, comment in keys if belongs(name)]
        yield from ("", f"## {place}", *table(("key", "what it is", "written by", "read by"), rows))
    yield from ("", f"## `doc._.{EXTENSION}`", "", *read_docstring(view_relations)[0], *listed(view_relations))
    yield from ("", "## By component")
    rows = []
    for name, factory in load_group(FACTORIES).items():
        meta = Language.get_factory_meta(name)
        writes = " ".join(paragraph for paragraph in read_docstring(factory)[0] if paragraph.startswith("Writes"))
        rows.append((code(name), ", ".join(map(code, meta.assigns)), ", ".join(map(code, meta.requires)), writes))
    yield from table(("component", "sets", "needs", "more"), rows)


def split_comment(comment: str) -> tuple[str, str, str]:
    """What a key is, who writes and who reads it."""
    what, _, rest = comment.partition(" Written by: ")
    written, _, read = rest.partition(" Read by: ")
    return what, written.rstrip("."), read.rstrip(".")


PAGES: dict[str, tuple[str, Callable[[], Iterator[str]]]] = {
    "components": ("Components", write_components),
    "functions": ("Registered functions", write_functions),
    "commands": ("Commands", write_commands),
    "codes": ("Codes of errors and warnings", write_codes),
    "document": ("What is written on a Doc", write_document),
}


def pages() -> Iterator[tuple[Path, str]]:
    """Each page of the reference: its path and its text."""
    for stem, (title, write) in PAGES.items():
        head = ["<!-- written by scripts/write_reference.py -->", f"# {title}", "", inspect.getdoc(write)]
        text = re.sub(r"\n{3,}", "\n\n", "\n".join([*head, *write()])).rstrip()
        yield FOLDER / f"{stem}.md", text + "\n"


if __name__ == "__main__":
    for page, page_text in pages():
        write_atomically(page, page_text)
