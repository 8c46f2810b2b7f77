"""Options of all commands that run experiments, and the list of what would be run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option
from wasabi import msg

if TYPE_CHECKING:
    from ..experiments.step import Step

Output = Annotated[Path, Option(help="Folder of results, table and plots")]
Jobs = Annotated[int, Option(min=1, help="Trainings at once, each on one thread")]
Dry = Annotated[bool, Option("--dry", help="List what is done and what would be trained, and train nothing")]
Why = Annotated[bool, Option("--why", help="As --dry, and tell in what each new training differs from recorded ones")]
# names of parts that a line shows
SHOWN = 8


def show_plan(steps: "Sequence[Step]", output: Path, why: bool) -> None:
    """Print each step: whether it is done, its identity and its keys.

    steps (Sequence[Step]): The experiment.
    output (Path): Folder of the results.
    why (bool): Whether to tell what changed against the recorded results.
    """
    from ..experiments.plan import changed_parts
    from ..experiments.runner import plan_steps

    plan, done = plan_steps(steps, output)
    for identity, planned in plan.items():
        state = {None: "done", "result": "new"}.get(planned.lacks, f"lacks {planned.lacks}")
        keys = " ".join(f"{name}={value}" for name, value in planned.step.keys.items())
        print(f"{state:17} {identity[:16]}  {keys}")
        if why and planned.lacks == "result" and (found := changed_parts(planned.step, done)):
            print(f"{'':35} {_difference(*found, len(planned.step.parts))}")
    if why and (untold := sum("parts" not in record for record in done.values())):
        msg.info(f"{untold} results are of an earlier version and do not tell what they were made of")
    new = sum(planned.lacks is not None for planned in plan.values())
    msg.info(f"{new} of {len(plan)} would be run, {len(plan) - new} are done in {output}")


def _difference(record: Mapping[str, Any], names: Sequence[str], n_parts: int) -> str:
    if 2 * len(names) > n_parts:
        return "is like no recorded result"
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    return f"differs from {record['identity'][:16]} ({record['date']}) in: {shown}"
