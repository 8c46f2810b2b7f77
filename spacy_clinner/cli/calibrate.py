"""`python -m spacy clinner calibrate`: make probabilities mean what they say, on documents of their own."""

from pathlib import Path
from typing import Annotated

from typer import Argument, BadParameter, Context, Option

from ._app import PIPELINES, clinner_cli
from ._coded import coded_errors
from ._given import others_given
from ._gpu import GpuId, use_gpu


@clinner_cli.command("calibrate", rich_help_panel=PIPELINES)
def calibrate_cli(
    ctx: Context,
    model: Annotated[str, Argument(help="Pipeline (path or name)")],
    dev: Annotated[
        Path | None, Argument(help="Documents with gold, a .spacy file; or use --folds", exists=True, dir_okay=False)
    ] = None,
    output: Annotated[Path | None, Option("--output", "-o", help="Folder of the calibrated pipeline")] = None,
    in_place: Annotated[bool, Option("--in-place", help="Replace MODEL, a folder, by the calibrated pipeline")] = False,
    folds: Annotated[
        int | None, Option(min=2, help="Without DEV: train so many times on parts of MODEL's training documents")
    ] = None,
    jobs: Annotated[int, Option(min=1, help="Trainings of --folds at once")] = 1,
    training_data: Annotated[
        bool, Option("--training-data", help="Go on even if MODEL was trained on DEV: it will be too sure of itself")
    ] = False,
    force: Annotated[bool, Option("--force", "-F", help="Replace a pipeline that is at --output")] = False,
    seed: Annotated[int, Option(help="Seed of the resamples")] = 0,
    gpu_id: GpuId = -1,
) -> None:
    """Find the temperature of each component at which DEV is most probable, and a threshold to go with it.

    Prints what changes; --output or --in-place saves it. Where all labelled documents were needed for training, --folds
    trains MODEL's config again on parts of them, and each part is judged by the pipeline that has not seen it.
    """
    from tempfile import TemporaryDirectory

    import spacy
    from wasabi import msg

    from ..annotations.documents import read_docs
    from ..assembly.training_data import check_unseen, trained_on
    from ..calibration.calibrate import calibrate, check_gold, find_calibrated, settle
    from ..calibration.record import record
    from ..experiments.cross_fit import cross_fit
    from ..files import check_replaceable, write_folder_atomically
    from ..provenance import sha256
    from ..reports.calibration import calibration_table

    if in_place and output:
        raise BadParameter("--in-place and --output exclude each other")
    if in_place and not Path(model).is_dir():
        raise BadParameter(f"{model} is no folder that could be replaced: use --output")
    if (dev is None) == (folds is None):
        raise BadParameter("name documents with gold, or ask for --folds")
    if folds and not Path(model).is_dir():
        raise BadParameter(f"{model} is no folder whose config could be trained again")
    if others := others_given(ctx, {*ctx.params} - {"training_data" if folds else "jobs"}):
        raise BadParameter(f"{others[0]} does not go with {'--folds' if folds else 'DEV'}")
    out = Path(model) if in_place else output
    with coded_errors():
        use_gpu(gpu_id)
        if out and not in_place:
            check_replaceable(out, force)
        nlp = spacy.load(model)
        find_calibrated(nlp)
        if folds is not None:
            with TemporaryDirectory() as room:
                evidence = cross_fit(nlp, Path(model), folds, Path(room), jobs=jobs, seed=seed)
            found, data = [settle(nlp, name, own, seed=seed) for name, own in evidence.items()], trained_on(nlp)
        else:
            assert dev is not None, "either of the two is there"
            if not training_data:
                check_unseen(nlp, dev)
            found, data = calibrate(nlp, read_docs(dev), seed=seed), {str(dev): sha256(dev)}
        check_gold(found, dev or Path(model))
        print(calibration_table(found))
        if out is None:
            msg.info("Nothing is saved: name a folder by --output, or say --in-place.")
            return
        record(nlp, found, data)
        write_folder_atomically(out, nlp.to_disk, force=force or in_place)
        msg.good(f"Saved the calibrated pipeline to {out}")
