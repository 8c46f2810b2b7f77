"""Table and plot of a grid of tasks and methods."""

from collections.abc import Sequence
from pathlib import Path

from .dot_plot import dot_plot
from .markdown import markdown_table
from .plots import Line
from .runs import Record, Spread, compare_runs, measured_on, select, spread, spread_of, test_size, values


def grid_tables(records: Sequence[Record], baseline: str | None) -> list[str]:
    """All tables of a grid.

    records (Sequence[Record]): Runs with the keys "source", "target", "method" and "seed".
    baseline (Optional[str]): The method to compare with; None for no comparison.
    RETURNS (List[str]): Markdown tables.
    """
    return [grid_table(records), *([comparison_table(records, baseline)] if baseline else [])]


def grid_table(records: Sequence[Record]) -> str:
    """F1 of every method on every task, and the mean over tasks.

    records (Sequence[Record]): Runs with the keys "source", "target", "method" and "seed".
    RETURNS (str): A Markdown table.
    """
    methods = values(records, "method")
    rows = [
        [_task(source, target), *(str(spread(select(chosen, method=method))) for method in methods)]
        for source, target, chosen in _by_task(records)
    ]
    rows.append(["**mean**", *(f"**{100 * spread(select(records, method=method)).mean:.1f}**" for method in methods)])
    return markdown_table(["task", *methods], rows)


def comparison_table(records: Sequence[Record], baseline: str) -> str:
    """Every method against the baseline over all paired runs.

    records (Sequence[Record]): Runs with the keys "source", "target", "method" and "seed".
    baseline (str): The method to compare with.
    RETURNS (str): A Markdown table: mean difference with its standard error, tasks won on average over seeds, p-value.
    """
    rows = []
    for method in values(records, "method"):
        if method == baseline:
            continue
        found = compare_runs(select(records, method=method), select(records, method=baseline))
        tasks = [
            compare_runs(select(chosen, method=method), select(chosen, method=baseline)).mean > 0
            for _, _, chosen in _by_task(records)
        ]
        rows.append(
            [
                method,
                f"{100 * found.mean:+.2f}",
                f"{100 * found.error:.2f}",
                f"{found.wins} of {found.n}",
                f"{sum(tasks)} of {len(tasks)}",
                f"{found.p_value:.4f}",
            ]
        )
    return markdown_table(["method", f"F1 against {baseline}", "standard error", "runs won", "tasks won", "p"], rows)


def plot_grid(records: Sequence[Record], path: Path, title: str) -> None:
    """Draw F1 of every method on every task, and on average over tasks.

    records (Sequence[Record]): Runs with the keys "source", "target", "method" and "seed".
    path (Path): The file without its ending; a PNG and an SVG are written.
    title (str): What is compared.
    """
    methods, targets = values(records, "method"), values(records, "target")
    tasks = sorted(_by_task(records), key=lambda task: targets.index(task[1]))
    lines = []
    for method in methods:
        points = [spread(select(chosen, method=method)) for _, _, chosen in tasks]
        lines.append(Line(method, [100 * p.mean for p in points], [100 * p.sd for p in points]))
    means = [_mean_over_tasks(select(records, method=method)) for method in methods]
    name = f"mean over {len(tasks)} tasks" if len(tasks) > 1 else _task(*tasks[0][:2])
    dot_plot(
        path,
        [(_heading(records, target), [source for source, other, _ in tasks if other == target]) for target in targets],
        Line(name, [100 * p.mean for p in means], [100 * p.sd for p in means]),
        lines,
        title=title,
        note=measured_on(records),
        x_label="strict F1, %",
    )


def _mean_over_tasks(records: Sequence[Record]) -> Spread:
    """Over seeds, of the mean over tasks."""
    seeds = values(records, "seed")
    return spread_of([spread(select(records, seed=seed)).mean for seed in seeds])


def _heading(records: Sequence[Record], target: str) -> str:
    return f"to {target} ({test_size(select(records, target=target)[0])}), from"


def _by_task(records: Sequence[Record]):
    for source, target in dict.fromkeys((r["keys"]["source"], r["keys"]["target"]) for r in records):
        yield source, target, select(records, source=source, target=target)


def _task(source: str, target: str) -> str:
    return f"{source} → {target}"
