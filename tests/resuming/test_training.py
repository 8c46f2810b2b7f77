"""`clinner train`: killed, stopped, refused, finished."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import spacy
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.configs import read_config
from spacy_clinner.resuming import training
from spacy_clinner.resuming.checkpoints import Checkpoints
from spacy_clinner.resuming.training import train

from ..paths import CONFIGS
from ..toys.room import data_overrides, make_room

pytestmark = pytest.mark.slow
OPTIONS = {"training.max_steps": 12, "training.eval_frequency": 4}


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return make_room(tmp_path_factory.mktemp("room"))


@pytest.fixture(scope="module")
def whole(room):
    """A training that nothing disturbs."""
    run(room, room / "whole")
    return room / "whole"


def run(room, output, *, resume=False, every=1e9, **more):
    config = read_config(room / "config.cfg", {**OPTIONS, **data_overrides(room), **more})
    out = io.StringIO()
    done = train(config, output, resume=resume, every=every, stdout=out, stderr=io.StringIO())
    return done, out.getvalue()


def content(output):
    names = ("model-best/tagger/model", "model-last/tagger/model", "log.txt")
    return {name: (output / name).read_bytes() for name in names}


def stop_after(monkeypatch, n_writes):
    """A kill right after a checkpoint."""
    written, write = [], Checkpoints.write

    def write_and_die(self, step, state):
        write(self, step, state)
        written.append(step)
        if len(written) == n_writes:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoints, "write", write_and_die)


def test_it_trains_as_spacy_does(room, whole):
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train as spacy_train

    out = io.StringIO()
    config = read_config(room / "config.cfg", {**OPTIONS, **data_overrides(room)})
    (room / "spacy").mkdir()
    spacy_train(init_nlp(config), room / "spacy", stdout=out, stderr=io.StringIO())
    for name in ("model-best", "model-last"):
        model = f"{name}/tagger/model"
        assert (whole / model).read_bytes() == (room / "spacy" / model).read_bytes()
        assert json.loads((whole / name / "meta.json").read_text())["performance"]
    # but for what it says of the pipeline and the folder
    rows = [line for line in out.getvalue().splitlines() if line[:1] in "E- "]
    assert (whole / "log.txt").read_text().splitlines() == rows
    assert spacy.load(whole / "model-best").pipe_names == ["tagger"]
    assert not (whole / "checkpoints").exists()


@pytest.mark.parametrize("n_writes", [1, 2, 5, 13])
def test_a_killed_training_goes_on(room, whole, tmp_path, monkeypatch, n_writes):
    with monkeypatch.context() as patch:
        stop_after(patch, n_writes)
        with pytest.raises(KeyboardInterrupt):
            run(room, tmp_path / "out", every=0)
    assert len(Checkpoints(tmp_path / "out" / "checkpoints").paths) == min(n_writes, 2)
    done, shown = run(room, tmp_path / "out", resume=True)
    assert done and content(tmp_path / "out") == content(whole)
    # the rows of before are shown again
    assert shown == (whole / "log.txt").read_text()
    assert run(room, tmp_path / "out", resume=True) == (False, "")


def test_a_training_without_checkpoints_begins_anew(room, whole, tmp_path):
    (tmp_path / "out").mkdir()
    shutil.copy(whole / "training.json", tmp_path / "out")
    marker = json.loads((whole / "training.json").read_text())
    (tmp_path / "out" / "training.json").write_text(json.dumps({**marker, "finished": False}))
    assert run(room, tmp_path / "out", resume=True)[0] and content(tmp_path / "out") == content(whole)


def test_a_training_that_failed_at_once_is_in_nobody_s_way(room, whole, tmp_path, monkeypatch):
    def fail(nlp):
        raise RuntimeError("as for a wrong setting")

    with monkeypatch.context() as patch:
        patch.setattr(training, "prepare", fail)
        with pytest.raises(RuntimeError):
            run(room, tmp_path / "out", **{"training.dropout": 0.3})
    assert run(room, tmp_path / "out")[0] and content(tmp_path / "out") == content(whole)


def test_another_training_is_not_taken_for_it(room, whole, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, 1)
        with pytest.raises(KeyboardInterrupt):
            run(room, tmp_path / "out", every=0)
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match="CE452"):
        run(room, tmp_path / "out")
    with pytest.raises(ValueError, match=r"CE453.*training\.dropout, training\.max_steps"):
        run(room, tmp_path / "out", resume=True, **{"training.max_steps": 13, "training.dropout": 0.3})
    other = shutil.copy(room / "dev.spacy", tmp_path / "other.spacy")
    with open(other, "ab") as file:
        file.write(b" ")
    with pytest.raises(ValueError, match=r"CE453.*paths\.dev"):
        run(room, tmp_path / "out", resume=True, **{"paths.dev": str(other)})
    assert before == {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}


def test_damaged_checkpoints(room, whole, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, 3)
        with pytest.raises(KeyboardInterrupt):
            run(room, tmp_path / "out", every=0)
    first, second = Checkpoints(tmp_path / "out" / "checkpoints").paths
    second.write_bytes(second.read_bytes()[:-1])
    with pytest.warns(UserWarning, match="CW450"):
        run(room, tmp_path / "out", resume=True)
    assert content(tmp_path / "out") == content(whole)
    first.parent.mkdir()
    first.write_bytes(b"nothing")
    with pytest.warns(UserWarning, match="CW450"), pytest.raises(ValueError, match="CE451"):
        Checkpoints(first.parent).read()


def command(room, output, *more):
    data = [word for name, path in data_overrides(room).items() for word in (f"--{name}", path)]
    options = [word for name, value in OPTIONS.items() for word in (f"--{name}", str(value))]
    return ["train", str(room / "config.cfg"), "--output", str(output), *data, *options, *more]


def start(room, output, *more):
    words = [sys.executable, "-m", "spacy", "clinner", *command(room, output, *more)]
    # a long training, with many checkpoints
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for(path, process):
    end = time.monotonic() + 120
    while not list(path.glob("*.checkpoint")):
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.02)


def test_a_process_that_is_killed(room, tmp_path):
    output, longer = tmp_path / "out", ("--training.max_steps", "150", "--every", "0")
    process = start(room, output, *longer)
    wait_for(output / "checkpoints", process)
    process.kill()
    process.wait()
    process = start(room, output, *longer, "--resume")
    assert process.wait(timeout=120) == 0
    run(room, tmp_path / "whole", **{"training.max_steps": 150})
    assert content(output) == content(tmp_path / "whole")


def test_a_process_that_is_asked_to_stop(room, tmp_path):
    output = tmp_path / "out"
    process = start(room, output, "--training.max_steps", "1000000")
    end = time.monotonic() + 120
    while not (output / "model-last").exists():
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGUSR1)
    wait_for(output / "checkpoints", process)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 143
    assert (output / "log.txt").exists() and len(Checkpoints(output / "checkpoints").paths) == 2


def test_the_command_tells_what_to_do(room, whole, tmp_path):
    runner = CliRunner()
    shutil.copytree(whole, tmp_path / "out")
    result = runner.invoke(clinner_cli, command(room, tmp_path / "out"))
    assert result.exit_code == 1 and "CE452" in result.output
    result = runner.invoke(clinner_cli, command(room, tmp_path / "out", "--resume"))
    assert result.exit_code == 0 and "nothing to do" in result.output, result.output


@pytest.mark.parametrize("missing", ["train", "dev"])
def test_a_corpus_without_a_file_is_named(room, tmp_path, missing):
    overrides = {**data_overrides(room), f"paths.{missing}": None}
    with pytest.raises(ValueError, match=f"CE352.*corpora.{missing}.*--paths.{missing} FILE"):
        run(room, tmp_path / "out", **overrides)
    assert not (tmp_path / "out").exists()


def test_a_domain_without_a_file_is_told(tmp_path):
    config = CONFIGS / "ner_demo_charcnn-bilstm_crf_replay.cfg"
    arguments = [
        "train",
        config,
        "--output",
        tmp_path / "out",
        "--paths.train",
        "some.spacy",
        "--paths.dev",
        "some.spacy",
    ]
    result = CliRunner().invoke(clinner_cli, list(map(str, arguments)))
    told = " ".join(result.output.split())
    assert result.exit_code == 1 and "CE352" in told and "--paths.source FILE" in told and "E913" not in told
