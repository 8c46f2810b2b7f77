"""A document on which a component fails is handed to the error handler alone; all others are annotated, once."""

import pytest
import spacy
from spacy.tokens import Doc

from spacy_clinner.annotations.keys import DOC_ID_KEY, RELATIONS_KEY

from ..toys import relations as relation_toy
from ..toys import tagger as toy
from ..toys.near import Near

TEXTS = ["Give aspirin", "The pain ended", "Give 5 mg aspirin daily", "No fever", "Aspirin helped"]
BAD = ("bad one", "bad two")


@pytest.fixture(scope="module")
def nlp():
    """A shared encoder, a tagger that listens to it, and relations between what the tagger finds."""
    nlp = spacy.blank("en")
    nlp.add_pipe("clinner_tok2vec", name="encoder", config={"model": toy.SMALL_TOK2VEC})
    model = {**toy.SMALL_MODEL, "tok2vec": relation_toy.LISTENER}
    nlp.add_pipe("clinner_crf_tagger", name="tagger", config={"model": model})
    toy.train(nlp, 30)
    relations = relation_toy.make_nlp(threshold=0.0)
    relation_toy.train(relations, 5)
    relations.get_pipe("relations").cfg["entity_labels"] = ["DOSAGE", "DRUG"]
    relations.get_pipe("relations").cfg["label_pairs"] = {"DRUG": ["DOSAGE"], "DOSAGE": ["DRUG"]}
    nlp.add_pipe("relations", source=relations)
    return nlp


@pytest.fixture
def failing(nlp, monkeypatch):
    """Let a method of a component fail on documents of some texts."""

    def fail(name, method, texts, error=ValueError):
        pipe = nlp.get_pipe(name)
        works = getattr(pipe, method)

        def fails(docs, *args):
            docs = list(docs)
            done = works(docs, *args)
            if any(doc.text in texts for doc in docs):
                raise error("some document")
            return done

        monkeypatch.setattr(pipe, method, fails, raising=True)

    return fail


@pytest.fixture
def told(nlp):
    """What the error handler is told."""
    told = []
    nlp.set_error_handler(lambda name, pipe, docs, error: told.append((name, [doc.text for doc in docs], error)))
    yield told
    nlp.set_error_handler(spacy.util.raise_error)


def seen(doc):
    scores = doc.spans["clinner_ents"].attrs["scores"]
    return [
        doc.text,
        [(ent.start, ent.end, ent.label_) for ent in doc.ents],
        [Near(score) for score in scores],
        [{**one, "probability": Near(one["probability"])} for one in doc.user_data[RELATIONS_KEY]],
    ]


@pytest.mark.parametrize("batch_size", [1, 3, 100])
@pytest.mark.parametrize("method", ["predict", "set_annotations"])
@pytest.mark.parametrize("component", ["encoder", "tagger", "relations"])
def test_only_the_bad_documents_are_lost(nlp, failing, told, component, method, batch_size):
    expected = [seen(nlp(text)) for text in TEXTS]
    assert any(relations for *_, relations in expected)
    failing(component, method, BAD)
    texts = [TEXTS[0], BAD[0], *TEXTS[1:3], BAD[1], *TEXTS[3:]]
    assert [seen(doc) for doc in nlp.pipe(texts, batch_size=batch_size)] == expected
    assert [(name, docs) for name, docs, _ in told] == [(component, [text]) for text in BAD]
    for (*_, error), place in zip(told, ("the 2.", "the 5."), strict=True):
        (note,) = error.__notes__
        assert "CE360" in note and place in note and repr(component) in note and "bad" not in note


def test_each_document_is_written_once(nlp, failing, told, monkeypatch):
    tagger, written = nlp.get_pipe("tagger"), []
    write = tagger.set_annotations
    monkeypatch.setattr(
        tagger, "set_annotations", lambda docs, found: (written.extend(doc.text for doc in docs), write(docs, found))
    )
    failing("tagger", "set_annotations", BAD[:1])
    failing("tagger", "predict", BAD[1:])
    texts = [*TEXTS, *BAD, *TEXTS]
    assert [doc.text for doc in nlp.pipe(texts)] == [*TEXTS, *TEXTS]
    assert written == [*TEXTS, BAD[0], *TEXTS]


def test_without_a_handler_the_error_is_raised_and_names_the_document(nlp, failing):
    failing("tagger", "predict", BAD, KeyError)
    docs = [nlp.make_doc(text) for text in (*TEXTS[:2], *BAD)]
    docs[2].user_data[DOC_ID_KEY] = "note7"
    found = nlp.get_pipe("tagger").pipe(nlp.get_pipe("encoder").pipe(docs))
    assert [next(found).text, next(found).text] == TEXTS[:2]
    with pytest.raises(KeyError, match="some document") as raised:
        next(found)
    assert "'note7', the 3. of" in raised.value.__notes__[0]


def test_a_batch_that_fails_though_no_document_does(nlp, monkeypatch, told):
    tagger = nlp.get_pipe("tagger")
    predict = tagger.predict

    def predict_few(docs):
        if len(docs) > 1:
            raise MemoryError
        return predict(docs)

    expected = [seen(nlp(text)) for text in TEXTS]
    monkeypatch.setattr(tagger, "predict", predict_few)
    with pytest.warns(UserWarning, match=r"CW360.*'tagger'.*5 documents \(MemoryError\)"):
        assert [seen(doc) for doc in nlp.pipe(TEXTS)] == expected
    assert not told


def test_a_real_failure_takes_no_other_document():
    """Weights that are no numbers, of one character."""
    nlp = toy.make_nlp()
    toy.train(nlp, 5)
    chars = next(node for node in nlp.get_pipe("tagger").model.walk() if node.name == "char_cnn")
    chars.get_param("char_table")[1 + ord("z")] = float("nan")
    told = []
    nlp.set_error_handler(lambda name, pipe, docs, error: told.append([str(error)[:7], *(doc.text for doc in docs)]))
    assert [doc.text for doc in nlp.pipe([*TEXTS, "Zzz", *TEXTS])] == [*TEXTS, *TEXTS]
    assert told == [["[CE101]", "Zzz"]]


@pytest.mark.parametrize(
    "component",
    [
        "clinner_sentencizer",
        pytest.param("clinner_context", marks=pytest.mark.medspacy),
        "clinner_specific_relations",
    ],
)
def test_components_that_read_one_document_at_a_time(component, monkeypatch):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    pipe = nlp.add_pipe(component)
    works = type(pipe).__call__

    def fails(self, doc):
        if doc.text in BAD:
            raise ValueError
        return works(self, doc)

    monkeypatch.setattr(type(pipe), "__call__", fails)
    told = []
    nlp.set_error_handler(lambda name, pipe, docs, error: told.append((name, [doc.text for doc in docs])))
    docs = list(nlp.pipe([BAD[0], *TEXTS, BAD[1]], batch_size=3))
    assert [doc.text for doc in docs] == TEXTS and all(isinstance(doc, Doc) for doc in docs)
    assert told == [(component, [text]) for text in BAD]
