"""Whether what an entity names is so (negated, historical, ...), by medspaCy's ConText, left as plain data.

medspaCy keeps its modifiers as objects in `doc.user_data`, so that a document can neither be stored nor sent to another
process. Here only what they decided is written down.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import srsly
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from ...annotations.keys import ASSERTION_CUES_KEY, ASSERTIONS_KEY
from ...annotations.span_groups import steady_spans
from ...errors import Errors
from ..stored_json import StoredJson
from .cues import CueFinder
from .medspacy_import import MAKING, import_context
from .rules import ASSERTIONS, Rule, merge_rules, read_rules, ready_rules


@Language.factory(
    "clinner_context",
    assigns=[f"span._.is_{assertion}" for assertion in dict.fromkeys(ASSERTIONS.values())],
    requires=["doc.ents", "doc.sents"],
    default_config={"scorer": {"@scorers": "spacy_clinner.assertion_scorer.v1"}},
    default_score_weights={"assertions_f": None, "assertions_p": None, "assertions_r": None},
)
class Context(StoredJson):
    """Find the assertions of entities with medspaCy's ConText.

    Writes `doc.user_data["clinner_assertions"]` (a list of [start, end, assertion]), the words that decided to
    `doc.user_data["clinner_assertion_cues"]` ([start, end, assertion, start of the cue, its end]), all by character
    offsets, and medspaCy's `span._.is_negated`, `is_uncertain`, `is_historical`, `is_hypothetical`, `is_family`.
    Needs sentence boundaries.
    """

    part = "rules"

    def __init__(
        self,
        nlp: Language,
        name: str = "clinner_context",
        *,
        rules: Literal["ready", "medspacy", "none"] = "ready",
        entity_labels: list[str] | None = None,
        spans_key: str | None = None,
        max_tokens: int = 1000,
        scorer: Callable | None = None,
    ) -> None:
        """Set up the component.

        nlp (Language): The pipeline, whose tokenizer reads the rules.
        name (str): Name of the component instance.
        rules (str): What to start from: "medspacy", medspaCy's rules for the language of the pipeline; "ready", these
            and the rules of this package; "none". What is loaded from disk replaces them.
        entity_labels (Optional[List[str]]): Labels of the entities that can have an assertion; None for all.
        spans_key (Optional[str]): Span group of the entities; None: `doc.ents`.
        max_tokens (int): Longest sentence that is read as one: time and memory grow with the square of a sentence that
            is full of cues. A longer one is cut (CW364), and no cue reaches into another piece.
        scorer (Optional[Callable]): The scoring method.
        RAISES (ImportError): CE358 if medspaCy is not installed.
        RAISES (ValueError): CE274 if it has no rules for the language, CE364 if `max_tokens` is not positive.
        """
        if max_tokens < 1:
            raise ValueError(Errors.CE364.format(name=name, setting="max_tokens", value=max_tokens))
        self.nlp = nlp
        self.name = name
        self.entity_labels = None if entity_labels is None else frozenset(entity_labels)
        self.spans_key = spans_key
        self.max_tokens = max_tokens
        self.scorer = scorer
        self._finder: CueFinder | None = None
        import_context(name)
        self.rules = [] if rules == "none" else medspacy_rules(nlp, name)
        if rules == "ready":
            self.add_rules(ready_rules(nlp.lang or ""))

    @property
    def rules(self) -> list[Rule]:
        """The rules, in medspaCy's form; assign a list to replace them all."""
        return [dict(rule) for rule in self._rules]

    @rules.setter
    def rules(self, rules: Iterable[Rule]) -> None:
        rules = merge_rules([], rules)
        # not while another thread makes the finder of the old ones, which it would keep
        with MAKING:
            self._rules = rules
            self._finder = None

    def add_rules(self, rules: Iterable[Rule]) -> None:
        """Add rules; one of the same `literal` is replaced.

        rules (Iterable[Rule]): Rules as `rules.read_rules` returns them.
        RAISES (ValueError): CE272 if a rule is wrong.
        """
        with MAKING:
            self.rules = merge_rules(self._rules, rules)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]] | None = None,
        *,
        nlp: Language | None = None,
        rules: Path | str | None = None,
    ) -> None:
        """Add the rules of a file, which are then saved with the pipeline.

        get_examples (Optional[Callable[[], Iterable[Example]]]): Not used.
        nlp (Optional[Language]): Not used.
        rules (Optional[Union[Path, str]]): A file of rules.
        RAISES (ValueError): CE272 if the file or a rule is wrong.
        """
        if rules is not None:
            self.add_rules(read_rules(rules))

    def __call__(self, doc: Doc) -> Doc:
        """Find the assertions of a document.

        doc (Doc): The document.
        RETURNS (Doc): The same document.
        RAISES (ValueError): CE271 if it has no sentence boundaries, CE273 if it lacks the span group.
        """
        targets = self._targets(doc)
        cues = sorted(self._find_cues(doc, targets)) if targets else []
        found = {tuple(cue[:3]) for cue in cues}
        doc.user_data[ASSERTION_CUES_KEY] = cues
        doc.user_data[ASSERTIONS_KEY] = [list(row) for row in sorted(found)]
        for span in targets:
            for assertion in set(ASSERTIONS.values()):
                holds = (span.start_char, span.end_char, assertion) in found
                if span._.get(f"is_{assertion}") != holds:
                    span._.set(f"is_{assertion}", holds)
        return doc

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score examples with the scorer.

        examples (Iterable[Example]): The examples.
        RETURNS (Dict[str, Any]): The scores; none without a scorer.
        """
        return {} if self.scorer is None else self.scorer(examples, **kwargs)

    def _targets(self, doc: Doc) -> list[Span]:
        if self.spans_key is None:
            spans: Iterable[Span] = doc.ents
        elif self.spans_key in doc.spans:
            spans = steady_spans(doc, self.spans_key)
        else:
            raise ValueError(Errors.CE273.format(name=self.name, key=self.spans_key, known=sorted(doc.spans)))
        return [span for span in spans if self.entity_labels is None or span.label_ in self.entity_labels]

    def _find_cues(self, doc: Doc, targets: list[Span]) -> list[list]:
        """Rows of entity, assertion and cue."""
        # of a single word nothing can be said, and spaCy cannot tell whether it is a sentence
        if len(doc) == 1:
            return []
        if not doc.has_annotation("SENT_START"):
            raise ValueError(Errors.CE271.format(name=self.name))
        rows = []
        for target, modifier in self._build_finder()(doc, targets):
            start, end = modifier.modifier_span
            cue = doc[start:end]
            if modifier.category in ASSERTIONS:
                assertion = ASSERTIONS[modifier.category]
                rows.append([target.start_char, target.end_char, assertion, cue.start_char, cue.end_char])
        return rows

    def _build_finder(self) -> CueFinder:
        """Made when the rules are there: after loading, or at first use."""
        with MAKING:
            if self._finder is None:
                # other threads see it only now: without its rules it would find that nothing is negated
                self._finder = CueFinder(self.nlp, self.name, self._rules, self.max_tokens)
            return self._finder

    def __getstate__(self) -> dict[str, Any]:
        """Without medspaCy's objects, so that the component can be sent to a spawned process."""
        return {**self.__dict__, "_finder": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Import medspaCy before its attributes are unpickled: they would import it, and silence all warnings."""
        self.__dict__.update(state)
        import_context(self.name)

    def stored(self) -> list[Rule]:
        """RETURNS (List[Rule]): The rules."""
        return self._rules

    def take_stored(self, content: Iterable[Rule]) -> None:
        """Replace the rules, and make what finds cues by them.

        content (Iterable[Rule]): The rules.
        """
        self.rules = content
        self._build_finder()

    def to_text(self) -> str:
        """RETURNS (str): The rules, as `read_rules` reads them."""
        return srsly.json_dumps({"context_rules": self._rules}, indent=1) + "\n"

    def read_file(self, path: Path) -> list[Rule]:
        """Read rules.

        path (Path): A file of rules.
        RETURNS (List[Rule]): The rules.
        RAISES (ValueError): CE272 if a rule is wrong.
        """
        return read_rules(path)


def medspacy_rules(nlp: Language, name: str) -> list[Rule]:
    """The rules that medspaCy has for a language.

    nlp (Language): A pipeline of the language.
    name (str): Name of the component that asks.
    RETURNS (List[Rule]): The rules.
    RAISES (ValueError): CE274 if there are none.
    """
    try:
        context = import_context(name).ConText(nlp, language_code=nlp.lang, span_attrs=None)
        rules = [rule.to_dict() for rule in context.rules]
    except FileNotFoundError:
        rules = []
    # for some languages medspaCy has a file without rules
    if not rules:
        raise ValueError(Errors.CE274.format(name=name, lang=nlp.lang))
    return rules
