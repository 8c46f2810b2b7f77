"""Whatever the bytes of a corpus are: it is read, or refused with a code; and nothing of it is lost without a word.

`pytest tests/corpora/test_fuzz_readers.py --fuzz-inputs 100000 --fuzz-report benchmarks/results` tries many inputs of
each format and writes a table of them. An input is a number, and the same in every run.
"""

import json
import re
import shutil
import signal
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_clinner.bulk.annotate import annotate_notes
from spacy_clinner.bulk.batch import Failure
from spacy_clinner.bulk.notes import find_notes
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.importing import DEFAULT_LAYOUT, blank_pipeline, import_corpus
from spacy_clinner.files import write_atomically
from spacy_clinner.provenance import provenance

from .mutations import SEEDS, mutate_files

# after so many, a new pipeline: its vocabulary has grown with every input
CHUNK = 2000
# CPU seconds
TOO_LONG = 10
# what becomes of an annotation that is not in doc.ents
LOST = {"overlapping", "duplicate", "discontinuous", "empty", "out of range", "empty token"}


@contextmanager
def no_hang():
    """Fail after so many seconds of CPU time, other than of waiting for the disk."""

    def stop(*_):
        raise AssertionError(f"not read within {TOO_LONG} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, TOO_LONG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def annotations(format, files):
    """How many annotations the files hold at least, counted without the readers: they were read without error."""
    texts = {name: data.decode("utf8").removeprefix("\ufeff") for name, data in files.items()}
    lines = [line for name, text in texts.items() for line in re.split(r"\r\n|\n|\r", text) if name != "a.txt"]
    if format == "brat":
        return sum(re.match(r"T\S+\t\S+ -?[0-9]", line) is not None for line in lines)
    if format == "pubtator":
        return sum(re.match(r"[^\t|]+\t[0-9]+\t[0-9]+\t[^\t]*\t[^\t]", line) is not None for line in lines)
    if format == "i2b2-2009":
        fields = (re.findall(r'(\w+)="[^"]*" +((?:[0-9]+:[0-9]+[ ,]*)+)', line) for line in lines if "||" in line)
        return len({(name, *map(int, re.findall(r"\d+", at))) for found in fields for name, at in found})
    if format in ("iob", "bioes"):
        # of each entity the first token alone
        return sum(re.match(r"[^#\s-]\S*[\t ].*[ \t][BSbs]-\S+[ \t]*$", line) is not None for line in lines)
    records = [record for text in texts.values() for record in _records(text)]
    if format == "phee":
        return sum(map(_phee, records))
    if format == "prodigy":
        return sum(len(one.get("spans") or ()) for one in records if one.get("answer") in (None, "accept"))
    if format == "doccano":
        found = (
            [one[name] for name in ("entities", "label", "labels") if one.get(name) is not None] for one in records
        )
        return sum(len(lists[0]) for lists in found if lists)
    tasks = ([one for one in task.get("annotations") or () if not one.get("was_cancelled")] for task in records)
    return sum(min(_regions(one) for one in done) for done in tasks if done)


def _records(text):
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        # a mark before a line: of files that were joined
        return [json.loads(line.removeprefix("\ufeff")) for line in re.split(r"\r\n|\n|\r", text) if line.strip()]
    return whole if isinstance(whole, list) else [whole]


def _phee(record):
    """Arguments that begin at different places are different ones."""
    found = set()
    for event in (event for one in record["annotations"] for event in one["events"]):
        treatment = event.get("Treatment") or {}
        named = {**treatment, "Effect": event.get("Effect")}
        for name in ("Effect", "Drug", "Dosage", "Route", "Freq", "Duration", "Time_elapsed", "Disorder"):
            found |= {(name, *starts) for starts in (named.get(name) or {"start": ()})["start"]}
    return len(found)


def _regions(annotation):
    return sum(len(one["value"].get("labels") or ()) for one in annotation["result"] if one["type"] == "labels")


def plain(value):
    """Tuples and lists are one to a DocBin."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def shown(doc):
    tokens = [(token.text, token.whitespace_, token.ent_iob_) for token in doc]
    ents = [(e.start_char, e.end_char, e.label_, e.kb_id_, e.ent_id_) for e in doc.ents]
    spans = {
        key: [(span.start_char, span.end_char, span.label_, span.id_) for span in doc.spans[key]] for key in doc.spans
    }
    return doc.text, tokens, ents, spans, plain(doc.user_data)


def read_corpus(folder, format, nlp, files):
    """Import, and see that nothing is lost: neither in the documents, nor on their way to a file and back."""
    audit = ImportAudit()
    docs = list(import_corpus(folder, format, nlp, DEFAULT_LAYOUT, audit))
    again = DocBin().from_bytes(DocBin(docs=docs, store_user_data=True).to_bytes()).get_docs(Vocab())
    assert [shown(doc) for doc in again] == [shown(doc) for doc in docs]
    found, in_docs = audit.annotations.total(), sum(len(doc.ents) for doc in docs)
    assert audit.entities.total() == in_docs
    told = {(row.doc_id, row.annotation_id) for row in audit.rows if row.problem in LOST}
    assert found - in_docs <= len(told), audit.rows
    assert annotations(format, files) <= found


def read_notes(folder, format, nlp, files):
    """A note is a document, or a failure with a code."""
    notes = find_notes(sorted(folder.iterdir()), ImportAudit())
    results = list(annotate_notes(nlp, notes))
    assert len(results) == len(notes) == 1 + sum(bool(line.strip()) for line in files["b.jsonl"].split(b"\n"))
    for _, found in results:
        if isinstance(found, Failure):
            assert found.message.startswith("[CE"), found.message


READ = {"notes": read_notes}


def fuzz(format, numbers):
    """Read changed corpora; returns how many were read, and how many were refused."""
    counts, folder = Counter(), Path(tempfile.mkdtemp())
    for number in numbers:
        if number % CHUNK == 0 or not counts:
            nlp = blank_pipeline("en", "clinical")
        files = mutate_files(SEEDS[format], number)
        for name, data in files.items():
            (folder / name).write_bytes(data)
        try:
            with no_hang():
                READ.get(format, read_corpus)(folder, format, nlp, files)
            counts["read"] += 1
        except ValueError as error:
            if not str(error).startswith("[CE"):
                raise AssertionError(f"{format}, input {number}: {type(error).__name__}") from error
            counts["refused"] += 1
        except Exception as error:
            raise AssertionError(f"{format}, input {number}: {type(error).__name__}") from error
    shutil.rmtree(folder)
    return counts


@pytest.fixture(scope="module")
def table(request):
    """Rows by format; written if there is one of each, which is if nothing failed."""
    rows = {}
    yield rows
    folder = request.config.getoption("--fuzz-report")
    if folder and rows.keys() == SEEDS.keys():
        write_report(folder, rows)


def write_report(folder, rows):
    result = {**provenance(), "formats": rows}
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    lines = [
        "# Corpora whose bytes were changed",
        "",
        f"{result['date']}; {versions}; `{result['command']}`.",
        "",
        "Small corpora with one or two changes of their bytes. Each was read, or refused with a code; of what was",
        "read, all annotations are in the documents or in the audit, and documents come back from a file. An error",
        f"without a code, a lost annotation, or {TOO_LONG} s of CPU time end the run, and no table is written.",
        "",
        "| format | inputs | read | refused with a code | CPU s |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, row in rows.items():
        read, refused, seconds = row["read"], row["refused"], row["cpu_seconds"]
        lines.append(f"| {name} | {read + refused:,} | {read:,} | {refused:,} | {seconds:.0f} |")
    write_atomically(folder / "reliability_fuzz.json", json.dumps(result, indent=1) + "\n")
    write_atomically(folder / "reliability_fuzz.md", "\n".join(lines) + "\n")


@pytest.mark.parametrize("format", SEEDS)
def test_whatever_the_bytes_are(format, request, table):
    n_inputs, start = request.config.getoption("--fuzz-inputs"), time.process_time()
    counts = fuzz(format, range(n_inputs))
    table[format] = {**counts, "cpu_seconds": time.process_time() - start}
    # of each enough, or the changes are too small or too large to show anything
    assert min(counts["read"], counts["refused"]) > n_inputs // 50, counts


@pytest.mark.parametrize("format", SEEDS)
def test_nothing_is_refused_unchanged(format, tmp_path):
    for name, data in SEEDS[format].items():
        (tmp_path / name).write_bytes(data)
    READ.get(format, read_corpus)(tmp_path, format, blank_pipeline("en", "clinical"), SEEDS[format])
