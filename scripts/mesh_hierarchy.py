"""Write MeSH as pairs of a concept and a broader one, for `clinner_specific_relations`.

    python scripts/mesh_hierarchy.py assets/mesh/mesh_id_label_mappings.tsv corpus/mesh/broader.tsv

MeSH numbers each place of a heading in its trees: C12.050.351 lies under C12.050.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from spacy_clinner.cells import format_tsv
from spacy_clinner.files import read_lines, write_atomically


def read_places(path: Path) -> dict[str, str]:
    """Read where in the trees the headings are.

    path (Path): Lines of a heading's identifier, its name, synonyms and tree numbers; the last two joined by "|".
    RETURNS (Dict[str, str]): The heading of each tree number.
    """
    rows = [line.split("\t") for line in read_lines(path)]
    return {number: row[0] for row in rows for number in row[3].split("|") if number}


def broader_of(places: dict[str, str]) -> Iterable[tuple[str, str]]:
    """The headings that lie under another one, each with that one."""
    for number, heading in places.items():
        above = places.get(number.rpartition(".")[0])
        if above is not None and above != heading:
            yield heading, above


def main(
    headings: Annotated[Path, typer.Argument(help="MeSH headings with their tree numbers", exists=True)],
    out: Annotated[Path, typer.Argument(help="The file to write")],
) -> None:
    """Write MeSH as pairs of a concept and a broader one."""
    edges = sorted(set(broader_of(read_places(headings))))
    write_atomically(out, format_tsv(edges))
    msg.good(f"Wrote {len(edges)} pairs to {out}")


if __name__ == "__main__":
    typer.run(main)
