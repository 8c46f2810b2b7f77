"""Pretrain a recurrent encoder as a language model on unlabelled notes; a run that was stopped goes on.

Everything random follows from the seed and the number of the step, so that nothing else has to be remembered.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Adam, Model, Optimizer, fix_random_seed, set_dropout_rate

from ..cells import format_tsv
from ..errors import Errors
from ..files import write_atomically, write_folder_atomically
from ..models.vocab_vectors import digest_vectors
from ..progress import progress as show
from ..provenance import digest
from ..resuming.checkpoints import Checkpoints
from ..resuming.state import read_learned, write_learned
from .encoder_of import NAME
from .language_model import Vocabulary, build_language_model, check_encoder, learn, tell, total_loss
from .words import FEWEST_NOTES

CHECKPOINTS, LOG, MODEL = "checkpoints", "log.tsv", "model-last"
COLUMNS = ("step", "epoch", "words", "loss", "perplexity_forward", "perplexity_backward")


@dataclass(frozen=True)
class PretrainSettings:
    """How an encoder is pretrained.

    seed (int): Seed.
    epochs (int): How often the notes are read.
    n_words (int): Words that are told apart: the most frequent ones, of five notes or more.
    batch_words (int): Words of a batch, about; a note is not cut.
    learn_rate (float): Highest learning rate; reached after a twentieth of all words, it falls to 0 from there.
    dropout (float): Dropout of the encoder.
    held_out (float): Share of the notes that are not learned from, but looked at.
    save_every (int): Steps from one checkpoint to the next.
    """

    seed: int = 0
    epochs: int = 2
    n_words: int = 5000
    batch_words: int = 1000
    learn_rate: float = 0.002
    dropout: float = 0.2
    held_out: float = 0.02
    save_every: int = 250


@dataclass
class Progress:
    """How far a pretraining is.

    step (int): Batches learned from.
    history (List[Dict[str, Any]]): A row for each time that was looked at the held-out notes.
    """

    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


class Pretraining:
    """A pretraining: its notes, its model, and how far it is."""

    def __init__(
        self,
        make_pipeline: Callable[[], Language],
        texts: Sequence[str],
        words: Sequence[str],
        output: Path,
        settings: PretrainSettings,
    ) -> None:
        """Set up a pretraining, and go on from its checkpoint if there is one.

        make_pipeline (Callable[[], Language]): Makes a pipeline of one encoder, not initialised. It is called twice, as
            the vocabulary of a pipeline that has read notes holds all of their words.
        texts (Sequence[str]): The notes.
        words (Sequence[str]): Lower-cased words, the most frequent first.
        output (Path): Folder to write to, which no other one works in (`ledger.only_run`).
        settings (PretrainSettings): The settings.
        RAISES (ValueError): CE447 if the folder holds a pipeline that no pretraining has left, CE429 if the encoder
            cannot be a language model, CE427 if there is no word, CE433 if there is only one note, CE432 if its
            checkpoints are of another pretraining, CE451 if they are damaged.
        """
        if (output / MODEL).exists() and not (output / LOG).exists():
            raise ValueError(Errors.CE447.format(path=output / MODEL))
        if not words:
            raise ValueError(Errors.CE427.format(n=FEWEST_NOTES))
        if len(texts) < 2:
            raise ValueError(Errors.CE433)
        self.nlp = nlp = make_pipeline()
        self.texts, self.output, self.settings = texts, output, settings
        self._make_pipeline = make_pipeline
        self.vocabulary = Vocabulary(words[: settings.n_words])
        pipe: Any = nlp.get_pipe(NAME)
        self.tok2vec: Model = pipe.model
        check_encoder(self.tok2vec)
        self._sizes = np.array([len(text.split()) for text in texts])
        order = np.random.default_rng([settings.seed]).permutation(len(texts))
        n_held = min(max(round(settings.held_out * len(texts)), 1), len(texts) - 1)
        self.held_out, self.train = np.sort(order[:n_held]), np.sort(order[n_held:])
        fix_random_seed(settings.seed)
        self.tok2vec.initialize(self._docs(self.train[:10]))
        self.model = build_language_model(self.tok2vec, self.vocabulary.n_classes)
        self.optimizer: Optimizer = Adam(0.0, L2=0.0, grad_clip=1.0, use_averages=False)
        self.identity = _identity(nlp, texts, words[: settings.n_words], settings)
        self._checkpoints = Checkpoints(output / CHECKPOINTS)
        self.progress = self._go_on()

    def run(self, report: Callable[[str], None]) -> None:
        """Learn to the end; write a checkpoint now and then, and at the end the encoder as a pipeline.

        report (Callable[[str], None]): Gets a line for each checkpoint.
        """
        total = int(self._sizes[self.train].sum()) * self.settings.epochs
        done, losses, step = 0, list[float](), 0
        with show(total=total, unit="word", desc="Pretrain") as bar:
            for epoch in range(self.settings.epochs):
                for batch in self._batches(epoch):
                    n_words = int(self._sizes[batch].sum())
                    step += 1
                    if step > self.progress.step:
                        losses.append(self._step(batch, step, (done + n_words / 2) / total))
                        self.progress.step = step
                    done += n_words
                    bar.update(n_words)
                    if losses and (step % self.settings.save_every == 0 or done == total):
                        self._save(epoch, done, _mean(losses), report)
                        losses = []
        self._write_log()
        saved = self._make_pipeline()
        pipe: Any = saved.get_pipe(NAME)
        pipe.model = self.tok2vec
        write_folder_atomically(self.output / MODEL, saved.to_disk, force=True)

    def perplexity(self) -> tuple[float, float]:
        """RETURNS (Tuple[float, float]): That of the held-out notes: words among which each direction still chooses.
        Not a number if there is none to tell."""
        sums, n = np.zeros(2), 0
        for batch in _pack(self.held_out, self._sizes, self.settings.batch_words):
            docs = self._docs(batch)
            told = tell(self.tok2vec, docs, self.vocabulary)
            sums += total_loss(self.model, docs, told)
            n += len(told[0].targets)
        forward, backward = np.exp(sums / n).tolist() if n else (math.nan, math.nan)
        return forward, backward

    def _step(self, batch: np.ndarray, step: int, done: float) -> float:
        """Learn from a batch; RETURNS (float): its loss, the mean of both directions."""
        # of one seed, no two steps draw the same
        fix_random_seed((self.settings.seed * 1_000_003 + step) % 2**32)
        set_dropout_rate(self.model, self.settings.dropout)
        docs = self._docs(batch)
        losses = learn(self.model, docs, tell(self.tok2vec, docs, self.vocabulary))
        self.optimizer.learn_rate = self.settings.learn_rate * min(done / 0.05, (1 - done) / 0.95)
        self.model.finish_update(self.optimizer)
        return sum(losses) / len(losses)

    def _save(self, epoch: int, done: int, loss: float, report: Callable[[str], None]) -> None:
        forward, backward = self.perplexity()
        row = dict(zip(COLUMNS, (self.progress.step, epoch, done, loss, forward, backward), strict=True))
        self.progress.history.append(row)
        learned = read_learned({NAME: self.model}, self.optimizer)
        told = {"identity": self.identity, "history": self.progress.history}
        self._checkpoints.write(self.progress.step, {**told, "step": self.progress.step, **learned})
        self._write_log()
        report(f"Step {row['step']}: loss {loss:.3f}, perplexity of held-out notes {forward:.1f} and {backward:.1f}")

    def _go_on(self) -> Progress:
        """Take up the last checkpoint, if there is one."""
        state = self._checkpoints.read()
        if state is None:
            return Progress()
        if state["identity"] != self.identity:
            raise ValueError(Errors.CE432.format(path=self._checkpoints.folder))
        write_learned({NAME: self.model}, self.optimizer, state)
        return Progress(state["step"], state["history"])

    def _write_log(self) -> None:
        rows = [
            [row[name] if name in COLUMNS[:3] else f"{row[name]:.4f}" for name in COLUMNS]
            for row in self.progress.history
        ]
        write_atomically(self.output / LOG, format_tsv([COLUMNS, *rows]))

    def _batches(self, epoch: int) -> Iterator[np.ndarray]:
        """Numbers of the notes of each batch of an epoch."""
        order = np.random.default_rng([self.settings.seed, epoch]).permutation(self.train)
        return _pack(order, self._sizes, self.settings.batch_words)

    def _docs(self, numbers: Sequence[int] | np.ndarray) -> list[Doc]:
        return [self.nlp.make_doc(self.texts[number]) for number in numbers]


def _mean(losses: Sequence[float]) -> float:
    """Of the steps that had a word to tell."""
    told = [loss for loss in losses if not math.isnan(loss)]
    return float(np.mean(told)) if told else math.nan


def _pack(numbers: np.ndarray, sizes: np.ndarray, n_words: int) -> Iterator[np.ndarray]:
    """Cut a row of notes into batches of about so many words."""
    ends = np.cumsum(sizes[numbers])
    # a batch ends with the note in which another multiple of the size is reached
    full = np.flatnonzero(np.diff(ends // n_words, prepend=0)) + 1
    return (part for part in np.split(numbers, full) if len(part))


def _identity(nlp: Language, texts: Sequence[str], words: Sequence[str], settings: PretrainSettings) -> str:
    """A checksum of all that decides the result, but how often it is saved."""
    decisive = {name: value for name, value in asdict(settings).items() if name != "save_every"}
    config = repr((nlp.config.to_str(), nlp.get_pipe_config(NAME)))
    return digest([config, decisive, list(words), digest_vectors(nlp.vocab.vectors), list(texts)])
