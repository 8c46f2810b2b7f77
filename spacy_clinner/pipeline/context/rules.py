"""ConText rules as plain data, in medspaCy's own form: what the component saves, and what users write.

A rule is named by its `literal`; see docs/guide/context.md for its other keys.
"""

import json
import re
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from spacy.matcher import Matcher
from spacy.vocab import Vocab

from ...errors import Errors
from ...files import parse_json, read_text

Rule = dict[str, Any]

# What a rule decides of the entities that it reaches; medspaCy's French rules have names of their own for two.
ASSERTIONS = {
    "NEGATED_EXISTENCE": "negated",
    "POSSIBLE_EXISTENCE": "uncertain",
    "UNCERTAIN": "uncertain",
    "HISTORICAL": "historical",
    "HYPOTHETICAL": "hypothetical",
    "CONDITIONAL": "hypothetical",
    "FAMILY": "family",
}
KEYS = (
    "literal",
    "category",
    "pattern",
    "direction",
    "allowed_types",
    "excluded_types",
    "max_scope",
    "max_targets",
    "terminated_by",
    "metadata",
)
# what such rules find says nothing of entities: it ends the reach of other rules, or hides what these would find
DECIDE_NOTHING = ("TERMINATE", "PSEUDO")
DIRECTIONS = ("FORWARD", "BACKWARD", "BIDIRECTIONAL", *DECIDE_NOTHING)


def read_rules(path: Path | str) -> list[Rule]:
    """Read a file of rules.

    path (Union[Path, str]): JSON, `{"context_rules": [...]}`, as medspaCy reads it.
    RETURNS (List[Rule]): The rules.
    RAISES (ValueError): CE272 if there is no such list in it, or one of the rules is wrong; CE001 and CE300 if it is no
        text in UTF-8.
    """
    path = Path(path)
    content = read_text(path)
    try:
        rules = parse_json(content)["context_rules"]
    except (ValueError, KeyError, TypeError):
        rules = None
    if not isinstance(rules, list):
        raise ValueError(Errors.CE272.format(problem=f"{path.name} is no JSON file with a list `context_rules`"))
    return [check_rule(rule) for rule in rules]


def ready_rules(lang: str) -> list[Rule]:
    """The rules of this package, which go with medspaCy's.

    lang (str): Language of the notes; there are rules for "en".
    RETURNS (List[Rule]): The rules, none for other languages.
    """
    file = resources.files(__package__) / "data" / f"context_rules_{lang}.json"
    return json.loads(file.read_text(encoding="utf8"))["context_rules"] if file.is_file() else []


def check_rule(rule: Rule) -> Rule:
    """Check a rule, and put its keys into one order, so that equal rules are saved as equal bytes.

    rule (Rule): A rule.
    RETURNS (Rule): The same without what is None. One that only ends the reach of others, or hides them, needs no
        category and gets its direction for one.
    RAISES (ValueError): CE272 with what is wrong.
    """
    name = rule.get("literal") if isinstance(rule, dict) else None
    if not isinstance(name, str) or not name:
        raise ValueError(Errors.CE272.format(problem="a rule has no `literal`, its name"))
    rule = {key: value for key, value in rule.items() if value is not None}
    direction = rule.get("direction", "BIDIRECTIONAL")
    if direction in DECIDE_NOTHING:
        rule.setdefault("category", direction)
    if problem := next(_problems(rule, direction), ""):
        raise ValueError(Errors.CE272.format(problem=f"rule {name!r} has {problem}"))
    return {key: rule[key] for key in KEYS if key in rule}


def _problems(rule: Rule, direction: Any) -> Iterator[str]:
    """What would else fail at the first note."""
    if unknown := sorted(map(str, rule.keys() - set(KEYS))):
        yield f"unknown keys {unknown}"
    if direction not in DIRECTIONS:
        yield f"the direction {direction!r}"
    if not isinstance(rule.get("category"), str) or (
        rule["category"] not in ASSERTIONS and direction not in DECIDE_NOTHING
    ):
        yield f"the category {rule.get('category')!r}"
    for key in ("allowed_types", "excluded_types", "terminated_by"):
        value = rule.get(key, [])
        if not (isinstance(value, list) and all(isinstance(text, str) for text in value)):
            yield f"no list of names as `{key}`"
    if "allowed_types" in rule and "excluded_types" in rule:
        yield "both `allowed_types` and `excluded_types`"
    for key in ("max_scope", "max_targets"):
        value = rule.get(key, 1)
        if not isinstance(value, int) or value < 1:
            yield f"no number above 0 as `{key}`"
    if "pattern" in rule and not _is_pattern(rule["pattern"]):
        yield "a `pattern` that is none of spaCy's Matcher, and no regular expression"


def _is_pattern(pattern: Any) -> bool:
    try:
        if isinstance(pattern, str):
            re.compile(pattern)
        else:
            Matcher(Vocab(), validate=True).add("pattern", [pattern])
    # a broken pattern raises errors of many kinds
    except Exception:
        return False
    return True


def merge_rules(known: Iterable[Rule], added: Iterable[Rule]) -> list[Rule]:
    """Add rules to others, in place of those of the same `literal`.

    known (Iterable[Rule]): Rules.
    added (Iterable[Rule]): Further ones.
    RETURNS (List[Rule]): All of them.
    RAISES (ValueError): CE272 if an added rule is wrong.
    """
    added = [check_rule(rule) for rule in added]
    names = {rule["literal"].lower() for rule in added}
    return [rule for rule in known if rule["literal"].lower() not in names] + added
