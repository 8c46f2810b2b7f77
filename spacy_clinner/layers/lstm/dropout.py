"""A layer's dropout rate: its own, or that of the training."""

from typing import Any

from thinc.api import Model


def dropout_attrs(rate: float | None) -> dict[str, float]:
    """RETURNS (Dict[str, float]): Attributes of a layer with this rate; None leaves it to the training to set."""
    return {"dropout_rate": 0.0} if rate is None else {"fixed_dropout": rate}


def get_dropout(model: Model, is_train: bool) -> float:
    """RETURNS (float): The rate that applies now, 0 outside training."""
    attrs: dict[str, Any] = model.attrs
    return attrs["fixed_dropout" if "fixed_dropout" in attrs else "dropout_rate"] if is_train else 0.0
