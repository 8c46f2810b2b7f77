"""One training of an experiment: what it is called, what it learns from, and what makes it the same as another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from os.path import isfile
from pathlib import Path
from typing import Any

from thinc.api import Config

from ..configs import document_files, files_written, named_data, read_config, settings_of
from ..errors import Errors
from ..provenance import checksum, digest
from ..toml_file import SEED
from .step import SHORT, Kept, ReadsAnew
from .train_cell import train_cell

# Stands in overrides for the folder of the model that a cell starts from.
MODEL = "{model}"
TRANSFER = "spacy_clinner.transfer_layers.v1"
# What a setting is that does nothing, of those that blocks have got in later versions.
IDLE: dict[str, dict[str, Any]] = {
    "clinner_crf_tagger": {"temperature": 1, "gold_labels": None},
    "clinner_relation_extractor": {"temperature": 1},
    "spacy_clinner.DomainCorpus.v1": {"annotated": None},
    "spacy_clinner.TransformerModel.v1": {"layer_rates": None, "bfloat16": False},
    "spacy_clinner.Tok2VecTransformer.v1": {"layer_rates": None, "bfloat16": False},
    "spacy_clinner.window_spans.v1": {"overlap": 0},
    "spacy_clinner.VectorsEmbed.v1": {"lower": False},
    "spacy_clinner.ConcatEmbed.v1": {"token_dropout": None},
}
# What names a block.
NAMES = ("factory", "@readers", "@architectures", "@span_getters")


@dataclass(frozen=True)
class Cell(ReadsAnew):
    """A training and its test.

    keys (Mapping[str, Any]): What the tables group by: method, source, target, share, seed ...
    config (Path): The config file.
    test (Optional[Path]): Documents to score the model on, once; None: its entities are not scored.
    overrides (Mapping[str, Any]): Settings by dotted name; "{model}" in a value is the folder of `start`'s model.
    start (Optional[Cell]): A cell whose model this one starts from.
    train (bool): Whether to train; if not, `start`'s model is tested as it is.
    last (bool): Whether the model is that of the last step; else it is the best one on dev.
    keep (bool): Whether the model stays even if no other step reads it.
    keep_predictions (bool): Whether the entities found on test stay.
    spans_key (Optional[str]): Span group of test's gold, and of what the model finds; None: `doc.ents`.
    """

    keys: Mapping[str, Any]
    config: Path
    test: Path | None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    start: "Cell | None" = None
    train: bool = True
    last: bool = False
    keep: bool = False
    keep_predictions: bool = False
    spans_key: str | None = None

    @cached_property
    def identity(self) -> str:
        """Checksum of everything that decides the result: config, seed, data, and the model it starts from.

        RETURNS (str): SHA-256 in hexadecimal digits; cells that share it are trained once.
        RAISES (ValueError): CE080 if the config has no such setting, CE324 if it trains with another seed than it is
            given, CE320 as `read_config`.
        """
        start = self.start.identity if self.start else None
        parts: list[Any] = [self._config.to_str(), sorted(self._files.items()), self._test, start, self.train]
        # added only where it matters: results from before these choices keep their identity
        parts += ["last"] if self.last else []
        parts += [["spans_key", self.spans_key]] if self.spans_key else []
        return digest(parts)

    @cached_property
    def parts(self) -> dict[str, str]:
        """RETURNS (Dict[str, str]): A short checksum of each setting, each data file, test and start."""
        parts = {name: digest(value)[:SHORT] for name, value in settings_of(self._config)}
        parts |= {f"data of {name}": found[:SHORT] for name, found in self._files.items() if found}
        parts |= {"test": (self._test or "")[:SHORT], "start": self.start.identity[:SHORT] if self.start else ""}
        parts |= {"spans_key": self.spans_key} if self.spans_key else {}
        return {**parts, "train": str(self.train), "last": str(self.last)}

    @property
    def needs(self) -> "Sequence[Cell]":
        """RETURNS (Sequence[Cell]): The cell that this one starts from, if there is one."""
        return [self.start] if self.start else []

    @property
    def data(self) -> list[Path]:
        """RETURNS (List[Path]): Documents to test on; for a training, all documents that it reads, and word vectors."""
        found = [self.test] if self.test else []
        if self.train:
            vectors = self._config["initialize"].get("vectors") or ""
            # other vectors are an installed package's
            named = {
                *(self._config["paths"].get(name) for name in ("train", "dev")),
                vectors if "/" in vectors else None,
            }
            found += map(Path, sorted({*filter(None, named), *document_files(self._config)}))
        return found

    def run(self, models: Sequence[Path], kept: Kept) -> dict[str, Any]:
        """Train and test.

        models (Sequence[Path]): Folder of `start`'s model, if there is one.
        kept (Kept): Where to leave the model and the predictions.
        RETURNS (Dict[str, Any]): As of `train_cell`.
        """
        return train_cell(self, models[0] if models else None, kept)

    def resolve(self, model: Path | None) -> Config:
        """Read the config with all overrides.

        model (Optional[Path]): Folder of the model to start from.
        RETURNS (Config): The config, its references as they are written: they go into the trained pipeline.
        RAISES (ValueError): CE080 if the config has no such setting, CE320 as `read_config`.
        """
        config = read_config(self.config)
        for name, value in self.overrides.items():
            if model is not None:
                value = fill(value, {"model": str(model)})
            *sections, last = name.split(".")
            block: Any = config
            for section in sections:
                block = block.get(section) if isinstance(block, dict) else None
            if not isinstance(block, dict) or (last not in block and block is not config["paths"]):
                raise ValueError(Errors.CE080.format(setting=name, config=self.config))
            block[last] = value
        return config

    @property
    def read_paths(self) -> set[str]:
        """RETURNS (Set[str]): Names of [paths] that the config has, and of overrides that a setting refers to."""
        known = {f"paths.{name}" for name in read_config(self.config)["paths"]}
        more = {name for name in self.overrides if name.startswith("paths.")} - known
        config = str(self.resolve(None)) if more else ""
        return known | {name for name in more if f"${{{name}}}" in config}

    @cached_property
    def _config(self) -> Config:
        config = self.resolve(None).interpolate()
        seed = self.overrides.get(SEED)
        if seed is not None and config["training"].get("seed", seed) != seed:
            raise ValueError(Errors.CE324.format(config=self.config, found=config["training"]["seed"], seed=seed))
        return _without_idle_settings(config)

    @cached_property
    def _files(self) -> dict[str, str | None]:
        """Checksums of everything that may name data, wherever the config or an override names it."""
        values = {
            *_texts(self._config["paths"].values()),
            *_texts(self.overrides.values()),
            *document_files(self._config),
        }
        named = {*named_data(self._config)}
        # a word of an override may be the name of any folder, such as one of results
        named |= {value for value in values if isfile(value)} - {*files_written(self._config)}
        found = {value: checksum(Path(value)) if value in named else None for value in sorted(values)}
        # added only where it matters: results from before these counted keep their identity
        more = {value: checksum(Path(value)) for value in named - values}
        return found | {value: is_there for value, is_there in more.items() if is_there}

    @cached_property
    def _test(self) -> str | None:
        return checksum(self.test) if self.test else None


def fill(value: Any, names: Mapping[str, str]) -> Any:
    """Fill names in braces in.

    value (Any): A text, or lists and tables that hold some; what is none of them stays.
    names (Mapping[str, str]): What stands for each name.
    RETURNS (Any): The value with "{name}" replaced.
    """
    if isinstance(value, list):
        return [fill(item, names) for item in value]
    if isinstance(value, dict):
        return {key: fill(item, names) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    for name, replacement in names.items():
        value = value.replace("{" + name + "}", replacement)
    return value


def _without_idle_settings(config: Config) -> Config:
    """What changes nothing where it is not used does not count: results from before it was there keep their identity.

    A recipe that may start from a source's model and does not; settings of `IDLE` blocks.
    """
    after_init = config["initialize"].get("after_init") or {}
    if after_init.get("@callbacks") == TRANSFER and not (after_init.get("source") or after_init.get("blocks")):
        config["initialize"]["after_init"] = None
        if config["paths"].get("source_model", "") is None:
            del config["paths"]["source_model"]
    for block in [*_blocks(config.get("components", {})), *config.get("corpora", {}).values()]:
        name = next((block[key] for key in NAMES if key in block), "")
        for setting, value in IDLE.get(name, {}).items():
            if block.get(setting, ...) == value:
                del block[setting]
    return config


def _blocks(block: Mapping[str, Any]) -> Iterator[Any]:
    """A block and those within it."""
    yield block
    for value in list(block.values()):
        if isinstance(value, Mapping):
            yield from _blocks(value)


def _texts(values: Iterable[Any]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str) and value)
