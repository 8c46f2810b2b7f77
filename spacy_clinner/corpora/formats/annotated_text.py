"""A text with entities and relations by characters, as annotation tools exchange it <-> a document."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from spacy.tokens import Doc, Span

from ...annotations.char_spans import expanded_span
from ...annotations.documents import is_partly_annotated
from ...annotations.keys import DOC_ID_KEY
from ...annotations.relations import has_relations, read_relations
from ...annotations.span_groups import group_of_ents, probabilities_of, steady_spans
from ...errors import Warnings
from ..placing.offsets import mention_text
from ..placing.record import Link, Mention, Record
from ..writing import check_name, trimmed

# Digits of a probability: what an annotator can use.
_DIGITS = 3


@dataclass
class AnnotatedText(Record):
    """A record of an annotation tool.

    scores (Dict[str, float]): Probabilities by the mentions' ids; None: the mentions are no predictions.
    """

    scores: Mapping[str, float] | None = None


def doc_to_text(doc: Doc, format: str) -> AnnotatedText:
    """Make a record of a spaCy document.

    doc (Doc): The document, its id in `doc.user_data["clinner_doc_id"]`.
    format (str): The format that it is for, for errors.
    RETURNS (AnnotatedText): `doc.ents` (where these are missing, the tagger's span group), T1, T2, ... in the text's
        order, with the probabilities of that group, rounded to three digits; and the relations between them. It is
        partial if not all tokens are annotated. Warns (CW001) of relations between other spans.
    RAISES (ValueError): CE330 for an empty label, CE331 for an entity of nothing but white space.
    """
    text = doc.text
    record = AnnotatedText(doc.user_data.get(DOC_ID_KEY, ""), text)
    # of no tokens spaCy says that they are annotated
    group = group_of_ents(doc)
    predicted, annotated = group in doc.spans, bool(len(doc)) and doc.has_annotation("ENT_IOB")
    if not annotated and not predicted:
        return record
    probabilities = probabilities_of(doc, group)
    ids: dict[tuple[int, int], str] = {}
    record.mentions = []
    record.partial = annotated and is_partly_annotated(doc)
    record.scores = {} if predicted and "scores" in doc.spans[group].attrs else None
    for n, span in enumerate(doc.ents if annotated else steady_spans(doc, group), start=1):
        check_name(doc, format, "label", span.label_)
        fragments = (trimmed(span),)
        record.mentions.append(Mention(f"T{n}", span.label_, fragments, mention_text(text, fragments)))
        ids[span.start_char, span.end_char] = f"T{n}"
        probability = probabilities.get((span.start, span.end, span.label))
        if record.scores is not None and probability is not None:
            record.scores[f"T{n}"] = round(probability, _DIGITS)
    if has_relations(doc):
        record.links = list(_links(doc, ids, format))
    return record


def token_range(doc: Doc, start: int, end: int) -> Span:
    """The tokens that characters lie in.

    doc (Doc): The document.
    start (int): Start of the characters.
    end (int): Their end.
    RETURNS (Span): The tokens.
    """
    return expanded_span(doc, start, end)


def _links(doc: Doc, ids: Mapping[tuple[int, int], str], format: str) -> Iterator[Link]:
    relations = read_relations(doc)
    lost = 0
    for n, relation in enumerate(relations, start=1):
        head, child = ids.get(relation.head), ids.get(relation.child)
        if head is None or child is None:
            lost += 1
            continue
        check_name(doc, format, "relation label", relation.label)
        yield Link(f"R{n}", relation.label, head, child)
    if lost:
        doc_id = doc.user_data.get(DOC_ID_KEY, "")
        warnings.warn(Warnings.CW001.format(doc=doc_id, n=lost, total=len(relations)), stacklevel=4)
