import json
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import NamedTuple

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.tokens.underscore import Underscore
from spacy.training import Example

from spacy_clinner.annotations.keys import ASSERTION_CUES_KEY, ASSERTIONS_KEY
from spacy_clinner.pipeline.context.rules import read_rules, ready_rules

from ...toys.forked import run_python

pytestmark = pytest.mark.medspacy


class Section(NamedTuple):
    """What medspaCy's sectionizer leaves on a token."""

    category: str
    title_span: tuple[int, int]
    section_span: tuple[int, int]
    body_span: tuple[int, int]
    parent: str | None
    rule: str | None


PROBLEMS = ["fever", "cough", "stroke", "asthma", "pneumonia", "chest pain"]
TEXT = "Denies fever or cough.\nHis mother had a stroke.\nPMH of asthma, chest pain, ?pneumonia.\nReturn if fever.\n"
FOUND = [
    ("fever", "negated", "Denies"),
    ("cough", "negated", "Denies"),
    ("stroke", "family", "mother"),
    ("asthma", "historical", "PMH of"),
    ("chest pain", "historical", "PMH of"),
    ("pneumonia", "historical", "PMH of"),
    ("pneumonia", "uncertain", "?"),
    ("fever", "hypothetical", "if"),
]


def make_nlp(lang="en", **config):
    nlp = spacy.blank(lang, config={"nlp": {"tokenizer": {"@tokenizers": "spacy_clinner.ClinicalTokenizer.v1"}}})
    ruler = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    ruler.add_patterns([{"label": "PROBLEM", "pattern": problem} for problem in PROBLEMS])
    nlp.add_pipe("clinner_sentencizer")
    nlp.add_pipe("clinner_context", name="context", config=config)
    return nlp


@pytest.fixture(scope="module")
def nlp():
    return make_nlp()


def cues(doc):
    rows = doc.user_data[ASSERTION_CUES_KEY]
    return [(doc.text[start:end], what, doc.text[first:last]) for start, end, what, first, last in rows]


def annotation(doc):
    """All that the component writes, comparable after any journey."""
    flags = [[getattr(ent._, f"is_{what}") for what in sorted({row[2] for row in doc_rows(doc)})] for ent in doc.ents]
    return json.dumps([doc_rows(doc), [list(row) for row in doc.user_data[ASSERTION_CUES_KEY]], flags])


def doc_rows(doc):
    return [list(row) for row in doc.user_data[ASSERTIONS_KEY]]


def assert_same(doc, other):
    assert annotation(doc) == annotation(other)


def run(*command, **kwargs):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, **kwargs)
    assert done.returncode == 0, done.stderr[-2000:]
    return done


# What is found


def test_threads_that_start_together_on_a_cold_pipeline_all_see_the_rules(monkeypatch):
    from medspacy.common.medspacy_matcher import MedspacyMatcher

    add = MedspacyMatcher.add
    cold, together = make_nlp(), Barrier(8)
    monkeypatch.setattr(MedspacyMatcher, "add", lambda self, rules: (time.sleep(0.2), add(self, rules)))

    def annotate(_):
        together.wait()
        return cues(cold(TEXT))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(annotate, range(8))) == [FOUND] * 8


def test_rules_added_while_another_thread_makes_the_finder(monkeypatch):
    from medspacy.common.medspacy_matcher import MedspacyMatcher

    add, making, added = MedspacyMatcher.add, Event(), Event()

    def add_slowly(self, rules):
        making.set()
        # at most: the rules must wait for this
        added.wait(0.5)
        add(self, rules)

    nlp = make_nlp(rules="none")
    monkeypatch.setattr(MedspacyMatcher, "add", add_slowly)
    with ThreadPoolExecutor(1) as other:
        first = other.submit(nlp, "Rules out fever")
        making.wait()
        nlp.get_pipe("context").add_rules([{"literal": "rules out", "category": "NEGATED_EXISTENCE"}])
        added.set()
        assert cues(first.result()) == []
    assert cues(nlp("Rules out fever")) == [("fever", "negated", "Rules out")]


def test_a_loaded_pipeline_is_ready_for_its_first_note(nlp, tmp_path, monkeypatch):
    from medspacy.common.medspacy_matcher import MedspacyMatcher

    nlp.to_disk(tmp_path)
    both = [spacy.load(tmp_path), make_nlp().from_bytes(nlp.to_bytes())]
    entities = [(ent.start, ent.end, ent.label_) for ent in nlp(TEXT).ents]
    # reading the rules is what takes seconds
    monkeypatch.delattr(MedspacyMatcher, "add")
    for loaded in both:
        doc = loaded.make_doc(TEXT)
        # spaCy's ruler loses its phrases when it is read from bytes
        doc.ents = [Span(doc, *entity) for entity in entities]
        assert cues(loaded(doc)) == FOUND


def test_assertions_and_their_cues(nlp):
    doc = nlp(TEXT)
    assert cues(doc) == FOUND
    assert doc_rows(doc) == [row[:3] for row in doc.user_data[ASSERTION_CUES_KEY]]


def test_attributes_of_medspacy_are_set(nlp):
    doc = nlp(TEXT)
    fever, _, stroke, *_ = doc.ents
    assert fever._.is_negated and not fever._.is_family and fever._.any_context_attributes
    assert stroke._.context_attributes == {
        "is_negated": False,
        "is_uncertain": False,
        "is_historical": False,
        "is_hypothetical": False,
        "is_family": True,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No h/o asthma", {"negated"}),
        ("Nil cough", {"negated"}),
        ("CTPA excluded pneumonia", {"negated"}),
        ("Father had a stroke at 60", {"family"}),
        ("FHx: stroke", {"family"}),
        ("FHx neg for stroke", {"negated"}),
        ("s/p stroke", {"historical"}),
        ("80 y/o man with h/o diabetes who presents with chest pain", set()),
        ("3 day history of fever", set()),
        ("His wife reported fever", set()),
        ("The family doctor found asthma", set()),
        ("Stroke 2 years ago", {"historical"}),
        ("CT to exclude pneumonia", {"uncertain"}),
        ("?pneumonia", {"uncertain"}),
        ("Pneumonia?\n", {"uncertain"}),
        ("Pneumonia remains possible", {"uncertain"}),
        ("In case of fever call us", {"hypothetical"}),
        ("No rash\nFever", set()),
        ("Lungs: no cough", {"negated"}),
        ("Fever for two days", set()),
    ],
)
def test_ready_rules(nlp, text, expected):
    doc = nlp(text)
    assert len(doc.ents) == 1 and {row[2] for row in doc_rows(doc)} == expected


def test_names_of_ready_rules_are_unique():
    names = [rule["literal"].lower() for rule in ready_rules("en")]
    assert len(names) > 50 and len(set(names)) == len(names)
    assert ready_rules("sv") == []


def test_other_languages_have_the_rules_of_medspacy():
    nlp = make_nlp("fr")
    (rule,) = [rule for rule in nlp.get_pipe("context").rules if rule["literal"] == "pas de"][:1]
    assert rule["category"] == "NEGATED_EXISTENCE"
    assert [row[1:] for row in cues(nlp("Le patient n'a pas de pneumonia."))] == [("negated", "n'a pas de")]


def test_only_wanted_labels_are_judged():
    assert doc_rows(make_nlp(entity_labels=["DRUG"])(TEXT)) == []
    assert len(doc_rows(make_nlp(entity_labels=["PROBLEM"])(TEXT))) >= len(FOUND)


def test_a_span_group_is_judged():
    nlp = make_nlp(spans_key="found")
    doc = nlp.make_doc("No fever")
    doc.spans["found"] = [Span(doc, 1, 2, "A"), Span(doc, 1, 2, "B"), Span(doc, 0, 2, "C")]
    doc = nlp.get_pipe("context")(nlp.get_pipe("clinner_sentencizer")(doc))
    assert doc_rows(doc) == []  # what lies within an entity says nothing of others
    doc.spans["found"] = list(doc.spans["found"])[:2]
    assert doc_rows(nlp.get_pipe("context")(doc)) == [[3, 8, "negated"]]
    assert list(doc.spans) == ["found"]


@pytest.mark.parametrize("text", ["", " ", "Fever", "No", "Nothing to note.", "\n\n"])
def test_documents_with_little_in_them(nlp, text):
    doc = nlp(text)
    assert doc.user_data[ASSERTIONS_KEY] == [] and doc.user_data[ASSERTION_CUES_KEY] == []


def test_running_again_replaces_what_was_found(nlp):
    doc = nlp("No fever")
    assert_same(nlp.get_pipe("context")(doc), nlp("No fever"))
    doc[0].is_sent_start, doc[1].is_sent_start = True, True
    doc = nlp.get_pipe("context")(doc)
    assert doc_rows(doc) == [] and not doc.ents[0]._.is_negated


# What is left in the document


def test_nothing_but_plain_data_stays(nlp):
    doc = nlp.make_doc("No fever")
    doc.user_data["mine"] = {"kept": [1]}
    doc = nlp(doc)
    assert doc.user_data == {
        "mine": {"kept": [1]},
        ASSERTIONS_KEY: [[3, 8, "negated"]],
        ASSERTION_CUES_KEY: [[3, 8, "negated", 0, 2]],
        ("._.", "is_negated", 3, 8): True,
    }
    assert not doc.spans and not doc.user_token_hooks


CUES = ["no", "?", "history of", "mother", "if", "\n", ".", "but", "ago"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([*PROBLEMS, *CUES]), max_size=12))
def test_every_document_travels(nlp, words):
    doc = nlp(" ".join(words))
    ents = {(ent.start_char, ent.end_char) for ent in doc.ents}
    rows = doc_rows(doc)
    assert rows == sorted(rows) and {tuple(row[:2]) for row in rows} <= ents
    for ent in doc.ents:
        here = {row[2] for row in rows if row[:2] == [ent.start_char, ent.end_char]}
        assert here == {key.removeprefix("is_") for key, holds in ent._.context_attributes.items() if holds}
    assert_same(doc, Doc(nlp.vocab).from_bytes(doc.to_bytes()))


def test_named_getters_of_medspacy_give_what_its_lambdas_give(nlp):
    from medspacy import _extensions

    doc = nlp(TEXT)
    doc[0]._.section = Section("history", (0, 2), (0, 9), (2, 9), None, None)
    doc._.data = {kind: {"text": [kind]} for kind in _extensions.ALLOWED_DATA_TYPES}
    for made, theirs in ((doc[0:3], _extensions._span_extensions), (doc, _extensions._doc_extensions)):
        lambdas = [name for name, how in theirs.items() if getattr(how.get("getter"), "__name__", "") == "<lambda>"]
        assert lambdas
        for name in lambdas:
            found, expected = made._.get(name), theirs[name]["getter"](made)
            assert str(found) == str(expected) and (expected is not None or name in ("section_parent", "section_rule"))
            pickle.dumps(type(made).get_extension(name))


@pytest.mark.slow
def test_a_process_that_is_sent_the_pipeline_still_warns(nlp, tmp_path):
    (tmp_path / "sent").write_bytes(pickle.dumps((nlp.get_pipe("context"), Underscore.get_state())))
    code = "import pickle, warnings, sys; pickle.load(open(sys.argv[1], 'rb')); warnings.warn('still heard')"
    assert "still heard" in run(sys.executable, "-c", code, tmp_path / "sent").stderr


def test_the_component_can_be_sent_to_a_spawned_process(nlp):
    context = pickle.loads(pickle.dumps(nlp.get_pipe("context")))
    sentencizer = pickle.loads(pickle.dumps(nlp.get_pipe("clinner_sentencizer")))
    doc = nlp(TEXT)
    again = nlp.make_doc(TEXT)
    again.ents = [Span(again, ent.start, ent.end, ent.label) for ent in doc.ents]
    assert_same(doc, context(sentencizer(again)))


# What is saved

OWN_RULE = {"literal": "queried", "category": "POSSIBLE_EXISTENCE", "direction": "BACKWARD"}
CODE = """
import json, sys, spacy
nlp = spacy.load(sys.argv[1])
doc = nlp(sys.argv[2])
print(json.dumps([doc.user_data["clinner_assertions"], doc.user_data["clinner_assertion_cues"]]))
"""


@pytest.mark.slow
def test_rules_are_saved_with_the_pipeline(tmp_path):
    (tmp_path / "rules.json").write_text(json.dumps({"context_rules": [OWN_RULE]}))
    nlp = make_nlp()
    assert doc_rows(nlp("Fever queried")) == []
    nlp.get_pipe("context").initialize(rules=tmp_path / "rules.json")
    doc = nlp("Fever queried, no cough")
    assert doc_rows(doc) == [[0, 5, "uncertain"], [18, 23, "negated"]]
    (tmp_path / "rules.json").unlink()

    nlp.to_disk(tmp_path / "model")
    assert read_rules(tmp_path / "model" / "context" / "rules.json") == nlp.get_pipe("context").rules
    out = run_python("-c", CODE, tmp_path / "model", doc.text).stdout
    assert json.loads(out) == [doc.user_data[ASSERTIONS_KEY], doc.user_data[ASSERTION_CUES_KEY]]
    assert make_nlp().from_bytes(nlp.to_bytes()).get_pipe("context").rules == nlp.get_pipe("context").rules


def test_a_config_names_a_file_of_rules(tmp_path):
    (tmp_path / "rules.json").write_text(json.dumps({"context_rules": [OWN_RULE]}))
    nlp = make_nlp()
    nlp.config["initialize"]["components"]["context"] = {"rules": str(tmp_path / "rules.json")}
    nlp.initialize()
    assert OWN_RULE in nlp.get_pipe("context").rules


def test_rules_replace_those_of_the_same_name():
    nlp = make_nlp(rules="none")
    context = nlp.get_pipe("context")
    assert context.rules == [] and doc_rows(nlp("No fever")) == []
    context.add_rules([{"literal": "no", "category": "NEGATED_EXISTENCE", "direction": "FORWARD"}])
    assert doc_rows(nlp("No fever")) == [[3, 8, "negated"]]
    context.add_rules([{"literal": "No", "category": "HISTORICAL", "direction": "FORWARD"}])
    assert len(context.rules) == 1 and doc_rows(nlp("No fever")) == [[3, 8, "historical"]]


def test_a_component_of_another_pipeline_gets_rules_of_its_own():
    nlp = make_nlp(rules="none")
    nlp.remove_pipe("context")
    nlp.add_pipe("context", source=make_nlp(rules="none"))
    nlp.get_pipe("context").add_rules([{"literal": "lacks", "category": "NEGATED_EXISTENCE", "direction": "FORWARD"}])
    assert doc_rows(nlp("Lacks fever")) == [[6, 11, "negated"]]


def test_a_rule_can_be_ended_by_a_category():
    nlp = make_nlp(rules="none")
    family = {"literal": "FH", "category": "FAMILY", "direction": "FORWARD", "terminated_by": ["NEGATED_EXISTENCE"]}
    context = nlp.get_pipe("context")
    context.add_rules([family, {"literal": "no", "category": "NEGATED_EXISTENCE", "direction": "FORWARD"}])
    assert [row[2] for row in doc_rows(nlp("FH: stroke, no asthma"))] == ["family", "negated"]


@pytest.mark.slow
def test_a_package_needs_no_other_file(tmp_path):
    nlp = make_nlp()
    nlp.get_pipe("context").add_rules([OWN_RULE])
    nlp.meta.update(name="context_toy", requirements=["medspacy>=1.3"])
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "dist").mkdir()
    run_python("-m", "spacy", "package", tmp_path / "model", tmp_path / "dist", "--build", "none")
    (source,) = (tmp_path / "dist").iterdir()
    requirements = json.loads((source / "meta.json").read_text())["requirements"]
    assert "medspacy>=1.3" in requirements and any(name.startswith("spacy_clinner") for name in requirements)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    run(*pip, "--target", tmp_path / "target", source)
    (tmp_path / "model").rename(tmp_path / "gone")
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'target')!r})\n" + CODE
    doc = nlp(TEXT + "Asthma queried")
    out = run_python("-c", code, "en_context_toy", doc.text, cwd=tmp_path).stdout
    assert json.loads(out) == [doc.user_data[ASSERTIONS_KEY], doc.user_data[ASSERTION_CUES_KEY]]


@pytest.mark.slow
def test_nothing_is_printed_and_no_warning_is_silenced(tmp_path):
    make_nlp().to_disk(tmp_path)
    marker = "Zyxwvutine"
    code = (
        "import warnings; before = len(warnings.filters)\n"
        + CODE
        + "list(nlp.pipe([sys.argv[2]] * 2, n_process=2))\n"
        + "assert not any(row[0] == 'ignore' and row[1] is None and row[2] is Warning for row in warnings.filters)\n"
    )
    done = run(sys.executable, "-W", "ignore::DeprecationWarning", "-c", code, tmp_path, f"No fever of {marker}. Fever")
    assert marker not in done.stderr + done.stdout and "fever" not in done.stderr.lower()


# What goes wrong


def test_medspacy_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "medspacy", None)
    with pytest.raises(ImportError, match=r"CE358.*pip install \"spacy_clinner\[medspacy\]\""):
        make_nlp()


def test_sentences_are_missing(nlp):
    doc = nlp.make_doc("No fever")
    doc.ents = [Span(doc, 1, 2, "PROBLEM")]
    with pytest.raises(ValueError, match="CE271"):
        nlp.get_pipe("context")(doc)


@pytest.mark.parametrize(
    "rule",
    [
        {"category": "FAMILY"},
        {"literal": "x", "category": "FAMILY", "on_match": "f"},
        {"literal": "x", "category": "FAMILY", "direction": "forwards"},
        {"literal": "x", "category": "NEGATED", "direction": "FORWARD"},
        {"literal": "x", "category": ["FAMILY"], "direction": "TERMINATE"},
        {"literal": "x", "category": "FAMILY", "pattern": "(broken"},
        {"literal": "x", "category": "FAMILY", "pattern": [{"NO_SUCH": "x"}]},
        {"literal": "x", "category": "FAMILY", "max_scope": 0},
        {"literal": "x", "category": "FAMILY", "max_targets": "five"},
        {"literal": "x", "category": "FAMILY", "allowed_types": "DRUG"},
        {"literal": "x", "category": "FAMILY", "allowed_types": ["A"], "excluded_types": ["B"]},
        "x",
    ],
)
def test_a_rule_is_wrong(nlp, rule):
    with pytest.raises(ValueError, match="CE272"):
        nlp.get_pipe("context").add_rules([rule])


def test_rules_that_decide_nothing_need_no_category(nlp):
    nlp.get_pipe("context").add_rules([{"literal": "and yet", "direction": "TERMINATE"}])
    assert nlp("No fever and yet cough.").user_data[ASSERTIONS_KEY] is not None


@pytest.mark.parametrize(
    "content", ["no json", "[]", '{"rules": []}', '{"context_rules": null}', '{"context_rules": 5}']
)
def test_a_file_of_rules_is_wrong(tmp_path, content):
    (tmp_path / "rules.json").write_text(content)
    with pytest.raises(ValueError, match="CE272.*rules.json"):
        read_rules(tmp_path / "rules.json")


def test_a_rule_of_a_file_is_wrong(tmp_path):
    (tmp_path / "rules.json").write_text('{"context_rules": ["no"]}')
    with pytest.raises(ValueError, match="CE272"):
        read_rules(tmp_path / "rules.json")


def test_a_file_of_rules_may_begin_with_a_mark(tmp_path):
    (tmp_path / "rules.json").write_text('{"context_rules": []}', encoding="utf-8-sig")
    assert read_rules(tmp_path / "rules.json") == []
    (tmp_path / "rules.json").write_text('{"context_rules": []}', encoding="utf-16")
    with pytest.raises(ValueError, match="CE001.*rules.json"):
        read_rules(tmp_path / "rules.json")


def test_a_span_group_is_missing():
    with pytest.raises(ValueError, match="CE273"):
        make_nlp(spans_key="found")(TEXT)


def test_a_language_has_no_rules():
    with pytest.raises(ValueError, match="CE274"):
        make_nlp("es")
    assert make_nlp("es", rules="none").get_pipe("context").rules == []


# Scores, and the page


def test_a_pipeline_scores_assertions(nlp):
    gold = nlp.make_doc("No fever, cough")
    gold.user_data[ASSERTIONS_KEY] = [[3, 8, "negated"], [10, 15, "family"]]
    scores = nlp.evaluate([Example(nlp.make_doc(gold.text), gold)])
    assert scores["assertions_p"] == scores["assertions_r"] == 0.5
    assert scores["assertions_per_type"]["negated"] == {"p": 0.5, "r": 1.0, "f": pytest.approx(2 / 3)}
