"""A folder as transformers reads it: of arrays and settings, written alike each time, so that it has a checksum."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from spacy_clinner.extras import require

NOTICE = "NOTICE.md"


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write settings, in the order they are given."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf8")


def write_notice(folder: Path, text: str) -> None:
    """Write what the transformer is, whose it is, and under which licence."""
    (folder / NOTICE).write_text(text, encoding="utf8")


def write_weights(folder: Path, weights: dict[str, np.ndarray]) -> None:
    """Write arrays by the names that transformers gives them."""
    require("transformers", "A transformer's folder")
    from safetensors.numpy import save_file

    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
