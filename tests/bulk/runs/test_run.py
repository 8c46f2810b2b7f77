"""Runs: what is written, that no note is lost or doubled, and that a run which was stopped ends as one that was not."""

import csv
import errno
import json
import os
import sqlite3
import time

import pytest
import spacy

from spacy_clinner.bulk.columns import Columns
from spacy_clinner.bulk.runs import run as run_module
from spacy_clinner.bulk.runs.executors.choose import choose_executor
from spacy_clinner.bulk.runs.executors.processes import Processes
from spacy_clinner.bulk.runs.manifest import reasons
from spacy_clinner.bulk.runs.run import run_notes
from spacy_clinner.bulk.runs.settings import RunSettings
from spacy_clinner.bulk.runs.summary import write_summary

from ...toys.bulk_runs import InPlace, read_tables, save_pipeline, write_notes

TEXTS = {f"n{number}": f"{'no ' * (number % 3)}fever, aspirin number {number}." for number in range(40)}
TEXTS |= {"n7": "a bad note", "n12": "", "n13": "no drug at all"}
SETTINGS = RunSettings(Columns(also=("patient",)), "csv", note_nlp=True, docs=True, shard_bytes=200, batch_size=4)


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    pipeline, code = save_pipeline(folder)
    return pipeline, code, write_notes(folder / "notes.jsonl", TEXTS)


@pytest.fixture(scope="module")
def undisturbed(toy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "out"
    result = run(toy, folder)
    return folder, result


def run(toy, folder, executor=None, settings=SETTINGS, **more):
    pipeline, _, notes = toy
    return run_notes([notes], folder, str(pipeline), executor or InPlace(), settings=settings, **more)


def rows(folder, table):
    return [row for path in sorted((folder / table).glob("*.csv")) for row in csv.DictReader(path.open(newline=""))]


def test_every_note_has_one_row(undisturbed):
    folder, result = undisturbed
    assert len(list((folder / "notes").iterdir())) > 5
    noted, failed = rows(folder, "notes"), rows(folder, "errors")
    assert [row["id"] for row in failed] == ["n7"]
    assert [row["id"] for row in noted] == [key for key in TEXTS if key != "n7"]
    assert failed[0]["code"] == "CE342" and failed[0]["kind"] == "RuntimeError" and failed[0]["patient"] == "Pn7"
    assert "bad" not in failed[0]["message"]
    assert (result.counts.notes, result.counts.n_errors) == (39, 1)


def test_tables_say_what_the_pipeline_finds(toy, undisturbed):
    nlp = spacy.load(toy[0])
    expected = [
        (key, str(ent.start_char), str(ent.end_char), ent.label_, ent.text)
        for key, text in TEXTS.items()
        if key != "n7"
        for ent in nlp(text).ents
    ]
    found = rows(undisturbed[0], "entities")
    assert [tuple(row[name] for name in ("id", "start", "end", "label", "text")) for row in found] == expected
    noted = rows(undisturbed[0], "notes")
    assert sum(int(row["entities"]) for row in noted) == len(expected)
    assert all(row["relations"] == "" and row["patient"] == f"P{row['id']}" for row in noted)
    counted = undisturbed[1].counts.found["entities"]
    assert {label: sum(bins) for label, bins in counted.items()} == {"SIGN": 37, "DRUG": 37}


def test_documents_are_written(undisturbed):
    from spacy.tokens import DocBin

    docs = [
        doc
        for path in sorted((undisturbed[0] / "docs").glob("*.spacy"))
        for doc in DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    ]
    assert [doc.user_data["clinner_doc_id"] for doc in docs] == [key for key in TEXTS if key != "n7"]


def test_note_nlp_numbers_its_rows(undisturbed):
    found = rows(undisturbed[0], "note_nlp")
    assert len({row["note_nlp_id"] for row in found}) == len(found) == 74
    assert {row["nlp_system"] for row in found} == {"en_pipeline 1.2.3"}
    assert found[0]["term_exists"] == "Y" and found[0]["lexical_variant"] == "fever"


def test_the_day_is_that_of_the_place(toy, monkeypatch):
    days = []
    for zone in ("Etc/GMT+12", "Etc/GMT-14"):
        with monkeypatch.context() as there:
            there.setenv("TZ", zone)
            time.tzset()
            days.append(SETTINGS.job(str(toy[0])).date)
    time.tzset()
    # 26 hours lie between their clocks
    assert days[0] < days[1]


@pytest.mark.parametrize("breaks_after", [0, 1, 3])
def test_a_run_that_was_stopped_ends_as_one_that_was_not(toy, undisturbed, tmp_path, breaks_after):
    with pytest.raises(KeyboardInterrupt):
        run(toy, tmp_path / "out", InPlace(breaks_after))
    (tmp_path / "out" / "notes").mkdir(exist_ok=True)
    (tmp_path / "out" / "notes" / ".clinner-notes-00000001.csv.999.tmp").write_text("half")
    executor = InPlace()
    result = run(toy, tmp_path / "out", executor, resume=True)
    assert read_tables(tmp_path / "out") == read_tables(undisturbed[0])
    assert result.counts.to_dict() == undisturbed[1].counts.to_dict()
    # what was annotated, but not written, is done again
    assert breaks_after <= len(result.planned.todo) + breaks_after <= len(executor.done) + breaks_after
    again = InPlace()
    run(toy, tmp_path / "out", again, resume=True)
    assert again.done == []


def test_folders_may_have_names_that_are_not_utf8(toy, tmp_path):
    folder = tmp_path / os.fsdecode(b"\xc4rzte")
    (folder / "ward").mkdir(parents=True)
    (folder / "ward" / "a.txt").write_text("fever")
    result = run((toy[0], None, folder / "ward"), folder / "out")
    assert [row["id"] for row in rows(folder / "out", "notes")] == ["a"]
    assert r"\udcc4rzte/out" in write_summary(result).read_text()
    (folder / "b.jsonl").write_text('{"id": "a", "text": "fever"}\n')
    with pytest.raises(ValueError, match="CE301"):
        run_notes([folder / "ward", folder / "b.jsonl"], tmp_path / "twice", str(toy[0]), InPlace(), settings=SETTINGS)


def test_a_run_that_has_done_nothing_is_begun_anew(toy, tmp_path):
    (tmp_path / "empty").mkdir()
    twice = write_notes(tmp_path / "twice.jsonl", {"a": "fever"})
    twice.write_text(twice.read_text() * 2)
    for notes, code in ((tmp_path / "empty", "CE005"), (twice, "CE301")):
        with pytest.raises(ValueError, match=code):
            run((toy[0], None, notes), tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        run(toy, tmp_path / "out", InPlace(0))
    # with other settings, and not as a run that goes on
    result = run(toy, tmp_path / "out", settings=SETTINGS._replace(note_nlp=False))
    assert result.counts.notes == 39
    with pytest.raises(ValueError, match="CE344.*--resume"):
        run(toy, tmp_path / "out")


def test_what_others_have_left_among_the_tables_stays(toy, tmp_path):
    folder = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        run(toy, folder, InPlace(2))
    for name in ("notes/of last year", "entities"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    others = [folder / "notes" / "of last year" / "notes-00000001.csv", folder / "entities" / "entities-checked.csv"]
    for path in others:
        path.write_text("mine")
    half = folder / "entities" / "entities-00000039.csv"
    half.write_text("of a shard that does not count")
    run(toy, folder, resume=True)
    assert [path.read_text() for path in others] == ["mine", "mine"] and not half.exists()


def test_what_is_damaged_is_done_again_and_says_why(toy, undisturbed, tmp_path):
    folder = tmp_path / "out"
    run(toy, folder)
    sorted((folder / "notes").iterdir())[2].unlink()
    sorted((folder / "entities").iterdir())[4].write_bytes(b"damaged")
    told = []
    executor = InPlace()
    run(toy, folder, executor, resume=True, tell=told.append)
    assert told[0].todo == {2: "output missing", 4: "output damaged"} and executor.done == [2, 4]
    assert reasons(told[0].todo) == "1 output missing, 1 output damaged"
    assert read_tables(folder) == read_tables(undisturbed[0])


def test_notes_that_have_changed_are_annotated_again(toy, tmp_path):
    folder, texts = tmp_path / "out", dict(TEXTS)
    notes = write_notes(tmp_path / "notes.jsonl", texts)
    run((toy[0], None, notes), folder)
    texts["n3"] = texts["n3"].replace("aspirin", "nothing")
    write_notes(notes, texts)
    executor = InPlace()
    result = run((toy[0], None, notes), folder, executor, resume=True)
    assert set(result.planned.todo.values()) == {"its notes have changed"} and 0 in executor.done
    assert sum(row["id"] == "n3" for row in rows(folder, "entities")) == 1
    # fewer notes: the last shards are no more
    fewer = dict(list(texts.items())[:20])
    write_notes(notes, fewer)
    before, told = len(list((folder / "notes").iterdir())), []
    run((toy[0], None, notes), folder, resume=True, tell=told.append)
    stayed = len(list((folder / "notes").iterdir()))
    assert 0 < told[0].removed == before - stayed
    assert [row["id"] for row in rows(folder, "notes")] == [key for key in fewer if key != "n7"]


def test_another_pipeline_or_setting_is_refused_with_the_difference(toy, tmp_path):
    folder = tmp_path / "out"
    run(toy, folder)
    before = read_tables(folder)
    with pytest.raises(ValueError, match="CE474.*batch_size: 4 -> 5"):
        run(toy, folder, settings=SETTINGS._replace(batch_size=5), resume=True)
    other = tmp_path / "other"
    nlp = spacy.load(toy[0])
    nlp.get_pipe("entity_ruler").add_patterns([{"label": "SIGN", "pattern": "pain"}])
    nlp.to_disk(other)
    with pytest.raises(ValueError, match="CE474.*pipeline: "):
        run((other, *toy[1:]), folder, resume=True)
    assert read_tables(folder) == before


def test_other_columns_are_refused(toy, tmp_path):
    folder = tmp_path / "out"
    run(toy, folder)
    before = read_tables(folder)
    for columns in (SETTINGS.columns._replace(text="patient"), SETTINGS.columns._replace(id="patient")):
        with pytest.raises(ValueError, match="CE474.*(text|id)_column: (text|id) -> patient"):
            run(toy, folder, settings=SETTINGS._replace(columns=columns), resume=True)
    assert read_tables(folder) == before


def test_a_run_of_before_columns_were_stored_goes_on(toy, tmp_path):
    folder = tmp_path / "out"
    run(toy, folder)
    with sqlite3.connect(folder / "manifest.sqlite") as connection:
        ((stored,),) = connection.execute("SELECT value FROM run WHERE name = 'settings'")
        earlier = {name: value for name, value in json.loads(stored).items() if not name.endswith("_column")}
        connection.execute("UPDATE run SET value = ? WHERE name = 'settings'", (json.dumps(earlier),))
    executor = InPlace()
    run(toy, folder, executor, resume=True)
    assert executor.done == []


def test_a_pipeline_may_be_moved(toy, tmp_path):
    import shutil

    folder = tmp_path / "out"
    run(toy, folder)
    shutil.copytree(toy[0], tmp_path / "moved")
    executor = InPlace()
    run((tmp_path / "moved", *toy[1:]), folder, executor, resume=True)
    assert executor.done == []


def test_the_folder_must_be_the_runs_own(toy, tmp_path):
    run(toy, tmp_path / "out")
    with pytest.raises(ValueError, match="CE344.*--resume"):
        run(toy, tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    with pytest.raises(ValueError, match="CE344.*holds no run"):
        run(toy, tmp_path / "mine", resume=True)
    with pytest.raises(ValueError, match="CE344.*a file"):
        run(toy, tmp_path / "mine" / "letter.txt")
    notes = (toy[0], None, tmp_path / "mine")
    for inside in (tmp_path / "mine" / "out", tmp_path / "mine"):
        with pytest.raises(ValueError, match="CE344.*in a folder that is read"):
            run(notes, inside, settings=SETTINGS._replace(columns=Columns()))
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_two_notes_of_one_id_are_refused_before_anything_is_annotated(toy, tmp_path):
    notes = tmp_path / "notes.jsonl"
    notes.write_text('{"id": "a", "text": "x"}\n{"id": "b", "text": "y"}\n{"id": "a", "text": "z"}\n')
    with pytest.raises(ValueError, match="CE301.*line 1.*line 3"):
        run((toy[0], None, notes), tmp_path / "out", settings=SETTINGS._replace(columns=Columns()))
    assert not read_tables(tmp_path / "out")


def test_a_folder_of_bad_files_loses_none_without_a_row(toy, tmp_path):
    folder = tmp_path / "notes"
    (folder / "ward").mkdir(parents=True)
    bad = {"latin.txt": "Fi\xe8vre".encode("latin1"), "nul.txt": b"fever\0", "UTF16.TXT": "fever".encode("utf16")}
    good = {
        "empty.txt": b"",
        "mark.txt": b"\xef\xbb\xbffever",
        "ward/a.txt": b"fever\r\n",
        "long.txt": b"fever " * 9000,
    }
    for name, content in (bad | good).items():
        (folder / name).write_bytes(content)
    (folder / "huge.txt").write_text("x" * 1_000_001)
    (folder / "gone.txt").symlink_to(tmp_path / "nowhere")
    (folder / ".hidden.txt").write_text("fever")
    (folder / "scan.pdf").write_bytes(b"%PDF")
    result = run((toy[0], None, folder), tmp_path / "out", settings=SETTINGS._replace(columns=Columns()))
    assert {row["id"] for row in rows(tmp_path / "out", "notes")} == {"empty", "mark", "ward/a", "long"}
    errors = {row["id"]: row["code"] for row in rows(tmp_path / "out", "errors")}
    assert errors == {"latin": "CE001", "nul": "CE300", "UTF16": "CE001", "huge": "CE342"}
    assert {name for name, _ in result.audit.left_out} == {"gone.txt", ".hidden.txt", "scan.pdf"}


def test_rows_of_a_table_that_are_no_notes_have_rows_of_errors(toy, tmp_path):
    notes = tmp_path / "notes.csv"
    notes.write_text('id,text,patient\na,"fever, and\naspirin",P1\n,no id,P2\nc\nd,fever,\n')
    run((toy[0], None, notes), tmp_path / "out")
    assert [(row["id"], row["patient"]) for row in rows(tmp_path / "out", "notes")] == [("a", "P1"), ("d", "")]
    assert [row["id"] for row in rows(tmp_path / "out", "errors")] == ["notes.csv, row 2", "notes.csv, row 3"]
    assert [row["text"] for row in rows(tmp_path / "out", "entities")] == ["fever", "aspirin", "fever"]


def test_clocks_may_jump(toy, undisturbed, tmp_path, monkeypatch):
    import time

    jumps = iter(range(10**9, 0, -(10**5)))
    monkeypatch.setattr(time, "time", lambda: float(next(jumps)))
    result = run(toy, tmp_path / "out")
    assert read_tables(tmp_path / "out") == read_tables(undisturbed[0]) and 0 <= result.seconds < 600


def test_a_folder_without_notes_is_refused(toy, tmp_path):
    notes = tmp_path / "notes.jsonl"
    notes.write_text("")
    with pytest.raises(ValueError, match="CE005"):
        run((toy[0], None, notes), tmp_path / "out")
    # nor is a run forgotten that is there
    run(toy, tmp_path / "out")
    before = read_tables(tmp_path / "out")
    with pytest.raises(ValueError, match="CE005"):
        run((toy[0], None, notes), tmp_path / "out", resume=True)
    executor = InPlace()
    run(toy, tmp_path / "out", executor, resume=True)
    assert executor.done == [] and read_tables(tmp_path / "out") == before


@pytest.mark.parametrize("damage", ["other", "cut"])
def test_a_damaged_manifest_is_told(toy, tmp_path, damage):
    run(toy, tmp_path / "out")
    manifest = tmp_path / "out" / "manifest.sqlite"
    content = manifest.read_bytes()
    manifest.write_bytes(b"no database at all" * 99 if damage == "other" else content[: len(content) // 2])
    before = read_tables(tmp_path / "out")
    with pytest.raises(ValueError, match="CE485"):
        run(toy, tmp_path / "out", resume=True)
    assert read_tables(tmp_path / "out") == before


def test_a_full_disk_ends_the_run_which_goes_on_later(toy, undisturbed, tmp_path, monkeypatch):
    write, left = run_module.write_files_atomically, [2]

    def fill_the_disk(folder, contents, **settings):
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        write(folder, contents, **settings)

    monkeypatch.setattr(run_module, "write_files_atomically", fill_the_disk)
    with pytest.raises(ValueError, match="CE477"):
        run(toy, tmp_path / "out")
    monkeypatch.undo()
    executor = InPlace()
    run(toy, tmp_path / "out", executor, resume=True)
    assert len(executor.done) == 4
    assert read_tables(tmp_path / "out") == read_tables(undisturbed[0])


@pytest.mark.parametrize("pages", [2, 4])
def test_a_disk_too_full_for_the_manifest_is_told(toy, undisturbed, tmp_path, monkeypatch, pages):
    connect = sqlite3.connect

    def connect_on_small_disk(path):
        connection = connect(path)
        # SQLite says then what it says of a full disk
        connection.execute(f"PRAGMA max_page_count={pages}")
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_on_small_disk)
    with pytest.raises(ValueError, match="CE477.*out"):
        run(toy, tmp_path / "out")
    monkeypatch.undo()
    run(toy, tmp_path / "out", resume=True)
    assert read_tables(tmp_path / "out") == read_tables(undisturbed[0])


def test_notes_that_change_while_they_are_read_end_the_run(toy, tmp_path):
    notes = write_notes(tmp_path / "notes.jsonl", TEXTS)

    def change(planned):
        write_notes(notes, TEXTS | {"n39": "changed"})

    with pytest.raises(ValueError, match="CE476"):
        run((toy[0], None, notes), tmp_path / "out", tell=change)


def test_a_worker_that_loses_a_note_is_found(toy, tmp_path):
    class Loses(InPlace):
        def submit(self, shard):
            return super().submit(shard._replace(notes=shard.notes[1:]))

    with pytest.raises(ValueError, match="CE478"):
        run(toy, tmp_path / "out", Loses())


def test_columns_of_tables_are_not_taken_twice(toy, tmp_path):
    with pytest.raises(ValueError, match="CE475.*label"):
        run(toy, tmp_path / "out", settings=SETTINGS._replace(columns=Columns(also=("label", "patient"))))


def test_a_column_that_no_note_has_is_named_once(toy, tmp_path):
    """Notes are read twice: to plan, and to annotate them."""
    with pytest.warns(UserWarning, match="CW436.*'patent'") as warned:
        run(toy, tmp_path / "out", settings=SETTINGS._replace(columns=Columns(also=("patent",))))
    assert sum("CW436" in str(warning.message) for warning in warned) == 1


def test_a_pipeline_that_is_not_there(toy, tmp_path):
    with pytest.raises(ValueError, match="CE470"):
        run((tmp_path / "none", *toy[1:]), tmp_path / "out")


def test_unknown_names_are_told(toy, tmp_path):
    with pytest.raises(ValueError, match="CE008.*xml"):
        run(toy, tmp_path / "out", settings=SETTINGS._replace(format="xml"))
    with pytest.raises(ValueError, match="CE008.*dask"):
        choose_executor("dask", 1)


def test_a_missing_span_group_is_an_error_of_each_note(toy, tmp_path):
    result = run(toy, tmp_path / "out", settings=SETTINGS._replace(spans_key="other"))
    assert result.counts.notes == 0 and result.counts.errors["CE348 ValueError"] == 39


@pytest.mark.slow
def test_processes_write_the_same(toy, undisturbed, tmp_path):
    result = run(toy, tmp_path / "out", Processes(2), SETTINGS._replace(code=toy[1]))
    assert read_tables(tmp_path / "out") == read_tables(undisturbed[0])
    assert result.counts.to_dict() == undisturbed[1].counts.to_dict()


def test_parquet_has_types(toy, tmp_path):
    from pyarrow import parquet

    run(toy, tmp_path / "out", settings=SETTINGS._replace(format="parquet"))
    table = parquet.read_table(tmp_path / "out" / "entities")
    assert str(table.schema.field("start").type) == "int64" and table.num_rows == 74
    assert parquet.read_table(tmp_path / "out" / "errors").num_rows == 1
    assert parquet.read_table(tmp_path / "out" / "relations").num_rows == 0


def test_the_manifest_is_a_database(undisturbed):
    connection = sqlite3.connect(undisturbed[0] / "manifest.sqlite")
    found = connection.execute("SELECT number, notes, outputs, counts FROM shards").fetchall()
    assert sum(notes for _, notes, _, _ in found) == 40
    assert all(json.loads(outputs) and json.loads(counts) for _, _, outputs, counts in found)
    connection.close()
