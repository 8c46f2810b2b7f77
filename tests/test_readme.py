"""README's example prints what README says, on the model that `make demo` makes."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from .toys.forked import run_python
from .toys.projects import read_project

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
# The same training gives the same bytes on one machine. Other instruction sets (SSE4, AVX2) moved these numbers by
# 0.006 at most, and so did another seed.
TOLERANCE = 0.03


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A folder in which the demo was run up to its adapted tagger: a minute and a half on one core."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "configs").symlink_to(ROOT / "configs", target_is_directory=True)
    commands = {command["name"]: command["script"] for command in read_project(ROOT)["commands"]}
    for step in ("demo-corpus", "demo-source", "demo-adapt"):
        for line in commands[step]:
            run_python(*shlex.split(line)[1:], cwd=folder)
    return folder


def test_the_example_prints_what_readme_says(demo):
    page = (ROOT / "README.md").read_text(encoding="utf8")
    code, printed = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", page, flags=re.DOTALL).groups()
    # by an interpreter of its own, as a reader would
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=demo, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = done.stdout
    number = re.compile(r"\d\.\d{3}")
    assert number.sub("#", found) == number.sub("#", printed)
    numbers, expected = (list(map(float, number.findall(text))) for text in (found, printed))
    assert len(numbers) > 8 and numbers == pytest.approx(expected, abs=TOLERANCE)
