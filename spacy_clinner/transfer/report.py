"""What a transfer of layers did, and what it left alone: kept in the pipeline's meta, and logged."""

from collections.abc import Sequence
from typing import Any

from spacy.language import Language
from spacy.util import logger
from thinc.api import Model

from .plan import Plan
from .torch_weights import weight_nodes

# What was transferred to which weights, what was not and why, and the labels that were dropped.
# Written by: `spacy_clinner.transfer_layers.v1`, `spacy_clinner.drop_labels.v1`.
# Read by: experiments, which keep it with each training.
META_KEY = "clinner_transfer"


def build_report(
    nlp: Language, source: Language | None, plans: Sequence[Plan], absent: Sequence[str]
) -> dict[str, Any]:
    """Write down a transfer.

    nlp (Language): The target pipeline.
    source (Optional[Language]): The source pipeline.
    plans (Sequence[Plan]): The blocks, as they were settled.
    absent (Sequence[str]): Layers that were asked for and that the pipeline does not have.
    RETURNS (Dict[str, Any]): Plain data: "source", its name and version; "blocks", a row for each block; and
        "not_loaded", a row for each layer with weights that did not come from the source, and why.
    """
    return {
        "source": None if source is None else f"{source.meta['lang']}_{source.meta['name']} {source.meta['version']}",
        "blocks": [_block_row(plan) for plan in plans],
        "not_loaded": [*_partly_loaded(plans), *_never_loaded(nlp, plans), *_absent(absent)],
    }


def log_report(report: dict[str, Any]) -> None:
    """Log a report, a line for each of its rows."""
    for row in report["blocks"]:
        labels = f", {len(row['labels'])} labels" if row["labels"] is not None else ""
        done = "Loaded" if row["loaded"] else "Reinitialized" if row["reinit"] else "Kept"
        logger.info(
            "%s %s: %s of %s parameters%s (freeze=%s, lr_scale=%s, pull=%s)",
            *(done, row["target"], row["parameters"], row["of"], labels, row["freeze"], row["lr_scale"], row["pull"]),
        )
    for row in report["not_loaded"]:
        logger.info("Not loaded: %s, %s parameters: %s", row["what"], row["parameters"], row["why"])


def _block_row(plan: Plan) -> dict[str, Any]:
    settings = plan.settings
    return {
        "block": plan.name,
        "target": settings.target,
        "source": settings.source_address if settings.loads else None,
        "loaded": settings.loads,
        "reinit": settings.reinit,
        "parameters": sum(entry.size for entry in plan.entries),
        "of": _count((entry.node, entry.name) for entry in plan.entries),
        "labels": plan.labels,
        "freeze": settings.freeze,
        "lr_scale": settings.lr_scale,
        "pull": settings.pull,
    }


def _partly_loaded(plans: Sequence[Plan]) -> list[dict[str, Any]]:
    """Weights of blocks that were loaded, but not whole: labels that the source does not know."""
    rows = []
    for plan in plans:
        own = plan.block.labels
        if own is not None and plan.labels is not None and len(plan.labels) < len(own):
            missing = [label for label in own if label not in plan.labels]
            rest = _count((e.node, e.name) for e in plan.entries) - sum(entry.size for entry in plan.entries)
            rows.append(
                {
                    "what": plan.settings.target,
                    "parameters": rest,
                    "labels": missing,
                    "why": f"the source does not know the labels {', '.join(missing)}",
                }
            )
    return rows


def _never_loaded(nlp: Language, plans: Sequence[Plan]) -> list[dict[str, Any]]:
    whys = {entry.key: _why(plan) for plan in plans for entry in plan.entries}
    rows: list[dict[str, Any]] = []
    for name, pipe in nlp.components:
        model = getattr(pipe, "model", None)
        for node in weight_nodes(model) if isinstance(model, Model) else ():
            by_why: dict[str, int] = {}
            for param in node.param_names:
                why = whys.get((node.id, param), "no block names it")
                if why is not None and node.has_param(param):
                    by_why[why] = by_why.get(why, 0) + _count([(node, param)])
            rows.extend(
                {"what": f"{name}, layer {node.name}", "parameters": count, "labels": None, "why": why}
                for why, count in by_why.items()
            )
    return rows


def _absent(layers: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"what": layer, "parameters": 0, "labels": None, "why": "the pipeline has no such layer"} for layer in layers
    ]


def _why(plan: Plan) -> str | None:
    """Why the weights of a block are not the source's; None if they are."""
    if plan.settings.loads:
        return None
    return f"block {plan.name}: " + ("reinit = true" if plan.settings.reinit else "load = false")


def _count(params) -> int:
    return int(sum(node.get_param(name).size for node, name in params))
