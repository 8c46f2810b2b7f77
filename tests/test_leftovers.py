import os
import platform
import signal

import pytest

from spacy_clinner.files import replacing, replacing_folder, write_folder_atomically
from spacy_clinner.leftovers import remove_leftovers


def write_a_file(path):
    with replacing(path) as temporary:
        temporary.write_text("x")


def write_a_folder(path):
    write_folder_atomically(path, lambda folder: write_pipeline(folder, "x"), force=True)


@pytest.mark.parametrize("open_it, write", [(replacing, write_a_file), (replacing_folder, write_a_folder)])
def test_what_a_kill_leaves_of_an_output_goes_when_that_is_whole(tmp_path, monkeypatch, open_it, write):
    def begin(name):
        """Let a child begin to write, and wait."""
        told, tells = os.pipe()
        child = os.fork()
        if not child:
            with open_it(tmp_path / name) as temporary:
                temporary.touch()
                os.write(tells, b"1")
                signal.pause()
        os.read(told, 1)
        return child

    def half_written():
        return [path.name[9:][:5] for path in sorted(tmp_path.glob(".*"))]

    children = [begin("notes"), begin("other")]
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(platform, "node", lambda: "another machine")
        children.append(begin("notes"))
    try:
        write(tmp_path / "notes")
        # what lives may still write
        assert half_written() == ["notes", "notes", "other"]
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    write(tmp_path / "notes")
    # nobody knows of processes of other machines, and what is of others is not ours
    assert half_written() == ["notes", "other"]


def test_what_a_kill_leaves_is_removed_and_what_it_was_replacing_is_put_back(tmp_path, monkeypatch):
    for name in ("lost", "kept"):
        write_folder_atomically(tmp_path / name, lambda folder: write_pipeline(folder, "before"))

    def die_at(number):
        """Let a child replace a folder; it is killed after so many steps of that."""
        child = os.fork()
        if not child:
            replace, left = os.replace, [number]

            def replace_or_die(*paths):
                if not left[0]:
                    os._exit(9)
                left[0] -= 1
                replace(*paths)

            monkeypatch.setattr(os, "replace", replace_or_die)
            name = "lost" if number else "kept"
            write_folder_atomically(tmp_path / name, lambda folder: write_pipeline(folder, "after"), force=True)
        os.waitpid(child, 0)

    die_at(0)
    die_at(1)
    assert not (tmp_path / "lost").exists()
    (tmp_path / ".clinner-half.txt.12.tmp").touch()
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "lost"]
    assert {(tmp_path / name / "meta.json").read_text() for name in ("lost", "kept")} == {"before"}
    remove_leftovers(tmp_path / "nowhere")


@pytest.mark.parametrize("after", [1, 2])
def test_an_interrupt_between_two_names_loses_no_folder(tmp_path, monkeypatch, after):
    folder = tmp_path / "model"
    write_folder_atomically(folder, lambda new: write_pipeline(new, "before"))
    replace, calls = os.replace, []

    def replace_then_interrupt(*paths):
        replace(*paths)
        calls.append(paths)
        if len(calls) == after:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", replace_then_interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_folder_atomically(folder, lambda new: write_pipeline(new, "after"), force=True)
    assert (folder / "meta.json").read_text() == ("before" if after == 1 else "after")
    assert list(tmp_path.iterdir()) == [folder]


def test_what_others_have_left_stays(tmp_path):
    for name in (".mine.tmp", ".env.20240101.old", ".bashrc.1.old", ".notes.2.tmp"):
        (tmp_path / name).touch()
    (tmp_path / "env").touch()
    before = sorted(tmp_path.iterdir())
    remove_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == before


def write_pipeline(folder, content):
    folder.mkdir()
    for name in ("meta.json", "config.cfg"):
        (folder / name).write_text(content)
