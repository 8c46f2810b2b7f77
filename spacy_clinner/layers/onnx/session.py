"""An ONNX graph as a part of a Thinc model: kept and saved with it, and run by ONNX Runtime."""

import hashlib
from typing import Any

import numpy as np
import srsly
from thinc.api import Shim

from ...errors import Errors
from ...forks import make_fork_safe_lock

_LOADING = make_fork_safe_lock()


class OnnxShim(Shim):
    """A graph; its session is opened at first use, and anew in what was copied, pickled or loaded."""

    def __init__(self, graph: bytes | None = None) -> None:
        """Keep a graph.

        graph (Optional[bytes]): the serialized graph; None: it is to be loaded.
        """
        super().__init__(None)
        self.graph = graph
        self._session: Any = None

    def run(self, **inputs: np.ndarray) -> np.ndarray:
        """Compute the graph's only output.

        inputs (ndarray): arrays by the names of the graph's inputs; what it does not read is left out.
        RETURNS (ndarray): the output.
        RAISES (ValueError): CE401 if no graph was loaded.
        """
        if self._session is None:
            with _LOADING:
                self._session = self._session or _open(self.graph)
        read = {one.name for one in self._session.get_inputs()}
        return self._session.run(None, {name: array for name, array in inputs.items() if name in read})[0]

    def finish_update(self, optimizer: Any) -> None:
        """Leave the graph as it is: it has no gradients."""

    def to_device(self, device_type: str, device_id: int) -> None:
        """Stay on the CPU."""

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): The graph and its checksum."""
        graph = self.graph or b""
        return srsly.msgpack_dumps({"graph": graph, "sha256": hashlib.sha256(graph).hexdigest()})

    def from_bytes(self, data: bytes) -> "OnnxShim":
        """Load a graph.

        data (bytes): what `to_bytes` returned.
        RETURNS (OnnxShim): this object.
        RAISES (ValueError): CE402 if the graph is not the one that was saved.
        """
        found = srsly.msgpack_loads(data)
        if hashlib.sha256(found["graph"]).hexdigest() != found["sha256"]:
            raise ValueError(Errors.CE402)
        self.graph, self._session = found["graph"] or None, None
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_session": None}


def _open(graph: bytes | None) -> Any:
    if graph is None:
        raise ValueError(Errors.CE401)
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    # threads of a pool would be missing in forks; graphs this small are fastest on one, many notes on many processes
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # plans of memory are kept for every size of an input, and notes have all sizes
    options.enable_mem_pattern = False
    # errors, which are raised as well
    options.log_severity_level = 3
    return InferenceSession(graph, options, providers=["CPUExecutionProvider"])
