"""The documents behind a reader, whole and as they are, and the windows that a config cuts them into."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from spacy.language import Language
from spacy.training import Example
from spacy.util import dot_to_object, registry
from thinc.api import Config

from ..configs import check_paths
from ..text.windows import Windows

Reader = Callable[[Language], Iterable[Example]]
WINDOWS = "spacy_clinner.WindowCorpus.v1"
GOLD_ENTS = "spacy_clinner.GoldEntsCorpus.v1"
DOMAINS = "spacy_clinner.DomainCorpus.v1"
WHOLE = {"@readers": "spacy.Corpus.v1", "gold_preproc": False, "max_length": 0, "augmenter": None}
ENCODERS = {("@architectures", "spacy_clinner.WindowedTok2Vec.v1"), ("@span_getters", "spacy_clinner.window_spans.v1")}


def whole_corpus(config: Config, name: str) -> tuple[Reader, dict[str | None, Windows]]:
    """Read a corpus of a config as whole documents: without windows, and without gold in the predicted documents.

    config (Config): The filled config.
    name (str): Dotted name of the corpus, such as "corpora.train".
    RETURNS (Tuple[Callable, Dict[Optional[str], Windows]]): A reader like the corpus', and the windows that the corpus
        itself would give: of each domain, or of None if there are no domains.
    RAISES (ValueError): CE352 if a path is null.
    """
    check_paths(config, name)
    block = dot_to_object(config.interpolate(), name)
    return registry.resolve({"corpus": _without_windows(block)})["corpus"], dict(_corpus_windows(block, None))


def encoder_windows(components: dict[str, Any]) -> dict[Windows, str]:
    """The windows that encoders read.

    components (Dict[str, Any]): The components of a filled and interpolated config.
    RETURNS (Dict[Windows, str]): The names of the components that share them, with commas.
    """
    names: dict[Windows, list[str]] = {}
    for name, component in components.items():
        for block in _blocks(component):
            if ENCODERS & {(key, value) for key, value in block.items() if key.startswith("@")}:
                names.setdefault(_settings(block), []).append(name)
    return {windows: ", ".join(dict.fromkeys(found)) for windows, found in names.items()}


def _settings(block: dict[str, Any]) -> Windows:
    return Windows(*(block[field] for field in Windows._fields))


def _blocks(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _blocks(part)


def _without_windows(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    reader = value.get("@readers")
    if reader == WINDOWS:
        return WHOLE | {"path": value["path"], "limit": value["limit"]}
    if reader == GOLD_ENTS:
        return _without_windows(value["corpus"])
    parts = {key: _without_windows(part) for key, part in value.items()}
    # to look at data writes no file
    return parts | {"audit": None} if reader == DOMAINS else parts


def _corpus_windows(value: Any, domain: str | None) -> Iterator[tuple[str | None, Windows]]:
    if not isinstance(value, dict):
        return
    if value.get("@readers") == WINDOWS:
        yield domain, _settings(value)
    elif value.get("@readers") == DOMAINS:
        for name, part in value["domains"].items():
            yield from _corpus_windows(part, domain or name)
    else:
        for part in value.values():
            yield from _corpus_windows(part, domain)
