"""Which stage of a hierarchy dev kept for each corpus."""

from collections import Counter
from collections.abc import Sequence

from .markdown import markdown_table
from .runs import Record, select, spread_of, values


def kept_table(records: Sequence[Record], chosen: str) -> str:
    """Show how each stage does on dev, and which of them was kept how often.

    records (Sequence[Record]): Runs with the keys "target", "method" and "seed", as of `run_hierarchy`.
    chosen (str): The method whose runs name in "kept" the stage that they are.
    RETURNS (str): A Markdown table with a line for each target; below it, which stages are one training.
    """
    stages = [method for method in values(records, "method") if method != chosen]
    rows = []
    for target in values(records, "target"):
        own = select(records, target=target)
        dev = [[record["dev"] for record in select(own, method=stage)] for stage in stages]
        kept = Counter(record["keys"]["kept"] for record in select(own, method=chosen))
        told = ", ".join(f"{stage} ({n})" for stage, n in kept.most_common())
        rows.append([target, *(str(spread_of(scores)) if scores else "" for scores in dev), told])
    table = markdown_table(["corpus", *stages, f"kept as {chosen} (seeds)"], rows)
    return "\n\n".join(["On dev, which chooses:", table, *_same_trainings(records, chosen)])


def _same_trainings(records: Sequence[Record], chosen: str) -> list[str]:
    """A line for each stage that is another one's training, as a corpus without relatives has them."""
    first: dict[tuple[str, str], str] = {}
    # targets by stages, in order
    same: dict[tuple[str, str], dict[str, None]] = {}
    for record in records:
        stage, target = record["keys"]["method"], record["keys"]["target"]
        earlier = first.setdefault((target, record["identity"]), stage)
        if stage not in (earlier, chosen):
            same.setdefault((stage, earlier), {})[target] = None
    return [
        f"Of {', '.join(targets)}, *{stage}* is no training of its own: it is *{earlier}*."
        for (stage, earlier), targets in same.items()
    ]
