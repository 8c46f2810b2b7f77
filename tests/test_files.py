import pytest

from spacy_clinner.files import split_lines, write_atomically


def test_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "result.json"
    write_atomically(path, "a\r\nä\n")
    assert path.read_bytes() == "a\r\nä\n".encode()
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "b\udc80")
    assert path.read_bytes() == "a\r\nä\n".encode()
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_lines_end_in_any_system_s_way_and_in_nothing_else(end):
    assert split_lines(f"a\x0cb\u2028c{end}{end}d{end}") == ["a\x0cb\u2028c", "", "d"]
    assert split_lines(f"a{end}b") == ["a", "b"] and split_lines("") == []
