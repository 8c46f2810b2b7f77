"""medspaCy's ConText over long documents: what it finds in the whole, in time that grows as the document does.

ConText compares each cue with all others and with all entities of a document, though none reaches out of its sentence.
Here it is handed the cues and entities of one sentence after the other.
"""

import warnings
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from spacy.attrs import SENT_START
from spacy.language import Language
from spacy.tokens import Doc, Span

from ...errors import Warnings
from ...text.windows import window_bounds
from .medspacy_import import import_context
from .rules import Rule

Bounds = Sequence[tuple[int, int]]


class CueFinder:
    """medspaCy's matcher with rules, and its ConText over what that has found."""

    def __init__(self, nlp: Language, name: str, rules: Iterable[Rule], max_tokens: int) -> None:
        """Build the matcher, which takes seconds.

        nlp (Language): The pipeline, whose tokenizer reads the rules.
        name (str): Name of the component that asks.
        rules (Iterable[Rule]): The rules.
        max_tokens (int): Longest sentence that is read as one; a longer one is cut into pieces of nearly equal length.
        RAISES (ImportError): CE358 if medspaCy is not installed.
        """
        self._medspacy = import_context(name)
        from medspacy.common.medspacy_matcher import MedspacyMatcher

        self.name = name
        self.max_tokens = max_tokens
        # those of a document know no rule if the component was taken from another pipeline
        self._strings = nlp.vocab.strings
        self._matcher = MedspacyMatcher(nlp)
        self._matcher.add([self._medspacy.ConTextRule(**rule) for rule in rules])

    def __call__(self, doc: Doc, targets: Sequence[Span]) -> Iterator[tuple[Span, Any]]:
        """Find what is said of entities.

        doc (Doc): The document, with sentence boundaries. It stays as it is.
        targets (Sequence[Span]): The entities.
        YIELDS (Tuple[Span, ConTextModifier]): An entity, and a cue that reaches it.
        """
        bounds = window_bounds(doc, unit="sentences", max_tokens=self.max_tokens)
        self._warn_if_cut(doc, bounds)
        modifiers = self._find_modifiers(doc, bounds)
        for some_targets, some_modifiers in _stretches(bounds, targets, modifiers):
            # the "without" of a migraine without aura negates nothing
            graph = self._medspacy.ConTextGraph(some_targets, some_modifiers, prune_on_modifier_overlap=True)
            graph.update_scopes()
            graph.apply_modifiers()
            yield from graph.edges

    def _find_modifiers(self, doc: Doc, bounds: Bounds) -> list:
        """medspaCy's cues of the whole document, as one may be longer than a sentence; they know where they reach."""
        rule_of = self._matcher.rule_map
        with _sentences(doc, bounds):
            return [
                self._medspacy.ConTextModifier(rule_of[self._strings[match_id]], start, end, doc)
                for match_id, start, end in self._matcher(doc)
            ]

    def _warn_if_cut(self, doc: Doc, bounds: Bounds) -> None:
        starts = doc.to_array([SENT_START])
        cuts = [start for start, _ in bounds if start and starts[start] != 1]
        if cuts:
            message = Warnings.CW364.format(name=self.name, n=len(cuts), limit=self.max_tokens, token=cuts[0])
            warnings.warn(message, stacklevel=2)


@contextmanager
def _sentences(doc: Doc, bounds: Bounds) -> Iterator[None]:
    """Let `token.sent` look its sentence up; spaCy walks to both ends of it."""
    starts = [start for start, _ in bounds]
    kept = dict(doc.user_token_hooks)
    doc.user_token_hooks["sent"] = lambda token: doc[slice(*bounds[bisect_right(starts, token.i) - 1])]
    try:
        yield
    finally:
        doc.user_token_hooks.clear()
        doc.user_token_hooks.update(kept)


def _stretches(bounds: Bounds, targets: Sequence[Span], modifiers: Sequence) -> Iterator[tuple[list[Span], list]]:
    """The cues that can meet one another, and the entities that they can meet: of a sentence, or of several where a cue
    reaches over their boundary. An entity is in all stretches that it touches."""
    within = {i for modifier in modifiers for i in range(modifier.modifier_span[0] + 1, modifier.modifier_span[1])}
    starts = [start for start, _ in bounds if start not in within]
    modifiers_of, targets_of = defaultdict(list), defaultdict(list)
    for modifier in modifiers:
        modifiers_of[bisect_right(starts, modifier.modifier_span[0])].append(modifier)
    for target in targets:
        for number in range(bisect_left(starts, target.start), bisect_right(starts, target.end) + 1):
            targets_of[number].append(target)
    for number in modifiers_of.keys() & targets_of.keys():
        yield targets_of[number], modifiers_of[number]
