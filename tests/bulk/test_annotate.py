"""No note is lost, whatever component fails on whatever batch, in this process or in others."""

import os
import signal
import time
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.bulk.annotate import annotate_notes
from spacy_clinner.bulk.batch import Failure
from spacy_clinner.bulk.notes import Note

from ..toys.forked import run_python


class FailsOnBatches:
    """As trainable components do, a batch fails as a whole; on a note with "bad", each time."""

    def __init__(self, handled):
        self.handled = handled

    def __call__(self, doc):
        if "bad" in doc.text:
            raise RuntimeError(doc.text)
        return doc

    def pipe(self, stream, *, batch_size):
        for docs in spacy.util.minibatch(stream, batch_size):
            try:
                yield from [self(doc) for doc in docs]
            except RuntimeError:
                # what spaCy's components do where an error handler lets them
                if not self.handled:
                    raise


@Language.factory("fails_on_batches", default_config={"handled": True})
def make_fails_on_batches(nlp, name, handled: bool):
    return FailsOnBatches(handled)


@Language.component("dies_of_a_note")
def dies_of_a_note(doc):
    if "deadly" in doc.text:
        os._exit(1)
    return doc


@Language.component("leaves_an_object")
def leaves_an_object(doc):
    doc.user_data["object"] = object()
    return doc


@Language.component("makes_another_document")
def makes_another_document(doc):
    return Doc(doc.vocab, words=[token.text for token in doc])


class Counts(FailsOnBatches):
    """Counts on each document how often it had it, and keeps what it was called with."""

    def __init__(self, handled):
        super().__init__(handled)
        self.read = []

    def __call__(self, doc):
        self.read.append(doc.text)
        doc.user_data["times"] = doc.user_data.get("times", 0) + 1
        return super().__call__(doc)


@Language.factory("counts", default_config={"handled": True})
def make_counts(nlp, name, handled: bool):
    return Counts(handled)


class Streams(Counts):
    """Hands over document by document, those that it makes if told so; raises at the first that fails."""

    def __init__(self, copies):
        super().__init__(False)
        self.copies = copies

    def pipe(self, stream, *, batch_size):
        for doc in stream:
            yield self(doc).copy() if self.copies else self(doc)


@Language.factory("streams", default_config={"copies": False})
def make_streams(nlp, name, copies: bool):
    return Streams(copies)


@Language.component("keeps_the_texts")
def keeps_the_texts(doc):
    READ.append(doc.text)
    return doc


@Language.component("leaves_a_span")
def leaves_a_span(doc):
    # which `Doc.copy` fails on
    doc.user_data["span"] = doc[:1]
    return doc


READ: list[str] = []
TEXTS = ["one", "two bad", "three", "four", "five bad", "six", "seven"]


def notes_of(texts):
    return [Note(text.split()[0], text.lower) for text in texts]


def annotate(nlp, texts=TEXTS, **settings):
    return {
        note_id: doc.message if isinstance(doc, Failure) else doc.text
        for note_id, doc in annotate_notes(nlp, notes_of(texts), **settings)
    }


@pytest.mark.parametrize("n_process", [1, 2])
@pytest.mark.parametrize("handled", [True, False])
@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_only_what_fails_by_itself_is_left_out(handled, n_process, batch_size):
    nlp = spacy.blank("en")
    nlp.add_pipe("fails_on_batches", name="culprit", config={"handled": handled})
    found = annotate(nlp, n_process=n_process, batch_size=batch_size)
    assert list(found) == [text.split()[0] for text in TEXTS]
    for text in TEXTS:
        message = found[text.split()[0]]
        if "bad" in text:
            assert "CE342" in message and "'culprit'" in message and "RuntimeError" in message and text not in message
        else:
            assert message == text


@pytest.mark.parametrize("handled", [True, False])
def test_only_the_component_that_lost_a_batch_reads_it_again(handled):
    nlp = spacy.blank("en")
    READ.clear()
    nlp.add_pipe("keeps_the_texts")
    culprit = nlp.add_pipe("counts", name="culprit", config={"handled": handled})
    nlp.add_pipe("keeps_the_texts", name="after")
    docs = dict(annotate_notes(nlp, notes_of(TEXTS), batch_size=100))
    good = [text for text in TEXTS if "bad" not in text]
    assert READ == TEXTS + good and len(culprit.read) > len(TEXTS)
    # as they were before it: what it had written on a batch that it lost is not there
    assert [doc.user_data["times"] for doc in docs.values() if isinstance(doc, Doc)] == [1] * len(good)


def test_what_a_component_annotated_before_it_failed_stays():
    nlp = spacy.blank("en")
    culprit = nlp.add_pipe("streams")
    docs = dict(annotate_notes(nlp, notes_of(TEXTS), batch_size=100))
    for text in TEXTS:
        assert culprit.read.count(text) == 1 or "bad" in text
        found = docs[text.split()[0]]
        assert isinstance(found, Failure) if "bad" in text else found.user_data["times"] == 1


def test_documents_that_a_component_makes_are_not_given_to_other_notes():
    nlp = spacy.blank("en")
    nlp.add_pipe("streams", config={"copies": True})
    found = annotate(nlp, batch_size=100)
    assert {note_id: text for note_id, text in found.items() if "CE342" not in text} == {
        text.split()[0]: text for text in TEXTS if "bad" not in text
    }


def test_one_culprit_costs_a_batch_few_documents_read_again():
    nlp = spacy.blank("en")
    culprit = nlp.add_pipe("counts")
    texts = [f"n{n} bad" if n == 29 else f"n{n}" for n in range(64)]
    assert sum("CE342" in message for message in annotate(nlp, texts, batch_size=64).values()) == 1
    # the batch until the one that fails; eight parts of eight; four parts of two; each alone
    assert len(culprit.read) == 30 + (64 - 8 + 6) + (8 - 2 + 2) + 2


def test_documents_that_cannot_be_copied_are_begun_anew():
    nlp = spacy.blank("en")
    READ.clear()
    nlp.add_pipe("keeps_the_texts")
    nlp.add_pipe("leaves_a_span")
    nlp.add_pipe("counts", name="culprit")
    docs = dict(annotate_notes(nlp, notes_of(TEXTS), batch_size=100))
    assert READ == TEXTS * 2
    for text in TEXTS:
        found = docs[text.split()[0]]
        if "bad" in text:
            assert "'culprit'" in found.message
        else:
            assert found.text == text and found.user_data["times"] == 1 and found.user_data["span"].doc is found


def test_documents_know_their_ids():
    nlp = spacy.blank("en")
    nlp.add_pipe("makes_another_document")
    for n_process in (1, 2):
        docs = dict(annotate_notes(nlp, notes_of(TEXTS), n_process=n_process, batch_size=2))
        assert [doc.user_data[DOC_ID_KEY] for doc in docs.values()] == list(docs) == [t.split()[0] for t in TEXTS]


def test_a_process_that_dies_takes_no_other_note_with_it():
    nlp = spacy.blank("en")
    nlp.add_pipe("dies_of_a_note")
    texts = [*TEXTS, "eight deadly", *(f"n{n}" for n in range(20))]
    found = annotate(nlp, texts, n_process=2, batch_size=2)
    assert "CE349" in found.pop("eight")
    assert found == {text.split()[0]: text for text in texts if "deadly" not in text}


def is_running(process):
    stat = Path(f"/proc/{process}/stat")
    # Z: it has ended, and nobody has asked how
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
def test_processes_end_with_the_one_that_started_them(tmp_path):
    script = """
import os, signal, sys, time
from threading import Thread
import spacy
from spacy.language import Language
from spacy_clinner.bulk.annotate import annotate_notes
from spacy_clinner.bulk.notes import Note

@Language.component("sleeps")
def sleeps(doc):
    open(f"{sys.argv[1]}/{os.getpid()}", "w").close()
    time.sleep(300)

nlp = spacy.blank("en")
nlp.add_pipe("sleeps")
notes = (Note(str(n), "fever".lower) for n in range(9))

def kill_when_both_work():
    while len(os.listdir(sys.argv[1])) < 2:
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGKILL)

Thread(target=kill_when_both_work, daemon=True).start()
list(annotate_notes(nlp, notes, n_process=2, batch_size=1))
"""
    done = run_python("-c", script, tmp_path, check=False)
    assert done.returncode == -signal.SIGKILL
    workers = [int(path.name) for path in tmp_path.iterdir()]
    assert len(workers) == 2
    deadline = time.monotonic() + 30
    while any(map(is_running, workers)):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_documents_that_cannot_leave_their_process():
    nlp = spacy.blank("en")
    nlp.add_pipe("leaves_an_object")
    assert all("CE340" in message for message in annotate(nlp, n_process=2).values())
    assert annotate(nlp)["one"] == "one"


@pytest.mark.parametrize("n_process", [1, 2])
def test_components_of_compiled_classes(n_process):
    """spaCy's `ner` and `parser` can keep no error handler; untrained ones fail on every note."""
    nlp = spacy.blank("en")
    nlp.add_pipe("ner").add_label("PROBLEM")
    nlp.add_pipe("parser").add_label("dep")
    nlp.initialize()
    assert annotate(nlp, n_process=n_process) == {text.split()[0]: text for text in TEXTS}
    nlp.add_pipe("ner", name="untrained")
    assert all("'untrained'" in message for message in annotate(nlp, n_process=n_process).values())


def test_notes_that_cannot_be_read_or_tokenized():
    def unreadable():
        raise PermissionError(13, "Permission denied", "/a/secret/name")

    def undecodable():
        raise ValueError("[CE001] x is no text")

    nlp = spacy.blank("en")
    nlp.max_length = 10
    notes = [Note("a", unreadable), Note("b", "fever".lower), Note("c", undecodable), Note("d", ("x" * 11).lower)]
    found = dict(annotate_notes(nlp, notes))
    assert found["b"].text == "fever" and list(found) == list("abcd")
    assert "CE343" in found["a"].message and "PermissionError" in found["a"].message
    assert "secret" not in found["a"].message and found["c"].message == "[CE001] x is no text"
    assert "CE342" in found["d"].message and "E088" in found["d"].message


def test_errors_that_a_pipeline_keeps_to_itself():
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_crf_tagger")
    nlp.set_error_handler(lambda *args: None)
    assert all("'clinner_crf_tagger' fails" in message for message in annotate(nlp).values())


def test_a_pipeline_that_fails_on_every_note():
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_crf_tagger")
    assert all("clinner_crf_tagger" in message for message in annotate(nlp).values())


def test_texts_are_read_as_they_are_needed():
    nlp, read = spacy.blank("en"), []
    notes = [Note(str(n), lambda n=n: read.append(n) or "fever") for n in range(100)]
    for n, _ in enumerate(annotate_notes(nlp, notes, batch_size=4)):
        assert len(read) <= n + 4 + 1
