"""`python -m spacy clinner warm`: pay for the first note before it comes."""

import time
from typing import Annotated

from typer import Argument

from ._app import PIPELINES, clinner_cli
from ._coded import coded_errors
from ._gpu import GpuId, use_gpu

NOTE = """Mrs. Invented, 62 years, was seen for a flare of her ulcerative colitis. She denies fever and chest pain.
Mesalamine 800 mg by mouth three times a day was continued; ibuprofen was stopped because of gastritis.
Her mother had diabetes. Return in two weeks if there is bleeding.
"""


@clinner_cli.command("warm", rich_help_panel=PIPELINES)
def warm_cli(
    model: Annotated[str, Argument(help="Pipeline (path or name)")],
    gpu_id: GpuId = -1,
) -> None:
    """Load a pipeline and annotate an invented note twice, so that all is compiled and kept for later processes.

    Meant for the building of an image, and to see what a start costs; see docs/guide/servers.md.
    """
    from wasabi import msg

    start = time.perf_counter()
    with coded_errors():
        import spacy

        use_gpu(gpu_id, silent=True)
        nlp = spacy.load(model)
        times = [time.perf_counter() - start]
        for _ in range(2):
            start = time.perf_counter()
            nlp(NOTE)
            times.append(time.perf_counter() - start)
    msg.good("Loaded in {:.2f} s; the first note took {:.2f} s, the second {:.3f} s".format(*times))
