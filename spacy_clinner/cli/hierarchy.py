"""`python -m spacy clinner hierarchy`."""

from wasabi import msg

from . import _experiment as options
from ._app import EXPERIMENTS, clinner_cli
from ._coded import coded_errors
from ._corpora_file import CorporaFile


@clinner_cli.command("hierarchy", rich_help_panel=EXPERIMENTS)
def hierarchy_cli(
    corpora: CorporaFile,
    output: options.Output,
    jobs: options.Jobs = 1,
) -> None:
    """All corpora, those of a type, one alone: what each stage is worth for each corpus. A stopped run goes on."""
    from ..experiments.hierarchy import CHOSEN, SINGLE, Hierarchy, run_hierarchy
    from ..ledger import only_run
    from ..multitask.check import check_corpora
    from ..multitask.clean import clean_corpora, clean_unseen, leaks_table
    from ..multitask.corpora_file import read_corpora_file
    from ..multitask.table import corpora_table
    from ..reports.experiment import write_experiment
    from ..reports.grid import grid_tables
    from ..reports.hierarchy import kept_table
    from ..reports.plots import check_plots

    with coded_errors():
        check_plots()
        plan = read_corpora_file(corpora)
        Hierarchy(plan, output).check()
        print(corpora_table(plan, check_corpora(plan)))
        with only_run(output):
            plan, leaks = clean_corpora(plan, output / "train")
            plan, more_leaks = clean_unseen(plan, output / "unseen")
            print(leaks_table({**leaks, **more_leaks}))
            records, unseen = run_hierarchy(Hierarchy(plan, output).with_share(), jobs)
        tables = [*grid_tables(records, SINGLE), kept_table(records, CHOSEN)]
        path = output / corpora.stem
        print(write_experiment(path, "grid", f"What sharing is worth: {corpora.stem}", records, tables))
        msg.good(f"Saved {path}.md, .json, .png and .svg; all of every run is in {output / 'results.jsonl'}")
        if unseen:
            path = output / f"{corpora.stem}_unseen"
            title = f"What sharing is worth on corpora that nobody learned from: {corpora.stem}"
            print(write_experiment(path, "grid", title, unseen, grid_tables(unseen, SINGLE)))
            msg.good(f"Saved {path}.md, .json, .png and .svg")
