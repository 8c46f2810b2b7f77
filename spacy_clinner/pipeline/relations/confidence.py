"""What the threshold of relations is for: their probability, or how they compare with the best of their document."""

import numpy as np
from numpy.typing import NDArray

# Probabilities come no nearer to 0 and 1 than this.
_RESOLUTION = 2.0**-53


def confidences(probabilities: NDArray, relative: bool) -> NDArray:
    """Get the values that a threshold is compared with.

    probabilities (NDArray): Of relations of one document. Any shape.
    relative (bool): Whether to divide the odds p / (1 - p) of each by the highest of them. Who knows that a text states
        a relation asks which, not whether: a text about which the model is unsure as a whole loses nothing then.
    RETURNS (NDArray): The probabilities, or the ratios of odds, 1 for the most probable; both from 0 to 1, in the
        order of the probabilities. Same shape.
    """
    if not relative or not probabilities.size:
        return probabilities
    p = np.clip(probabilities, _RESOLUTION, 1 - _RESOLUTION)
    odds = p / (1 - p)
    return odds / odds.max()
