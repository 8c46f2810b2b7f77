"""Every page: its snippets run, its settings and commands exist, its paths and links lead somewhere."""

import functools
import inspect
import json
import os
import re
import shlex
import tomllib
from functools import reduce
from itertools import pairwise
from operator import getitem
from xml.etree import ElementTree

import pytest
import spacy
import typer
import yaml
from spacy.cli._util import app
from spacy.language import Language
from spacy.util import load_config, load_config_from_str, registry

import spacy_clinner.cli  # noqa: F401  (joins spaCy's commands)
from scripts.write_reference import FACTORIES, load_group

from .paths import DOCS, ROOT
from .toys.pages import NOT_RUN, PAGES, TEXTS, Page, fill_folder, gold

ALL = [Page(path) for path in PAGES]
NAMES = [page.name for page in ALL]
NEEDS_MEDSPACY = {"docs/guide/context.md"}
every_page = pytest.mark.parametrize("page", ALL, ids=NAMES)


def with_blocks(*kinds):
    pages = [page for page in ALL if page.blocks(*kinds)]
    return pytest.mark.parametrize("page", [as_parameter(page) for page in pages])


def as_parameter(page):
    return pytest.param(page, id=page.name, marks=[pytest.mark.medspacy] if page.name in NEEDS_MEDSPACY else [])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    fill_folder(folder)
    return folder


@with_blocks("python")
def test_snippets_run_one_after_the_other(page, folder, monkeypatch):
    monkeypatch.chdir(folder)
    names = {"spacy": spacy, "examples": [gold(spacy.load("training/model-best"), text) for text in TEXTS]}
    for number, snippet in enumerate(page.blocks("python"), start=1):
        exec(compile(snippet, f"{page.name}, snippet {number}", "exec"), names)


@with_blocks("json", "xml", "toml", "yaml", "yml")
def test_data_are_well_formed(page):
    for snippet in page.blocks("json"):
        assert all(json.loads(line) for line in snippet.splitlines())
    for snippet in page.blocks("xml"):
        assert ElementTree.fromstring(f"<page>{snippet}</page>") is not None
    for snippet in page.blocks("toml"):
        assert tomllib.loads(snippet)
    for snippet in page.blocks("yaml", "yml"):
        assert yaml.safe_load(snippet)


@with_blocks("ini", "cfg")
def test_settings_exist(page):
    # its registry of span getters is there once it is imported
    import spacy_transformers  # noqa: F401

    for snippet in page.blocks("ini", "cfg"):
        check_settings(load_config_from_str(with_parents(snippet), interpolate=False), page.name)


def with_parents(snippet: str) -> str:
    """Sections that a part of a config takes for granted."""
    named = re.findall(r"^\[([\w.-]+)\]$", snippet, flags=re.MULTILINE)
    parents = {name.rsplit(".", n)[0] for name in named for n in range(1, name.count(".") + 1)} - {*named}
    # paths of the reader's own project
    variables = dict.fromkeys(re.findall(r"\$\{paths\.(\w+)\}", snippet), "null") if "[paths]" not in snippet else {}
    paths = "[paths]\n" + "".join(f"{name} = {value}\n" for name, value in variables.items()) if variables else ""
    return "\n".join([*(f"[{name}]" for name in sorted(parents)), paths, snippet])


def check_settings(section: dict, page: str) -> None:
    """Each registered function, and each factory, takes the settings beside its name."""
    taken = {"factory", "@architectures"}
    if reference := next((key for key in section if key.startswith("@")), None):
        taken |= {reference, *inspect.signature(registry.get(reference[1:], section[reference])).parameters}
    elif name := section.get("factory"):
        factory = load_group(FACTORIES).get(name) or registry.get("factories", name)
        taken |= {*inspect.signature(factory).parameters, *Language.get_factory_meta(name).default_config}
    if reference or section.get("factory"):
        assert not {*section} - taken, (page, {*section} - taken)
    for value in section.values():
        if isinstance(value, dict):
            check_settings(value, page)


COMMANDS = [(page.name, words) for page in ALL for words in page.commands()]
MENTIONED = [
    (page.name, shlex.split(mention))
    for page in ALL
    for mention in page.mentions()
    if re.match(r"(python -m spacy|python scripts/|python benchmarks/|make) \S", mention)
]
# Programs of others, whose words are theirs
OTHERS = {"pip", "mkdir", "source", "env/bin/pip", "env/bin/python", "export", "docker", "cat"}


@pytest.mark.parametrize("page, words", COMMANDS, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_commands_exist_with_their_options(page, words):
    check_command([word for word in words if not re.fullmatch(r"[A-Z_]+=.*", word)], whole="..." not in words)


@pytest.mark.parametrize("page, words", MENTIONED, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_commands_that_prose_mentions_exist(page, words):
    check_command(words, whole=False)


def check_command(words: list[str], whole: bool) -> None:
    """A command of spaCy's, a script of ours or a target of make; `whole`: with all that it needs."""
    if words[:3] == ["python", "-m", "spacy"]:
        check_spacy_command([word for word in words[3:] if word != "..."], whole)
    elif words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(encoding="utf8"), flags=re.MULTILINE)
    elif words[0] == "python" and words[1] != "-m" and not words[1].startswith("-"):
        text = (ROOT / words[1]).read_text(encoding="utf8")
        assert all(word.lstrip("-").replace("-", "_") in text or word in text for word in words if word[:2] == "--")
    else:
        assert words[0] in OTHERS or words[:2] == ["python", "-m"], words


def check_spacy_command(words: list[str], whole: bool) -> None:
    command, given = typer.main.get_command(app), {}
    while True:
        context = command.context_class(command, info_name=command.name, **command.context_settings)
        given, rest, _ = command.make_parser(context).parse_args(list(words))
        if not hasattr(command, "commands") or not rest:
            break
        command, words = command.commands[rest[0]], rest[1:]
    if whole and "--help" not in words:
        missing = [one.name for one in command.params if one.required and not given.get(one.name)]
        assert not missing and (not rest or context.allow_extra_args), (words, missing, rest)
    overrides = dict(pair for pair in pairwise(rest) if re.fullmatch(r"--\w+(\.\w+)+", pair[0]))
    path = ROOT / str(given.get("config_path") or given.get("config"))
    if overrides and path.is_file():
        config = load_config(path)
        for option in overrides:
            *sections, setting = option[2:].split(".")
            assert setting in reduce(getitem, sections, config), option


FOLDERS = "assets benchmarks configs docs scripts spacy_clinner studies tests".split()
PATH = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./*{{}},-]*[\w}}]")
ROOMS = ROOT / "spacy_clinner"


@functools.cache
def outputs() -> set[str]:
    """What the steps of project files write."""
    found = set()
    for path in [ROOT / "project.yml", *ROOT.glob("studies/*/project.yml")]:
        text = path.read_text(encoding="utf8")
        settings = yaml.safe_load(text)
        for command in settings["commands"]:
            for output in command.get("outputs", []):
                for name, value in settings.get("vars", {}).items():
                    output = output.replace(f"${{vars.{name}}}", str(value))
                found.add(os.path.normpath(path.parent.relative_to(ROOT) / output))
    return found


def is_there(path: str) -> bool:
    """A file or folder from the root, how a recipe's name begins, a module from its room, or what a step makes."""
    if choice := re.search(r"{(.*?)}", path):
        choices = choice[1].split(",") if "," in choice[1] else "*"
        return all(is_there(path.replace(choice[0], name)) for name in choices)
    made = any(one == path or one.startswith(f"{path}/") or path.startswith(f"{one}/") for one in outputs())
    return made or any(ROOT.glob(path)) or any(ROOT.glob(f"{path}.*")) or any(ROOMS.glob(f"**/{path}"))


@every_page
def test_paths_exist_or_are_made_by_a_step(page):
    of_code = re.compile(r"[\w/-]+/[\w-]+\.(?:py|cfg|toml|html|css|js)")
    named = {*PATH.findall(page.text), *filter(of_code.fullmatch, page.mentions())}
    # a word in capitals is the reader's to fill in
    named = {path for path in named if not re.search(r"(?<![A-Z])(?!README|LICENSE)[A-Z]{3,}", path)}
    assert not [path for path in named if not is_there(path)]


@every_page
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.prose()):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = page.path.parent / path if path else page.path
        assert target.exists(), (page.name, link)
        if anchor:
            headings = re.findall(r"^#+ (.+)$", Page(target).prose(), flags=re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, link


def test_pages_are_on_the_shelves():
    """docs/README.md names each page once, and no page lies elsewhere."""
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf8")
    linked = re.findall(r"\]\((\w+/\w+\.md)\)", index)
    on_shelves = [page.path.relative_to(DOCS).as_posix() for page in ALL if page.path.parent.parent == DOCS]
    assert sorted(linked) == sorted(on_shelves)


def test_what_is_not_run_says_why():
    comments = [comment for page in ALL for comment in re.findall(r"^<!-- not run.*", page.text, re.MULTILINE)]
    assert comments and all(NOT_RUN.search(comment + "\n") for comment in comments)
