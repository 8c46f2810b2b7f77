"""What holds of every component of this package, whichever it is: one test for all factories."""

from contextlib import nullcontext
from functools import partial
from importlib.metadata import entry_points
from itertools import count

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_clinner.annotations.keys import DOMAIN_KEY

from .toys.contract import NOTES, TOYS, documents, examples, make_nlp, train, without_gold, written

FACTORIES = [
    pytest.param(factory, marks=pytest.mark.medspacy) if factory == "clinner_context" else factory
    for factory in sorted(TOYS)
]
pytestmark = pytest.mark.parametrize("factory", FACTORIES, scope="module")


@pytest.fixture(scope="module")
def trained(factory):
    return train(make_nlp(factory), factory)


@pytest.fixture(scope="module")
def expected(trained, factory):
    """What it writes on each document, alone."""
    return [written(trained(doc)) for doc in documents(trained, factory)]


def annotated(nlp, factory):
    return [written(nlp(doc)) for doc in documents(nlp, factory)]


def test_it_writes_or_leaves_alone(trained, factory, expected):
    before = documents(trained, factory)
    for name in trained.pipe_names[:-1]:
        before = map(trained.get_pipe(name), before)
    before, shows = [written(doc) for doc in before], TOYS[factory].shows
    if shows is None:
        assert before == expected
    else:
        assert "".join(before).count(shows) != "".join(expected).count(shows)


def test_again_is_the_same(trained, factory, expected):
    assert [written(trained(trained(doc))) for doc in documents(trained, factory)] == expected


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_pipe_is_call(trained, factory, expected, batch_size):
    piped = trained.pipe(documents(trained, factory), batch_size=batch_size)
    assert [written(doc) for doc in piped] == expected


def test_pipe_of_nothing(trained, factory):
    assert list(trained.pipe([])) == []
    pipe = trained.get_pipe("it")
    assert not hasattr(pipe, "pipe") or list(pipe.pipe(iter([]))) == []


def test_two_processes(trained, factory, expected):
    piped = trained.pipe(documents(trained, factory), n_process=2, batch_size=3)
    assert [written(doc) for doc in piped] == expected


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t", " \r\n ", "\u2028", "?", "fe\u0301ver \U0001f637\u200d"])
def test_texts_with_little_in_them(trained, factory, text):
    """Alone, and alone in a batch; those of white space are among the documents, too."""
    doc = trained.make_doc(text)
    for token in doc:
        token.is_sent_start = token.i == 0
    doc = trained(doc)
    assert doc.text == text
    (piped,) = trained.pipe([Doc(doc.vocab).from_bytes(doc.to_bytes())])
    assert written(piped) == written(doc)


def test_copies_are_as_good_as_documents(trained, factory, expected):
    docs = documents(trained, factory)
    for _, component in trained.pipeline:
        docs = [component(doc.copy()) for doc in docs]
    assert [written(doc.copy()) for doc in docs] == expected


def test_from_disk(trained, factory, expected, tmp_path):
    trained.to_disk(tmp_path / "model")
    assert annotated(spacy.load(tmp_path / "model"), factory) == expected


def test_from_bytes(trained, factory, expected):
    assert annotated(make_nlp(factory).from_bytes(trained.to_bytes()), factory) == expected


def test_sourced_into_another_pipeline(trained, factory, expected):
    other = spacy.blank("en", vocab=trained.vocab)
    for name in trained.pipe_names:
        other.add_pipe(name, source=trained)
    assert annotated(other, factory) == expected


def test_what_is_written_travels(trained, factory, expected):
    docs = [trained(doc) for doc in documents(trained, factory)]
    assert [written(Doc(trained.vocab).from_bytes(doc.to_bytes())) for doc in docs] == expected
    packed = DocBin(docs=docs, store_user_data=True).to_bytes()
    again = DocBin().from_bytes(packed).get_docs(spacy.blank("en").vocab)
    # a DocBin keeps no `doc.tensor`
    assert [written(doc, rows=False) for doc in again] == [written(doc, rows=False) for doc in docs]


def test_sizes_come_of_the_first_documents(trained, factory):
    """With labels given, no component reads the corpus to its end: of many corpora and heads that took minutes."""

    def endless(nlp):
        for time in count():
            assert time < 10, "it reads on"
            yield from examples(nlp, factory)

    nlp, labels = make_nlp(factory), getattr(trained.get_pipe("it"), "label_data", None)
    given = {} if labels is None else {"labels": labels}
    nlp.config["initialize"]["components"]["it"] = {**TOYS[factory].initialize, **given}
    nlp.initialize(partial(endless, nlp))
    assert [nlp(doc).text for doc in documents(nlp, factory)] == [text for text, _ in NOTES]


@pytest.mark.parametrize("wrong", [[], lambda: ["no example"]], ids=["no function", "no examples"])
def test_what_is_no_corpus_is_refused(trained, factory, wrong):
    pipe = trained.get_pipe("it")
    if hasattr(pipe, "initialize") and hasattr(pipe, "update"):
        with pytest.raises(TypeError, match=r"\[E9(30|78)\]"):
            pipe.initialize(wrong, nlp=trained)


def test_without_labels(factory):
    """Training documents in which there is nothing are refused by a code and the name, or taken."""
    nlp, code = make_nlp(factory), TOYS[factory].without_labels
    with nullcontext() if code is None else pytest.raises(ValueError, match=rf"\[{code}\].*'it'"):
        nlp.initialize(partial(without_gold, nlp))
        docs = documents(nlp, factory)
        assert [nlp(doc).text for doc in docs] == [text for text, _ in NOTES]


def test_what_nobody_has_annotated_teaches_nothing(trained, factory):
    unannotated = without_gold(trained, annotated=False)
    for example in unannotated:
        for doc in (example.predicted, example.reference):
            del doc.user_data[DOMAIN_KEY]
    losses = trained.update(unannotated, losses={}, sgd=False)
    assert losses == dict.fromkeys(losses, 0.0) and ("it" in losses) == hasattr(trained.get_pipe("it"), "update")


def test_every_factory_has_a_toy(factory):
    own = {point.name for point in entry_points(group="spacy_factories") if point.value.startswith("spacy_clinner.")}
    assert own == set(TOYS)
