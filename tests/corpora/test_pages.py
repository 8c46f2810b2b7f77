"""The snippets of the pages on corpora run."""

import re

import pytest

from ..paths import DOCS


@pytest.mark.parametrize("page", ["corpora", "medication_entries"])
def test_snippets_run(page):
    snippets = re.findall(
        r"```python\n(.*?)```", (DOCS / "guide" / f"{page}.md").read_text(encoding="utf8"), flags=re.DOTALL
    )
    assert snippets
    for snippet in snippets:
        exec(snippet, {})
