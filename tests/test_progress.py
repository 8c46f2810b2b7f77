"""Progress: a bar on a terminal, lines in a log."""

import os
import pty
import subprocess
import sys
import termios
from contextlib import suppress

from spacy_clinner import progress

WORK = "from spacy_clinner.progress import progress\nprint([*progress(range(3), unit='note', desc='Annotate')])"


def read_all(terminal):
    """What was drawn: the system hands it on by and by, and fails behind all of it, as nobody can write any more."""
    parts = []
    with suppress(OSError):
        while part := os.read(terminal, 10_000):
            parts.append(part)
    os.close(terminal)
    return b"".join(parts).decode("utf8")


def test_items_pass_and_a_log_of_short_work_stays_empty(capsys):
    assert [*progress.progress(iter("abc"), unit="note")] == ["a", "b", "c"]
    with progress.progress(total=3, unit="note") as bar:
        bar.update(3)
    assert capsys.readouterr().err == ""


def test_a_log_gets_whole_lines(monkeypatch, capsys):
    monkeypatch.setattr(progress, "SECONDS_PER_LINE", 0.0)
    list(progress.progress(range(3), unit="note", desc="Annotate"))
    lines = capsys.readouterr().err.splitlines()
    assert [line[: line.index(" [")] for line in lines] == [
        "Annotate:  33% 1/3",
        "Annotate:  67% 2/3",
        "Annotate: 100% 3/3",
    ]
    assert all("note" in line and "\r" not in line for line in lines)


def test_lines_keep_their_distance_and_the_last_one_tells_the_end(monkeypatch, capsys):
    now = iter([0, 4, 11, 11, 15, 19, 19])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    with progress.progress(total=40, unit="note") as bar:
        for _ in range(4):
            bar.update(10)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" [")[0].strip() for line in lines] == ["50% 20/40", "100% 40/40"]
    assert "00:11<" in lines[0] and "00:19<" in lines[1]


def test_of_unknown_length(monkeypatch, capsys):
    monkeypatch.setattr(progress, "SECONDS_PER_LINE", 0.0)
    list(progress.progress(iter("ab"), unit="note"))
    assert [line.split(" [")[0] for line in capsys.readouterr().err.splitlines()] == ["1 note", "2 note"]


def test_what_fails_early_has_told_how_far_it_came(monkeypatch, capsys):
    monkeypatch.setattr(progress, "SECONDS_PER_LINE", 0.0)
    try:
        for number in progress.progress(range(5), unit="note"):
            if number == 2:
                raise ValueError("unreadable")
    except ValueError:
        pass
    assert [line.split(" [")[0].strip() for line in capsys.readouterr().err.splitlines()] == ["20% 1/5", "40% 2/5"]


def test_a_terminal_gets_a_bar():
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with os.fdopen(theirs, "wb") as terminal:
        found = subprocess.run([sys.executable, "-c", WORK], stdout=subprocess.PIPE, stderr=terminal, check=True)
    drawn = read_all(ours)
    assert found.stdout == b"[0, 1, 2]\n"
    assert "\r" in drawn and "█" in drawn and "3/3" in drawn


def test_where_standard_error_is_closed_nothing_is_told(monkeypatch, capsys):
    monkeypatch.setattr(progress, "SECONDS_PER_LINE", 0.0)
    monkeypatch.setattr(sys, "stderr", None)
    assert [*progress.progress(range(3), unit="note")] == [0, 1, 2]
    assert capsys.readouterr().out == ""


def test_processes_that_work_for_another_one_show_nothing(tmp_path):
    """Their bars would run into that one's own."""
    script = tmp_path / "run.py"
    script.write_text(
        "import multiprocessing\nfrom spacy_clinner import progress\nprogress.SECONDS_PER_LINE = 0.0\n"
        "def work(n):\n    progress.SECONDS_PER_LINE = 0.0\n"
        "    return len(list(progress.progress(range(n), unit='note', desc='Inside')))\n"
        "if __name__ == '__main__':\n    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(list(progress.progress(pool.imap(work, [3]), unit='note', desc='Outside')))\n"
    )
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert run.stdout == "[3]\n" and "Outside" in run.stderr and "Inside" not in run.stderr


PART = (
    "import multiprocessing\nfrom spacy_clinner import progress\n"
    "def work(n):\n    progress.SECONDS_PER_LINE_OF_PART = 0.0\n    progress.tell_as_part('seed 1')\n"
    "    with progress.progress(total=n, unit='step', desc='Train') as bar:\n"
    "        bar.set_postfix_str('dev 0.7')\n        bar.update(n)\n"
    "if __name__ == '__main__':\n    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
    "        list(progress.progress(pool.imap(work, [3]), unit='note', desc='Outside'))\n"
)


def test_those_that_have_a_name_tell_it(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(PART)
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    (line,) = run.stderr.splitlines()
    assert line.startswith("seed 1: Train: 100% 3/3 [") and "dev 0.7" in line


def test_on_a_terminal_their_lines_are_not_behind_a_bar(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(PART)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with os.fdopen(theirs, "wb") as terminal:
        subprocess.run([sys.executable, str(script)], stderr=terminal, check=True)
    drawn = read_all(ours)
    assert "\r\x1b[Kseed 1: Train: 100% 3/3" in drawn and "Outside: 1 note" in drawn
