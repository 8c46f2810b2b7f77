"""Components behind the tagger that change the tokens: what it wrote stays where it is in the text."""

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from typer.testing import CliRunner

from spacy_clinner.annotations.documents import entities_of
from spacy_clinner.annotations.keys import ASSERTIONS_KEY, SPANS_KEY
from spacy_clinner.annotations.span_groups import SteadySpanGroup, steady_spans
from spacy_clinner.cli import clinner_cli
from spacy_clinner.reports.annotations import annotations_of

from ..toys import relations as relation_toy
from ..toys.near import Near
from ..toys.tagger import TEXTS, examples, make_nlp, train

TEXT = TEXTS[0][0]
FOUND = [("severe fever", "PROBLEM"), ("cough", "PROBLEM")]


@Language.component("merge_with_neighbour")
def merge_with_neighbour(doc):
    """Make one token of an entity's last word and the word after it, as merge_noun_chunks may."""
    with doc.retokenize() as retokenizer:
        for entity in doc.ents:
            retokenizer.merge(doc[entity.end - 1 : entity.end + 1])
    return doc


@Language.component("merge_and_split")
def merge_and_split(doc):
    """Other tokens, but as many as before."""
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[0:2])
        retokenizer.split(doc[4], [doc[4].text[:2], doc[4].text[2:]], heads=[(doc[4], 0), (doc[4], 1)])
    return doc


@pytest.fixture(scope="module")
def trained():
    nlp = make_nlp()
    train(nlp)
    return nlp


@pytest.fixture(scope="module")
def merging(trained, tmp_path_factory):
    """The trained pipeline with spaCy's merge_entities, and its folder."""
    folder = tmp_path_factory.mktemp("merging") / "model"
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger", source=trained)
    nlp.add_pipe("merge_entities")
    nlp.to_disk(folder)
    return nlp, folder


def read(spans):
    return [(span.text, span.label_) for span in spans]


def probabilities(doc):
    return [Near(p) for p in doc.spans[SPANS_KEY].attrs["scores"]]


def test_entities_can_be_merged(trained, merging):
    plain, doc = trained(TEXT), merging[0](TEXT)
    assert read(plain.ents) == FOUND and len(doc) == len(plain) - 1
    assert read(doc.ents) == read(doc.spans[SPANS_KEY]) == FOUND
    assert [len(span) for span in doc.spans[SPANS_KEY]] == [1, 1]
    assert probabilities(doc) == probabilities(plain)
    assert annotations_of(doc) == annotations_of(plain) and annotations_of(doc)[0].probability > 0.5


def test_other_words_at_the_end_of_a_note(merging):
    # the last token number of a group is beyond the end once there are fewer tokens
    text = "Severe fever . No severe fever . No cough"
    doc = merging[0](text)
    assert "cough" in [span.text for span in doc.spans[SPANS_KEY]]
    assert read(doc.spans[SPANS_KEY]) == read(doc.ents)


def test_merged_documents_travel(merging):
    nlp, _ = merging
    doc = nlp(TEXT)
    loaded = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    stored = next(DocBin().from_bytes(DocBin(docs=[doc]).to_bytes()).get_docs(nlp.vocab))
    (forked, _) = nlp.pipe([TEXT, TEXT], n_process=2, batch_size=1)
    for other in (loaded, stored, forked, doc.copy()):
        assert read(other.spans[SPANS_KEY]) == FOUND
        assert probabilities(other) == probabilities(doc)
        assert annotations_of(other) == annotations_of(doc)


def test_the_command_shows_merged_documents(merging, tmp_path):
    (tmp_path / "note.txt").write_text(TEXT, encoding="utf8")
    result = CliRunner().invoke(clinner_cli, ["annotate", str(merging[1]), str(tmp_path / "note.txt")])
    assert result.exit_code == 0, result.output
    assert any(line.split()[:3] == ["severe", "fever", "PROBLEM"] for line in result.output.splitlines())


def test_a_pipeline_that_merges_scores_as_the_one_that_does_not(trained, merging):
    assert merging[0].evaluate(examples(trained))["ents_f"] == 1.0


def test_tokens_can_be_split(trained):
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger", source=trained)
    nlp.add_pipe("token_splitter", config={"min_length": 5, "split_length": 3})
    doc = nlp(TEXT)
    assert len(doc) > len(trained(TEXT)) and read(doc.spans[SPANS_KEY]) == FOUND
    loaded = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    assert read(loaded.spans[SPANS_KEY]) == FOUND


def test_the_number_of_tokens_need_not_change(trained):
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger", source=trained)
    nlp.add_pipe("merge_and_split")
    doc = nlp(TEXT)
    assert len(doc) == len(trained(TEXT)) and read(doc.spans[SPANS_KEY]) == FOUND


def test_an_entity_that_ends_inside_of_a_token_grows_to_it(trained):
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger", source=trained)
    nlp.add_pipe("merge_with_neighbour")
    doc = nlp(TEXT)
    grown = [("severe fever .", "PROBLEM"), ("cough today", "PROBLEM")]
    assert read(doc.spans[SPANS_KEY]) == grown
    copied = doc.copy()
    assert read(copied.spans[SPANS_KEY]) == grown


def test_groups_of_others_are_read_where_they_are():
    nlp = spacy.blank("en")
    doc = nlp("a severe fever and a mild cough today")
    doc.spans["theirs"] = [Span(doc, 1, 3, "P", kb_id="C1"), Span(doc, 6, 7, "Q", span_id="x")]
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[1:3])
        retokenizer.merge(doc[4:6])
    assert [(s.text, s.label_, s.kb_id_, s.id_) for s in steady_spans(doc, "theirs")] == [
        ("severe fever", "P", "C1", ""),
        ("cough", "Q", "", "x"),
    ]
    assert entities_of(doc, "theirs") == {(2, 14, "P"), (26, 31, "Q")}
    assert [entity[:3] for entity in annotations_of(doc, "theirs")] == [(2, 14, "P"), (26, 31, "Q")]
    assert steady_spans(doc, "absent") == []


def test_a_steady_group_is_a_group():
    doc = spacy.blank("en")("a severe fever and a mild cough today")
    group = SteadySpanGroup(doc, name="x", spans=[Span(doc, 1, 3, "P")], attrs={"scores": [0.5]})
    doc.spans["x"] = group
    group.append(Span(doc, 6, 7, "Q"))
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[4:6])
    group.append(Span(doc, 6, 7, "R"))
    assert read(doc.spans["x"]) == [("severe fever", "P"), ("cough", "Q"), ("today", "R")]
    assert not group.has_overlap and group[-1].text == "today" and group.attrs == {"scores": [0.5]}
    assert type(group.copy()) is SteadySpanGroup and isinstance(group, SpanGroup)
    with pytest.raises(IndexError, match="E856"):
        group[3]


@pytest.mark.medspacy
def test_relations_and_assertions_are_of_characters():
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "P", "pattern": "chest pain"}])
    nlp.add_pipe("clinner_sentencizer")
    nlp.add_pipe("clinner_context", name="before")
    nlp.add_pipe("merge_entities")
    text = "Severe chest pain. Denies chest pain."
    doc = nlp(text)
    before = doc.user_data.pop(ASSERTIONS_KEY)
    assert before == [[26, 36, "negated"]]
    assert [entity._.is_negated for entity in doc.ents] == [False, True]
    nlp.add_pipe("clinner_context", name="after")
    assert nlp(text).user_data[ASSERTIONS_KEY] == before


def test_relations_of_merged_entities():
    nlp = relation_toy.make_nlp()
    relation_toy.train(nlp)
    nlp.add_pipe("merge_entities")
    gold = relation_toy.examples(nlp)[0]
    doc = nlp(gold.x)
    assert [(r.head.text, r.child.text, r.label) for r in doc._.relations][:1] == [("aspirin", "5 mg", "HAS")]
    assert relation_toy.relations(doc) == relation_toy.relations(gold.y)
    assert [len(entity) for entity in doc.ents] == [1, 1, 1, 1]


def test_listeners_behind_changed_tokens_say_so():
    nlp = relation_toy.make_nlp(shared=True)
    relation_toy.train(nlp, steps=1)
    # spaCy shortens the encoder's rows with the tokens, but lengthens them wrongly
    nlp.add_pipe("token_splitter", before="relations", config={"min_length": 6, "split_length": 3})
    doc = relation_toy.examples(nlp)[0].x
    with pytest.raises(ValueError, match="CE345.*has 13 tokens.*"):
        nlp(doc)
