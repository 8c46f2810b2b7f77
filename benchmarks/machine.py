"""What the benchmarks ask of the machine: its processor, and processes that start afresh."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def cpu_model() -> str:
    """Name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown CPU"


def in_fresh_process(script: str, *args: str, settings: Mapping[str, str | None] | None = None) -> Any:
    """Run a hidden command of a benchmark in a process of its own.

    script (str): The benchmark's file.
    args (str): The command and its arguments.
    settings (Optional[Mapping[str, Optional[str]]]): Variables of its environment; None removes one.
    RETURNS (Any): The JSON of the last line that it prints.
    """
    environment = {**os.environ, **(settings or {})}
    environment = {name: value for name, value in environment.items() if value is not None}
    command = [sys.executable, "-W", "ignore", script, *args]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])
