"""A stand-in for CuPy: arrays that refuse what CuPy's refuse, though they lie in the host's memory.

They do not turn into NumPy arrays by themselves, do not mix with them, and reductions give arrays. So code that works
on them moves every array by `ops`, as on a GPU; what a GPU computes is not tested by it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest
from thinc.api import NumpyOps, Ops, get_current_ops, set_current_ops, torch2xp, xp2torch

# Functions that take arrays of the host: those that move them to the device, and those that cut at bounds of the host.
_TAKE_HOST_ARRAYS = ("array", "asarray", "ascontiguousarray", "split", "unflatten")


class DeviceArray(np.lib.mixins.NDArrayOperatorsMixin):
    def __init__(self, host: np.ndarray) -> None:
        self.host = host

    def __array__(self, *args, **settings):
        raise TypeError("Implicit conversion to a NumPy array is not allowed")

    def __array_ufunc__(self, ufunc, method, *args, **settings):
        _refuse_host_arrays(args, settings)
        return to_device(getattr(ufunc, method)(*to_host(args), **to_host(settings)))

    def __array_function__(self, function, types, args, settings):
        _refuse_host_arrays(args, settings)
        return to_device(function(*to_host(args), **to_host(settings)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "host":
            raise AttributeError(name)
        found = getattr(self.host, name)
        return _on_device(found) if callable(found) and name != "tolist" else to_device(found)

    def __getitem__(self, index):
        return to_device(self.host[to_host(index)])

    def __setitem__(self, index, value) -> None:
        _refuse_host_arrays([value])
        self.host[to_host(index)] = to_host(value)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        return len(self.host)

    def __bool__(self) -> bool:
        return bool(self.host)

    def __float__(self) -> float:
        return float(self.host)

    def __int__(self) -> int:
        return int(self.host)

    def __dlpack__(self, **settings):
        return self.host.__dlpack__()

    def __dlpack_device__(self):
        return self.host.__dlpack_device__()


class DeviceModule:
    """`xp`: NumPy's functions, of device arrays."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name)
        if isinstance(found, type) or not callable(found):
            return found
        return _on_device(found, strict=name not in _TAKE_HOST_ARRAYS)


class DeviceOps(Ops):
    """Thinc's operations on device arrays; `moved` counts the arrays that were asked back."""

    name = "fake"
    xp = DeviceModule()
    moved = 0

    def to_numpy(self, data, *, byte_order=None):
        assert isinstance(data, DeviceArray), type(data)
        DeviceOps.moved += 1
        return data.host.copy()


def _delegate(name: str):
    strict = name not in _TAKE_HOST_ARRAYS and not name.startswith("asarray")
    run = _on_device(getattr(NumpyOps(), name), strict)
    return lambda self, *args, **settings: run(*args, **settings)


def to_device(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return DeviceArray(np.asarray(value))
    return _map(to_device, value)


def to_host(value: Any) -> Any:
    return value.host if isinstance(value, DeviceArray) else _map(to_host, value)


def _map(function, value: Any) -> Any:
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(function(item) for item in value)
    if isinstance(value, dict):
        return {name: function(item) for name, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: function(getattr(value, field.name)) for field in fields(value)})
    return value


def _on_device(function, strict: bool = True):
    def call(*args, **settings):
        if strict:
            _refuse_host_arrays(args, settings)
        return to_device(function(*to_host(args), **to_host(settings)))

    return call


def _refuse_host_arrays(*values: Any) -> None:
    for value in values:
        if isinstance(value, np.ndarray) and value.ndim:
            raise TypeError("Unsupported type <class 'numpy.ndarray'>")
        if isinstance(value, list | tuple):
            _refuse_host_arrays(*value)
        if isinstance(value, dict):
            _refuse_host_arrays(*value.values())


for _name in dir(NumpyOps):
    if not _name.startswith("_") and callable(getattr(NumpyOps, _name)) and _name != "to_numpy":
        setattr(DeviceOps, _name, _delegate(_name))


def _array_module(array):
    return DeviceOps.xp if isinstance(array, DeviceArray) else np


def _from_device(array, **settings):
    assert isinstance(array, DeviceArray), type(array)
    return xp2torch(array, **settings)


@contextmanager
def fake_gpu() -> Iterator[type[DeviceOps]]:
    """Make models compute on device arrays."""
    before = get_current_ops()
    DeviceOps.moved = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spacy_clinner.layers.lstm.torch_bridge.xp2torch", _from_device)
        patch.setattr("spacy_clinner.layers.lstm.torch_bridge.torch2xp", lambda tensor: to_device(torch2xp(tensor)))
        for module in ("spacy_clinner.layers.mmd.discrepancy", "spacy_clinner.layers.mmd.kernels", "spacy.vectors"):
            patch.setattr(f"{module}.get_array_module", _array_module)
        patch.setattr("thinc.optimizers.get_array_ops", lambda array: get_current_ops())
        set_current_ops(DeviceOps())
        try:
            yield DeviceOps
        finally:
            set_current_ops(before)
