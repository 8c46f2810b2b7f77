"""Uncertain gold of examples, as spans of the predicted tokens with their probabilities."""

from collections.abc import Mapping, Sequence

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example

from ...annotations.keys import DOC_ID_KEY, SOFT_KEY
from ...errors import Errors
from ...layers.crf import SoftSpans
from ..gold import label_number
from ..gold_settings import GoldSettings


def encode_soft(examples: Sequence[Example], labels: Mapping[str, int], settings: GoldSettings) -> SoftSpans | None:
    """Collect what is only probable in the gold of a batch.

    examples (Sequence[Example]): The batch.
    labels (Mapping[str, int]): Number of each label.
    settings (GoldSettings): Which documents teach the tagger, and which labels it learns.
    RETURNS (Optional[SoftSpans]): Spans and probabilities; None if no document has such gold.
    RAISES (ValueError): CE203 for a label that is not known, CE208 if spans and probabilities are not of one number,
        CE209 if predicted and reference have other tokens.
    """
    chosen = np.array([settings.is_soft(example.reference) for example in examples], dtype=bool)
    if not chosen.any():
        return None
    rows: list[tuple[int, int, int, int]] = []
    probabilities: list[float] = []
    for number in np.flatnonzero(chosen).tolist():
        reference = examples[number].reference
        _check_tokens(examples[number].predicted, reference)
        group = reference.spans[SOFT_KEY]
        scores = group.attrs.get("scores", ())
        if len(scores) != len(group):
            found = {"doc": reference.user_data.get(DOC_ID_KEY), "spans": len(group), "scores": len(scores)}
            raise ValueError(Errors.CE208.format(key=SOFT_KEY, **found))
        for span, score in zip(group, scores, strict=True):
            if settings.gold_labels is None or span.label_ in settings.gold_labels:
                label = label_number(span.label_, labels, reference, span.start_char)
                rows.append((number, span.start, span.end, label))
                probabilities.append(float(score))
    return SoftSpans(chosen, np.array(rows, dtype="int64").reshape(-1, 4), np.array(probabilities, dtype="float64"))


def _check_tokens(predicted: Doc, reference: Doc) -> None:
    words = predicted.to_array("ORTH")
    if len(words) != len(reference) or (words != reference.to_array("ORTH")).any():
        raise ValueError(Errors.CE209.format(doc=reference.user_data.get(DOC_ID_KEY)))
