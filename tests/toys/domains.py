"""Small examples of named domains."""

import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_clinner.annotations.keys import DOC_ID_KEY, DOMAIN_KEY

NLP = spacy.blank("en")


def make_example(n_words: int, doc_id: str, domain: str | None = None, label: str = "A") -> Example:
    """An example of so many words, the first of which is an entity."""
    doc = Doc(NLP.vocab, words=["word"] * n_words)
    doc.set_ents([Span(doc, 0, 1, label)] if n_words else [], default="outside")
    doc.user_data[DOC_ID_KEY] = doc_id
    if domain:
        doc.user_data[DOMAIN_KEY] = domain
    return Example(Doc(NLP.vocab, words=["word"] * n_words), doc)


def make_examples(domain: str, sizes: list[int]) -> list[Example]:
    return [make_example(n, f"{domain}{i}", domain) for i, n in enumerate(sizes)]


def ids(examples: list[Example]) -> list[str]:
    return [example.reference.user_data[DOC_ID_KEY] for example in examples]


def domain_of(example: Example) -> str:
    return example.reference.user_data[DOMAIN_KEY]
