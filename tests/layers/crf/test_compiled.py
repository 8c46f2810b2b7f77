"""Kernels where their cache cannot be written, or was damaged: each case in a fresh process, as after a start."""

import gc
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from numba import types
from numba.core import event

import spacy_clinner
from spacy_clinner.layers.crf.kernels.compiled import part

# Chooses entities, and says how many of its two kernels came from the cache.
CHOOSE = """
import numpy as np
from spacy_clinner.layers import crf
from spacy_clinner.layers.crf.params import zero_params

emissions = np.zeros((3, 9), "float32")
emissions[1, 7] = 9
print(crf.decode(zero_params(2, "float32"), emissions, np.array([3]), 0.4).spans.tolist())

from spacy_clinner.layers.crf.kernels.spans import choose, find_above
print(sum(len(kernel.stats.cache_hits) for kernel in (choose, find_above)))
"""
READ_ONLY = """
import errno, os, tempfile

def refuse(*args, **kwargs):
    raise OSError(errno.EROFS, "Read-only file system")

tempfile.TemporaryFile = os.replace = refuse
"""


def choose(folder, before="", **env):
    """Run the package of a folder by a user without a home; RETURNS kernels from the cache, and what was warned."""
    env = {**os.environ, "HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null", **env}
    command = [sys.executable, "-c", before + CHOOSE]
    run = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=True)
    spans, hits = run.stdout.splitlines()
    assert spans == "[[0, 1, 2, 0]]"
    return int(hits), run.stderr


def copy_package(site):
    """The package, without what was compiled."""
    source, ignore = Path(spacy_clinner.__file__).parent, shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(source, site / "spacy_clinner", ignore=ignore))


@pytest.fixture
def package(tmp_path):
    return copy_package(tmp_path / "site")


@pytest.fixture(scope="module")
def compiled_once(tmp_path_factory):
    """A copy of the package with the cache that its first use leaves beside it."""
    package = copy_package(tmp_path_factory.mktemp("compiled"))
    assert choose(package.parent) == (0, "")
    return package


@pytest.fixture
def compiled(compiled_once, tmp_path):
    return Path(shutil.copytree(compiled_once, tmp_path / "site" / "spacy_clinner"))


@pytest.mark.slow
def test_without_any_place_for_a_cache(package):
    (package / "layers" / "crf" / "kernels" / "__pycache__").write_text("in the way of the folder")
    hits, warned = choose(package.parent)
    assert hits == 0 and warned.count("CW112") == 1 and "NUMBA_CACHE_DIR" in warned


@pytest.mark.slow
def test_a_cache_that_may_only_be_read(package, tmp_path):
    (package / "layers" / "crf" / "kernels" / "__pycache__").write_text("in the way of the folder")
    assert choose(package.parent, NUMBA_CACHE_DIR=str(tmp_path / "cache")) == (0, "")
    assert choose(package.parent, READ_ONLY, NUMBA_CACHE_DIR=str(tmp_path / "cache")) == (2, "")


@pytest.mark.slow
def test_a_cache_beside_a_package_that_may_only_be_read(compiled):
    assert choose(compiled.parent, READ_ONLY) == (2, "")
    # something new cannot be kept
    (next((compiled / "layers" / "crf" / "kernels" / "__pycache__").glob("spans.find_above-*.nbc"))).unlink()
    hits, warned = choose(compiled.parent, READ_ONLY)
    assert hits == 1 and warned.count("CW112") == 1


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_a_damaged_cache_is_written_anew(compiled, ending):
    damaged = next((compiled / "layers" / "crf" / "kernels" / "__pycache__").glob(f"spans.find_above-*.{ending}"))
    os.truncate(damaged, damaged.stat().st_size // 2)
    assert choose(compiled.parent) == (1, "")
    assert choose(compiled.parent) == (2, "")
    damaged.write_bytes(b"")
    hits, warned = choose(compiled.parent, READ_ONLY)
    assert hits == 1 and warned.count("CW112") == 1


@pytest.mark.slow
def test_a_cache_of_other_kernels_is_out_of_date(compiled):
    assert choose(compiled.parent)[0] == 2
    # `share_of`, which `find_above` of another file calls
    with (compiled / "layers" / "crf" / "kernels" / "readers.py").open("a") as file:
        file.write("# changed\n")
    assert choose(compiled.parent)[0] == 0


def test_collector_waits_only_while_compiling():
    enabled = gc.isenabled()
    seen = []

    class Listener(event.Listener):
        def on_start(self, event):
            seen.append(gc.isenabled())

        def on_end(self, event):
            pass

    try:
        for wanted in (True, False):
            gc.enable() if wanted else gc.disable()
            with event.install_listener("numba:compile", Listener()):
                assert part(lambda x: x + 1).compile((types.int64,)) is not None
            assert gc.isenabled() == wanted
    finally:
        gc.enable() if enabled else gc.disable()
    assert seen and not any(seen)
