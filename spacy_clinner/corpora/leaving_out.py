"""A corpus without what is in another one: documents go, single sentences lose their gold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from spacy.tokens import Doc, Span

from ..annotations.concepts import concepts_of, drop_concepts
from ..annotations.keys import ASSERTIONS_KEY, BRAT_SPANS_KEY, RELATIONS_KEY
from ..annotations.relations import has_relations, keep_relations, read_relations
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
    span group cannot say so of single tokens, so it goes as a whole, with all relations (absent: not annotated); but
    for the record of a brat document, from which nothing is learned. A document that had gold, and has none then, goes.

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
    gone = _widened(doc, sentences)
    concepts = _concepts(doc)
    _forget_entities(doc, gone)
    drop_concepts(doc, concepts - _concepts(doc))
    found.tokens = int(gone.sum())
    for key in groups:
        del doc.spans[key]
    found.relations = _forget_relations(doc, whole=bool(groups))
    _forget_assertions(doc, gone)
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


def _forget_relations(doc: Doc, whole: bool) -> int:
    """Drop relations of what is no entity any more, or all of them; RETURNS (int): how many."""
    if not has_relations(doc):
        return 0
    relations = read_relations(doc)
    if whole:
        del doc.user_data[RELATIONS_KEY]
        return len(relations)
    places = {_offsets(entity) for entity in doc.ents}
    kept = [relation.head in places and relation.child in places for relation in relations]
    keep_relations(doc, kept)
    return len(kept) - sum(kept)


def _forget_assertions(doc: Doc, gone: np.ndarray) -> None:
    """Drop the assertions of characters that went."""
    if ASSERTIONS_KEY in doc.user_data:
        places = [(token.idx, token.idx + len(token)) for token in doc if gone[token.i]]
        doc.user_data[ASSERTIONS_KEY] = [
            row
            for row in doc.user_data[ASSERTIONS_KEY]
            if not any(start < row[1] and row[0] < end for start, end in places)
        ]


def _concepts(doc: Doc) -> set[str]:
    """What a relation of concepts may name: those of entities, and what a composite mention names together."""
    return {name for entity in doc.ents for name in (entity.kb_id_, *concepts_of(entity)) if name}


def _offsets(entity: Span) -> tuple[int, int]:
    return entity.start_char, entity.end_char
