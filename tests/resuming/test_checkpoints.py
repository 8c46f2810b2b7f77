"""A folder of checkpoints: what is kept, and what is removed."""

import os

from spacy_clinner.resuming.checkpoints import KEPT, Checkpoints


def test_the_last_are_kept_and_the_newest_is_read(tmp_path):
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    assert checkpoints.read() is None
    for step in (8, 9, 10, 1000000000):
        checkpoints.write(step, {"step": step})
    assert len(checkpoints.paths) == KEPT and checkpoints.read() == {"step": 1000000000}
    checkpoints.clear()
    assert not checkpoints.folder.exists()
    checkpoints.clear()


def test_a_training_ends_though_a_kill_has_left_half_a_checkpoint(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    checkpoints.write(1, {"step": 1})

    def die(*_):
        os._exit(9)

    child = os.fork()
    if not child:
        monkeypatch.setattr(os, "replace", die)
        checkpoints.write(2, {"step": 2})
    os.waitpid(child, 0)
    assert len(list(checkpoints.folder.iterdir())) == 2 and checkpoints.read() == {"step": 1}
    checkpoints.clear()
    assert not checkpoints.folder.exists()


def test_what_is_no_checkpoint_stays(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.write(1, {"step": 1})
    (tmp_path / "notes.txt").write_text("mine")
    checkpoints.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
