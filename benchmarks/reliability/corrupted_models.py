"""What a pipeline does whose files were damaged: `python benchmarks/reliability/corrupted_models.py PIPELINE NOTES`.

Every file of a copy of the folder is cut in half, emptied, changed in one bit (at six places, one after the other),
overwritten by 2 kB of zeros in its middle, and removed; then the pipeline is loaded and annotates a few notes. Either
that fails, with a coded error or another one, or its output (entities, assertions and relations, probabilities to
three digits) is compared with that of the whole pipeline. Writes
benchmarks/results/reliability_corrupted_models.{json,md}.
"""

import random
import re
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from spacy.language import Language

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
from publishing import origin, publish  # noqa: E402

from spacy_clinner.annotations.documents import read_docs  # noqa: E402
from spacy_clinner.bulk.targets import prediction_of  # noqa: E402
from spacy_clinner.progress import progress  # noqa: E402
from spacy_clinner.provenance import provenance  # noqa: E402
from spacy_clinner.reports.annotations import read_note  # noqa: E402
from spacy_clinner.reports.markdown import markdown_table  # noqa: E402

N_FLIPS = 6
ZEROS = 2048
SAME, OTHER = "same output", "other output"
CODED, UNCODED = "coded error", "uncoded error"
CODE = re.compile(r"\[(CE\d{3})\]")

# Takes the content of a file; None: the file goes.
Damage = Callable[[bytes], bytes | None]


def flip(place: float) -> Damage:
    """Change one bit at a place from 0 to 1, the end."""

    def flipped(data: bytes) -> bytes:
        at = int(place * len(data))
        return data[:at] + bytes([data[at] ^ 1 << int(place * 8000) % 8]) + data[at + 1 :]

    return flipped


def zero(data: bytes) -> bytes:
    start = max(0, (len(data) - ZEROS) // 2)
    return data[:start] + bytes(min(ZEROS, len(data))) + data[start + ZEROS :]


def damages(seed: int) -> dict[str, list[Damage]]:
    """RETURNS (Dict[str, List[Damage]]): What is done to each file, by the heading of its column."""
    drawn = random.Random(seed)
    return {
        "cut in half": [lambda data: data[: len(data) // 2]],
        "empty": [lambda data: b""],
        f"{N_FLIPS} bit flips": [flip(drawn.random()) for _ in range(N_FLIPS)],
        "2 kB of zeros": [zero],
        "missing": [lambda data: None],
    }


def outputs(nlp: Language, texts: Sequence[str]) -> list[dict[str, Any]]:
    """What a pipeline finds in notes, with probabilities to three digits."""
    found = []
    for number, doc in enumerate(nlp.pipe(texts)):
        note = prediction_of(read_note(str(number), doc))
        note["probabilities"] = [round(p, 3) for p in note.get("probabilities", ())]
        for relation in note.get("relations", ()):
            relation["probability"] = round(relation["probability"], 3)
        found.append(note)
    return found


def try_pipeline(folder: Path, texts: Sequence[str], expected: list[dict[str, Any]]) -> tuple[str, str]:
    """Load a pipeline and let it annotate.

    folder (Path): The pipeline.
    texts (Sequence[str]): The notes.
    expected (List[Dict[str, Any]]): What they should give.
    RETURNS (Tuple[str, str]): What happened, and the code or the name of an error.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = outputs(spacy.load(folder), texts)
    except Exception as error:  # what it is, is the question
        code = CODE.match(str(error))
        return (CODED, code[1]) if code else (UNCODED, type(error).__name__)
    return (SAME if found == expected else OTHER), ""


def try_file(path: Path, whole: bytes, how: Sequence[Damage], *rest: Any) -> Iterator[tuple[str, str]]:
    """Damage a file in each of some ways, and put it right again."""
    for damage in how:
        content = damage(whole)
        try:
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content)
            yield ("not changed", "") if content == whole else try_pipeline(*rest)
        finally:
            path.write_bytes(whole)


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The table."""
    columns = list(next(iter(result["files"].values()))["damages"])
    rows = [
        [file, f"{row['bytes']:,}", *(describe(row["damages"][column]) for column in columns)]
        for file, row in result["files"].items()
    ]
    totals = Counter(what for row in result["files"].values() for found in row["damages"].values() for what, _ in found)
    return "\n".join(
        [
            "# Damaged files of a pipeline",
            "",
            f"{origin(result)}; {result['notes']} notes.",
            f"CE...: coded error. {'; '.join(f'{what}: {n}' for what, n in totals.most_common())}.",
            "",
            markdown_table(["file", "bytes", *columns], rows),
            "",
        ]
    )


def describe(found: Sequence[tuple[str, str]]) -> str:
    counts = Counter(detail or what for what, detail in found)
    return ", ".join(what if len(found) == 1 else f"{n} {what}" for what, n in counts.most_common())


def main(
    pipeline: Annotated[Path, typer.Argument(help="Folder of a pipeline; it is copied")],
    data: Annotated[Path, typer.Argument(help="A .spacy file of notes")],
    n_notes: Annotated[int, typer.Option(min=1, help="How many of them")] = 4,
    seed: Annotated[int, typer.Option(help="Of the places of bit flips")] = 0,
    only: Annotated[
        list[str] | None, typer.Option(help="Files to damage, a pattern such as ner/*; all if none")
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Damage each file of a pipeline in turn, and see what happens."""
    texts = [doc.text for doc in read_docs(data)[:n_notes]]
    result = {**provenance(), "pipeline": str(pipeline), "data": str(data), "notes": len(texts), "seed": seed}
    result["files"] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "pipeline")
        shutil.copytree(pipeline, folder)
        expected = outputs(spacy.load(folder), texts)
        files = {path for pattern in only or ["*"] for path in folder.rglob(pattern) if path.is_file()}
        for path in progress(sorted(files), unit="file", desc="Damage"):
            whole = path.read_bytes()
            found = {
                column: list(try_file(path, whole, how, folder, texts, expected))
                for column, how in damages(seed).items()
            }
            name = path.relative_to(folder).as_posix()
            result["files"][name] = {"bytes": len(whole), "damages": found}
    page = to_markdown(result)
    publish(output, "reliability_corrupted_models", result, page)


if __name__ == "__main__":
    typer.run(main)
