"""`python -m spacy clinner export`: a trained pipeline without torch, by ONNX Runtime; in smaller numbers if wished."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Argument, BadParameter, Option

from ._app import PIPELINES, clinner_cli
from ._coded import coded_errors


class Precision(StrEnum):
    """Numbers that a pipeline may be quantized to."""

    int8 = "int8"
    bf16 = "bf16"


@clinner_cli.command("export", rich_help_panel=PIPELINES)
def export_cli(
    model: Annotated[str, Argument(help="Pipeline (path or name)")],
    out: Annotated[Path, Argument(help="Folder of the new pipeline")],
    quantize: Annotated[
        Precision | None,
        Option(
            help="Let LSTMs and transformers compute in integers, or transformers in bfloat16 by torch; needs --dev"
        ),
    ] = None,
    dev: Annotated[
        Path | None,
        Option(help="Documents with gold, a .spacy file: what --quantize loses", exists=True, dir_okay=False),
    ] = None,
    max_loss: Annotated[float, Option(min=0, help="Points of strict F1 that --quantize may lose")] = 0.3,
    max_recall_loss: Annotated[float, Option(min=0, help="Points of recall that any label may lose")] = 0.5,
    spans_key: Annotated[str | None, Option(help="Span group that MODEL writes; default: doc.ents")] = None,
    gold_spans_key: Annotated[str | None, Option(help="Span group that holds the gold; default: doc.ents")] = None,
    force: Annotated[bool, Option("--force", "-F", help="Replace a pipeline that is there")] = False,
) -> None:
    """Save a pipeline whose encoders ONNX Runtime computes: it is loaded as any other, and needs no torch.

    It finds the same; labels, probabilities, thresholds and other components stay. It cannot be trained. With
    --quantize, DEV is tagged before and after, and nothing is saved if more is lost than allowed; in bf16, the
    pipeline still needs torch, and can be trained.
    """
    import spacy
    from wasabi import msg

    from ..assembly.bfloat16 import compute_in_bfloat16
    from ..assembly.export import export_pipeline
    from ..assembly.without_torch import check_without_torch
    from ..extras import EXTRAS, require
    from ..files import replacing_folder
    from ..reports.losses import loss_table
    from ..scoring.evaluation import Bootstrap
    from ..scoring.losses import measure_losses
    from ..scoring.run import Gold, run_model

    if (quantize is None) != (dev is None):
        raise BadParameter("--quantize and --dev go together")
    with coded_errors():
        if quantize is not Precision.bf16:
            for package in EXTRAS["onnx"]:
                require(package, "An exported pipeline")
        with replacing_folder(out, force) as new:
            if quantize is Precision.bf16:
                compute_in_bfloat16(spacy.load(model)).to_disk(new)
            else:
                export_pipeline(spacy.load(model), int8=quantize is Precision.int8).to_disk(new)
                check_without_torch(new)
            if dev is not None:
                gold = Gold.read(dev, gold_spans_key)
                runs = [
                    run_model(name, gold, spans_key=spans_key, bootstrap=Bootstrap(resamples=0))
                    for name in (model, str(new))
                ]
                losses = measure_losses(*(run.evaluation for run in runs))
                print(loss_table(losses))
                losses.check(max_loss, max_recall_loss)
        msg.good(f"Saved the exported pipeline to {out}")
