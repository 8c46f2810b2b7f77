"""`doc._.relations`: the relations of a document with spans instead of offsets."""

from typing import NamedTuple

from spacy.tokens import Doc, Span

from .keys import RELATIONS_KEY

EXTENSION = "relations"


class Relation(NamedTuple):
    """A relation between two entities.

    head (Span), child (Span): The entities; an offset that is no token boundary is expanded to the token.
    label (str): Its label.
    probability (Optional[float]): Its probability; None of gold.
    """

    head: Span
    child: Span
    label: str
    probability: float | None


def read_relations(doc: Doc) -> list[Relation]:
    """Read the relations of a document.

    doc (Doc): The document.
    RETURNS (List[Relation]): Those in `doc.user_data["clinner_relations"]`, in their order; none if that is absent.
    """
    return [
        Relation(
            head=_span(doc, relation["head"], relation.get("head_label", "")),
            child=_span(doc, relation["child"], relation.get("child_label", "")),
            label=relation["label"],
            probability=relation.get("probability"),
        )
        for relation in doc.user_data.get(RELATIONS_KEY, ())
    ]


def register_relations_view() -> None:
    """Make `doc._.relations` known, unless another package has taken the name."""
    if not Doc.has_extension(EXTENSION):
        # by force, because another thread may load a pipeline, too
        Doc.set_extension(EXTENSION, getter=read_relations, force=True)


def _span(doc: Doc, offsets: list[int], label: str) -> Span:
    return doc.char_span(*offsets, label=label, alignment_mode="expand")
