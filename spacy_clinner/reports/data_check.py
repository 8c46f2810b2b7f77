"""Read all that a config trains and chooses on, and count it; nothing is trained."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.attrs import ORTH
from spacy.language import Language
from spacy.training import Corpus, Example
from spacy.util import load_model, load_model_from_config
from spacy.vectors import Vectors
from thinc.api import Config

from ..annotations.keys import DOMAIN_KEY
from ..errors import Errors
from ..scoring.data_counts import PartCounts, total
from ..scoring.word_cover import WordCover, word_cover
from ..training.whole_corpora import Reader, encoder_windows, whole_corpus

SPLITS = ("train", "dev")
NO_DOCBIN = "[E1014]"


@dataclass(frozen=True)
class DataCheck:
    """What was counted.

    parts (Dict[Tuple[str, Optional[str]], PartCounts]): Counts by split and domain.
    encoders (Sequence[str]): Names of windows that an encoder reads; others are windows that a corpus gives.
    vectors (Optional[Vectors]): The word vectors of the training.
    """

    parts: dict[tuple[str, str | None], PartCounts]
    encoders: Sequence[str]
    vectors: Vectors | None

    def split(self, name: str) -> PartCounts:
        """RETURNS (PartCounts): Documents and labels of all domains of a split."""
        return total([counts for (split, _), counts in self.parts.items() if split == name])

    def coverage(self, counts: PartCounts) -> WordCover:
        """RETURNS (WordCover): The shares of the words, and of the different words, that have a vector."""
        assert self.vectors is not None, "without vectors, nobody asks"
        return word_cover(self.vectors, counts.words)


def check_data(config: Config, test: Path | None = None) -> DataCheck:
    """Count the documents of a config's corpora, as its readers and its tokenizer give them.

    config (Config): The config.
    test (Optional[Path]): Documents that no corpus of the config holds, a `.spacy` file or a folder of them.
    RETURNS (DataCheck): The counts.
    RAISES (ValueError): CE352 if a path is null, CE353 if a corpus holds no document, CE070 if a file is none of
        spaCy's, and what the readers raise.
    """
    nlp = load_model_from_config(config, auto_fill=True)
    settings = nlp.config.interpolate()
    vectors = settings["initialize"]["vectors"]
    table = load_model(vectors).vocab.vectors if vectors else None
    word_attr = ORTH if table is None else table.attr
    gold_keys = _gold_keys(settings)
    encoders = {name: windows for windows, name in encoder_windows(settings["components"]).items()}
    corpora = {}
    for split in SPLITS:
        name = settings["training"][f"{split}_corpus"]
        corpora[split] = name, *whole_corpus(nlp.config, name)
    if test is not None:
        corpora["test"] = str(test), Corpus(test), {}
    parts: dict[tuple[str, str | None], PartCounts] = {}
    for split, (name, reader, windows) in corpora.items():
        for example in _read(nlp, name, reader):
            domain = example.reference.user_data.get(DOMAIN_KEY)
            own = windows.get(domain, windows.get(None))
            part = parts.setdefault((split, domain), PartCounts(gold_keys, word_attr))
            part.add(example, encoders if own is None else {name: own, **encoders})
    return DataCheck(parts, tuple(encoders), table)


def _gold_keys(settings: dict[str, Any]) -> list[str | None]:
    """Where the taggers find their gold; `doc.ents` without a tagger."""
    taggers = [component for component in settings["components"].values() if "gold_from" in component]
    keys = [tagger["spans_key"] if tagger["gold_from"] == "spans" else None for tagger in taggers]
    return list(dict.fromkeys(keys)) or [None]


def _read(nlp: Language, name: str, reader: Reader) -> Iterator[Example]:
    """The documents of a corpus, with the sentences that a training would set."""
    pipes = [nlp.get_pipe(pipe) for pipe in nlp.config["training"]["annotating_components"]]
    sentencizers = [pipe for pipe in pipes if not getattr(pipe, "is_trainable", False)]
    found = False
    try:
        for example in reader(nlp):
            found = True
            for pipe in sentencizers:
                example.predicted = pipe(example.predicted)
            yield example
    except ValueError as error:
        if not str(error).startswith(NO_DOCBIN):
            raise
        raise ValueError(Errors.CE070.format(path=name, error="spaCy's E1014")) from error
    if not found:
        raise ValueError(Errors.CE353.format(name=name))
