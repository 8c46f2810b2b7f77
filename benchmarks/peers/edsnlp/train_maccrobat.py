"""Train and apply edsnlp's NER on MACCROBAT2020, as a baseline measured with the same splits.

The pipeline and the optimiser follow edsnlp's NER tutorial: `eds.ner_crf` (one BIOUL chain per
label) over `eds.text_cnn` over `eds.transformer`, AdamW with linear warm-up and decay to 0, a
lower learning rate for the transformer, about 2000 steps. One departure suits 160 reports: they
are cut into pieces of a few lines, so that a small batch mixes reports. Dev and test reports are
read whole, in overlapping windows.

    python train_maccrobat.py --data maccrobat2020 --model-name MINILM_DIR --seed 0 --out runs/0

`--data` holds `brat/*.txt`, `brat/*.ann` and `splits/{train,dev,test}.txt`. The output folder
receives `{dev,test}.{best,final}.jsonl`, one {"id", "entities": [[start, end, label], ...],
"probabilities": [...]} per report with character offsets in its .txt file, and `run.json`.
Probabilities are edsnlp's confidence scores: the mean over an entity's tokens of how improbable O is
by the softmax of the label's scores, without the chain. Entities with the same offsets share one in
edsnlp, whichever label it was for: theirs are null. Scores are strict micro F1 against
every T line of the .ann file; a discontinuous mention counts as its envelope. "best" is the epoch
with the highest dev score; test is never looked at during training.
"""

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import edsnlp
import edsnlp.pipes as eds
import torch
from confit.utils.random import set_seed
from edsnlp.training import ScheduledOptimizer, TrainingData, train
from spacy.tokens import Doc

Entity = tuple[int, int, str]
Entities = dict[str, list[Entity]]
Predicted = dict[str, dict[Entity, float | None]]

GROUP = "entities"
PACKAGES = ("edsnlp", "spacy", "torch", "transformers", "tokenizers", "accelerate", "numpy")


def read_gold(data: Path, ids: list[str]) -> Entities:
    """Read the text-bound annotations of some reports; a discontinuous one gives its envelope."""
    gold: Entities = {}
    for name in ids:
        entities = set()
        for line in (data / "brat" / f"{name}.ann").read_bytes().decode("utf8").split("\n"):
            if line.startswith("T"):
                label, offsets = line.split("\t")[1].split(" ", 1)
                numbers = [int(n) for n in re.split("[ ;]", offsets)]
                entities.add((min(numbers), max(numbers), label))
        gold[name] = sorted(entities)
    return gold


def read_reports(nlp: edsnlp.Pipeline, data: Path, ids: list[str]) -> list[Doc]:
    """Read some reports with edsnlp's standoff reader.

    It gets a copy with the T lines alone: it fails on notes that are attached to an event.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name in ids:
            source = data / "brat" / name
            lines = source.with_suffix(".ann").read_bytes().splitlines(keepends=True)
            kept = b"".join(line for line in lines if line.startswith(b"T"))
            Path(folder, f"{name}.ann").write_bytes(kept)
            Path(folder, f"{name}.txt").write_bytes(source.with_suffix(".txt").read_bytes())
        stream = edsnlp.data.read_standoff(folder, span_setter=GROUP, split_fragments=False, tokenizer=nlp.tokenizer)
        return list(stream)


def strict_f1(gold: Entities, predicted: Predicted) -> float:
    """Micro F1 over (report, start, end, label), in percent."""
    gold_set = {(name, *entity) for name, entities in gold.items() for entity in entities}
    found = {(name, *entity) for name, entities in predicted.items() for entity in entities}
    return 200 * len(gold_set & found) / max(1, len(gold_set) + len(found))


def predict(nlp: edsnlp.Pipeline, texts: dict[str, str]) -> Predicted:
    """Apply the pipeline to raw texts; overlapping entities of different labels are kept."""
    predicted: Predicted = {}
    nlp.pipes.ner.compute_confidence_score = True
    for name, text in texts.items():
        with nlp.train(False):  # a plain call would leave dropout on between two training steps
            doc = nlp(text)
        # The tokenizer turns exotic spaces into plain ones, which must not shift the offsets.
        if len(doc.text) != len(text):
            raise ValueError(f"{name}: the tokenizer changes the length of the text")
        spans = doc.spans.get(GROUP, [])
        found = {(s.start_char, s.end_char, s.label_): s._.ner_confidence_score for s in spans}
        n_labels = Counter(entity[:2] for entity in found)
        predicted[name] = {entity: score if n_labels[entity[:2]] == 1 else None for entity, score in found.items()}
    nlp.pipes.ner.compute_confidence_score = False
    return predicted


def write_atomic(path: Path, text: str) -> None:
    """Write a file in one step: nobody ever sees half of it."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(text.encode("utf8"))
    os.replace(temporary, path)


def write_predictions(path: Path, predicted: Predicted) -> None:
    """Write one JSON line per report."""
    lines = []
    for name in sorted(predicted):
        entities, scores = zip(*sorted(predicted[name].items()), strict=True) if predicted[name] else ((), ())
        lines.append(json.dumps({"id": name, "entities": entities, "probabilities": scores}) + "\n")
    write_atomic(path, "".join(lines))


def run_in_bfloat16(transformer: torch.nn.Module) -> None:
    """Run the transformer alone in bfloat16 mixed precision; weights, CNN and CRF stay float32.

    edsnlp's own `mixed_precision` option would put the CRF's sums in bfloat16 too.
    """
    forward: Callable[..., Any] = transformer.forward

    def mixed(*args: Any, **kwargs: Any) -> Any:
        with torch.autocast("cpu", torch.bfloat16):
            output = forward(*args, **kwargs)
        output["last_hidden_state"] = output["last_hidden_state"].float()
        return output

    transformer.forward = mixed


def build(args: argparse.Namespace, labels: list[str]) -> edsnlp.Pipeline:
    """Create the untrained pipeline."""
    nlp = edsnlp.blank("eds")
    transformer = eds.transformer(model=args.model_name, window=128, stride=96)
    if args.bf16:
        run_in_bfloat16(transformer.transformer)
    nlp.add_pipe(
        eds.ner_crf(
            mode="joint",
            labels=labels,
            target_span_getter=GROUP,
            span_setter={"ents": True, GROUP: True},
            embedding=eds.text_cnn(kernel_sizes=[3], embedding=transformer),
        ),
        name="ner",
    )
    return nlp


def main() -> None:
    """Train, log the dev score after each epoch, write predictions and the run's description."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model-name", required=True, help="transformer: folder or hub name")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--max-steps", type=int, help="stop early (for a speed check)")
    parser.add_argument("--batch-size", type=int, default=8, help="pieces per step")
    parser.add_argument("--lines", type=int, default=4, help="lines per training piece")
    parser.add_argument("--transformer-lr", type=float, default=5e-5)
    parser.add_argument("--task-lr", type=float, default=3e-4)
    parser.add_argument("--save-model", action="store_true", help="keep the last pipeline, to time it")
    parser.add_argument("--bf16", action="store_true", help="transformer in mixed precision")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    set_seed(args.seed)

    ids = {s: (args.data / "splits" / f"{s}.txt").read_text().split() for s in ("train", "dev", "test")}
    gold = {split: read_gold(args.data, names) for split, names in ids.items()}
    texts = {
        split: {n: (args.data / "brat" / f"{n}.txt").read_bytes().decode("utf8") for n in ids[split]}
        for split in ("dev", "test")
    }
    nlp = build(args, sorted({label for es in gold["train"].values() for _, _, label in es}))

    reports = read_reports(nlp, args.data, ids["train"])
    split = eds.split(nlp=None, regex=rf"(?:[^\n]*\n){{{args.lines}}}")
    pieces = [piece for report in reports for piece in split(report)]
    steps_per_epoch = -(-len(pieces) // args.batch_size)
    print(f"{len(reports)} reports, {len(pieces)} pieces, {steps_per_epoch} steps per epoch")

    max_steps = args.max_steps or steps_per_epoch * args.epochs
    schedule = {"@schedules": "linear", "warmup_rate": 0.1}
    groups = {
        "^ner[.]embedding[.]embedding[.]": {"lr": {**schedule, "start_value": 0.0, "max_value": args.transformer_lr}},
        "": {"lr": {**schedule, "start_value": args.task_lr, "max_value": args.task_lr}},
    }
    optimizer = ScheduledOptimizer(optim=torch.optim.AdamW, module=nlp, total_steps=max_steps, groups=groups)
    history: list[dict[str, float]] = []
    clock = {"wall": time.perf_counter(), "cpu": time.process_time()}
    final: dict[str, Predicted] = {}

    def on_validation(metrics: dict[str, Any]) -> None:
        """Score dev; keep the predictions when they are the best so far."""
        seconds, cpu = time.perf_counter() - clock["wall"], time.process_time() - clock["cpu"]
        final.update({name: predict(nlp, texts[name]) for name in ("dev", "test")})
        score = strict_f1(gold["dev"], final["dev"])
        if score > max((h["dev_f1"] for h in history), default=-1.0):
            for name, predicted in final.items():
                write_predictions(args.out / f"{name}.best.jsonl", predicted)
        row = {"epoch": len(history) + 1, "step": metrics["step"], "loss": metrics["loss"]}
        row |= {"dev_f1": score, "train_seconds": seconds, "train_cpu_seconds": cpu}
        history.append(row)
        print(json.dumps(row), flush=True)
        clock.update(wall=time.perf_counter(), cpu=time.process_time())

    train(
        nlp=nlp,
        train_data=TrainingData(
            data=edsnlp.data.from_iterable(pieces),
            batch_size=args.batch_size,
            shuffle="dataset",
            pipe_names=["ner"],
        ),
        seed=args.seed,
        max_steps=max_steps,
        validation_interval=min(steps_per_epoch, max_steps),
        optimizer=optimizer,
        grad_max_norm=1.0,
        output_dir=args.out,
        save_model=args.save_model,
        cpu=True,
        logger=False,
        on_validation_callback=on_validation,
    )

    for name, predicted in final.items():
        write_predictions(args.out / f"{name}.final.jsonl", predicted)
    best = max(history, key=lambda row: row["dev_f1"])
    run = {
        "command": " ".join(["python", Path(sys.argv[0]).name, *sys.argv[1:]]),
        "versions": {"python": sys.version.split()[0], **{p: version(p) for p in PACKAGES}},
        "threads": torch.get_num_threads(),
        "best_epoch": best["epoch"],
        "epochs": history,
    }
    write_atomic(args.out / "run.json", json.dumps(run, indent=1) + "\n")


if __name__ == "__main__":
    main()
