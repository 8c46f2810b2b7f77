"""The files of a run: a folder a table, a file a shard."""

from collections.abc import Collection
from pathlib import Path

TABLES = ("notes", "entities", "relations", "errors", "note_nlp", "docs")


def output_name(table: str, shard: int, format: str) -> str:
    """RETURNS (str): Path of a shard's file below the folder of the run: "entities/entities-00000007.parquet"."""
    return f"{table}/{table}-{shard:08}.{'spacy' if table == 'docs' else format}"


def remove_strangers(folder: Path, known: Collection[str]) -> None:
    """Remove files of shards that do not count, and what a killed run has left half-written.

    folder (Path): The folder of the run.
    known (Collection[str]): Files that count, by path below it.
    """
    for table in TABLES:
        for path in (folder / table).glob("*"):
            if f"{table}/{path.name}" not in known:
                path.unlink()
