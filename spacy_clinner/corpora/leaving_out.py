"""A corpus without what is in another one: documents go, single sentences lose their gold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from spacy.tokens import Doc

from ..annotations.keys import BRAT_SPANS_KEY, RELATIONS_KEY
from ..annotations.leaving import drop_import, drop_relations_and_assertions, drop_unmentioned
from .fingerprints import Fingerprints, take_fingerprints
from .leak import DOCUMENT, Leak, Leaks
from .leaks import find_leaks


@dataclass
class LeftOut:
    """What was taken out of a corpus.

    documents (int): Documents that went: those that are meant as a whole, and those of which no gold is left.
    sentences (int): Sentences in other documents that are not annotated any more.
    tokens (int): Tokens in these sentences, and of entities that cross their borders.
    entities (int): Entities in `doc.ents` that went, with their documents or by themselves.
    relations (int): Relations that went with one of their ends, or with a span group.
    groups (int): Span groups that went, because a group cannot say that a part of it is not annotated.
    """

    documents: int = 0
    sentences: int = 0
    tokens: int = 0
    entities: int = 0
    relations: int = 0
    groups: int = 0

    def summary(self) -> str:
        """RETURNS (str): What there is of it, in words."""
        counts = {field.name.replace("groups", "span groups"): getattr(self, field.name) for field in fields(self)}
        return ", ".join(f"{n} {name}" for name, n in counts.items() if n) or "nothing"


def leave_out(docs: Sequence[Doc], leaks: Iterable[Leak]) -> tuple[list[Doc], LeftOut]:
    """Leave out of a corpus what is in another one. The documents that stay are changed.

    In a document of which single sentences go, the tokens of these are not annotated any more (neither "entity" nor
    "none"), nor those of entities that cross a border. Relations and assertions of entities that went go with them. A
    span group cannot say so of single tokens, so it goes as a whole, with all relations (absent: not annotated). What
    an import kept of the annotators' own files goes as a whole, too, but with no relations: all annotations of a brat
    document, the entries of i2b2 2009. A document that had gold, and has none then, goes.

    docs (Sequence[Doc]): The corpus.
    leaks (Iterable[Leak]): What is in others, as of `find_leaks`; of more than one other corpus, one after the other.
    RETURNS (Tuple[List[Doc], LeftOut]): The documents that stay, and what was taken out.
    """
    whole: set[int] = set()
    parts: dict[int, set[tuple[int, int]]] = {}
    for leak in leaks:
        if leak.what == DOCUMENT:
            whole.add(leak.doc)
        else:
            parts.setdefault(leak.doc, set()).add((leak.start, leak.end))
    kept, left_out = [], LeftOut()
    for number, doc in enumerate(docs):
        n_entities, goes = len(doc.ents), number in whole
        if not goes and number in parts:
            goes = not _take_out(doc, parts[number], left_out)
        if goes:
            left_out.documents += 1
            left_out.entities += n_entities
        else:
            left_out.entities += n_entities - len(doc.ents)
            kept.append(doc)
    return kept, left_out


def leave_out_tests(docs: Sequence[Doc], tests: Mapping[str, Fingerprints]) -> tuple[list[Doc], list[Leaks], LeftOut]:
    """Leave out of training documents what is in any of several test sets. The documents that stay are changed.

    docs (Sequence[Doc]): The training documents.
    tests (Mapping[str, Fingerprints]): The test sets, by name.
    RETURNS (Tuple[List[Doc], List[Leaks], LeftOut]): The documents that stay, what is in which test set (those with
        nothing left out), and what was taken out.
    """
    own = take_fingerprints(docs)
    found = [leaks for name, other in tests.items() if (leaks := find_leaks(own, other, name)).found]
    kept, left_out = leave_out(docs, [leak for leaks in found for leak in leaks.found])
    return kept, found, left_out


def _take_out(doc: Doc, sentences: Iterable[tuple[int, int]], left_out: LeftOut) -> bool:
    """Take the gold of sentences out; RETURNS (bool): whether any is left, or the document had none."""
    groups = [key for key in doc.spans if key != BRAT_SPANS_KEY]
    annotated = doc.has_annotation("ENT_IOB")
    if not (annotated or groups):
        return True
    found = LeftOut(sentences=len(set(sentences)), groups=len(groups))
    gone, entities = _widened(doc, sentences), doc.ents
    _forget_entities(doc, gone)
    drop_unmentioned(doc, entities, doc.ents)
    characters = _characters(doc, gone)
    found.relations = drop_relations_and_assertions(doc, lambda place: bool(characters[slice(*place)].any()))
    found.tokens = int(gone.sum())
    drop_import(doc)
    for key in [*doc.spans]:
        del doc.spans[key]
    if groups:
        found.relations += len(doc.user_data.pop(RELATIONS_KEY, ()))
    if not doc.has_annotation("ENT_IOB"):
        return False
    left_out.sentences += found.sentences
    left_out.tokens += found.tokens
    left_out.groups += found.groups
    left_out.relations += found.relations
    return True


def _widened(doc: Doc, sentences: Iterable[tuple[int, int]]) -> np.ndarray:
    """Whether each token goes: those of the sentences, and of entities that cross their borders."""
    gone = np.zeros(len(doc), dtype=bool)
    for start, end in sentences:
        gone[start:end] = True
    for entity in doc.ents:
        gone[entity.start : entity.end] |= gone[entity.start : entity.end].any()
    return gone


def _forget_entities(doc: Doc, gone: np.ndarray) -> None:
    missing = [doc[token : token + 1] for token in np.flatnonzero(gone).tolist()]
    doc.set_ents([], missing=missing, default="unmodified")
    for (token,) in missing:
        # spaCy keeps these
        token.ent_kb_id = token.ent_id = 0


def _characters(doc: Doc, tokens: np.ndarray) -> np.ndarray:
    """Whether each character is of one of the tokens."""
    found = np.zeros(len(doc.text), dtype=bool)
    for token in np.flatnonzero(tokens).tolist():
        found[doc[token].idx : doc[token].idx + len(doc[token])] = True
    return found
