"""A corpus whose documents come with their gold entities, for components that read entities and are trained alone."""

from collections.abc import Callable, Iterable, Iterator

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import registry

from ..annotations.keys import DOC_ID_KEY
from ..annotations.relations import spans_of
from ..errors import Errors


@registry.readers("spacy_clinner.GoldEntsCorpus.v1")
def create_gold_ents_corpus(
    corpus: Callable[[Language], Iterable[Example]],
) -> Callable[[Language], Iterable[Example]]:
    """Give the predicted document of every example the entities of its reference, with their concepts.

    A component that finds entities writes its own over them, so leave it out of the pipeline to train or score given
    gold entities.

    corpus (Callable[[Language], Iterable[Example]]): any reader.
    RETURNS (Callable[[Language], Iterable[Example]]): the reader. It raises CE207 if an entity of the reference does
        not begin and end with tokens of the pipeline's tokenizer.
    """

    def read_with_entities(nlp: Language) -> Iterator[Example]:
        for example in corpus(nlp):
            give_gold_entities(example.predicted, example.reference)
            yield example

    return read_with_entities


def give_gold_entities(predicted: Doc, reference: Doc, spans_key: str | None = None) -> None:
    """Set the entities of a document to those of its gold.

    predicted (Doc): the document.
    reference (Doc): the gold, of the same text.
    spans_key (Optional[str]): as for `spans_of`, in both.
    RAISES (ValueError): CE207 if an entity does not begin and end with tokens.
    """
    spans: list[Span] = []
    for ent in spans_of(reference, spans_key):
        # strings, not their hashes: the predicted document's vocabulary may not know them
        span = predicted.char_span(ent.start_char, ent.end_char, label=ent.label_, kb_id=ent.kb_id_)
        if span is None:
            doc = reference.user_data.get(DOC_ID_KEY)
            raise ValueError(Errors.CE207.format(doc=doc, start=ent.start_char, end=ent.end_char))
        spans.append(span)
    if spans_key is None:
        predicted.set_ents(spans)
    else:
        predicted.spans[spans_key] = spans
