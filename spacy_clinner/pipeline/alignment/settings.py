"""Settings of the aligner: which are sound, and how the schedule of its weight is read."""

import math
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from ...errors import Errors

CHOICES = {"kernel": ("median", "ladtl"), "align": ("tags", "labels", "all"), "gold_from": ("ents", "spans")}


def check_settings(name: str, cfg: dict[str, Any]) -> None:
    """Check an aligner's settings.

    name (str): Name of the component, for errors.
    cfg (Dict[str, Any]): The settings.
    RAISES (ValueError): CE210 on unknown choices, CE211 on domains, CE212 on numbers out of range.
    """
    for setting, known in CHOICES.items():
        if cfg[setting] not in known:
            options = ", ".join(map(repr, known))
            raise ValueError(Errors.CE210.format(setting=setting, name=name, value=cfg[setting], options=options))
    source, target = cfg["source"], cfg["target"]
    if not target or set(source) & set(target):
        raise ValueError(Errors.CE211.format(name=name, source=source, target=target))
    limits = [("weight", cfg["weight"], 0), ("max_rows", cfg["max_rows"], 2), ("memory", cfg["memory"], 0)]
    limits += [(f"label_weights.{label}", weight, 0) for label, weight in cfg["label_weights"].items()]
    for setting, value, least in limits:
        if not least <= value < math.inf:
            raise ValueError(Errors.CE212.format(setting=setting, name=name, value=value, least=least))


class Factors(Iterator[float]):
    """The factors of a schedule. Generators cannot be pickled: a copy in a worker, which never trains, has none."""

    def __init__(self, name: str, schedule: Iterable[float]) -> None:
        """Read a schedule from its beginning.

        name (str): Name of the component, for errors.
        schedule (Iterable[float]): The factors.
        """
        self._name, self._left = name, iter(schedule)
        self._taken: list[float] = []

    def __next__(self) -> float:
        """RAISES (ValueError): CE217 if the schedule has ended or gives no factor."""
        factor = next(self._left, None)
        if factor is None or not 0 <= factor < math.inf:
            raise ValueError(Errors.CE217.format(name=self._name, factor=factor))
        self._taken.append(float(factor))
        return self._taken[-1]

    @property
    def taken(self) -> int:
        """RETURNS (int): How many factors were taken."""
        return len(self._taken)

    def restart(self) -> None:
        """Begin anew: a schedule that was read by a generator can be read only once."""
        self._left, self._taken = chain(self._taken, self._left), []

    def __reduce__(self) -> tuple[type, tuple]:
        return Factors, (self._name, ())
