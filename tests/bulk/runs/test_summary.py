"""The page of a run says what its tables hold, of this run and of those before."""

import errno
import html
import re

import pytest

from spacy_clinner.bulk.columns import Columns
from spacy_clinner.bulk.runs import summary as summary_module
from spacy_clinner.bulk.runs.run import run_notes
from spacy_clinner.bulk.runs.settings import RunSettings
from spacy_clinner.bulk.runs.summary import summary_of, write_summary

from ...toys.bulk_runs import InPlace, save_pipeline, write_notes

TEXTS = {f"n{number}": f"fever and aspirin, day {number}" for number in range(12)} | {"n4": "a bad secret"}


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("summary")
    return save_pipeline(folder)[0], write_notes(folder / "notes.jsonl", TEXTS)


def run(toy, folder, breaks_after=None, format="csv", **more):
    settings = RunSettings(Columns(), format, shard_bytes=60)
    return run_notes([toy[1]], folder, str(toy[0]), InPlace(breaks_after), settings=settings, **more)


def test_a_page_says_what_the_tables_hold(toy, tmp_path):
    page = write_summary(run(toy, tmp_path / "out"))
    assert page == tmp_path / "out" / "summary.html"
    written = page.read_text(encoding="utf8")
    assert "en_pipeline 1.2.3" in written and "= 11 annotated + 1 error<" in written
    assert re.search(r"CE342</th>.*RuntimeError</td><td class=\"n\">1</td>", written, re.DOTALL)
    for label in ("DRUG", "SIGN"):
        # a ruler says of nothing how sure it is
        assert re.search(
            rf"{label}</th><td class=\"n\">11</td><td class=\"n\">1,000</td><td class=\"n\">100 %", written
        )
    assert "secret" not in written and "aspirin" not in written


def test_what_was_done_before_is_told_from_what_was_done_now(toy, tmp_path):
    whole = summary_of(run(toy, tmp_path / "whole"))
    assert (whole.notes_before, whole.tokens_since) == (0, whole.tokens)
    with pytest.raises(KeyboardInterrupt):
        run(toy, tmp_path / "out", breaks_after=4)
    rest = summary_of(run(toy, tmp_path / "out", resume=True))
    assert 0 < rest.notes_before < 12 and 0 < rest.tokens_since < whole.tokens
    same = {"folder": whole.folder, "written": whole.written, "seconds": whole.seconds}
    assert rest._replace(notes_before=0, tokens_since=whole.tokens, **same) == whole
    again = summary_of(run(toy, tmp_path / "out", resume=True))
    assert (again.notes_before, again.tokens_since) == (12, 0)


def test_the_page_of_before_is_gone_when_a_run_goes_on(toy, tmp_path):
    page = write_summary(run(toy, tmp_path / "out"))
    next((tmp_path / "out" / "notes").iterdir()).unlink()
    with pytest.raises(KeyboardInterrupt):
        run(toy, tmp_path / "out", breaks_after=0, resume=True)
    assert not page.exists()


def test_a_full_disk_says_so(toy, tmp_path, monkeypatch):
    def fill_the_disk(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    result = run(toy, tmp_path / "out")
    monkeypatch.setattr(summary_module, "write_atomically", fill_the_disk)
    with pytest.raises(ValueError, match="CE477"):
        write_summary(result)


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_its_query_shows_the_rows_of_errors(toy, tmp_path, monkeypatch, format):
    import duckdb

    page = write_summary(run(toy, tmp_path / "out", format=format)).read_text(encoding="utf8")
    (query,) = re.findall("<pre><code>(.+)</code></pre>", page, re.DOTALL)
    monkeypatch.chdir(tmp_path / "out")
    ((code, kind, doc_id, *_),) = duckdb.sql(html.unescape(query)).fetchall()
    assert (code, kind, doc_id) == ("CE342", "RuntimeError", "n4")
