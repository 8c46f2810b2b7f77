"""Scores of medication entries: a drug with its fields, as the i2b2 2009 challenge counts them.

*Vertical* scores count each kind of field by itself. *Horizontal* scores count all fields within their entries: a field
counts only with its drug. Exact (phrase-level) scores count whole fields, inexact (token-level) ones tokens between
white space. *Entries* is stricter than the challenge: an entry counts only if all of its fields do.

Source: Uzuner, Solti & Cadag 2010, JAMIA 17(5):514-518. The challenge's script is not public; this follows what its
participants say of it (horizontal: "all outputs regardless of types", Doan et al. 2010, JAMIA 17(5):528-531), and that
the published horizontal F1 lies between those of the fields. All documents are counted at once ("system level").

Here several entries of one drug count as one, because relations do not say which fields belong together.
"""

import re
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example

from ...annotations.entity import Entity
from ...annotations.relations import has_relations, read_relations
from ..counts import PRF, prf
from ..documents import check_text
from ..entities import align_entities

DRUG = "DRUG"
MATCHES = ("exact", "inexact")
# Of each drug its fields; the drug is one of them.
Entries = dict[Entity, frozenset[Entity]]


def horizontal_score(examples: Iterable[Example], drug_label: str = DRUG) -> dict[str, Any]:
    """Score the entries of documents.

    Exactly, a field is found if its label and offsets are, horizontally also the offsets of its drug. Inexactly, tokens
    are counted instead of fields, and a drug is found if it overlaps with a gold one (one to one, as in
    `align_entities`). An entry is found exactly if the same drug has the same fields, inexactly if each field of
    either side overlaps with one of the same label of the other, one to one.

    examples (Iterable[Example]): Predicted and reference documents of the same text, with drugs in `doc.ents` and
        fields in `user_data["clinner_relations"]`, whose label is the field's. References without that key are not
        annotated and are left out, as are relations whose head is no drug.
    drug_label (str): Label of the drugs.
    RETURNS (Dict[str, Any]): `PRF` under `["horizontal" or "entries"]["exact" or "inexact"]` and, by label, under
        `["vertical"]["exact" or "inexact"]`.
    RAISES (ValueError): CE061 if the texts of an example differ.
    """
    counts: dict[tuple, np.ndarray] = {}

    def count(key: tuple, gold: set, predicted: set) -> None:
        matched = len(gold & predicted)
        row = np.array([matched, len(gold), matched, len(predicted)])
        counts[key] = counts.get(key, np.zeros(4, dtype=int)) + row

    for example in examples:
        reference, predicted = example.reference, example.predicted
        if not has_relations(reference):
            continue
        check_text(predicted, reference)
        gold, guesses = entries_of(reference, drug_label), entries_of(predicted, drug_label)
        names = _partners(gold, guesses)
        aligned = {names.get(drug, drug): fields for drug, fields in guesses.items()}
        tokens = np.array([match.span() for match in re.finditer(r"\S+", reference.text)], dtype=int).reshape(-1, 2)
        for match, found in zip(MATCHES, (guesses, aligned), strict=True):
            count(("entries", match), *_entries_found(gold, found, match))
            pieces = [_pieces(entries, tokens if match == "inexact" else None) for entries in (gold, found)]
            count(("horizontal", match), *pieces)
            for label in sorted({piece[1] for piece in chain(*pieces)}):
                count(("vertical", match, label), *({p[1:] for p in side if p[1] == label} for side in pieces))
    scores: dict[str, Any] = {"vertical": {match: {} for match in MATCHES}}
    for name in ("horizontal", "entries"):
        scores[name] = {match: _prf(counts.get((name, match), np.zeros(4))) for match in MATCHES}
    for (_, match, label), row in sorted(item for item in counts.items() if item[0][0] == "vertical"):
        scores["vertical"][match][label] = _prf(row)
    return scores


def entries_of(doc: Doc, drug_label: str = DRUG) -> Entries:
    """Read the entries of a document.

    doc (Doc): The document.
    drug_label (str): Label of its drugs.
    RETURNS (Dict[Entity, FrozenSet[Entity]]): Of each drug of `doc.ents` its fields, labelled as their relations; the
        drug is one of them.
    """
    drugs = [Entity(e.start_char, e.end_char, e.label_) for e in doc.ents if e.label_ == drug_label]
    fields = {drug[:2]: {drug} for drug in drugs}
    for relation in read_relations(doc):
        if relation.head in fields:
            fields[relation.head].add(Entity(*relation.child, relation.label))
    return {drug: frozenset(fields[drug[:2]]) for drug in drugs}


def _partners(gold: Entries, guesses: Entries) -> dict[Entity, Entity]:
    """The gold drug that each predicted drug overlaps with."""
    return {theirs: ours for ours, theirs in align_entities(gold, guesses) if ours and theirs}


def _pieces(entries: Entries, tokens: np.ndarray | None) -> set[tuple]:
    """Fields as (drug, label, offsets), or with tokens (their offsets) tokens as (drug, label, number)."""
    found = {(drug, field.label, field[:2]) for drug, fields in entries.items() for field in fields}
    if tokens is None:
        return found
    starts, ends = tokens.T
    return {
        (drug, label, number)
        for drug, label, (start, end) in found
        for number in range(np.searchsorted(ends, start, "right"), np.searchsorted(starts, end, "left"))
    }


def _entries_found(gold: Entries, guesses: Entries, match: str) -> tuple[set, set]:
    """Both sides' entries; a predicted one that is found is shown as its gold one."""
    if match == "exact":
        return set(gold.items()), set(guesses.items())
    theirs = {
        (drug, gold[drug] if drug in gold and _agree(gold[drug], fields) else fields)
        for drug, fields in guesses.items()
    }
    return set(gold.items()), theirs


def _agree(gold: frozenset[Entity], fields: frozenset[Entity]) -> bool:
    pairs = align_entities(gold, fields)
    return all(ours and theirs and ours.label == theirs.label for ours, theirs in pairs)


def _prf(row: np.ndarray) -> PRF:
    return PRF(*prf(row.astype(float)).tolist())
