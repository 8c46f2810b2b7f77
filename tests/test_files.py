import pytest

from spacy_clinner.files import write_atomically


def test_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "result.json"
    write_atomically(path, "a\r\nä\n")
    assert path.read_bytes() == "a\r\nä\n".encode()
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "b\udc80")
    assert path.read_bytes() == "a\r\nä\n".encode()
    assert list(path.parent.iterdir()) == [path]
