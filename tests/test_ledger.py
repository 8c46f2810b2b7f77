import pytest

from spacy_clinner.ledger import append_result, only_run, read_results


def test_a_result_is_a_line_whatever_its_labels(tmp_path):
    record = {"identity": "a", "test": {"one\u2028label\x85": 1.0}}
    append_result(tmp_path / "results.jsonl", record)
    assert read_results(tmp_path / "results.jsonl") == {"a": record}


def test_half_a_line_at_the_end_is_cut(tmp_path):
    path = tmp_path / "results.jsonl"
    append_result(path, {"identity": "a"})
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"identity": "b')
    assert list(read_results(path)) == ["a"] and path.read_bytes() == whole


@pytest.mark.parametrize(
    "line", [b'{"identity": "b"', b"\xff", b"", b"[1]", b'"identity"', b'{"test": 1}', b"[" * 99_999]
)
def test_a_damaged_line_is_named(tmp_path, line):
    path = tmp_path / "results.jsonl"
    path.write_bytes(b'{"identity": "a"}\n' + line + b'\n{"identity": "c"}\n')
    with pytest.raises(ValueError, match=r"CE373.*results\.jsonl, line 2"):
        read_results(path)


def test_a_run_begins_without_what_a_killed_one_has_left(tmp_path):
    (tmp_path / ".clinner-model-last.77.tmp").mkdir()
    with only_run(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_folder_takes_one_run_at_a_time(tmp_path):
    with only_run(tmp_path):
        with pytest.raises(ValueError, match="CE372"), only_run(tmp_path):
            pass
    with only_run(tmp_path):
        pass
    with pytest.raises(KeyError), only_run(tmp_path):
        raise KeyError
    with only_run(tmp_path):
        pass
