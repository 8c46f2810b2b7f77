import pytest

from spacy_clinner.files import split_lines, write_atomically, write_files_atomically


def test_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "result.json"
    write_atomically(path, "a\r\nä\n")
    assert path.read_bytes() == "a\r\nä\n".encode()
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "b\udc80")
    assert path.read_bytes() == "a\r\nä\n".encode()
    assert list(path.parent.iterdir()) == [path]


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
