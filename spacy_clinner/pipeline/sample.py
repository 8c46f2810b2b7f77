"""The documents that tell a model its sizes."""

from collections.abc import Callable, Iterable
from itertools import islice

from spacy.training import Example, validate_examples, validate_get_examples

from ..errors import Errors

N_DOCUMENTS = 10


def sample_examples(get_examples: Callable[[], Iterable[Example]], method: str) -> list[Example]:
    """Read the first examples of a corpus, and see that they are such.

    spaCy's own check reads the whole corpus, once for each component: of thirteen heads on thirteen corpora that takes
    longer than a thousand steps.

    get_examples (Callable[[], Iterable[Example]]): Returns the training examples.
    method (str): Who asks, for errors.
    RETURNS (List[Example]): Ten, or fewer if there are no more.
    RAISES: CE136 if there are none; spaCy's E930 if `get_examples` cannot be called, E978 if it returns something else.
    """
    if not callable(get_examples):
        validate_get_examples(get_examples, method)
    sample = list(islice(get_examples(), N_DOCUMENTS))
    validate_examples(sample, method)
    if not sample:
        raise ValueError(Errors.CE136.format(method=method))
    return sample
