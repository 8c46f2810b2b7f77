"""README's picture: of the page as it is, by whatever browser there is."""

import pytest

from scripts.take_page_picture import take_picture

BROWSER = """#!/bin/sh
for word in "$@"; do case "$word" in --screenshot=*) echo "$@" > "${word#--screenshot=}";; esac; done
"""


def test_a_browser_takes_it(tmp_path, monkeypatch):
    browser = tmp_path / "google-chrome"
    browser.write_text(BROWSER)
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    take_picture(tmp_path / "page.html", tmp_path / "page.png")
    words = (tmp_path / "page.png").read_text().split()
    assert "--headless" in words and words[-1] == (tmp_path / "page.html").as_uri()


def test_without_a_browser_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="chromium"):
        take_picture(tmp_path / "page.html", tmp_path / "page.png")
    assert not (tmp_path / "page.png").exists()
