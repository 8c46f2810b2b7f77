"""Pull the encoder's rows of two domains together, label by label."""

import json
import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model
from thinc.types import Floats2d

from ...annotations.keys import SPANS_KEY
from ...errors import Errors, Warnings
from ...layers.mmd.discrepancy import Group, label_aware_mmd
from ...models.listening import listeners_of
from ..default_models import DEFAULT_MMD_ALIGNMENT_MODEL
from ..head import Head
from ..sample import sample_examples
from .groups import find_groups, find_sides
from .settings import Factors, check_settings

# Batches in a row without one of the domains after which something must be wrong with the batcher.
PATIENCE = 10


@Language.factory(
    "clinner_mmd_alignment",
    # lists and dicts are not defaults of a function: all components would share them
    default_config={"model": DEFAULT_MMD_ALIGNMENT_MODEL, "source": [], "label_weights": {}},
)
class MMDAlignment(Head):
    """Align source and target in a shared encoder by the label-aware MMD (Wang et al. 2018, La-DTL).

    It annotates nothing: its loss, weight * sum_y mu_y MMD^2(source rows of y, target rows of y), goes to the encoder
    beside the losses of the heads. Leave it out of the pipeline that you package.
    """

    def __init__(
        self,
        nlp: Language,
        name: str,
        model: Model[list[Doc], list[Floats2d]],
        source: list[str],
        target: list[str],
        *,
        weight: float = 0.1,
        weight_schedule: Iterable[float] | None = None,
        kernel: str = "median",
        unbiased: bool = True,
        align: str = "tags",
        include_outside: bool = True,
        label_weights: dict[str, float],
        max_rows: int = 512,
        memory: int = 0,
        gold_from: str = "ents",
        spans_key: str = SPANS_KEY,
        seed: int = 0,
    ) -> None:
        """Set up an aligner around a model.

        nlp (Language): The pipeline.
        name (str): Name of the component instance.
        model (Model[List[Doc], List[Floats2d]]): As `spacy_clinner.MMDAlignment.v1` makes it.
        source (List[str]): Source domains; empty for every domain that is no target.
        target (List[str]): Target domains, by `user_data["clinner_domain"]`.
        weight (float): Weight of the alignment among the losses of the encoder.
        weight_schedule (Optional[Iterable[float]]): Factors of the weight, one for each update of this component.
        kernel (str): "median": mean of five widths around the median distance; "ladtl": sum of the paper's 19.
        unbiased (bool): Whether to estimate without the bias of small groups.
        align (str): "tags": B and I tokens of each label; "labels": the tokens of each label; "all": all tokens, which
            needs no gold.
        include_outside (bool): Whether tokens outside of entities are aligned too ("tags" and "labels").
        label_weights (Optional[Dict[str, float]]): mu of labels ("O" for outside); 1 for those not named.
        max_rows (int): Draw so many rows of a group and domain if a batch has more.
        memory (int): Rows of each group's latest source tokens to keep from earlier batches, as constants; 0 for none.
        gold_from (str), spans_key (str): Where gold is, as in `clinner_crf_tagger`.
        seed (int): Seed of drawing rows.
        RAISES (ValueError): CE210 on unknown choices, CE211 on domains, CE212 on numbers out of range.
        """
        super().__init__(
            nlp,
            name,
            model,
            source=source,
            target=target,
            weight=weight,
            kernel=kernel,
            unbiased=unbiased,
            align=align,
            include_outside=include_outside,
            label_weights=label_weights,
            max_rows=max_rows,
            memory=memory,
            gold_from=gold_from,
            spans_key=spans_key,
            seed=seed,
        )
        check_settings(name, self.cfg)
        self._factors = None if weight_schedule is None else Factors(name, weight_schedule)
        self._forget()

    def initialize(self, get_examples: Callable[[], Iterable[Example]], *, nlp: Language | None = None) -> None:
        """Find the model's sizes.

        get_examples (Callable[[], Iterable[Example]]): Returns the training examples.
        nlp (Optional[Language]): The pipeline.
        """
        self.forget_blocks()
        sample = sample_examples(get_examples, "MMDAlignment.initialize")
        if not listeners_of(self.model):
            warnings.warn(Warnings.CW210.format(name=self.name), stacklevel=2)
        self.model.initialize(X=[example.x for example in sample])
        self._forget()

    def predict(self, docs: Iterable[Doc]) -> list[list]:
        """RETURNS (List[List]): Nothing for each document."""
        return [[] for _ in docs]

    def set_annotations(self, docs: Iterable[Doc], predictions: Sequence[list]) -> None:
        """Leave the documents as they are."""

    def check_batch(self, examples: list[Example]) -> None:
        """See that the domains meet, and that the encoder has read the batch.

        examples (List[Example]): The batch.
        RAISES (ValueError): CE213 after ten batches in a row without one of the domains, CE214 if the encoder is
            frozen.
        """
        # a listener that its encoder has not sent this batch to
        if any(getattr(node, "_batch_id", None) is None for node in listeners_of(self.model)):
            raise ValueError(Errors.CE214.format(name=self.name))
        self._count_lone_domains(examples)

    def learn(self, examples: list[Example], outputs: list[Floats2d]) -> tuple[float, list[Floats2d]]:
        """As `get_loss`, at the weight that the schedule gives; the latest rows of the source are kept.

        RAISES (ValueError): CE217 if the schedule has ended or gives no weight; and as `get_loss`.
        """
        factor = 1.0 if self._factors is None else next(self._factors)
        loss, d_rows, latest = self._discrepancy(examples, outputs, self.cfg["weight"] * factor)
        self._kept.update(latest)
        return loss, d_rows

    def get_loss(self, examples: Iterable[Example], scores: list[Floats2d]) -> tuple[float, list[Floats2d]]:
        """Compute the weighted discrepancy of a batch and its gradient.

        examples (Iterable[Example]): The batch.
        scores (List[Floats2d]): The encoder's rows of the predicted documents.
        RETURNS (Tuple[float, List[Floats2d]]): The loss at full weight; its gradient, zero for rows not compared.
        RAISES (ValueError): CE215, CE216 on numbers that are not finite; CE202 as `encode_gold`.
        """
        loss, d_rows, _ = self._discrepancy(list(examples), scores, self.cfg["weight"])
        return loss, d_rows

    def _discrepancy(
        self, examples: list[Example], rows: list[Floats2d], weight: float
    ) -> tuple[float, list[Floats2d], dict[str, Floats2d]]:
        """Loss, gradient, and the latest source rows of each group."""
        ops = self.model.ops
        lengths = [len(some) for some in rows]
        # a transformer's rows of a document without tokens have no width
        filled = [some for some in rows if len(some)]
        if not filled:
            return 0.0, [ops.xp.zeros_like(some) for some in rows], {}
        flat = ops.xp.concatenate(filled)
        if not ops.xp.isfinite(flat).all():
            raise ValueError(Errors.CE215.format(name=self.name))
        groups = self._find_pairs(examples, flat)
        found = label_aware_mmd(
            flat,
            list(groups.values()),
            kernel=self.cfg["kernel"],
            unbiased=self.cfg["unbiased"],
            max_rows=self.cfg["max_rows"],
            rng=self._rng,
        )
        d_flat = weight * found.d_rows
        if not (math.isfinite(found.value) and ops.xp.isfinite(d_flat).all()):
            raise ValueError(Errors.CE216.format(name=self.name, weight=weight, value=found.value))
        split = iter(ops.xp.split(d_flat, np.cumsum([length for length in lengths if length])[:-1].tolist()))
        d_rows = [next(split) if len(some) else ops.xp.zeros_like(some) for some in rows]
        return weight * found.value, d_rows, self._find_latest(flat, groups)

    def _find_pairs(self, examples: list[Example], flat: Floats2d) -> dict[str, Group]:
        """Source and target rows of each group; either may be without any."""
        sides = find_sides(examples, self.cfg["source"], self.cfg["target"])
        if not (sides.source.any() and sides.target.any()):
            return {}
        settings = {key: self.cfg[key] for key in ("align", "include_outside", "gold_from", "spans_key")}
        return {
            name: Group(
                tokens[sides.source[tokens]],
                tokens[sides.target[tokens]],
                self.cfg["label_weights"].get(label, 1.0),
                self._kept.get(name),
            )
            for name, label, tokens in find_groups(examples, **settings)
        }

    def _find_latest(self, flat: Floats2d, groups: dict[str, Group]) -> dict[str, Floats2d]:
        """The latest source rows of each group, those of this batch last."""
        size, xp = self.cfg["memory"], self.model.ops.xp
        if not size:
            return {}
        kept = {}
        for name, group in groups.items():
            rows = flat[xp.asarray(group.source)]
            rows = rows if group.kept is None else xp.concatenate([group.kept, rows])
            kept[name] = rows[-size:].copy()
        return kept

    def training_state(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): What a training that goes on has to know, beside the weights."""
        return {
            "random": json.dumps(self._rng.bit_generator.state),
            "kept": {name: self.model.ops.to_numpy(rows) for name, rows in self._kept.items()},
            "lone_batches": self._lone_batches,
            "factors": 0 if self._factors is None else self._factors.taken,
        }

    def set_training_state(self, state: dict[str, Any]) -> None:
        """Go on. state (Dict[str, Any]): As of `training_state`."""
        self._rng.bit_generator.state = json.loads(state["random"])
        self._kept.clear()
        self._kept.update({name: self.model.ops.asarray2f(rows) for name, rows in state["kept"].items()})
        self._lone_batches = state["lone_batches"]
        for _ in range(state["factors"] if self._factors is not None else 0):
            next(self._factors)  # type: ignore[arg-type]

    def _forget(self) -> None:
        """Begin anew: nothing drawn, nothing kept, nothing counted."""
        self._rng = np.random.default_rng(self.cfg["seed"])
        self._kept: dict[str, Floats2d] = {}
        self._lone_batches = 0
        if self._factors is not None:
            self._factors.restart()

    def _count_lone_domains(self, examples: list[Example]) -> None:
        sides = find_sides(examples, self.cfg["source"], self.cfg["target"])
        missing = [side for side, mask in sides._asdict().items() if not mask.any()]
        self._lone_batches = self._lone_batches + 1 if missing else 0
        if self._lone_batches >= PATIENCE:
            raise ValueError(
                Errors.CE213.format(
                    name=self.name,
                    n=self._lone_batches,
                    missing=" and ".join(missing),
                    source=self.cfg["source"] or "all others",
                    target=self.cfg["target"],
                )
            )
