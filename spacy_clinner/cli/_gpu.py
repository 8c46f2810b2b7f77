"""Where a command computes: on the CPU, or on a GPU."""

from typing import Annotated

from typer import Option

from ..errors import Errors

GpuId = Annotated[int, Option("--gpu-id", "-g", help="GPU, or -1 for the CPU")]


def use_gpu(gpu_id: int, silent: bool = False) -> None:
    """Compute on a GPU from now on.

    gpu_id (int): Its number; -1 for the CPU.
    silent (bool): Whether to say nothing.
    RAISES (ValueError): CE356 if it cannot be used by CuPy and PyTorch alike.
    """
    from spacy.cli._util import setup_gpu
    from thinc.api import get_torch_default_device

    try:
        setup_gpu(gpu_id, silent=silent)
        # our layers compute in torch, which may be built for the CPU alone; it is asked only when a layer runs
        if gpu_id >= 0:
            get_torch_default_device()
    except (ValueError, RuntimeError, AssertionError) as error:
        raise ValueError(Errors.CE356.format(gpu=gpu_id, reason=str(error).rstrip("."))) from error
