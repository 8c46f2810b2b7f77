"""The task pages: their commands exist, with these options and settings, and their snippets train."""

import json
import re
import shlex
from functools import reduce
from itertools import pairwise, product
from operator import getitem
from pathlib import Path

import pytest
import spacy
import typer
from spacy.cli._util import app
from spacy.tokens import DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config, load_config_from_str
from typer.testing import CliRunner

import spacy_clinner.cli  # noqa: F401  (joins spaCy's commands)

from .toys.tagger import references

ROOT = Path(__file__).parents[1]
PAGES = ("adapt.md", "medication_table.md", "predict.md")
PAGE = "\n".join((ROOT / "docs" / "guide" / name).read_text(encoding="utf8") for name in PAGES)
VARIABLE = re.compile(r"^(\w+)=(.*)$", re.MULTILINE)


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, flags=re.DOTALL)


def commands():
    """The page's commands as lists of words; what follows the choice of a recipe, with each of them."""
    recipes, found = [{}], []
    for block in blocks("bash"):
        block = block.replace("\\\n", " ")
        variables = {name: shlex.split(value)[0] if value else "" for name, value in VARIABLE.findall(block)}
        if "RECIPE" in variables:
            recipes = [*filter(None, recipes), variables]
        for line, recipe in product(VARIABLE.sub("", block).split("\n"), recipes):
            for name, value in {**variables, **recipe}.items():
                line = line.replace(f'"${name}"', shlex.quote(value)).replace(f"${{{name}}}", value)
                line = line.replace(f"${name}", value)
            if line.strip() and shlex.split(line) not in found:
                found.append(shlex.split(line))
    return found


def known_command(words):
    """A command and the words after its name."""
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    return command, words


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_commands_exist_with_their_options(words):
    if words[0] == "mkdir":
        return
    assert words[:3] == ["python", "-m", "spacy"]
    command, rest = known_command(words[3:])
    options = {name for parameter in command.params for name in parameter.opts}
    (name,) = [word for word in rest if word.startswith("configs/")] or ["configs/ner_demo_charcnn-bilstm_crf.cfg"]
    config = load_config(ROOT / name)
    for option, value in pairwise(rest):
        if option.startswith("--") and "." in option:
            *sections, setting = option[2:].split(".")
            assert setting in reduce(getitem, sections, config), option
            if value.startswith("{"):
                assert json.loads(value) == {"source": label_map()}
        elif option.startswith("--"):
            assert option in options


def label_map():
    (snippet,) = blocks("ini")
    return dict(load_config_from_str(snippet)["corpora"]["train"]["label_maps"]["source"])


def test_labels_of_a_source_are_mapped(tmp_path):
    nlp = spacy.blank("en")
    docs = [doc for doc in references(nlp) if len(doc) > 2]
    for doc in docs:
        doc.set_ents([Span(doc, 0, 1, "Medication"), Span(doc, 1, 2, "Other")])
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "source.spacy")
    config = load_config(ROOT / "configs" / "ner_demo_charcnn-bilstm_crf.cfg", interpolate=False)
    (snippet,) = blocks("ini")
    config["corpora"] = load_config_from_str(snippet, interpolate=False)["corpora"]
    config["corpora"]["train"]["audit"] = str(tmp_path / "labels.tsv")
    config["paths"].update(train=str(tmp_path / "source.spacy"), dev=str(tmp_path / "source.spacy"))
    config["training"].update(max_steps=2, eval_frequency=1)
    config["nlp"]["tokenizer"] = {"@tokenizers": "spacy.Tokenizer.v1"}
    trained = init_nlp(config.interpolate())
    assert trained.get_pipe("ner").labels == ("DRUG",)
    train(trained)
    rows = [line.split("\t")[1:4] for line in (tmp_path / "labels.tsv").read_text().splitlines()]
    assert ["doc.ents", "Medication", "DRUG"] in rows and ["doc.ents", "Other", ""] in rows


def test_splits_are_drawn(tmp_path, monkeypatch):
    patients = []
    for part in ("source", "target"):
        (tmp_path / "notes" / part).mkdir(parents=True)
        for n in range(10):
            (tmp_path / "notes" / part / f"{part}-{n}.txt").write_text("No fever.")
            (tmp_path / "notes" / part / f"{part}-{n}.ann").touch()
            patients.append(f"{part}-{n}\t{n // 2}\n")
    (tmp_path / "notes" / "patients.tsv").write_text("".join(patients))
    monkeypatch.chdir(tmp_path)
    for words in (words for words in commands() if "--split" in words):
        assert CliRunner().invoke(app, words[3:]).exit_code == 0
    for part in ("source", "target"):
        folder = tmp_path / "corpus" / part
        parts = {name: (folder / f"{name}.txt").read_text().split() for name in ("train", "dev", "test")}
        assert [len(found) for found in parts.values()] == [6, 2, 2]
        homes = {(int(doc_id[-1]) // 2, name) for name, found in parts.items() for doc_id in found}
        assert len(homes) == 5 and (folder / "audit.tsv").exists()


def test_pages_that_the_task_table_names_exist():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("**/*.md")]:
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf8")):
            assert "://" in link or (page.parent / link).exists(), (page.name, link)


def test_the_configs_of_relations_make_pipelines(tmp_path):
    page = (ROOT / "docs" / "guide" / "relations.md").read_text(encoding="utf8")
    snippet, of_specific = re.findall(r"```ini\n(.*?)```", page, flags=re.DOTALL)
    nlp = spacy.util.load_model_from_config(load_config_from_str(snippet), auto_fill=True)
    assert nlp.pipe_names == ["tok2vec", "ner", "relations"]
    settings = re.findall(r"^\| `(\w+)`(?:, `(\w+)`)? \|", page, flags=re.MULTILINE)
    names = {name for row in settings for name in row if name}
    assert names <= set(nlp.get_pipe_config("relations"))
    (tmp_path / "broader.tsv").write_text("nephrosis\tkidney disease\n", encoding="utf8")
    head = '[nlp]\nlang = "en"\npipeline = ["specific"]\n[components]\n[initialize]\n[initialize.components]\n'
    config = load_config_from_str(head + of_specific.replace("corpus/mesh", tmp_path.as_posix()))
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    nlp.initialize()
    assert nlp.get_pipe("specific").hierarchy.broader("nephrosis") == {"kidney disease"}
