import os
from pathlib import Path

import pytest
from filelock import FileLock

DATA_DIR = Path(os.environ.get("CLINNER_DATA_DIR", Path(__file__).parents[2] / "shared" / "data"))


def pytest_addoption(parser):
    group = parser.getgroup("fuzzing of the readers")
    group.addoption("--fuzz-inputs", type=int, default=300, help="Changed corpora of each format")
    group.addoption("--fuzz-report", type=Path, help="Folder for the table reliability_fuzz.md")


@pytest.hookimpl(tryfirst=True)  # before -m is applied
def pytest_collection_modifyitems(config, items):
    """Leave the tests on real corpora out where there are none, but never in CI."""
    for item in items:
        if "whole_pipeline" in item.fixturenames:
            item.add_marker("medspacy")
    if DATA_DIR.is_dir() or os.environ.get("CI"):
        return
    real = [item for item in items if item.get_closest_marker("realdata")]
    if real:
        items[:] = [item for item in items if item not in real]
        config.hook.pytest_deselected(items=real)


@pytest.fixture(autouse=True)
def seed():
    """Weights are drawn alike in every run, so that a failure can be repeated."""
    from thinc.api import fix_random_seed

    fix_random_seed(0)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    assert DATA_DIR.is_dir(), f"no corpora under {DATA_DIR}: set CLINNER_DATA_DIR"
    return DATA_DIR


@pytest.fixture(scope="session")
def whole_pipeline(tmp_path_factory) -> Path:
    """The folder of a saved pipeline of every component, with notes and what it finds in them: read, never written to.

    Whichever of pytest-xdist's processes comes first trains it, for all.
    """
    from .toys.whole_pipeline import save

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "whole_pipeline"
    with FileLock(shared / "whole_pipeline.lock"):
        if not folder.exists():
            save(shared / "whole_pipeline.unfinished").rename(folder)
    return folder
