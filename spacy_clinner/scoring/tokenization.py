"""Whether a pipeline's tokens are those of the data that it is scored on."""

import warnings
from collections.abc import Sequence

from spacy.language import Language
from spacy.tokens import Doc

from ..annotations.documents import entities_of
from ..errors import Warnings


def warn_of_tokens(nlp: Language, docs: Sequence[Doc], spans_key: str | None = None) -> None:
    """Warn (CW310) if the pipeline tokenizes the documents' texts otherwise than they are.

    A pipeline can find entities only where its tokens begin and end. Tokens of white space do not count.

    nlp (Language): The pipeline.
    docs (Sequence[Doc]): The documents with their gold.
    spans_key (Optional[str]): Span group of the gold; None: `doc.ents`.
    """
    differ = ours = theirs = cut = entities = 0
    for doc in docs:
        made, data = _offsets(nlp.make_doc(doc.text)), _offsets(doc)
        differ, ours, theirs = differ + (made != data), ours + len(made), theirs + len(data)
        starts, ends = {start for start, _ in made}, {end for _, end in made}
        gold = entities_of(doc, spans_key)
        entities += len(gold)
        cut += sum(entity.start not in starts or entity.end not in ends for entity in gold)
    if differ:
        counts = {"differ": differ, "total": len(docs), "ours": ours, "theirs": theirs, "cut": cut}
        tokenizer = nlp.config["nlp"]["tokenizer"].get("@tokenizers", "its tokenizer")
        warnings.warn(Warnings.CW310.format(**counts, entities=entities, tokenizer=tokenizer), stacklevel=3)


def _offsets(doc: Doc) -> list[tuple[int, int]]:
    return [(token.idx, token.idx + len(token)) for token in doc if not token.text.isspace()]
