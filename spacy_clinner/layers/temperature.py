"""A temperature: what scores are divided by before they become probabilities."""

from numbers import Real

from ..errors import Errors


def check_temperature(temperature: float) -> None:
    """RAISES: CE112 if it is not a finite number above 0."""
    if not (isinstance(temperature, Real) and 0 < temperature < float("inf")):
        raise ValueError(Errors.CE112.format(temperature=temperature))
