import os
import subprocess
import sys

import pytest

NAME = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"


@pytest.mark.parametrize(("own", "wanted"), [(None, "64"), ("1024", "1024")])
def test_what_torch_keeps_is_bounded(own, wanted):
    env = {name: value for name, value in os.environ.items() if name != NAME} | ({NAME: own} if own else {})
    # with the package, and so before any factory of it
    code = f"import spacy_clinner, os; print(os.environ['{NAME}'])"
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == wanted
