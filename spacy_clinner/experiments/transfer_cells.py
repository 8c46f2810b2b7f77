"""The experiments of Lee et al. 2017: how much transfer buys at each share of the labels, and which layers bring it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.util import is_package

from ..configs import read_config
from ..errors import Errors
from ..reports.transfer import ALL_LAYERS, NO_TRANSFER
from ..toml_file import SEED
from ..transfer.layer_names import LAYERS
from .cell import Cell
from .plan import check_data
from .shares import write_shares

AFTER_INIT = "initialize.after_init"


@dataclass(frozen=True)
class TransferExperiment:
    """What all trainings of a curve or a layer ablation share.

    config (Path): A config whose `[initialize.after_init]` is `spacy_clinner.transfer_layers.v1`.
    source (Path): The trained pipeline to transfer from.
    train (Path), dev (Path), test (Path): The target corpus.
    output (Path): Folder of the results.
    shares (Sequence[float]): Shares of the target corpus to train on, in percent.
    whole (float): Percent of the corpus that `train` is.
    seeds (Sequence[int]): Each draws other documents and starts from other weights.
    overrides (Mapping[str, Any]): Further settings.
    """

    config: Path
    source: Path
    train: Path
    dev: Path
    test: Path
    output: Path
    shares: Sequence[float] = (5, 10, 20, 40, 60)
    whole: float = 60
    seeds: Sequence[int] = (0, 1, 2)
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def cells(self, variants: Mapping[str, Mapping[str, Any]]) -> list[Cell]:
        """One cell for each share, seed and variant.

        variants (Mapping[str, Mapping[str, Any]]): Overrides by name of the variant.
        RETURNS (List[Cell]): The cells, their keys "share", "transfer" and "seed".
        RAISES (ValueError): CE083 if the config transfers nothing; CE325 if an override is of a setting that the
            variants, documents and seeds are; CE374 if data or the source are missing; CE320 as `read_config`; CE082 as
            `write_shares`.
        """
        if not read_config(self.config)["initialize"].get("after_init"):
            raise ValueError(Errors.CE083.format(config=self.config))
        own = {SEED, "paths.train", "paths.dev"}.union(*variants.values())
        if taken := sorted(own & self.overrides.keys()):
            raise ValueError(Errors.CE325.format(settings=", ".join(taken)))
        source = [] if is_package(str(self.source)) else [self.source]
        check_data([self.train, self.dev, self.test, *source])
        cells = []
        for seed in self.seeds:
            paths = write_shares(self.train, self.shares, self.whole, seed, self.output / "shares")
            for share, path in paths.items():
                shared = {**self.overrides, "paths.train": str(path), "paths.dev": str(self.dev), SEED: seed}
                for name, overrides in variants.items():
                    keys = {"share": share, "transfer": name, "seed": seed}
                    cells.append(Cell(keys, self.config, self.test, {**shared, **overrides}))
        return cells


def curve_cells(experiment: TransferExperiment) -> list[Cell]:
    """With and without transfer at each share (Lee et al. 2017, experiment 1).

    experiment (TransferExperiment): What is trained.
    RETURNS (List[Cell]): The cells; "transfer" is "none" or "all".
    """
    source = {f"{AFTER_INIT}.source": str(experiment.source)}
    return experiment.cells({NO_TRANSFER: {AFTER_INIT: None}, ALL_LAYERS: source})


def layer_cells(experiment: TransferExperiment, layers: Sequence[str] = LAYERS) -> list[Cell]:
    """Transfer up to each layer at each share (Lee et al. 2017, experiment 2).

    experiment (TransferExperiment): What is trained.
    layers (Sequence[str]): The uppermost layers to try.
    RETURNS (List[Cell]): The cells; "transfer" is "none" or the uppermost layer.
    """
    source = {f"{AFTER_INIT}.source": str(experiment.source)}
    variants = {layer: {**source, f"{AFTER_INIT}.up_to": layer} for layer in layers}
    return experiment.cells({NO_TRANSFER: {AFTER_INIT: None}, **variants})
