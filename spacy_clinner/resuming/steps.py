"""The steps of a training, as spaCy's own loop takes them, from any of them on."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice, repeat
from typing import Any

from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training.loop import create_evaluation_callback, subdivide_batch
from spacy.util import fix_random_seed, registry, resolve_dot_names
from thinc.api import Optimizer

from .batches import TrainBatches
from .randomness import read_random_states, write_random_states
from .state import read_state, write_state


@dataclass
class Way:
    """How far a training has come.

    step (int): The last step that was taken; -1 before the first.
    results (List[Tuple[float, int]]): Score and step of each evaluation.
    losses (Dict[str, float]): Losses since the last evaluation.
    words (int): Words that it has learned from.
    seconds (float): How long it has worked.
    """

    step: int = -1
    results: list[tuple[float, int]] = field(default_factory=list)
    losses: dict[str, float] = field(default_factory=dict)
    words: int = 0
    seconds: float = 0.0


class Steps:
    """A training that is under way."""

    def __init__(
        self,
        nlp: Language,
        optimizer: Optimizer,
        batches: TrainBatches,
        evaluate: Callable[[], tuple[float, dict[str, Any]]],
        settings: dict[str, Any],
    ) -> None:
        """Bind what a training is made of.

        nlp (Language): The initialised pipeline.
        optimizer (Optimizer): Its optimizer.
        batches (TrainBatches): Its batches.
        evaluate (Callable[[], Tuple[float, Dict[str, Any]]]): Returns the score that counts, and all others.
        settings (Dict[str, Any]): The resolved `[training]`.
        """
        self.nlp, self.optimizer, self.batches, self.evaluate = nlp, optimizer, batches, evaluate
        self.settings = settings
        self.way = Way()

    def state(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): All that `take` needs to go on after this step, in this or another process."""
        return {
            **read_state(self.nlp, self.optimizer),
            "way": {**vars(self.way)},
            "epochs": self.batches.epochs,
            "random": read_random_states(),
        }

    def take(self, state: dict[str, Any] | None = None) -> Iterator[tuple[dict[str, Any], bool | None]]:
        """Take steps until the training ends.

        state (Optional[Dict[str, Any]]): Where to go on, as of `state`; None: at the begin.
        YIELDS (Tuple[Dict[str, Any], Optional[bool]]): What spaCy's loggers are told of a step; and whether it was
            evaluated as the best so far, None if it was not evaluated.
        """
        dropouts = self.settings["dropout"]
        dropouts = repeat(dropouts) if isinstance(dropouts, float) else iter(dropouts)
        if state is None:
            batches = self.batches()
        else:
            batches = self._go_on(state)
            next(islice(dropouts, self.way.step + 1, self.way.step + 1), None)
            if self._ends():
                return
        start = time.perf_counter() - self.way.seconds
        for epoch, batch in batches:
            self.way.step += 1
            self._learn(epoch, batch, next(dropouts))
            score, others = None, None
            is_best = None
            if not self.way.step % self.settings["eval_frequency"]:
                score, others = self._evaluate()
                self.way.results.append((score, self.way.step))
                is_best = score == max(self.way.results)[0]
            self.way.words += sum(map(len, batch))
            self.way.seconds = time.perf_counter() - start
            info = {
                "epoch": epoch, "step": self.way.step, "score": score, "other_scores": others,
                "losses": self.way.losses, "checkpoints": self.way.results, "seconds": int(self.way.seconds),
                "words": self.way.words,
            }  # fmt: skip
            if is_best is not None:
                self.way.losses = {}
            yield info, is_best
            if self._ends():
                return

    def _go_on(self, state: dict[str, Any]) -> Iterator[tuple[int, list[Any]]]:
        way = state["way"]
        self.way = Way(**{**way, "results": [tuple(result) for result in way["results"]]})
        batches = self.batches([tuple(epoch) for epoch in state["epochs"]], self.way.step + 1)
        write_state(self.nlp, self.optimizer, state, self.way.step + 1)
        write_random_states(state["random"])
        return batches

    def _learn(self, epoch: int, batch: list[Any], dropout: float) -> None:
        settings = self.settings
        if settings["before_update"]:
            settings["before_update"](self.nlp, {"step": self.way.step, "epoch": epoch})
        for part in subdivide_batch(batch, settings["accumulate_gradient"]):
            self.nlp.update(
                part,
                drop=dropout,
                losses=self.way.losses,
                sgd=False,  # type: ignore[arg-type]
                exclude=settings["frozen_components"],
                annotates=settings["annotating_components"],
            )
        for name, pipe in self.nlp.pipeline:
            trainable = getattr(pipe, "is_trainable", False) and getattr(pipe, "model", None) not in (True, False, None)
            if name not in settings["frozen_components"] and trainable:
                pipe.finish_update(self.optimizer)  # type: ignore[attr-defined]
        self.optimizer.step_schedules()

    def _evaluate(self) -> tuple[float, dict[str, Any]]:
        if not self.optimizer.averages:
            return self.evaluate()
        with self.nlp.use_params(self.optimizer.averages):
            return self.evaluate()

    def _ends(self) -> bool:
        patience, max_steps = self.settings["patience"], self.settings["max_steps"]
        # of equal scores the earliest
        best = -max((score, -step) for score, step in self.way.results)[1]
        return bool((patience and self.way.step - best >= patience) or (max_steps and self.way.step >= max_steps))


def prepare(nlp: Language) -> Steps:
    """Make the parts of a training as spaCy does, in the same order, so that they draw the same random numbers.

    nlp (Language): The initialised pipeline with its config.
    RETURNS (Steps): The training.
    """
    config = nlp.config.interpolate()
    if config["training"]["seed"] is not None:
        fix_random_seed(config["training"]["seed"])
    settings = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    train_corpus, dev_corpus = resolve_dot_names(config, [settings["train_corpus"], settings["dev_corpus"]])
    batches = TrainBatches(nlp, train_corpus, settings["batcher"], settings["max_epochs"])
    evaluate = create_evaluation_callback(nlp, dev_corpus, settings["score_weights"])
    return Steps(nlp, settings["optimizer"], batches, evaluate, settings)
