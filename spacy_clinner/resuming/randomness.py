"""The states of all random numbers that a training draws from."""

import random
import sys
from typing import Any

import numpy as np

# words of the state of Python's generator, and its position
PYTHON_WORDS = 625


def read_python() -> tuple[np.ndarray, float | None]:
    """RETURNS (Tuple[ndarray, Optional[float]]): State of Python's own generator; what `write_python` takes."""
    _, words, gauss = random.getstate()
    return np.array(words, dtype="uint32"), gauss


def write_python(state: tuple[np.ndarray, float | None]) -> None:
    """Set Python's generator. state (Tuple[ndarray, Optional[float]]): As of `read_python`."""
    words, gauss = state
    random.setstate((3, tuple(int(word) for word in words), gauss))


def read_random_states() -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): States of Python's, NumPy's and, where it is in use, torch's generators."""
    name, keys, position, has_gauss, gauss = np.random.get_state()
    states: dict[str, Any] = {"python": read_python(), "numpy": (name, keys, position, has_gauss, gauss)}
    if torch := sys.modules.get("torch"):
        states["torch"] = torch.get_rng_state().numpy()
        if torch.cuda.is_available():
            states["cuda"] = [state.numpy() for state in torch.cuda.get_rng_state_all()]
    return states


def write_random_states(states: dict[str, Any]) -> None:
    """Set all generators. states (Dict[str, Any]): As of `read_random_states`."""
    write_python(tuple(states["python"]))
    np.random.set_state(tuple(states["numpy"]))
    if "torch" in states:
        import torch

        torch.set_rng_state(torch.from_numpy(np.array(states["torch"])))
        if "cuda" in states:
            torch.cuda.set_rng_state_all([torch.from_numpy(np.array(state)) for state in states["cuda"]])
