"""The workflows of the root's project and of the studies name what exists, and what earlier steps make."""

import re
import shutil
from pathlib import Path

import pytest
from weasel.cli.run import project_run

from spacy_clinner.experiments.grid_cells import read_grid
from spacy_clinner.experiments.relation_study import read_study

from .toys.forked import run_python
from .toys.projects import read_project

ROOT = Path(__file__).parents[1]
STUDIES = sorted(path.parent for path in ROOT.glob("studies/*/project.yml"))
PROJECTS = {path: read_project(path) for path in (ROOT, *STUDIES)}
WORKFLOWS = [(path, name) for path, project in PROJECTS.items() for name in project["workflows"]]
NAMES = [f"{path.name}-{name}" if path != ROOT else name for path, name in WORKFLOWS]
# what a command may read without another one having written it
GIVEN = ("configs/", "scripts/", "assets/manifests", "assets/splits", "benchmarks/")

each_workflow = pytest.mark.parametrize(("folder", "workflow"), WORKFLOWS, ids=NAMES)


def steps_of(folder, workflow):
    """The commands of a workflow, those of other projects that it runs in front of the one that does; with folders."""
    commands = {command["name"]: command for command in PROJECTS[folder]["commands"]}
    for name in PROJECTS[folder]["workflows"].get(workflow, [workflow]):
        for line in commands[name]["script"]:
            if line.startswith("python -m spacy project run "):
                other, place = line.split()[5:7]
                yield from steps_of((folder / place).resolve(), other)
        yield folder, commands[name]


def from_root(folder, path):
    return (folder / path).resolve().relative_to(ROOT).as_posix()


def commands_of(folder):
    return PROJECTS[folder]["commands"]


@each_workflow
def test_workflow_runs_dry(folder, workflow, tmp_path, capfd):
    shutil.copy(folder / "project.yml", tmp_path)  # weasel makes the project's folders where the file is
    project_run(tmp_path, workflow, dry=True)
    names = PROJECTS[folder]["workflows"][workflow]
    assert len(names) == len(set(names)) and set(names) <= {command["name"] for command in commands_of(folder)}


@each_workflow
def test_steps_find_their_dependencies(folder, workflow):
    made: set[str] = set()
    for place, command in steps_of(folder, workflow):
        for dep in (from_root(place, dep) for dep in command.get("deps", [])):
            if dep.startswith(GIVEN):
                assert (ROOT / dep).exists(), dep
            else:
                assert any(output == dep or output.startswith(f"{dep}/") for output in made), (command["name"], dep)
        made |= {from_root(place, output) for output in command.get("outputs", [])}


@each_workflow
def test_folders_of_what_spacy_init_writes_exist(folder, workflow):
    made = {folder / name for folder in PROJECTS for name in PROJECTS[folder].get("directories", [])}
    for place, command in steps_of(folder, workflow):
        outputs = [ROOT / from_root(place, output) for output in command.get("outputs", [])]
        if any("-m spacy init" in line for line in command["script"]):
            assert {output.parent for output in outputs} <= made, command["name"]
        made |= {parent for output in outputs for parent in output.parents}


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_scripts_name_what_exists(folder):
    for command in commands_of(folder):
        for line in command["script"]:
            assert line.startswith("python ")
            # paths behind -C are the root's, others start from the project's folder
            start = folder / "../.." if "clinner -C ../.. " in line else folder
            deps = {from_root(folder, dep) for dep in command.get("deps", [])}
            for path in re.findall(r"\S*(?:configs|scripts)/\S+", line):
                assert (start / path).is_file() and from_root(start, path) in deps, path


def test_commands_of_studies_run_in_the_root():
    """What is no step of another project names the root, or the root's folders."""
    for folder in STUDIES:
        for command in commands_of(folder):
            for line in command["script"]:
                for path in re.findall(r"(?<!\S)(?:assets|corpus|training|configs)/\S+", line):
                    assert "clinner -C ../.. " in line, path
                assert "clinner -C ../.. " not in line or "../../" not in line.split("-C ../..")[1]


def test_projects_stay_short():
    for folder in PROJECTS:
        assert len((folder / "project.yml").read_text(encoding="utf8").splitlines()) < 160


def test_files_of_experiments_are_read():
    for path in (ROOT / "configs").glob("grid_*.toml"):
        assert read_grid(path).cells
    for path in (ROOT / "configs").glob("relations_*.toml"):
        assert read_study(path).systems


@pytest.mark.slow
def test_a_step_of_a_study_works_in_the_root(tmp_path):
    """With the names of the repository, from any folder."""
    study = tmp_path / "studies" / "tiny"
    study.mkdir(parents=True)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text("No fever.")
    (tmp_path / "corpus" / "a.ann").touch()
    (study / "project.yml").write_text(
        "workflows: {tiny: [convert]}\ncommands:\n  - name: convert\n    script:\n"
        '      - "python -m spacy clinner -C ../.. convert corpus corpus/all.spacy --format brat"\n'
        "    deps: [../../corpus/a.txt]\n    outputs: [../../corpus/all.spacy]\n"
    )
    for shown in ("Wrote 1 documents", "nothing changed"):
        assert shown in run_python("-m", "spacy", "project", "run", "tiny", "studies/tiny", cwd=tmp_path).stdout
    assert (tmp_path / "corpus" / "all.spacy").exists()


def test_demo_ends_by_naming_what_it_made():
    made = [output for _, command in steps_of(ROOT, "demo") for output in command.get("outputs", [])]
    recipe = (ROOT / "Makefile").read_text(encoding="utf8")
    named = set(re.findall(r"demo/[\w./-]*\w", recipe.split("project run demo")[1].split("test:")[0]))
    assert named == {path for path in made if not path.startswith(("demo/corpus", "demo/source"))}


def test_commands_of_pages_are_workflows():
    """README, Makefile, docs and files of experiments name steps that are there."""
    pages = [ROOT / "README.md", ROOT / "Makefile", *ROOT.glob("docs/**/*.md"), *ROOT.glob("configs/*.toml")]
    pages += [ROOT / "project.yml", *(folder / "project.yml" for folder in STUDIES)]
    found = 0
    for page in pages:
        text = page.read_text(encoding="utf8")
        text = text.replace("\n", " ") if page.suffix == ".md" else text
        for words in re.findall(r"spacy project run ([\w-]+(?: [\w.][\w./-]*)?)", text):
            name, _, place = words.partition(" ")
            if name == "NAME":
                continue
            # a step starts in its project's folder; whoever reads a page, in the root
            starts = (ROOT, page.parent) if page.name == "project.yml" else (ROOT,)
            folders = [
                (start / place).resolve() for start in starts if place and (start / place / "project.yml").exists()
            ]
            (folder,) = folders or [ROOT]
            known = {*PROJECTS[folder]["workflows"], *(command["name"] for command in commands_of(folder))}
            assert name in known, (page.name, words)
            found += 1
    assert found > 15
