"""A tokenizer for clinical notes: the language's rules, and splits where notes glue words, numbers and punctuation.

It is an ordinary `spacy.tokenizer.Tokenizer` with more regular expressions, so it caches, pickles and serialises like
spaCy's own. Those special cases of the language are left out that harm notes: emoticons ("8)", "<3"), one-letter
abbreviations ("d.", "l.": units at the end of a sentence), splits inside plain words ("im", intramuscular, is no
"I'm"), and white space, because spaCy stops caching in a document once a special case has occurred, and every note has
lines.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from spacy import Language
from spacy.lang.char_classes import ALPHA, ALPHA_LOWER, ALPHA_UPPER
from spacy.tokenizer import Tokenizer
from spacy.util import compile_infix_regex, compile_prefix_regex, compile_suffix_regex, registry

# Comparisons stand before a value ("≥30%", "∼4 months"); "<", ">" and "=" are prefixes in spaCy already.
# ".1.5 cm" is a stray full stop, ".5 mg" a number; "+34679802102" a telephone number, "+2" a degree.
# A line of hundreds of signs is one token: spaCy would take them off one by one, and copy the rest each time.
SIGNS = r"(?:[^\w\s]|_){200,}"
PREFIXES = [SIGNS, "[≥≤≧≦∼~≈±×]", r"\.(?=[0-9]+\.[0-9])", r"\+(?=[0-9]{6})"]

# Two full stops are that of an abbreviation and that of its sentence ("5, 4 izq.."), no ellipsis.
ELLIPSIS = {r"\.\.+": r"\.{3,}"}

SUFFIXES = [
    rf"(?<![^\w\s])(?<!_){SIGNS}",
    # A last full stop always ends a sentence here ("mg/dL.", "hepatitis C."), except in dotted abbreviations ("U.S.").
    rf"(?<=[^\s.])(?<!(?<!\w)[{ALPHA}]\.[{ALPHA}])\.",
    r"(?<=[^\s.]\.)\.",
    rf"(?<=[{ALPHA}])[-/]",
]

# Python wants lookbehinds of fixed width: one for each length of a number (or of its last group of digits).
_NUMBER_BEFORE = "(?:" + "|".join(rf"(?<=(?<!\w)[0-9]{{{n}}})" for n in range(1, 7)) + ")"

INFIXES = [
    # "5mg", "200mL/h", "2015with"; "IL2ra", "10th", "3D", "4q35" and "stage 2b" stay whole
    rf"{_NUMBER_BEFORE}(?!(?:st|nd|rd|th)\b)(?=[{ALPHA_LOWER}µμ][{ALPHA}]|[dghlmxy]\b)",
    # superscripts of references: "fibers4", "ataxia.1", "AVED,14"
    rf"(?<=[{ALPHA_LOWER}]{{4}})(?=[0-9])",
    rf"(?<=[{ALPHA}]{{2}})[.,](?=[0-9])",
    # a full stop or semicolon without its space: "normal.on", "10/10.The", "SOB.He", "dL.BP", "i.v.tiw", "100,000;WBC"
    rf"(?<=[{ALPHA_LOWER}]{{2}})\.(?=[{ALPHA}][{ALPHA}-]|\+)",
    rf"(?<=[{ALPHA_LOWER}]{{2}}\.)\+(?=[0-9])",
    rf"(?<=[0-9])\.(?=[{ALPHA_UPPER}][{ALPHA_LOWER}])",
    rf"(?<=[{ALPHA}]{{2}})\.(?=[{ALPHA_UPPER}][{ALPHA}])",
    rf"(?<=\w);(?=[{ALPHA}]{{2}})",
    rf"(?<=\.[{ALPHA_LOWER}]\.)(?=[{ALPHA_LOWER}]{{2}})",
    # comparisons and conjunctions: "ANC>0.5", "EF=0.20", "BUCY+ATG", "μg/24"
    r"(?<=[\w)\]%:])[=<>≤≥≧≦](?=[\w.+-])",
    rf"(?<=[{ALPHA}])\+(?=[{ALPHA}])",
    rf"(?<=[{ALPHA}])/(?=[0-9])",
    r"(?<=\w)/(?=µ)",
    r"(?<=\w)—(?=\w)",
    # a key and its value: "BP:120/80", "DOB:01/02/1960", "SpO2:98%", "Na:<120", "K+:3.5"; "10:30", "1:1000" stay whole
    rf"(?:(?<=[{ALPHA}])|(?<=[{ALPHA}]{{2}}[0-9])|(?<=[{ALPHA}]\+)):(?=[<>≤≥~+-]?[0-9])",
    rf"(?<=[0-9])%(?=[{ALPHA}])",
    # a number of four digits or more beside a word: "NHC-456125", "08005-Barcelona"; "IL-6" and "COVID-19" stay whole
    rf"(?<=[{ALPHA}])-(?=[0-9]{{4}})",
    rf"(?<=[0-9]{{4}})-(?=[{ALPHA}])",
    # two names that some languages leave whole, unlike English: "Concepción-Chile"
    rf"(?<=[{ALPHA_LOWER}]{{3}})-(?=[{ALPHA_UPPER}][{ALPHA_LOWER}]{{2}})",
    # a word and the next field's "number": "MartínezNºCol"
    rf"(?<=[{ALPHA_LOWER}]{{2}})(?=[Nn][º°])",
    # brackets: "risk[4", "uptake(max", "(COX)-deficient", "CEA.(Fig", "consensus),13"
    r"\[",
    rf"(?<=[{ALPHA_LOWER}]{{3}})\((?=\w\w)",
    r"(?<=[.,;:])\(",
    r"[.,;:](?=[(\[])",
    r"[)\]](?=[-–/.,;:])",
    r"(?<=[)\]])[-–/.,;:](?=\S)",
]

# spaCy's own pattern takes every "word.word" for a host name; notes that lack a space are more frequent than those.
URL_MATCH = re.compile(r"(?u)^(?:[A-Za-z][A-Za-z0-9+.-]*://\S+|www\.\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)$").match


@registry.tokenizers("spacy_clinner.ClinicalTokenizer.v1")
def make_clinical_tokenizer() -> Callable[[Language], Tokenizer]:
    """Build the tokenizer of clinical notes for any language whose words are separated by spaces.

    RETURNS (Callable[[Language], Tokenizer]): makes the tokenizer from the language's defaults and vocabulary.
    """
    return create_clinical_tokenizer


def create_clinical_tokenizer(nlp: Language) -> Tokenizer:
    """Extend the punctuation rules of the language of `nlp` with those of clinical notes.

    nlp (Language): gives vocabulary and language defaults.
    RETURNS (Tokenizer): a tokenizer that keeps every character: `"".join(t.text_with_ws for t in doc) == doc.text`.
    """
    defaults = nlp.Defaults
    special_cases = defaults.tokenizer_exceptions or {}
    return Tokenizer(
        nlp.vocab,
        rules={orth: parts for orth, parts in special_cases.items() if _is_clinical(orth, parts)},
        prefix_search=compile_prefix_regex([*PREFIXES, *_listed(defaults.prefixes)]).search,
        suffix_search=compile_suffix_regex([*SUFFIXES, *_listed(defaults.suffixes)]).search,
        infix_finditer=compile_infix_regex([*INFIXES, *_listed(defaults.infixes)]).finditer,
        token_match=defaults.token_match,
        url_match=URL_MATCH,
    )


def _listed(patterns: Iterable[Any] | None) -> list[str]:
    return [ELLIPSIS.get(pattern, pattern) for pattern in patterns or ()]


def _is_clinical(orth: str, parts: list[dict]) -> bool:
    """Whether a special case of the language serves notes: see the head of this file for those that do not."""
    if orth.isalpha():
        return len(parts) == 1
    words = sum(char.isalpha() for char in orth) >= 2 or "'" in orth or "’" in orth
    return words and all(char.isalnum() or char in ".'’" for char in orth)
