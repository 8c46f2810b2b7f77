"""Take README's picture: `python scripts/take_page_picture.py demo/pipeline docs/images/annotated_page.png`.

The page is what `clinner annotate --html` writes of an invented note; Chromium shows it and takes the picture. Nothing
is chosen or corrected: what the pipeline gets wrong is in the picture, too.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NOTE = """\
GASTROENTEROLOGY CLINIC
Seen 04/12/2015 with abdominal pain and rectal bleeding.
No fever. Mother had colorectal cancer.
Colonoscopy: ulcerative colitis. Started prednisone 40 mg PO daily for 2 weeks, Asacol 800 mg PO TID.
Return if rectal bleeding is worse.
"""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WINDOW = "920,664"


def take_picture(page: Path, picture: Path) -> None:
    """Show a page in a browser without a window, and take its picture.

    page (Path): The page.
    picture (Path): PNG file to write.
    """
    show_page(page, "--hide-scrollbars", f"--window-size={WINDOW}", f"--screenshot={picture.resolve()}")


def show_page(page: Path, *options: str) -> str:
    """Show a page in a browser without a window.

    page (Path): The page.
    *options (str): What the browser is to do with it.
    RETURNS (str): What the browser prints.
    """
    browser = next(filter(shutil.which, BROWSERS), None)
    if browser is None:
        raise SystemExit(f"No browser is installed; one of {', '.join(BROWSERS)} is needed")
    # a browser of a container has no sandbox; the page is our own, and its policy lets nothing be loaded
    command = [browser, "--headless", "--no-sandbox", *options, page.resolve().as_uri()]
    return subprocess.run(command, check=True, capture_output=True, timeout=120, encoding="utf8").stdout


def main(model: str, picture: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        note, page = folder / "clinic.txt", folder / "page.html"
        note.write_text(NOTE, encoding="utf8")
        command = [sys.executable, "-m", "spacy", "clinner", "annotate", model, str(note), "--html", str(page)]
        subprocess.run(command, check=True)
        take_picture(page, picture)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
