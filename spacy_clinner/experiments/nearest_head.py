"""The floor for relation extraction: an entity belongs to the nearest one that may be its head.

Of a line's entities, those of labels that are mostly children in training get one relation, to the nearest entity of a
label that was seen as the head of theirs, once or often.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from spacy.tokens import Doc

from ..annotations.relations import labels_by_offsets, read_relations, relation_of, write_relations
from ..text.windows import window_bounds


class NearestHead:
    """A rule for one label of relations."""

    def __init__(self, docs: Sequence[Doc], label: str, min_count: int = 1) -> None:
        """Learn which entity labels are children, and of what.

        docs (Sequence[Doc]): Training documents with entities and relations.
        label (str): Label of the relations.
        min_count (int): How often a pair of entity labels was seen to count.
        """
        self.label = label
        pairs: Counter[tuple[str, str]] = Counter()
        children, all_entities = Counter[str](), Counter[str]()
        for doc in docs:
            names = labels_by_offsets(doc, None)
            all_entities.update(names.values())
            linked = [relation for relation in read_relations(doc) if relation.label == label]
            pairs.update((names[relation.head], names[relation.child]) for relation in linked)
            children.update(names[child] for child in {relation.child for relation in linked})
        self.pairs = {pair for pair, count in pairs.items() if count >= min_count}
        self.children = {name for name, count in children.items() if 2 * count > all_entities[name]}

    def __call__(self, doc: Doc) -> Doc:
        """Write the relations that the rule finds, in place of others.

        doc (Doc): A document with entities.
        RETURNS (Doc): The same document.
        """
        relations = []
        entities = doc.ents
        starts = [entity.start for entity in entities]
        for start, end in window_bounds(doc, unit="lines", max_tokens=max(len(doc), 1)):
            in_line = entities[bisect_left(starts, start) : bisect_left(starts, end)]
            line = [entity for entity in in_line if entity.end <= end]
            for child in line:
                heads = [head for head in line if (head.label_, child.label_) in self.pairs and head != child]
                if child.label_ in self.children and heads:
                    head = min(heads, key=lambda head: max(head.start - child.end, child.start - head.end))
                    relations.append(relation_of(head, child, self.label))
        write_relations(doc, relations)
        return doc
