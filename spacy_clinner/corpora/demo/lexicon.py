"""The words of a specialty: terms by label and group, drugs by class, word lists; read from TOML files."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from ...errors import Errors

SPECIALTIES = ("cardiology", "respiratory", "neurology", "gastroenterology")
LABELS = ("DOSAGE", "DRUG", "DURATION", "FREQUENCY", "MODE", "PHI", "PROBLEM", "REASON", "TEST", "TREATMENT")
TERM_LABELS = ("PROBLEM", "TEST", "TREATMENT")
DRUG_FIELDS = ("DOSAGE", "MODE", "FREQUENCY", "DURATION", "REASON")
_SEPARATOR = re.compile(r"[,\n]")


class Term(NamedTuple):
    """A concept: its ways of being written, the usual one first, and for measurements the form of a value."""

    forms: tuple[str, ...]
    value: str = ""


class Group(NamedTuple):
    """Terms that fit the same places, with the modifiers that may precede and follow them inside the entity."""

    terms: tuple[Term, ...]
    before: str = ""
    after: str = ""


class Mode(NamedTuple):
    """A route of administration, as written before a drug ("oral") and after it ("by mouth")."""

    before: tuple[str, ...]
    after: tuple[str, ...]


class DrugClass(NamedTuple):
    """Drugs given in the same way for the same reasons, at home or only in hospital."""

    setting: str
    names: tuple[Term, ...]
    doses: tuple[str, ...]
    modes: tuple[Mode, ...]
    frequencies: tuple[Term, ...]
    durations: tuple[str, ...]
    reasons: tuple[Term, ...]


class Lexicon(NamedTuple):
    """Everything a note of one specialty can be made of."""

    groups: dict[str, dict[str, Group]]
    drug_classes: tuple[DrugClass, ...]
    words: dict[str, tuple[str, ...]]


def read_data(*path: str) -> dict:
    """One TOML file of the package's data folder, named by the parts of its path."""
    return tomllib.loads(files(__package__).joinpath("data", *path).read_text(encoding="utf-8"))


@cache
def load_lexicon(specialty: str) -> Lexicon:
    """Read the words of a specialty, laid over those that all share.

    specialty (str): one of `SPECIALTIES`.
    RETURNS (Lexicon): terms, drugs and word lists.
    RAISES: CE031 for an unknown specialty.
    """
    if specialty not in SPECIALTIES:
        raise ValueError(Errors.CE031.format(specialty=specialty, known=", ".join(SPECIALTIES)))
    shared, own = read_data("lexicons", "shared.toml"), read_data("lexicons", f"{specialty}.toml")
    modes = {
        key: Mode(_term(mode["before"]).forms, _term(mode["after"]).forms)
        for key, mode in (shared["mode"] | own.get("mode", {})).items()
    }
    frequencies = {key: _term(text) for key, text in (shared["frequency"] | own.get("frequency", {})).items()}
    durations = split_list(own.get("durations", shared["durations"]))
    return Lexicon(
        groups={
            label: {name: _group(table) for name, table in (shared[label.lower()] | own[label.lower()]).items()}
            for label in TERM_LABELS
        },
        drug_classes=tuple(_drug_class(table, modes, frequencies, durations) for table in own["drug"] + shared["drug"]),
        words={key: split_list(text) for key, text in (shared["words"] | own.get("words", {})).items()},
    )


def base_terms(specialty: str, label: str) -> list[Term]:
    """The written-out concepts of a label, without modifiers.

    specialty (str): one of `SPECIALTIES`.
    label (str): PROBLEM, TEST, TREATMENT, DRUG or REASON.
    RETURNS (list[Term]): each concept once, in the order of the file.
    """
    lexicon = load_lexicon(specialty)
    if label == "DRUG":
        terms = [term for drugs in lexicon.drug_classes for term in drugs.names]
    elif label == "REASON":
        terms = [term for drugs in lexicon.drug_classes for term in drugs.reasons]
    else:
        terms = [term for group in lexicon.groups[label].values() for term in group.terms]
    return list({term.forms[0]: term for term in terms}.values())


def split_list(text: str) -> tuple[str, ...]:
    """The items of a text that commas or new lines separate."""
    return tuple(item.strip() for item in _SEPARATOR.split(text) if item.strip())


def _term(text: str) -> Term:
    """Read `usual form = other form = other form : value`."""
    names, _, value = text.partition(" : ")
    return Term(tuple(name.strip() for name in names.split(" = ")), value.strip())


def _terms(text: str) -> tuple[Term, ...]:
    return tuple(_term(item) for item in split_list(text))


def _group(table: dict) -> Group:
    return Group(_terms(table["terms"]), table.get("before", ""), table.get("after", ""))


def _drug_class(table: dict, modes: dict[str, Mode], frequencies: dict[str, Term], durations) -> DrugClass:
    return DrugClass(
        setting=table.get("setting", "home"),
        names=_terms(table["names"]),
        doses=split_list(table["doses"]),
        modes=tuple(modes[key] for key in table["modes"].split()),
        frequencies=tuple(frequencies[key] for key in table["frequencies"].split()),
        durations=split_list(table["durations"]) if "durations" in table else durations,
        reasons=_terms(table["reasons"]),
    )
