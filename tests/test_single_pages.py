"""What single pages promise beyond commands that exist and snippets that run."""

import inspect
import json
import re

import pytest
import spacy
from spacy.cli._util import app
from spacy.tokens import DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config, load_config_from_str, load_model_from_config
from typer.testing import CliRunner

import spacy_clinner.cli  # noqa: F401  (joins spaCy's commands)
from spacy_clinner.experiments.grid_cells import read_grid
from spacy_clinner.experiments.relation_study import read_study
from spacy_clinner.pipeline.relations.extractor import RelationExtractor
from spacy_clinner.pipeline.tagger.crf_tagger import CRFTagger
from spacy_clinner.transfer.plan import BlockSettings

from .paths import CONFIGS, DOCS, ROOT
from .toys.pages import Page
from .toys.tagger import references

GUIDE = {path.stem: Page(path) for path in (DOCS / "guide").glob("*.md")}
ADAPT, EXPERIMENTS, RELATIONS = GUIDE["adapt"], GUIDE["experiments"], GUIDE["relations"]
TIED_HEADS, TRANSFER = GUIDE["tied_heads"], GUIDE["transfer_layers"]


def label_map():
    (snippet,) = ADAPT.blocks("ini")
    return dict(load_config_from_str(snippet)["corpora"]["train"]["label_maps"]["source"])


def test_labels_of_a_source_are_mapped(tmp_path):
    nlp = spacy.blank("en")
    docs = [doc for doc in references(nlp) if len(doc) > 2]
    for doc in docs:
        doc.set_ents([Span(doc, 0, 1, "Medication"), Span(doc, 1, 2, "Other")])
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "source.spacy")
    config = load_config(CONFIGS / "ner_demo_charcnn-bilstm_crf.cfg", interpolate=False)
    (snippet,) = ADAPT.blocks("ini")
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


def test_labels_are_mapped_alike_in_config_and_command():
    maps = {word for words in ADAPT.commands() for word in words if word.startswith("{")}
    assert maps and all(json.loads(text) == {"source": label_map()} for text in maps)


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
    for words in (words for words in ADAPT.commands() if "--split" in words):
        assert CliRunner().invoke(app, words[3:]).exit_code == 0
    for part in ("source", "target"):
        folder = tmp_path / "corpus" / part
        parts = {name: (folder / f"{name}.txt").read_text().split() for name in ("train", "dev", "test")}
        assert [len(found) for found in parts.values()] == [6, 2, 2]
        homes = {(int(doc_id[-1]) // 2, name) for name, found in parts.items() for doc_id in found}
        assert len(homes) == 5 and (folder / "audit.tsv").exists()


def test_files_of_experiments_are_read(tmp_path):
    grid, taught, method, study = EXPERIMENTS.blocks("toml")
    (tmp_path / "grid.toml").write_text(f"{grid}\n{taught}\n{method}", encoding="utf8")
    (tmp_path / "study.toml").write_text(study, encoding="utf8")
    assert {"self-training", "edsnlp 0.23.0"} <= set(read_grid(tmp_path / "grid.toml").methods)
    assert len(read_study(tmp_path / "study.toml").systems) >= 4


@pytest.mark.parametrize(
    "page, known",
    [
        (RELATIONS, {*inspect.signature(RelationExtractor).parameters}),
        (TIED_HEADS, {*inspect.signature(CRFTagger).parameters}),
        (TRANSFER, {*BlockSettings.__annotations__}),
    ],
    ids=lambda value: value.name if isinstance(value, Page) else "",
)
def test_tables_of_settings_name_settings(page, known):
    rows = page.text.partition("| setting")[2].partition("\n\n")[0].splitlines()[2:]
    names = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert len(names) >= 3 and names <= known


def test_the_configs_of_relations_make_pipelines(tmp_path):
    snippet, of_specific = RELATIONS.blocks("ini")
    nlp = load_model_from_config(load_config_from_str(snippet), auto_fill=True)
    assert nlp.pipe_names == ["tok2vec", "ner", "relations"]
    (tmp_path / "broader.tsv").write_text("nephrosis\tkidney disease\n", encoding="utf8")
    head = '[nlp]\nlang = "en"\npipeline = ["specific"]\n[components]\n[initialize]\n[initialize.components]\n'
    config = load_config_from_str(head + of_specific.replace("corpus/mesh", tmp_path.as_posix()))
    nlp = load_model_from_config(config, auto_fill=True)
    nlp.initialize()
    assert nlp.get_pipe("specific").hierarchy.broader("nephrosis") == {"kidney disease"}


def test_readme_is_one_screen_with_one_picture():
    readme = Page(ROOT / "README.md").text
    (picture,) = re.findall(r"!\[[^\]]{40,}\]\(([^)]+)\)", readme)
    assert len(readme.splitlines()) <= 80 and (ROOT / picture).stat().st_size < 200_000
