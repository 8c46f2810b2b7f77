"""HTML pages that need nothing but themselves: no file from outside, and nothing sent there."""

import base64
import hashlib
import unicodedata
from collections.abc import Callable, Mapping
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

# They reorder what stands around them, so that a text could be read otherwise than it is written.
BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def render_page(
    name: str,
    *,
    title: str,
    lang: str = "en",
    script: str = "",
    filters: Mapping[str, Callable] | None = None,
    tests: Mapping[str, Callable] | None = None,
    **values: Any,
) -> str:
    """Render a page of the folder page/: NAME.html, which fills base.html, with the style NAME.css.

    name (str): Its name.
    title (str): What the browser calls it.
    lang (str): Its language, a BCP 47 tag.
    script (str): The only script that may run; the template puts it, on a line of its own, into an element.
    filters (Optional[Mapping[str, Callable]]), tests (Optional[Mapping[str, Callable]]): More for the template.
    **values (Any): Values for the template.
    RETURNS (str): The page; all that comes from outside is escaped.
    """
    environment = Environment(
        autoescape=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        # a line of a template that ends with a backslash goes on in the next
        loader=FunctionLoader(lambda file: read_part(file).replace("\\\n", "")),
    )
    environment.filters |= {
        "controls": split_controls,
        "codes": lambda words: "".join(code or part for part, code in split_controls(words)),
        **(filters or {}),
    }
    environment.tests |= tests or {}
    return environment.get_template(f"{name}.html").render(
        name=name,
        title=title,
        lang=lang,
        policy=_policy(script),
        style=Markup(f"{read_part(f'{name}.css')}{read_part('letters.css')}"),
        script=Markup(script),
        **values,
    )


def read_part(name: str) -> str:
    """RETURNS (str): Text of a file of the folder page/."""
    return (files(__package__) / "page" / name).read_text(encoding="utf8")


def split_controls(text: str) -> list[tuple[str, str | None]]:
    """Cut control characters out, those of the writing direction among them; tabs and line ends are text.

    text (str): Any text.
    RETURNS (List[Tuple[str, Optional[str]]]): Its pieces in order; of a control character with its code. HTML has no
        U+0000, and no file halves of surrogate pairs: of those the code only.
    """
    pieces: list[tuple[str, str | None]] = []
    for is_control, letters in groupby(text, key=_is_control):
        if is_control:
            pieces += [("" if _is_unwritable(letter) else letter, f"U+{ord(letter):04X}") for letter in letters]
        else:
            pieces.append(("".join(letters), None))
    return pieces


def _is_control(letter: str) -> bool:
    if letter in BIDIRECTIONAL or _is_unwritable(letter):
        return True
    return unicodedata.category(letter) == "Cc" and letter not in "\t\n\r"


def _is_unwritable(letter: str) -> bool:
    return letter == "\0" or unicodedata.category(letter) == "Cs"


def _policy(script: str) -> str:
    """A page that holds a patient's note must not send anything anywhere, nor run any script but ours."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    if script:
        digest = base64.b64encode(hashlib.sha256(f"\n{script}".encode()).digest()).decode()
        policy += f"; script-src 'sha256-{digest}'"
    return policy
