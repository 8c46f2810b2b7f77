"""A corpus whose examples are the windows of its documents.

Batches then hold windows of many documents instead of one or two whole ones, which learns faster and better
(docs/guide/training.md has the figures).
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import cast

from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from spacy.training.corpus import create_docbin_reader
from spacy.util import registry

from ..annotations.keys import DOC_ID_KEY, DOMAIN_KEY, LABELS_KEY
from ..annotations.relations import cut_relations
from ..annotations.span_groups import kept_scores
from ..errors import Errors
from ..text.windows import Unit, window_bounds

KEPT_DATA = (DOC_ID_KEY, DOMAIN_KEY, LABELS_KEY)
# Uncertain gold has many spans of nearly no probability: what these lose at a border is not worth a window.
LEAST_PROBABILITY = 0.1
# What a token keeps in a window. A dependency may end outside of it, so none is kept.
TOKEN_ATTRIBUTES: list[int | str] = ["NORM", "LEMMA", "POS", "TAG", "MORPH", "SENT_START"]


@registry.readers("spacy_clinner.WindowCorpus.v1")
def create_window_corpus(
    path: Path | str | None,
    unit: Unit = "lines",
    min_tokens: int = 0,
    max_tokens: int = 256,
    limit: int = 0,
) -> Callable[[Language], Iterable[Example]]:
    """Read `.spacy` files as `spacy.Corpus.v1` does, and cut every document into the windows its encoder reads.

    No text is left out. An entity that crosses the border of two windows is unannotated in both; a group with such a
    span is in neither, for a group cannot say of single tokens that they are not annotated; a relation between two
    windows is in neither. Domain, document id and annotated labels go with every window, dependencies do not.

    path (Optional[Union[Path, str]]): a `.spacy` file or a folder of them.
    unit (str), min_tokens (int), max_tokens (int): the windows, as in the encoder's own settings.
    limit (int): read so many documents; 0 for all.
    RETURNS (Callable[[Language], Iterable[Example]]): the reader. It raises CE206 if a document's tokens are not those
        of the pipeline's tokenizer.
    """
    # spaCy's reader refuses a path that is null (E913), which its type does not tell
    corpus = create_docbin_reader(cast(Path, path), gold_preproc=False, limit=limit)

    def read_windows(nlp: Language) -> Iterator[Example]:
        for example in corpus(nlp):
            yield from cut_example(example, unit=unit, min_tokens=min_tokens, max_tokens=max_tokens)

    return read_windows


def cut_example(example: Example, *, unit: Unit, min_tokens: int, max_tokens: int) -> Iterator[Example]:
    """Cut an example into one for each window.

    example (Example): predicted and reference with the same tokens.
    unit (str), min_tokens (int), max_tokens (int): the windows, as for `window_bounds`.
    YIELDS (Example): the windows in order.
    RAISES (ValueError): CE206 if the tokens differ.
    """
    predicted, reference = example.predicted, example.reference
    if [token.idx for token in predicted] != [token.idx for token in reference]:
        raise ValueError(Errors.CE206.format(doc=reference.user_data.get(DOC_ID_KEY)))
    for start, end in window_bounds(predicted, unit=unit, min_tokens=min_tokens, max_tokens=max_tokens):
        yield Example(_cut(predicted, start, end), _cut_gold(reference, start, end))


def _cut(doc: Doc, start: int, end: int) -> Doc:
    # Span.as_doc would also compute a vector and go through all entities of the document, for every window
    tokens = doc[start:end]
    window = Doc(
        doc.vocab, words=[token.text for token in tokens], spaces=[bool(token.whitespace_) for token in tokens]
    )
    window.from_array(TOKEN_ATTRIBUTES, doc.to_array(TOKEN_ATTRIBUTES)[start:end])
    window.user_data.update({key: doc.user_data[key] for key in KEPT_DATA if key in doc.user_data})
    return window


def _cut_gold(reference: Doc, start: int, end: int) -> Doc:
    window = _cut(reference, start, end)
    for key, group in reference.spans.items():
        if _is_broken(group, start, end):
            continue
        inside = [start <= span.start and span.end <= end for span in group]
        spans = [_shift(window, span, start) for span, kept in zip(group, inside, strict=True) if kept]
        window.spans[key] = SpanGroup(window, name=key, spans=spans, attrs=kept_scores(group, inside))
    if reference.has_annotation("ENT_IOB"):
        entities = [ent for ent in reference.ents if ent.start < end and start < ent.end]
        whole = [_shift(window, ent, start) for ent in entities if start <= ent.start and ent.end <= end]
        crossing = [
            window[max(ent.start - start, 0) : min(ent.end, end) - start]
            for ent in entities
            if ent.start < start or end < ent.end
        ]
        unknown = [window[i : i + 1] for i in range(end - start) if reference[start + i].ent_iob == 0]
        window.set_ents(whole, missing=[*crossing, *unknown], default="outside")
    cut_relations(reference, reference[start:end], window)
    return window


def _is_broken(group: SpanGroup, start: int, end: int) -> bool:
    """Whether a span that counts crosses a border of the window."""
    scores = group.attrs.get("scores", ())
    scores = scores if len(scores) == len(group) else [1.0] * len(group)
    return any(
        span.start < end and start < span.end and not (start <= span.start and span.end <= end)
        for span, score in zip(group, scores, strict=True)
        if score >= LEAST_PROBABILITY
    )


def _shift(window: Doc, span: Span, start: int) -> Span:
    return Span(window, span.start - start, span.end - start, label=span.label, kb_id=span.kb_id, span_id=span.id)
