"""What a corpora file says, as a table: who teaches what."""

from wasabi import table

from .check import Counts
from .corpora_file import Corpora
from .heads import plan_heads

SILENT = "-"


def corpora_table(corpora: Corpora, counts: Counts) -> str:
    """Show how many training entities each corpus has for each label of the model.

    corpora (Corpora): The corpora file.
    counts (Counts): As of `check_corpora`.
    RETURNS (str): A table with a line for each corpus and a column for each label; "-": it was not annotated there.
    """
    heads = plan_heads(corpora)
    labels = list(dict.fromkeys(label for head in heads for label in head.labels))
    rows = []
    for corpus in corpora.corpora.values():
        part = counts[corpus.name, "train"]
        cells = []
        for label in labels:
            n = sum(number for own, number in part.entities.items() if corpus.label_map[own] == label)
            cells.append(str(n) if label in corpus.annotated else SILENT)
        rows.append((corpus.name, part.documents, *cells))
    aligns = ("l", *"r" * (len(labels) + 1))
    return table(rows, header=("Corpus", "Documents", *labels), divider=True, aligns=aligns)


def heads_table(corpora: Corpora) -> str:
    """Show which head learns what from whom.

    corpora (Corpora): The corpora file.
    RETURNS (str): A table with a line for each head.
    """
    rows = [(head.name, ", ".join(head.labels), ", ".join(head.corpora)) for head in plan_heads(corpora)]
    return table(rows, header=("Head", "Labels", "Corpora"), divider=True)
