"""What the meta of a pipeline tells of those that it was made of."""

from collections.abc import Sequence

from spacy.language import Language

from .training_data import TRAINING_DATA, trained_on


def tell_of_parts(nlp: Language, parts: Sequence[Language]) -> None:
    """Let a pipeline's meta tell what all of its parts were trained on, and what they require.

    nlp (Language): The pipeline.
    parts (Sequence[Language]): The pipelines that it was made of, itself among them if it is one.
    """
    data: dict[str, str] = {}
    for number, part in enumerate(parts, 1):
        for path, checksum in trained_on(part).items():
            is_other_file = data.get(path, checksum) != checksum
            data[f"{path} (pipeline {number})" if is_other_file else path] = checksum
    required = {requirement for part in parts for requirement in part.meta.get("requirements", ())}
    nlp.meta |= {key: told for key, told in ((TRAINING_DATA, data), ("requirements", sorted(required))) if told}
