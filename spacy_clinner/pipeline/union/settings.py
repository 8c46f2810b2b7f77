"""What the settings of a union may be."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import Errors
from ..kept_names import check_names_kept


def check_settings(name: str, cfg: Mapping[str, Any]) -> None:
    """See that settings fit together.

    name (str): Name of the component, for errors.
    cfg (Mapping[str, Any]): Its settings.
    RAISES (ValueError): CE375 if one is not what it may be, CE376 if groups are named that are not among the heads.
    """
    heads, threshold, assumed = cfg["heads"], cfg["threshold"], cfg["assumed"]
    if not heads or len(set(heads)) < len(heads) or cfg["spans_key"] in heads:
        must = "at least one span group, each once, and none that it writes itself (`spans_key`)"
        raise ValueError(Errors.CE375.format(name=name, setting="heads", value=heads, must=must))
    if threshold is not None and not 0 <= threshold <= 1:
        must = "a number from 0 to 1, or null"
        raise ValueError(Errors.CE375.format(name=name, setting="threshold", value=threshold, must=must))
    if not all(0 <= probability <= 1 for probability in assumed.values()):
        must = "a number from 0 to 1 for each group"
        raise ValueError(Errors.CE375.format(name=name, setting="assumed", value=assumed, must=must))
    for setting in ("labels", "assumed"):
        check_names_kept(name, setting, cfg[setting])
        check_names(name, setting, list(cfg[setting]), heads)


def check_names(name: str, setting: str, given: Sequence[str], known: Sequence[str]) -> None:
    """See that a setting names what there is.

    name (str): Name of the component.
    setting (str): The setting.
    given (Sequence[str]): What it names.
    known (Sequence[str]): What there is.
    RAISES (ValueError): CE376 if there is no such thing.
    """
    if unknown := [one for one in given if one not in known]:
        names, there = (", ".join(map(repr, some)) for some in (unknown, known))
        raise ValueError(Errors.CE376.format(name=name, setting=setting, unknown=names, known=there))
