import pytest

from spacy_clinner import processes


@pytest.fixture(scope="module", autouse=True)
def forks():
    """Trainings run in forks, which need not import torch and spaCy anew; tests of how a run starts and ends do not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "START_METHOD", "fork")
        yield
