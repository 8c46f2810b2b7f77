"""Go on training a transformer as a masked language model, on notes."""

import json
import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import Errors
from ..extras import require
from ..files import write_atomically, write_folder_atomically
from ..ledger import only_run
from ..models.transformer_pieces import positions
from ..progress import progress
from ..provenance import checksum, digest
from .masked_pieces import Masks, cut_blocks

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# every so manieth note is not learned from, but tells whether learning helped
HELD_OUT = 50
FINGERPRINT = "run.json"
# of a checkpoint, as the Trainer calls it
STATE = "trainer_state.json"


class MaskedSettings(NamedTuple):
    """How a transformer goes on learning.

    epochs (float): How often it reads the notes.
    block (int): Word pieces that it reads at once, at most.
    batch (int): Blocks of a step.
    rate (float): Learning rate after the warm-up of a tenth of all steps; it falls to 0.
    masked (float): Share of the pieces that are to be guessed (Devlin et al. 2019, section 3.1).
    save_steps (int): Steps between checkpoints.
    seed (int): Of the masks and of the order.
    """

    epochs: float = 1.0
    block: int = 128
    batch: int = 16
    rate: float = 5e-5
    masked: float = 0.15
    save_steps: int = 200
    seed: int = 0


DEFAULTS = MaskedSettings()


class Perplexity(NamedTuple):
    """Perplexity of masked pieces in notes that were not learned from, before and after."""

    before: float
    after: float
    blocks: int


def continue_training(
    model: Path, texts: Sequence[str], output: Path, settings: MaskedSettings = DEFAULTS
) -> Perplexity:
    """Go on training a transformer, and save it without its language model's head: a recipe's `paths.transformer`.

    Checkpoints lie in `OUTPUT.checkpoints` while it runs; a stopped run goes on from the last of them.

    model (Path): Folder of the transformer and its tokenizer, as `save_pretrained` writes it.
    texts (Sequence[str]): The notes.
    output (Path): Folder to write.
    settings (MaskedSettings): How it learns.
    RETURNS (Perplexity): What it was worth.
    RAISES (ImportError): CE358 if transformers or accelerate is missing. (ValueError): CE425 if the transformer cannot
        be loaded, CE443 if it is no masked language model, CE137 if blocks are longer than what it reads, CE433 if
        there is only one note, CE432 if the checkpoints are of another run, CE372 if another one works on them.
    """
    require("transformers", "Training of a transformer")
    require("accelerate", "Training of a transformer")
    from transformers import AutoModel, set_seed

    # before the head is made, if the transformer has none
    set_seed(settings.seed)
    encoder, tokenizer = load_masked(model)
    most = positions(encoder.base_model)
    if settings.block > most:
        raise ValueError(Errors.CE137.format(block=settings.block, most=most))
    blocks = [cut_blocks(tokenizer, text, settings.block) for text in progress(texts, unit="note", desc="Tokenize")]
    blocks = [own for own in blocks if own]
    if len(blocks) < 2:
        raise ValueError(Errors.CE433)
    held = [block for number, own in enumerate(blocks) if number % HELD_OUT == 0 for block in own]
    learned = [block for number, own in enumerate(blocks) if number % HELD_OUT for block in own]
    # of ".", the name is known then
    output = output.resolve()
    checkpoints = output.with_name(f"{output.name}.checkpoints")

    def save(folder: Path) -> None:
        # with what the transformer has above the states that a language model reads, such as BERT's pooler
        whole = AutoModel.from_pretrained(model, local_files_only=True)
        whole.load_state_dict(encoder.base_model.state_dict(), strict=False)
        whole.save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    with only_run(checkpoints):
        last = _last_whole(checkpoints)
        run = {"model": checksum(model), "texts": digest(list(texts)), **settings._asdict()}
        _begin(checkpoints, run, goes_on=last is not None)
        trainer = _make_trainer(encoder, tokenizer, learned, checkpoints, settings)
        before = _perplexity(encoder, tokenizer, held, settings)
        set_seed(settings.seed)
        trainer.train(resume_from_checkpoint=last and str(last))
        after = _perplexity(encoder, tokenizer, held, settings)
        write_folder_atomically(output, save)
        # where a file that is open cannot be removed, the lock stays
        shutil.rmtree(checkpoints, ignore_errors=True)
    return Perplexity(before, after, len(held))


def load_masked(model: Path) -> "tuple[PreTrainedModel, PreTrainedTokenizerBase]":
    """Load a transformer with the head that guesses masked pieces, new if it was saved without.

    model (Path): Its folder.
    RETURNS (Tuple[PreTrainedModel, PreTrainedTokenizerBase]): The transformer and its tokenizer.
    RAISES (ValueError): CE425 if it cannot be loaded, CE443 if it is no masked language model.
    """
    from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer
    from transformers.utils import logging

    try:
        AutoConfig.from_pretrained(model, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ValueError(Errors.CE425.format(path=model, error=type(error).__name__)) from error
    # that a head is new is no news
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        encoder = AutoModelForMaskedLM.from_pretrained(model, local_files_only=True)
    except ValueError:
        encoder = None
    finally:
        logging.set_verbosity(verbosity)
    if encoder is None or tokenizer.mask_token is None:
        raise ValueError(Errors.CE443.format(path=model))
    return encoder, tokenizer


def _make_trainer(
    encoder: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    learned: list[dict[str, Any]],
    checkpoints: Path,
    settings: MaskedSettings,
) -> Any:
    from transformers import (
        PrinterCallback,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    class Progress(TrainerCallback):
        """Our bar instead of the Trainer's."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.bar = progress(total=state.max_steps, unit="step", desc="Train")
            self.bar.update(state.global_step)

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.bar.update()

        def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.bar.__exit__(None, None, None)

    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch,
        learning_rate=settings.rate,
        warmup_ratio=0.1,
        weight_decay=0.01,
        save_steps=settings.save_steps,
        save_total_limit=2,
        seed=settings.seed,
        use_cpu=not _on_gpu(),
        disable_tqdm=True,
        logging_strategy="no",
        report_to=[],
    )

    masks = Masks(tokenizer, settings.masked, settings.seed)
    trainer: Any = Trainer(encoder, arguments, masks, train_dataset=learned, callbacks=[Progress()])
    trainer.remove_callback(PrinterCallback)
    return trainer


def _perplexity(
    encoder: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    blocks: Sequence[dict[str, Any]],
    settings: MaskedSettings,
) -> float:
    """Of masked pieces; the same ones every time."""
    import torch

    masks = Masks(tokenizer, settings.masked, settings.seed)
    encoder.eval()
    total, n = 0.0, 0
    with torch.inference_mode():
        for start in range(0, len(blocks), settings.batch):
            batch = masks(list(blocks[start : start + settings.batch])).to(encoder.device)
            hidden = int((batch["labels"] >= 0).sum())
            if hidden:
                total, n = total + float(encoder(**batch).loss) * hidden, n + hidden
    return math.exp(total / n) if n else math.nan


def _on_gpu() -> bool:
    import torch
    from thinc.api import NumpyOps, get_current_ops

    return torch.cuda.is_available() and not isinstance(get_current_ops(), NumpyOps)


def _last_whole(checkpoints: Path) -> Path | None:
    """The last checkpoint. What a kill has left half-written, without the state that is written last, is removed."""
    whole = []
    for path in checkpoints.glob("checkpoint-*"):
        try:
            whole.append((json.loads((path / STATE).read_text(encoding="utf8"))["global_step"], path))
        except (OSError, ValueError):
            shutil.rmtree(path)
    return max(whole)[1] if whole else None


def _begin(checkpoints: Path, run: dict[str, Any], goes_on: bool) -> None:
    """RAISES (ValueError): CE432 if it goes on with checkpoints of another run."""
    path = checkpoints / FINGERPRINT
    if goes_on and json.loads(path.read_text(encoding="utf8")) != run:
        raise ValueError(Errors.CE432.format(path=checkpoints))
    checkpoints.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(run))
