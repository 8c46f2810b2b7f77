"""The most specific of relations: what is said of a narrow concept need not be said of the broader ones."""

from collections.abc import Callable, Iterable, Sequence
from itertools import product

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ...annotations.concepts import concepts_by_offsets, relations_of_concepts
from ...annotations.relations import Offsets, Relation, has_relations, keep_relations, read_relations, spans_of
from ...annotations.relations_view import register_relations_view
from ...errors import Errors
from ..stored_json import StoredJson
from .hierarchy import Edge, Hierarchy


@Language.factory("clinner_specific_relations", assigns=["doc._.relations"], requires=["doc._.relations"])
class SpecificRelations(StoredJson):
    """Drop each relation of which its document has a narrower one: of the same label, head and child the same concepts
    or narrower ones.

    A drug that induces "nephrotic syndrome" induces a "kidney disease" as well; where both are found, the first stays.
    Concepts are the entities' `kb_id_` (`annotations.concepts`); a relation of entities without one stays.
    """

    part = "broader"

    def __init__(
        self, nlp: Language, name: str = "clinner_specific_relations", *, spans_key: str | None = None
    ) -> None:
        """Set up the component; `initialize` gives it its hierarchy.

        nlp (Language): The pipeline; not used.
        name (str): Name of the component instance.
        spans_key (Optional[str]): Span group of the entities, as the relation extractor's; None for `doc.ents`.
        """
        self.name = name
        self.spans_key = spans_key
        self.hierarchy = Hierarchy(())
        register_relations_view()

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]] | None = None,
        *,
        nlp: Language | None = None,
        broader: Iterable[Edge] = (),
    ) -> None:
        """Set the hierarchy, which is then saved with the pipeline.

        get_examples (Optional[Callable[[], Iterable[Example]]]): Not used.
        nlp (Optional[Language]): Not used.
        broader (Iterable[Tuple[str, str]]): Concepts, each with a broader one (`spacy_clinner.broader_concepts.v1`).
        RAISES (ValueError): CE281 if there are none.
        """
        self.hierarchy = Hierarchy(broader)
        self._check()

    def __call__(self, doc: Doc) -> Doc:
        """Drop the relations that follow from others.

        doc (Doc): The document; one without relations in `user_data` stays as it is.
        RETURNS (Doc): The same document.
        RAISES (ValueError): CE281 if the component has no hierarchy.
        """
        if has_relations(doc):
            keep_relations(doc, self.are_specific(doc, read_relations(doc)))
        return doc

    def are_specific(self, doc: Doc, relations: Sequence[Relation[Offsets]]) -> list[bool]:
        """Find the relations of a document that do not follow from the others.

        doc (Doc): The document, with entities.
        relations (Sequence[Relation[Offsets]]): Some of its relations.
        RETURNS (List[bool]): Whether each stays. One of entities with several concepts does if any of its pairs of
            concepts does.
        RAISES (ValueError): CE281 if the component has no hierarchy.
        """
        self._check()
        concepts = concepts_by_offsets(spans_of(doc, self.spans_key))
        stated = [relations_of_concepts(relation, concepts) for relation in relations]
        implied = set().union(*(self._implied(one) for one in set().union(*stated)))
        return [not of_concepts or bool(of_concepts - implied) for of_concepts in stated]

    def _implied(self, stated: Relation[str]) -> set[Relation[str]]:
        """What follows from a relation, but not itself."""
        head, child, label, _ = stated
        heads, children = ({concept, *self.hierarchy.broader(concept)} for concept in (head, child))
        return {Relation(*ends, label) for ends in product(heads, children)} - {stated}

    def _check(self) -> None:
        if not self.hierarchy.edges:
            raise ValueError(Errors.CE281.format(name=self.name))

    def stored(self) -> list[Edge]:
        """RETURNS (List[Edge]): The hierarchy's edges."""
        return self.hierarchy.edges

    def take_stored(self, content: Iterable[Edge]) -> None:
        """Replace the hierarchy.

        content (Iterable[Edge]): Its edges.
        """
        self.hierarchy = Hierarchy(content)
