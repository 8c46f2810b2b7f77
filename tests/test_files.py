import codecs
import json
import os
import subprocess
from pathlib import Path

import pytest

from spacy_clinner.apart import check_apart
from spacy_clinner.files import (
    check_replaceable,
    parse_json,
    read_lines,
    read_text,
    replacing,
    split_lines,
    write_atomically,
    write_files_atomically,
)
from spacy_clinner.leftovers import beside

LATIN = "Señora Zebedee took aspirin,\r\nno naïve café.\n"
CYRILLIC = "Пациент принимает аспирин.\n"


def test_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "result.json"
    write_atomically(path, "a\r\nä\n")
    assert path.read_bytes() == "a\r\nä\n".encode()
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "b\udc80")
    assert path.read_bytes() == "a\r\nä\n".encode()
    assert list(path.parent.iterdir()) == [path]


def test_what_holds_notes_is_its_owner_s_alone(tmp_path, monkeypatch):
    opened = []
    create = os.open

    def watched(name, flags, mode=0o777, **kwargs):
        opened.append((Path(name).name.removeprefix(".clinner-")[0], mode))
        return create(name, flags, mode, **kwargs)

    monkeypatch.setattr(os, "open", watched)
    before = os.umask(0o022)
    try:
        (tmp_path / "note").write_text("open to all")
        write_atomically(tmp_path / "note", "x", private=True)
        write_files_atomically(tmp_path, {"a/b": "x"}, private=True)
        write_atomically(tmp_path / "result", "x")
        # what another has put there in advance is not written to
        stale = beside(tmp_path / "big", "tmp")
        stale.write_text("seen by others")
        with replacing(tmp_path / "big") as temporary:
            assert temporary.stat().st_mode & 0o777 == 0o600
            temporary.write_text("x")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()}
    assert modes == {"note": 0o600, "b": 0o600, "result": 0o644, "big": 0o600}
    assert opened == [("n", 0o600), ("b", 0o600), ("r", 0o666), ("b", 0o600)]


def write_a_file(path):
    write_atomically(path, "x")


def write_piece_by_piece(path):
    with replacing(path) as temporary:
        temporary.write_text("x")


@pytest.mark.parametrize("write", [write_a_file, write_piece_by_piece])
def test_a_link_stays_and_a_device_is_no_file(tmp_path, write):
    (tmp_path / "share").mkdir()
    for there in (False, True):
        link, place = tmp_path / f"link-{there}", tmp_path / "share" / f"place-{there}"
        link.symlink_to(place)
        if there:
            place.write_text("before")
        write(link)
        assert link.is_symlink() and place.read_text() == "x" and not place.is_symlink()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to_pipe").symlink_to(tmp_path / "pipe")
    for name in ("pipe", "to_pipe", "share"):
        with pytest.raises(ValueError, match=f"CE344.*{name}"):
            write(tmp_path / name)
    assert (tmp_path / "pipe").is_fifo() and (tmp_path / "to_pipe").is_symlink()
    assert len(list((tmp_path / "share").iterdir())) == 2


@pytest.mark.parametrize("write", [write_a_file, write_piece_by_piece])
def test_a_link_to_itself_is_replaced_by_a_file_and_by_no_folder(tmp_path, write):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(ValueError, match="CE058.*loop"):
        check_replaceable(loop, force=True)
    check_apart([loop], [tmp_path / "notes"])
    write(loop)
    assert loop.read_text() == "x" and not loop.is_symlink()


def test_files_are_written_all_or_none(tmp_path):
    write_files_atomically(tmp_path, {"a.txt": "1", "b/c.txt": b"2"})
    with pytest.raises(UnicodeEncodeError):
        write_files_atomically(tmp_path, {"a.txt": "new", "d.txt": "\udc80"})
    found = {path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"a.txt": "1", "b/c.txt": "2"}


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_lines_end_in_any_system_s_way_and_in_nothing_else(end):
    assert split_lines(f"a\x0cb\u2028c{end}{end}d{end}") == ["a\x0cb\u2028c", "", "d"]
    assert split_lines(f"a{end}b") == ["a", "b"] and split_lines("") == []


def test_a_mark_is_part_of_a_text_and_not_of_its_first_line(tmp_path):
    (tmp_path / "a.txt").write_bytes(codecs.BOM_UTF8 + b"a\rb")
    assert read_text(tmp_path / "a.txt") == "\ufeffa\rb"
    assert read_lines(tmp_path / "a.txt") == ["a", "b"]


@pytest.mark.parametrize("text", [LATIN, CYRILLIC])
@pytest.mark.parametrize("mark", [True, False])
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_the_advice_for_wide_characters_gives_the_text(tmp_path, codec, mark, text):
    path = tmp_path / "a.txt"
    path.write_bytes((("\ufeff" if mark else "") + text).encode(codec))
    with pytest.raises(ValueError, match=f"CE001.*a.txt.*{codec[:6].upper()}") as error:
        read_text(path)
    assert "Zebedee" not in str(error.value) and error.value.__context__ is None
    follow_advice(path, str(error.value))
    assert read_text(path) == text


def test_the_advice_for_bytes_gives_the_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(LATIN.encode("cp1252"))
    with pytest.raises(ValueError, match="CE001.*byte 2 .*WINDOWS-1252") as error:
        read_text(path, "train/a.txt")
    assert "train/a.txt" in str(error.value)
    follow_advice(path, str(error.value))
    assert read_text(path) == LATIN


def follow_advice(path, message):
    command = message.split("`")[1].split()
    path.write_bytes(subprocess.run([*command, path], check=True, capture_output=True).stdout)


@pytest.mark.parametrize(
    "data", [b"Gave\0aspirin.", b"Gave aspirin\0", b"\0\0\0", b"\x89PNG\0\0\0\r\xff", b"PK\3\4\x14\0\0\0"]
)
def test_nul_bytes_are_no_text(tmp_path, data):
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(ValueError, match=f"CE300.*a.txt.*byte {data.index(0)},"):
        read_text(tmp_path / "a.txt")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": "\\ud800"}', '"\\uDFFF"', "[1", f"[{'9' * 5000}]"])
def test_json_that_cannot_be_read_or_written_again(text):
    with pytest.raises(ValueError):
        parse_json(text)


def test_json():
    data = {"a": ["🙂", "\\ud800", 1.5]}
    assert parse_json("\ufeff" + json.dumps(data)) == data
