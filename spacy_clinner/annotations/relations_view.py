"""`doc._.relations`: the relations of a document with spans instead of offsets."""

from spacy.tokens import Doc, Span

from .char_spans import expanded_span
from .relations import Relation, read_end_labels, read_relations

EXTENSION = "relations"


def view_relations(doc: Doc) -> list[Relation[Span]]:
    """Look at the relations of a document.

    doc (Doc): The document.
    RETURNS (List[Relation[Span]]): Its relations, in their order, none if nobody has looked for any. Head and child are
        spans with the entities' labels; an offset that is no token boundary is expanded to the token.
    RAISES (ValueError): CE418 if they are of another text.
    """
    return [
        Relation(
            expanded_span(doc, *relation.head, label=head_label),
            expanded_span(doc, *relation.child, label=child_label),
            relation.label,
            relation.probability,
        )
        for relation, (head_label, child_label) in zip(read_relations(doc), read_end_labels(doc), strict=True)
    ]


def register_relations_view() -> None:
    """Make `doc._.relations` known, unless another package has taken the name."""
    if not Doc.has_extension(EXTENSION):
        # by force, because another thread may load a pipeline, too
        Doc.set_extension(EXTENSION, getter=view_relations, force=True)
