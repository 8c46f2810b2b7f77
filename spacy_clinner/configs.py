"""Config files, read so that what is none of them ends in one line."""

from collections.abc import Iterator, Mapping
from configparser import Error as ConfigParserError
from pathlib import Path
from typing import Any

from spacy.language import DEFAULT_CONFIG
from spacy.training.corpus import walk_corpus
from spacy.util import get_lang_class, load_config
from thinc.api import Config

from .errors import Errors

# what every config of spaCy's has
SECTIONS = ("paths", "nlp", "training", "initialize")
# settings that name a file, a folder or a package
NAMES_OF_DATA = ("path", "source", "vectors", "init_tok2vec")
# settings that name a file which a training writes: readers' reports, loggers' tables
NAMES_OF_OUTPUTS = ("audit", "output_file")
DOCUMENTS = ".spacy"
# of readers that need their path: spaCy's and this package's
READERS = ("spacy.", "spacy_clinner.")
# of names in settings that have names of the user's own, such as labels
NAMES_KEPT = (
    "names that a config file gives back: no ':' or '=' in them, no '#', ';' or '[' in front, no white space at an "
    "end, no '.' in that of a group, and no '$' in what something is renamed to"
)


def read_config(path: Path, overrides: Mapping[str, Any] | None = None, interpolate: bool = False) -> Config:
    """Read the config of a training.

    path (Path): The file.
    overrides (Optional[Mapping[str, Any]]): Settings that differ, by their names (training.max_steps).
    interpolate (bool): Whether to fill in references to other settings.
    RETURNS (Config): The config.
    RAISES (ValueError): CE320 if it is not in UTF-8, lacks a section or has one twice; spaCy's ConfigValidationError if
        it cannot be parsed.
    """
    try:
        config = load_config(path, overrides=dict(overrides or {}), interpolate=interpolate)
        missing = [section for section in SECTIONS if section not in config]
    except UnicodeDecodeError:
        raise ValueError(Errors.CE320.format(path=path.name, problem="it is not in UTF-8")) from None
    except ConfigParserError as error:
        raise ValueError(Errors.CE320.format(path=path.name, problem=error.message)) from None
    if missing:
        problem = f"it has no [{'], ['.join(missing)}]"
        raise ValueError(Errors.CE320.format(path=path.name, problem=problem))
    return config


def check_language(lang: str) -> None:
    """RAISES (ValueError): CE008 if spaCy knows no language of this code."""
    try:
        get_lang_class(lang)
    except ImportError as error:
        known = "spaCy's language codes, such as en or es"
        raise ValueError(Errors.CE008.format(what="language", value=lang, known=known)) from error


def check_corpora(config: Config) -> None:
    """RAISES (ValueError): CE352 if a corpus that a training reads, or is chosen by, names no file."""
    config = DEFAULT_CONFIG.merge(config)
    for split in ("train", "dev"):
        check_paths(config, config["training"][f"{split}_corpus"])


def check_paths(config: Config, corpus: str) -> None:
    """See that a corpus names its files.

    config (Config): The config; its references tell which setting is to be given.
    corpus (str): Dotted name of the corpus, such as "corpora.train".
    RAISES (ValueError): CE352 if a path is null.
    """
    written, settings = dict(settings_of(config)), dict(settings_of(config.interpolate()))
    missing = [
        str(written.get(name) or name).strip("${}")
        for name, value in settings.items()
        if name.startswith(f"{corpus}.")
        and name.endswith(".path")
        and value is None
        and str(settings.get(name.removesuffix("path") + "@readers")).startswith(READERS)
    ]
    if missing:
        options = " ".join(f"--{name} FILE" for name in dict.fromkeys(missing))
        raise ValueError(Errors.CE352.format(name=corpus, options=options))


def settings_of(block: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Read the settings of a config, or of a block of it.

    block (Mapping[str, Any]): The config or block.
    prefix (str): What names begin with.
    YIELDS (Tuple[str, Any]): Dotted names and values.
    """
    for name, value in block.items():
        if isinstance(value, dict) and value:
            yield from settings_of(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def lost_settings(block: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Find the settings whose names or texts a config file does not give back: some signs part names from values.

    block (Mapping[str, Any]): A block of a config.
    prefix (str): What names begin with.
    YIELDS (str): Dotted names.
    """
    for name, value in block.items():
        # numbers come back, but not always to the last bit
        told = {} if isinstance(value, dict) else 0 if isinstance(value, float) else value
        if not _is_given_back({name: told}):
            yield f"{prefix}{name}"
        elif isinstance(value, dict):
            yield from lost_settings(value, f"{prefix}{name}.")


def document_files(block: Mapping[str, Any]) -> Iterator[str]:
    """Find the files of documents that a config, or a block of it, names anywhere.

    block (Mapping[str, Any]): The config or block.
    YIELDS (str): Paths.
    """
    return (text for _, text in _texts_of(block) if text.endswith(DOCUMENTS))


def files_read(block: Mapping[str, Any]) -> Iterator[Path]:
    """Find the files of documents that the readers of a config, or of a block of it, read.

    block (Mapping[str, Any]): The config or block, without references.
    YIELDS (Path): The files that are named, and those in the folders that are.
    """
    for name, text in _texts_of(block):
        if text.endswith(DOCUMENTS):
            yield Path(text)
        elif name.split(".")[-1] == "path" and Path(text).is_dir():
            yield from walk_corpus(text, DOCUMENTS)


def named_data(config: Mapping[str, Any]) -> Iterator[str]:
    """Find what of a config names data, or may: another training may find other data there.

    config (Mapping[str, Any]): The config.
    YIELDS (str): Texts of [paths], texts of settings such as `source`, texts with a slash, and files of documents; but
        not `files_written`, nor the working directory or one around it, where what a training writes may lie. A folder
        in [paths] that others begin with is none by itself.
    """
    written = {*files_written(config)}
    beginnings = {parent for _, text in _texts_of(config) for parent in Path(text).parents}
    for name, text in _texts_of(config):
        section, setting = name.split(".")[0], name.split(".")[-1]
        may_be = Path(text) not in beginnings if section == "paths" else "/" in text
        is_named = may_be or setting in NAMES_OF_DATA or text.endswith(DOCUMENTS)
        if is_named and text not in written and _is_within(text):
            yield text


def files_written(config: Mapping[str, Any]) -> Iterator[str]:
    """Find the files that a training of a config writes beside its pipeline.

    config (Mapping[str, Any]): The config, without references.
    YIELDS (str): Texts of settings such as `audit`.
    """
    return (text for name, text in _texts_of(config) if name.split(".")[-1] in NAMES_OF_OUTPUTS)


def _is_given_back(block: dict[str, Any]) -> bool:
    config = Config({"block": block})
    try:
        return Config().from_str(config.to_str()) == config
    except ValueError:
        return False


def _is_within(text: str) -> bool:
    """Whether a text may be a path, and is not that of the working directory or of one around it."""
    try:
        path = Path(text).resolve()
        # of a pattern of a thousand characters with a slash no system can be asked
        path.is_file()
    except (OSError, ValueError):
        return False
    return path not in (Path.cwd(), *Path.cwd().parents)


def _texts_of(block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Texts that are settings, or in a list that is one, by dotted names."""
    for name, value in settings_of(block):
        for text in value if isinstance(value, list | tuple) else [value]:
            if isinstance(text, str) and text:
                yield name, text
