"""What a part of the data holds: documents, words, entities by label, and what of them a training cannot use."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from spacy.attrs import IS_SPACE, ORTH
from spacy.tokens import Doc
from spacy.training import Example

from ..annotations.char_spans import expanded_span
from ..annotations.documents import entities_of, is_annotated
from ..annotations.entity import Entity
from ..annotations.keys import DOC_ID_KEY
from ..annotations.relations import read_relations
from ..text.windows import Windows


class Misfit(NamedTuple):
    """An entity that does not begin and end with tokens of the pipeline's tokenizer."""

    doc_id: str
    entity: Entity


@dataclass
class PartCounts:
    """Counts of a part of the data, filled by `add`.

    gold_keys (Sequence[Optional[str]]): Span groups that hold gold entities; None for `doc.ents`.
    word_attr (int): What a word is known by: spaCy's number of "ORTH" or "LOWER", say.
    documents (int), without_gold (int): Documents, and those that no gold key annotates.
    other_tokens (int): Documents whose tokens are not those of the pipeline's tokenizer.
    words (Counter[int]): Words, white space left out, by their `word_attr`.
    texts (Set[int]): Hashes of the texts.
    entities (Counter[str]), documents_with (Counter[str]): Entities and documents of each label.
    relations (Counter[str]): Relations of each label.
    misfits (List[Misfit]): Entities that do not fit the tokens.
    cut (Dict[str, Counter[str]]): Entities of each label that no window holds, by the name of the windows.
    too_long (Dict[str, Counter[str]]): Those of them that are longer than the longest window.
    """

    gold_keys: Sequence[str | None] = (None,)
    word_attr: int = ORTH
    documents: int = 0
    without_gold: int = 0
    other_tokens: int = 0
    words: Counter[int] = field(default_factory=Counter)
    texts: set[int] = field(default_factory=set)
    entities: Counter[str] = field(default_factory=Counter)
    documents_with: Counter[str] = field(default_factory=Counter)
    relations: Counter[str] = field(default_factory=Counter)
    misfits: list[Misfit] = field(default_factory=list)
    cut: dict[str, Counter[str]] = field(default_factory=dict)
    too_long: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, example: Example, windows: Mapping[str, Windows]) -> None:
        """Count a document.

        example (Example): The document as the tokenizer cuts it, and its gold.
        windows (Mapping[str, Windows]): Settings of windows by their names.
        """
        predicted, reference = example.predicted, example.reference
        annotated = [key for key in self.gold_keys if is_annotated(reference, key)]
        entities = sorted({entity for key in annotated for entity in entities_of(reference, key)})
        self.documents += 1
        self.without_gold += not annotated
        self.other_tokens += [token.idx for token in predicted] != [token.idx for token in reference]
        self.texts.add(hash(reference.text))
        rows = predicted.to_array([self.word_attr, IS_SPACE])
        self.words.update(rows[rows[:, 1] == 0, 0].tolist())
        self.entities.update(entity.label for entity in entities)
        self.documents_with.update({entity.label for entity in entities})
        self.relations.update(relation.label for relation in read_relations(reference))
        doc_id = str(reference.user_data.get(DOC_ID_KEY, f"#{self.documents - 1}"))
        self.misfits += [
            Misfit(doc_id, entity) for entity in entities if predicted.char_span(entity.start, entity.end) is None
        ]
        for name, settings in windows.items():
            self._add_windows(predicted, entities, name, settings)

    def _add_windows(self, predicted: Doc, entities: Sequence[Entity], name: str, settings: Windows) -> None:
        bounds = settings.bounds(predicted)
        starts = [predicted[start].idx for start, _ in bounds]
        cut, too_long = self.cut.setdefault(name, Counter()), self.too_long.setdefault(name, Counter())
        for start, end, label in entities:
            if bisect_right(starts, start) != bisect_right(starts, end - 1):
                cut[label] += 1
                too_long[label] += len(expanded_span(predicted, start, end)) > settings.max_tokens


def total(parts: Sequence[PartCounts]) -> PartCounts:
    """Sum the documents and labels of several parts.

    parts (Sequence[PartCounts]): The parts.
    RETURNS (PartCounts): Their documents, texts, entities, relations and documents of each label; nothing else.
    """
    whole = PartCounts()
    for part in parts:
        whole.documents += part.documents
        whole.texts |= part.texts
        whole.entities += part.entities
        whole.documents_with += part.documents_with
        whole.relations += part.relations
    return whole
