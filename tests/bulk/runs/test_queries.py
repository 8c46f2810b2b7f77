"""What the guide says about tables: data bases read them, and OMOP's flags say what the assertions do."""

import re
import subprocess
import sys

import pytest

from spacy_clinner.bulk.columns import Columns
from spacy_clinner.bulk.runs.job import Job
from spacy_clinner.bulk.runs.note_nlp import NOTE_NLP, note_nlp_rows
from spacy_clinner.bulk.runs.run import run_notes
from spacy_clinner.bulk.runs.settings import RunSettings

from ...paths import DOCS
from ...toys.bulk_runs import InPlace, save_pipeline, write_notes


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("queries")
    pipeline, _ = save_pipeline(folder)
    notes = write_notes(folder / "notes.jsonl", {f"n{number}": f"fever, day {number}" for number in range(9)})
    settings = RunSettings(Columns(also=("patient",)), "parquet", note_nlp=True, shard_bytes=30)
    run_notes([notes], folder / "annotated", str(pipeline), InPlace(), settings=settings)
    return folder


def test_duckdb_reads_them(run_folder, monkeypatch):
    import duckdb

    monkeypatch.chdir(run_folder)
    (block,) = re.findall(r"```sql\n-- DuckDB\n(.*?)```", (DOCS / "guide" / "run.md").read_text(), re.DOTALL)
    by_label, joined = (duckdb.sql(query).fetchall() for query in block.split(";")[:2])
    assert by_label == [("SIGN", 9, None)]
    assert sorted(joined) == [(f"Pn{number}", "fever") for number in range(9)]


def test_pandas_reads_them(run_folder):
    # in a process of its own: it takes long to import, and other tests count what is imported
    script = "import pandas, sys; print(pandas.read_parquet(sys.argv[1]).groupby('label').size().to_dict())"
    command = [sys.executable, "-c", script, str(run_folder / "annotated" / "entities")]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() == "{'SIGN': 9}"


@pytest.mark.parametrize(
    ("assertions", "exists", "temporal", "modifiers"),
    [
        (None, "Y", "Present", None),
        ("negated", "N", "Present", "negated=true"),
        ("family; historical", "N", "Past", "historical=true; family=true"),
        ("uncertain", "Y", "Present", "uncertain=true"),
        ("hypothetical", "N", "Present", "hypothetical=true"),
    ],
)
def test_flags_say_what_assertions_do(assertions, exists, temporal, modifiers):
    entity = {"id": "a", "start": 3, "end": 8, "label": "SIGN", "text": "fever", "probability": 0.5}
    entity |= {"assertions": assertions, "section": None}
    (row,) = note_nlp_rows({"entities": [entity]}, 2, 5, Job("", "", "en_x 1.0", "2026-01-02", "csv"))
    assert row.keys() == NOTE_NLP.keys()
    assert (row["term_exists"], row["term_temporal"], row["term_modifiers"]) == (exists, temporal, modifiers)
    said = set((assertions or "").split("; "))
    assert {flag for flag in ("negated", "uncertain", "historical", "hypothetical", "family") if row[flag]} == said - {
        ""
    }
    assert (row["note_nlp_id"], row["nlp_date"], row["offset"]) == (2_000_000_006, "2026-01-02", 3)
