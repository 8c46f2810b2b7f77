"""Packages that come with an extra of this one: seen to before the work that needs them, and named in one line.

`python -m spacy_clinner.extras NAME ...` checks all packages of extras.
"""

import sys
from importlib.util import find_spec

from .errors import Errors

# What each extra is imported as.
EXTRAS = {
    "transformers": ("spacy_transformers", "transformers"),
    "medspacy": ("medspacy",),
    "vectors": ("floret",),
    "pretraining": ("accelerate",),
    "onnx": ("onnx", "onnxruntime", "tokenizers"),
    "report": ("matplotlib", "pyarrow"),
    "ray": ("ray",),
    "spark": ("pyspark",),
}


def require(module: str, what: str) -> None:
    """See that a package is installed; better known before hours of work than after.

    module (str): The package, one of `EXTRAS`.
    what (str): What needs it, the begin of a sentence.
    RAISES (ImportError): CE358 if it is missing.
    """
    if find_spec(module) is None:
        extra = next(name for name, modules in EXTRAS.items() if module in modules)
        raise ImportError(Errors.CE358.format(what=what, module=module, extra=extra))


def missing_extra(name: str) -> str | None:
    """RETURNS (Optional[str]): The extra that would register a component or function of this name, if it is missing."""
    if name == "transformer" or name.startswith("spacy-transformers."):
        extra = "transformers"
    elif name.startswith("medspacy"):
        extra = "medspacy"
    else:
        return None
    return None if all(find_spec(module) for module in EXTRAS[extra]) else extra


def main(extras: list[str]) -> None:
    """Check all packages of some extras, and exit with a line for what is missing.

    extras (List[str]): Names of `EXTRAS`.
    """
    for extra in extras:
        for module in EXTRAS[extra]:
            try:
                require(module, "This workflow")
            except ImportError as error:
                sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
