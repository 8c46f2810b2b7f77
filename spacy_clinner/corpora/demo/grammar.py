"""The small language in which terms and sentences of the demo corpus are written.

{PROBLEM}                    an entity: any term of that label
{PROBLEM.symptom}            of one group of the lexicon
{PROBLEM.disease@main}       named: every `@main` of a note is the same concept
{PROBLEM.symptom:negated}    with an assertion
{DRUG} {DOSAGE}              a field belongs to the drug before it,
{>DOSAGE} of {DRUG}          or with `>` to the drug after it
{side}  {2-14}  {0.5-3.0}    a word of a list; a number of a range, with as many decimals as its lower end
[text]                       present every other time
<one|two|three>              one of these
"""

import re
from functools import cache
from random import Random
from typing import NamedTuple

from ...errors import Errors

ASSERTIONS = ("negated", "historical", "family", "hypothetical")
_SLOT = re.compile(r"\{(>?)([A-Za-z_]+)(?:\.([a-z_]+))?(?:@([a-z]+))?(?::([a-z]+))?\}")
_RANGE = re.compile(r"\{(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)\}")
_PART = re.compile(r"\{[^{}]*\}|[\[\]<>|]|[^{}\[\]<>|]+|.", re.DOTALL)
_CLOSERS = {"[": "]", "<": ">"}


class Slot(NamedTuple):
    """A place to be filled: an entity if `label` is upper case, else a word of that list."""

    label: str
    group: str
    name: str
    assertion: str
    looks_ahead: bool


class Number(NamedTuple):
    """A number between two bounds, written as in the template to keep its decimals."""

    low: str
    high: str

    def draw(self, rng: Random) -> str:
        decimals = len(self.low.partition(".")[2])
        scale = 10**decimals
        return f"{rng.randint(round(float(self.low) * scale), round(float(self.high) * scale)) / scale:.{decimals}f}"


class Choice(NamedTuple):
    """Alternatives, equally likely."""

    options: tuple["Template", ...]


Template = tuple[str | Slot | Number | Choice, ...]


@cache
def parse(source: str) -> Template:
    """Read a term or sentence.

    source (str): text in the language above.
    RETURNS (Template): plain strings, slots, numbers and choices in order.
    RAISES: CE030 for brackets that do not match or a slot that cannot be read.
    """
    parts = _PART.findall(source)
    template, end = _sequence(parts, 0, "", source)
    if end != len(parts):
        raise ValueError(Errors.CE030.format(part=parts[end], template=source))
    return template


def flatten(template: Template, rng: Random) -> list[str | Slot]:
    """Decide all choices and numbers of a template.

    template (Template): as `parse` gives it.
    rng (Random): where the decisions come from.
    RETURNS (list[str | Slot]): strings and the slots still to be filled.
    """
    flat: list[str | Slot] = []
    for part in template:
        if isinstance(part, Choice):
            flat.extend(flatten(rng.choice(part.options), rng))
        elif isinstance(part, Number):
            flat.append(part.draw(rng))
        else:
            flat.append(part)
    return flat


def _sequence(parts: list[str], at: int, closer: str, source: str) -> tuple[Template, int]:
    """Read from `at` up to a closer, or up to "|" inside "<>"; return the template and where it stopped."""
    template: list[str | Slot | Number | Choice] = []
    while at < len(parts):
        part = parts[at]
        if closer and (part == closer or (part == "|" and closer == ">")):
            return tuple(template), at
        if part in _CLOSERS:
            choice, at = _choice(parts, at, source)
            template.append(choice)
        elif part.startswith("{"):
            template.append(_slot(part, source))
            at += 1
        elif part in "[]<>{}":
            raise ValueError(Errors.CE030.format(part=part, template=source))
        else:
            template.append(part)
            at += 1
    if closer:
        raise ValueError(Errors.CE030.format(part=closer, template=source))
    return tuple(template), at


def _choice(parts: list[str], at: int, source: str) -> tuple[Choice, int]:
    closer = _CLOSERS[parts[at]]
    options: list[Template] = [()] if closer == "]" else []
    while True:
        option, at = _sequence(parts, at + 1, closer, source)
        options.append(option)
        if parts[at] == closer:
            return Choice(tuple(options)), at + 1


def _slot(part: str, source: str) -> Slot | Number:
    if found := _RANGE.fullmatch(part):
        return Number(*found.groups())
    found = _SLOT.fullmatch(part)
    if found is None or (found[5] and found[5] not in ASSERTIONS):
        raise ValueError(Errors.CE030.format(part=part, template=source))
    ahead, label, group, name, assertion = found.groups()
    return Slot(label, group or "", name or "", assertion or "", bool(ahead))
