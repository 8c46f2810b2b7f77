"""medspaCy, imported without what it does to the rest of the process.

It silences all warnings, and its attributes cannot be pickled.
"""

import sys
import warnings
from functools import partial
from typing import Any

from spacy.tokens import Doc, Span
from spacy.tokens.underscore import Underscore

from ...extras import require
from ...forks import make_fork_safe_lock

# Held while something of medspaCy's is made. Of the module, because components with locks cannot be pickled.
MAKING = make_fork_safe_lock()

# What medspaCy looks up of a span's first token, and of a document's data, by the names of its attributes.
_OF_FIRST_TOKEN = ("section", *(f"section_{part}" for part in ("span", "category", "title", "body", "parent", "rule")))
_OF_DATA = {"ent_data": "ents", "section_data": "section", "doc_data": "doc", "context_data": "context"}


def import_context(name: str) -> Any:
    """medspaCy's package of ConText; importing it takes seconds.

    name (str): Name of the component that asks.
    RETURNS (ModuleType): `medspacy.context`.
    RAISES (ImportError): CE358 if medspaCy is not installed.
    """
    require("medspacy", f"Component {name!r}")
    with MAKING:
        if "medspacy" in sys.modules:
            import medspacy.context
        else:
            # by one thread, as two would restore each other's filters
            with warnings.catch_warnings():
                import medspacy.context
        # silence also kept quiet that some rule sets leave one of its matchers empty
        warnings.filterwarnings("ignore", message=r"\[W036\]", module="medspacy")
        _name_getters()
    return medspacy.context


def _name_getters() -> None:
    """Put functions with names in place of medspaCy's lambdas, which compute the same.

    `nlp.pipe(n_process=2)` sends all attributes to its processes, and where these are not forked they are pickled.
    """
    named = [(Underscore.span_extensions, key, partial(_get_of_first_token, name=key)) for key in _OF_FIRST_TOKEN]
    named += [(Underscore.doc_extensions, key, partial(_get_data, dtype=dtype)) for key, dtype in _OF_DATA.items()]
    for extensions, key, getter in named:
        default, method, known, setter = extensions.get(key, (None,) * 4)
        # another package may have taken the name before
        if getattr(known, "__module__", None) == "medspacy._extensions" and known.__name__ == "<lambda>":
            extensions[key] = (default, method, getter, setter)


def _get_of_first_token(span: Span, name: str) -> Any:
    return span[0]._.get(name)


def _get_data(doc: Doc, dtype: str) -> Any:
    return doc._.get_data(dtype)
