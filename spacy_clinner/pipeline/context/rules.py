"""ConText rules as plain data, in medspaCy's own form: what the component saves, and what users write.

A rule is named by its `literal`; see docs/guide/context.md for its other keys.
"""

import json
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

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
DIRECTIONS = ("FORWARD", "BACKWARD", "BIDIRECTIONAL", "TERMINATE", "PSEUDO")


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
    except (ValueError, KeyError, TypeError) as error:
        problem = f"{path.name} is no JSON file with a list `context_rules`"
        raise ValueError(Errors.CE272.format(problem=problem)) from error
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
    RETURNS (Rule): The same without what is None.
    RAISES (ValueError): CE272 with what is wrong.
    """
    name = rule.get("literal")
    if not isinstance(name, str) or not name:
        raise ValueError(Errors.CE272.format(problem="a rule has no `literal`, its name"))
    if unknown := sorted(rule.keys() - set(KEYS)):
        raise ValueError(Errors.CE272.format(problem=f"rule {name!r} has unknown keys {unknown}"))
    direction = rule.get("direction", "BIDIRECTIONAL")
    if direction not in DIRECTIONS:
        raise ValueError(Errors.CE272.format(problem=f"rule {name!r} has the direction {direction!r}"))
    if rule.get("category") not in ASSERTIONS and direction not in ("TERMINATE", "PSEUDO"):
        raise ValueError(Errors.CE272.format(problem=f"rule {name!r} has the category {rule.get('category')!r}"))
    return {key: rule[key] for key in KEYS if rule.get(key) is not None}


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
