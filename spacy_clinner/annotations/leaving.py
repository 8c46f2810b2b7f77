"""What is said of entities goes with them: relations, assertions, relations of their concepts, the import's record."""

from collections.abc import Callable, Iterable

from spacy.tokens import Doc, Span

from .concepts import concepts_of, drop_concepts
from .keys import ASSERTED_KEY, ASSERTIONS_KEY, BRAT_KEY, ENTRIES_KEY
from .relations import Offsets, has_relations, keep_relations, read_relations


def drop_relations_and_assertions(doc: Doc, is_gone: Callable[[Offsets], bool]) -> int:
    """Drop the relations and assertions of entities that went.

    doc (Doc): The document.
    is_gone (Callable[[Offsets], bool]): Whether what was at some characters went.
    RETURNS (int): How many relations went with one of their ends.
    """
    if ASSERTIONS_KEY in doc.user_data:
        rows = doc.user_data[ASSERTIONS_KEY]
        doc.user_data[ASSERTIONS_KEY] = [row for row in rows if not is_gone((row[0], row[1]))]
    if not has_relations(doc):
        return 0
    kept = [not (is_gone(relation.head) or is_gone(relation.child)) for relation in read_relations(doc)]
    keep_relations(doc, kept)
    return len(kept) - sum(kept)


def drop_unmentioned(doc: Doc, before: Iterable[Span], after: Iterable[Span]) -> None:
    """Drop relations of concepts that no entity mentions any more.

    doc (Doc): The document.
    before (Iterable[Span]): Its entities as they were.
    after (Iterable[Span]): Those that are left.
    """
    drop_concepts(doc, _mentioned(before) - _mentioned(after))


def drop_import(doc: Doc) -> None:
    """Drop what an import kept of the annotators' own files: of gold that was changed it says what is no longer so.

    doc (Doc): The document.
    """
    for key in (BRAT_KEY, ENTRIES_KEY, ASSERTED_KEY):
        doc.user_data.pop(key, None)


def _mentioned(entities: Iterable[Span]) -> set[str]:
    """What a relation of concepts may name: those of entities, and what a composite mention names together."""
    return {name for entity in entities for name in (entity.kb_id_, *concepts_of(entity)) if name}
