"""A tokenizer that splits at white space alone: for pipelines trained on the tokens of column files."""

from collections.abc import Callable

from spacy import Language
from spacy.tokenizer import Tokenizer
from spacy.util import registry


@registry.tokenizers("spacy_clinner.WhitespaceTokenizer.v1")
def make_whitespace_tokenizer() -> Callable[[Language], Tokenizer]:
    """Build the tokenizer of texts that are tokenized already, a space between tokens.

    RETURNS (Callable[[Language], Tokenizer]): makes the tokenizer from a vocabulary.
    """
    return create_whitespace_tokenizer


def create_whitespace_tokenizer(nlp: Language) -> Tokenizer:
    """Make a tokenizer without any rule: what stands between white space (of any kind) is a token.

    nlp (Language): gives the vocabulary.
    RETURNS (Tokenizer): a tokenizer that keeps every character: `"".join(t.text_with_ws for t in doc) == doc.text`.
    """
    return Tokenizer(nlp.vocab)
