"""Promises about whole pipelines: they travel, and they keep notes to themselves."""

import logging
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import spacy

from .pipeline.tagger.test_crf_tagger import same_annotation
from .toys.forked import run_python
from .toys.tagger import TEXTS, examples, make_nlp, train

MARKER = "Zyxwvutine"


@pytest.fixture(scope="module")
def trained():
    nlp = make_nlp()
    train(nlp, 20)
    return nlp


def run(*command, **kwargs):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, **kwargs)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_package_installed_in_another_environment_annotates_the_same(trained, tmp_path):
    trained.meta["name"] = "toy"
    trained.to_disk(tmp_path / "model")
    (tmp_path / "dist").mkdir()
    run_python("-m", "spacy", "package", tmp_path / "model", tmp_path / "dist", "--build", "sdist")
    package = next((tmp_path / "dist").rglob("*.tar.gz"))
    assert any("spacy_clinner" in line for line in (package.parents[1] / "meta.json").read_text().splitlines())

    # a new environment that sees this one's dependencies, so that nothing of gigabytes is installed again
    venv.create(tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    site = Path(run(python, "-c", "import site; print(site.getsitepackages()[0])").strip())
    (site / "parent.pth").write_text("\n".join(path for path in sys.path if "site-packages" in path))
    # an editable install of this package is found through its own path
    (site / "self.pth").write_text(str(Path(__file__).parents[1]))
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", package)
    trained.to_disk(tmp_path / "same")
    code = (
        "import spacy; nlp = spacy.load('en_toy'); "
        f"doc = nlp({TEXTS[1][0]!r}); print([(e.start, e.end, e.label_) for e in doc.ents])"
    )
    doc = trained(TEXTS[1][0])
    expected = str([(ent.start, ent.end, ent.label_) for ent in doc.ents])
    assert run(python, "-W", "ignore", "-c", code, cwd=tmp_path).strip() == expected
    same_annotation(doc, spacy.load(tmp_path / "same")(TEXTS[1][0]))


def test_no_log_at_any_level_holds_a_note(trained, tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    note = tmp_path / "note.txt"
    note.write_text(f"She was given {MARKER} 5 mg\n", encoding="utf8")
    nlp = make_nlp()
    pairs = [*examples(nlp), *examples(nlp)]
    for pair in pairs:
        pair.y.user_data["clinner_doc_id"] = "n"
    nlp.initialize(lambda: pairs)
    marked = nlp.make_doc(note.read_text())
    nlp.update(pairs)
    list(nlp.pipe([marked.text] * 3))
    list(trained.pipe([marked.text] * 3, n_process=2))
    audit = run_python("-m", "spacy", "clinner", "audit", tmp_path, "--format", "brat")
    out = capfd.readouterr()
    assert audit.stdout and MARKER not in caplog.text + out.out + out.err + audit.stdout + audit.stderr
