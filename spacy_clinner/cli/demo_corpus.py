"""`python -m spacy clinner demo-corpus`: write the invented demo corpus."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ._app import CORPORA, clinner_cli
from ._coded import coded_errors


@clinner_cli.command("demo-corpus", rich_help_panel=CORPORA)
def demo_corpus_cli(
    out_dir: Annotated[Path, Argument(help="Folder to write to; made if there is none", file_okay=False)],
    seed: Annotated[int, Option(help="Another seed, another corpus")] = 0,
    train_notes: Annotated[int, Option(min=1, help="Training notes a specialty")] = 60,
    dev_notes: Annotated[int, Option(min=1, help="Development notes a specialty")] = 15,
    test_notes: Annotated[int, Option(min=1, help="Test notes a specialty")] = 15,
    target: Annotated[str, Option(help="Specialty to adapt to; the others are the source")] = "gastroenterology",
    few_notes: Annotated[int, Option(min=1, help="Training notes in target/few.spacy, at most all")] = 12,
) -> None:
    """Write invented clinical notes, annotated, as .spacy files: four specialties, three as source, one as target."""
    from wasabi import msg

    from ..corpora.demo.write import summary_rows, write_corpus

    sizes = {"train": train_notes, "dev": dev_notes, "test": test_notes}
    with coded_errors():
        counts = write_corpus(out_dir, sizes, target, few_notes, seed)
    header, *rows = summary_rows(counts)
    msg.table(rows, header=header, divider=True, aligns=("l", *"r" * (len(header) - 1)))
    msg.good(f"Wrote the demo corpus of seed {seed}", out_dir)
