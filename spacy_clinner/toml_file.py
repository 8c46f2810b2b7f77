"""TOML files of experiments, checked by pydantic models: every mistake of a file is named, with its key.

pydantic 1 and 2 alike: models use nothing but annotations, defaults and `extra`; what concerns several keys is checked
by functions.
"""

import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from .errors import Errors
from .files import MARK, read_text

Model = TypeVar("Model", bound=BaseModel)
# the setting that a list of seeds stands for
SEED = "system.seed"
# what pydantic 1 and 2 call a key that no field has, and a field without a key
UNKNOWN, MISSING = {"value_error.extra", "extra_forbidden"}, {"value_error.missing", "missing"}


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    path (Path): The file.
    RETURNS (Dict[str, Any]): Its contents.
    RAISES (ValueError): CE084 if it is no TOML; CE001 and CE300 if it is no text in UTF-8.
    """
    content = read_text(path).removeprefix(MARK)
    try:
        return tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise refuse(path, [f"it is no TOML: {error}"]) from None


def check_toml(path: Path, contents: dict[str, Any], model: type[Model]) -> Model:
    """Check what a TOML file holds.

    path (Path): The file.
    contents (Dict[str, Any]): Its contents.
    model (Type[BaseModel]): What it must hold.
    RETURNS (BaseModel): Its contents.
    RAISES (ValueError): CE084 if it holds something else.
    """
    try:
        return model(**contents)
    except ValidationError as error:
        problems = [_problem(model, found) for found in error.errors()]
    # raised outside of the handler: pydantic's own error prints the values
    raise refuse(path, dict.fromkeys(problems))


def refuse(path: Path, problems: Iterable[str]) -> ValueError:
    """RETURNS (ValueError): CE084, of all that is wrong with a file."""
    return ValueError(Errors.CE084.format(path=path, problems="; ".join(problems)))


def problems_of_overrides(table: str, names: Iterable[str], taken: Collection[str] = (SEED,)) -> Iterator[str]:
    """Find names that a table of overrides may not have.

    table (str): Key of the table.
    names (Iterable[str]): Its keys.
    taken (Collection[str]): Settings that the command gives to each training itself.
    YIELDS (str): What is wrong.
    """
    for name in names:
        if "." not in name:
            # TOML makes a table of a dotted key without quotes, which would take the place of a whole section
            yield f'{table}.{name}: no dotted name of a setting; write it in quotes, such as "training.max_steps"'
        elif name in taken:
            yield f"{table}.{name}: leave it out, the command sets it for each training"


def problems_of_repeated(key: str, values: Iterable[Any]) -> Iterator[str]:
    """YIELDS (str): Which values are there twice: the same result would count as two."""
    for value, n in Counter(values).items():
        if n > 1:
            yield f"{key}: {value!r} is there twice"


def _problem(model: type[BaseModel], found: Mapping[str, Any]) -> str:
    place = [str(part) for part in found["loc"]]
    key = ".".join(place)
    if found["type"] in UNKNOWN:
        return f"{key} is no setting (known are {', '.join(sorted(_fields(model, place[:-1])))})"
    if found["type"] in MISSING:
        return f"{key} is missing"
    return f"{key}: {found['msg']}"


def _fields(model: Any, place: Sequence[str]) -> dict[str, Any]:
    """Fields of the model at a place; between them may lie dictionaries, whose keys are names of the user's."""
    for part in place:
        is_model = isinstance(model, type) and issubclass(model, BaseModel)
        model = model.__annotations__[part] if is_model else get_args(model)[-1]
    return model.__annotations__
