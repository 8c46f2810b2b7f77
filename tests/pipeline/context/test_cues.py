"""ConText by sentences finds what medspaCy finds in the whole document."""

import warnings

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Span

from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.demo import generate_split
from spacy_clinner.corpora.formats.columns import ColumnFormat
from spacy_clinner.corpora.importing import import_corpus
from spacy_clinner.pipeline.context.cues import CueFinder

pytestmark = pytest.mark.medspacy

# reach, limits and bounds that the ready rules lack
OWN_RULES = [
    {"literal": "next\n", "category": "NEGATED_EXISTENCE", "direction": "BACKWARD"},
    {"literal": "queried", "category": "POSSIBLE_EXISTENCE", "direction": "BIDIRECTIONAL", "max_targets": 1},
    {"literal": "possibly", "category": "POSSIBLE_EXISTENCE", "direction": "FORWARD", "max_scope": 2},
    {"literal": "except", "category": "CONJ", "direction": "TERMINATE"},
    {"literal": "over", "category": "HISTORICAL", "direction": "FORWARD", "pattern": r"over\s+line"},
]


def make_nlp(rules="ready", **config):
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "spacy_clinner.ClinicalTokenizer.v1"}}})
    nlp.add_pipe("clinner_sentencizer")
    nlp.add_pipe("clinner_context", name="context", config={"rules": rules, "spans_key": "found", **config})
    return nlp


def by_sentences(nlp):
    """What the component finds its cues with."""
    context = nlp.get_pipe("context")
    return CueFinder(nlp, "context", context.rules, context.max_tokens)


def undivided(nlp):
    """medspaCy's own component with the rules of a pipeline."""
    from medspacy.context import ConText, ConTextRule

    context = ConText(
        nlp,
        rules=None,
        span_attrs=None,
        prune_on_target_overlap=True,
        input_span_type="group",
        span_group_name="found",
    )
    context.add([ConTextRule(**rule) for rule in nlp.get_pipe("context").rules])
    return context


def edges_of(edges):
    return sorted((target.start, target.end, target.label_, *cue.modifier_span, cue.category) for target, cue in edges)


def assert_same_edges(nlp, finder, context, doc):
    """Compare all edges, those of categories that are no assertion, too."""
    doc = nlp.get_pipe("clinner_sentencizer")(doc)
    targets = list(doc.spans["found"])
    found = edges_of(finder(doc, targets)) if len(doc) > 1 else []
    expected = edges_of(context(doc)._.context_graph.edges) if len(doc) > 1 else []
    assert found == expected
    return len(found)


@pytest.fixture(scope="module")
def with_own_rules():
    nlp = make_nlp()
    nlp.get_pipe("context").add_rules(OWN_RULES)
    return nlp, by_sentences(nlp), undivided(nlp)


WORDS = [
    "no",
    "denies",
    "?",
    "history of",
    "mother",
    "if",
    "but",
    "ago",
    "was ruled out",
    "next",
    "queried",
    "possibly",
]
WORDS += ["except", "over", "line", "fever", "cough", "\n", "\n", ".", "1.", "is not"]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(WORDS), max_size=25), st.data())
def test_all_edges_are_found(with_own_rules, words, data):
    nlp, *finders = with_own_rules
    doc = nlp.make_doc(" ".join(words))
    place = st.integers(0, len(doc))
    # over line ends, over each other and over cues, and empty
    bounds = [sorted(pair) for pair in data.draw(st.lists(st.tuples(place, place), max_size=6))]
    doc.spans["found"] = [Span(doc, start, end, data.draw(st.sampled_from("AB"))) for start, end in bounds]
    assert_same_edges(nlp, *finders, doc)


@pytest.mark.parametrize("rules", ["ready", "medspacy"])
def test_an_entity_over_two_lines_is_reached_from_both(rules):
    nlp = make_nlp(rules)
    doc = nlp.make_doc("Denies old\naki : unlikely\nFever")
    doc.spans["found"] = [doc.char_span(7, 14, "PROBLEM")]
    assert doc.spans["found"][0].text == "old\naki"
    assert assert_same_edges(nlp, by_sentences(nlp), undivided(nlp), doc) == 2


@pytest.mark.parametrize("rules", ["ready", "medspacy"])
def test_the_demo_corpus_is_read_as_in_the_whole(rules):
    nlp = make_nlp(rules)
    finders, n_edges = (by_sentences(nlp), undivided(nlp)), 0
    for reference in generate_split("test", {"test": 5}, nlp):
        doc = nlp.make_doc(reference.text)
        doc.spans["found"] = [doc.char_span(ent.start_char, ent.end_char, ent.label_) for ent in reference.ents]
        n_edges += assert_same_edges(nlp, *finders, doc)
    assert n_edges > 50


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize("rules", ["ready", "medspacy"])
def test_case_reports_are_read_as_in_the_whole(data_dir, rules):
    nlp = make_nlp(rules)
    finders, n_edges = (by_sentences(nlp), undivided(nlp)), 0
    for reference in import_corpus(data_dir / "maccrobat2020" / "brat", "brat", nlp, ColumnFormat(), ImportAudit()):
        doc = nlp.make_doc(reference.text)
        doc.spans["found"] = [doc.char_span(ent.start_char, ent.end_char, ent.label_) for ent in reference.ents]
        n_edges += assert_same_edges(nlp, *finders, doc)
    assert n_edges > 1000


def long_line(nlp, n=300):
    doc = nlp.make_doc("Denies fever , " * n)
    doc.spans["found"] = [Span(doc, token.i, token.i + 1, "PROBLEM") for token in doc if token.text == "fever"]
    return doc


def test_a_giant_sentence_is_cut_and_says_so(tmp_path):
    nlp = make_nlp(max_tokens=200)
    nlp.to_disk(tmp_path)
    for each in (nlp, spacy.load(tmp_path)):
        with pytest.warns(UserWarning, match=r"CW364.*'context': sentences of more than 200 tokens are cut 4 times"):
            doc = each(long_line(each))
        assert len(doc.user_data["clinner_assertions"]) == 300
        assert not doc.user_token_hooks
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whole = make_nlp()(long_line(nlp))
    assert whole.user_data["clinner_assertions"] == doc.user_data["clinner_assertions"]


def test_no_cue_reaches_over_a_cut():
    nlp = make_nlp(max_tokens=10)
    doc = nlp.make_doc("Denies chills or sweats and also since Monday , fever , cough . Denies cough\n")
    doc.spans["found"] = [Span(doc, token.i, token.i + 1, "P") for token in doc if token.text in ("chills", "cough")]
    with pytest.warns(UserWarning, match="CW364.*first before token 6"):
        rows = nlp(doc).user_data["clinner_assertions"]
    assert [doc.text[start:end] for start, end, _ in rows] == ["chills", "cough"]


def test_a_bound_is_positive():
    with pytest.raises(ValueError, match="CE364.*max_tokens"):
        make_nlp(max_tokens=0)


def test_comparisons_grow_as_the_text_does(monkeypatch):
    from medspacy.context import ConTextModifier

    calls = []
    for method in ("modifies", "limit_scope"):
        of_medspacy = getattr(ConTextModifier, method)
        counted = lambda self, other, call=of_medspacy: (calls.append(1), call(self, other))[1]  # noqa: E731
        monkeypatch.setattr(ConTextModifier, method, counted)
    nlp = make_nlp(max_tokens=200)

    def count(text):
        calls.clear()
        doc = nlp.make_doc(text)
        doc.spans["found"] = [Span(doc, token.i, token.i + 1, "P") for token in doc if token.text == "fever"]
        nlp(doc)
        return len(calls)

    assert count("Denies fever.\n" * 1000) == 100 * count("Denies fever.\n" * 10) > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert count("Denies fever , " * 2000) <= 11 * count("Denies fever , " * 200)
