"""`doc._.relations`: the relations of a document with spans instead of offsets."""

from spacy.tokens import Doc, Span

from .relations import Offsets, Relation, read_end_labels, read_relations

EXTENSION = "relations"


def view_relations(doc: Doc) -> list[Relation[Span]]:
    """Look at the relations of a document.

    doc (Doc): The document.
    RETURNS (List[Relation[Span]]): Its relations, in their order, none if nobody has looked for any. Head and child are
        spans with the entities' labels; an offset that is no token boundary is expanded to the token.
    """
    return [
        relation._replace(head=_span(doc, relation.head, head_label), child=_span(doc, relation.child, child_label))
        for relation, (head_label, child_label) in zip(read_relations(doc), read_end_labels(doc), strict=True)
    ]


def register_relations_view() -> None:
    """Make `doc._.relations` known, unless another package has taken the name."""
    if not Doc.has_extension(EXTENSION):
        # by force, because another thread may load a pipeline, too
        Doc.set_extension(EXTENSION, getter=view_relations, force=True)


def _span(doc: Doc, offsets: Offsets, label: str) -> Span:
    return doc.char_span(*offsets, label=label, alignment_mode="expand")
