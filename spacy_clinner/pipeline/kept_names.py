"""Settings that are named by a user's own labels or groups, which a config file has to give back."""

from collections.abc import Mapping
from typing import Any

from ..configs import NAMES_KEPT, lost_settings
from ..errors import Errors


def check_names_kept(name: str, setting: str, value: Mapping[str, Any]) -> None:
    """See that a pipeline can be saved with a setting.

    name (str): Name of the component, for errors.
    setting (str): Name of the setting.
    value (Mapping[str, Any]): The setting.
    RAISES (ValueError): CE375 if the pipeline's config would not give it back.
    """
    if lost := list(lost_settings(value)):
        names = ", ".join(map(repr, lost))
        raise ValueError(Errors.CE375.format(name=name, setting=setting, value=f"of {names}", must=f"of {NAMES_KEPT}"))
