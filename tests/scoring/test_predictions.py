import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_clinner.annotations.entity import Entity
from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.scoring.predictions import (
    pipeline_labels,
    predict,
    read_predictions,
    warn_of_labels,
    write_predictions,
)
from spacy_clinner.scoring.probabilities import predict_with_probabilities

from .strategies import any_entities


@pytest.fixture(scope="module")
def nlp():
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "Problem", "pattern": "pain"}])
    return nlp


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(min_size=1), any_entities(), max_size=3))
def test_round_trip(tmp_path, predictions):
    write_predictions(tmp_path / "p.jsonl", predictions)
    assert read_predictions(tmp_path / "p.jsonl") == predictions


def test_blank_lines_are_skipped(tmp_path):
    (tmp_path / "p.jsonl").write_text('\n{"id": 7, "entities": [[0, 4, "A"], [0, 4, "A"]]}\n\n')
    assert read_predictions(tmp_path / "p.jsonl") == {"7": {Entity(0, 4, "A")}}


@pytest.mark.parametrize("codec, end", [("utf-8-sig", "\r\n"), ("utf-8", "\r")])
def test_files_of_other_systems(tmp_path, codec, end):
    lines = ['{"id": "a", "tool": "Müller\u2028", "entities": []}', '{"id": "b", "entities": [[0, 4, "A"]]}', ""]
    (tmp_path / "p.jsonl").write_bytes(end.join(lines).encode(codec))
    assert read_predictions(tmp_path / "p.jsonl") == {"a": set(), "b": {Entity(0, 4, "A")}}


@pytest.mark.parametrize("codec, advice", [("utf-16", "iconv -f UTF-16 "), ("latin-1", "iconv -f WINDOWS-1252 ")])
def test_files_that_are_not_utf8(tmp_path, codec, advice):
    (tmp_path / "p.jsonl").write_bytes('{"id": "a", "tool": "Müller", "entities": []}\n'.encode(codec))
    with pytest.raises(ValueError, match=f"CE001.*p.jsonl.*{advice}"):
        read_predictions(tmp_path / "p.jsonl")


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000,
        '{"id": "\\ud800", "entities": []}',
        '{"id": "a", "entities": [[0, 4, "\\udfff"]]}',
        "{",
        "[]",
        '{"id": "a"}',
        '{"id": "a", "entities": [[0, 4]]}',
        '{"id": "a", "entities": [[0.5, 4, "A"]]}',
        '{"id": "a", "entities": [[4, 4, "A"]]}',
        '{"id": "a", "entities": [[-1, 4, "A"]]}',
        '{"id": "a", "entities": [[false, true, "A"]]}',
        '{"id": "a", "entities": [[0, 4, ""]]}',
    ],
)
def test_malformed_lines_are_refused(tmp_path, line):
    (tmp_path / "p.jsonl").write_text('{"id": "b", "entities": []}\n' + line)
    with pytest.raises(ValueError, match="CE068.*line 2"):
        read_predictions(tmp_path / "p.jsonl")


def test_repeated_ids_are_refused(tmp_path):
    (tmp_path / "p.jsonl").write_text('{"id": "a", "entities": []}\n' * 2)
    with pytest.raises(ValueError, match="CE064"):
        read_predictions(tmp_path / "p.jsonl")


def test_a_pipeline_predicts_by_document_id(nlp):
    docs = [nlp.make_doc("no pain"), nlp.make_doc("fine")]
    docs[0].user_data[DOC_ID_KEY] = "a"
    assert predict(nlp, docs) == {"a": {Entity(3, 7, "Problem")}, "#1": frozenset()}
    assert docs[0].ents == ()


@pytest.mark.parametrize("ask", [predict, predict_with_probabilities])
def test_offsets_of_another_text_are_refused(ask):
    nlp = spacy.blank("en")
    nlp.tokenizer = lambda text: Doc(nlp.vocab, words=text.split())
    gold = spacy.blank("en").make_doc("no  pain")
    gold.user_data[DOC_ID_KEY] = "a"
    with pytest.raises(ValueError, match="CE061.*'a'"):
        ask(nlp, [gold])


def test_labels_of_a_pipeline(nlp):
    assert pipeline_labels(nlp) == {"Problem"}
    assert pipeline_labels(nlp, "head") == set()


def test_labels_of_one_head():
    nlp = spacy.blank("en")
    for key, label in (("head", "Drug"), ("other", "Date")):
        ruler = nlp.add_pipe("span_ruler", name=key, config={"spans_key": key})
        ruler.add_patterns([{"label": label, "pattern": "x"}])
    assert pipeline_labels(nlp, "head") == {"Drug"}
    assert pipeline_labels(nlp) == set()


def test_labels_of_one_side_are_named():
    with pytest.warns(UserWarning, match="CW060.*Date"):
        warn_of_labels({"Date", "Problem"}, {"Problem"})
    with pytest.warns(UserWarning, match="CW061.*Age, Sex"):
        warn_of_labels({"Problem"}, {"Problem", "Sex", "Age"})
