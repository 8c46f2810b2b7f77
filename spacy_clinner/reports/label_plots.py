"""Pictures of a corpus and of what a model makes of it: labels, frequent terms, and what is taken for what."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from spacy.tokens import Doc

from ..annotations.documents import entities_of
from ..cells import one_line
from ..scoring.confusion import Confusion
from ..scoring.evaluation import Evaluation
from ..scoring.run import Gold
from .plots import COLOURS, GREY, empty_figure, save_figure
from .reliability import short_names

# Terms of fewer documents are shown of none: what few patients have tells who they are.
MIN_DOCUMENTS = 5
N_TERMS = 40
# inches a line of a bar chart, and a row of a matrix
LINE, CELL = 0.2, 0.24
NONE = "(none)"


def draw_labels(folder: Path, gold: Gold, evaluation: Evaluation, model: str) -> None:
    """Draw all pictures: `labels`, `terms` and `confusion`, each as PNG and SVG.

    folder (Path): Where to write them.
    gold (Gold): The data.
    evaluation (Evaluation): What the model is worth on them.
    model (str): What to call it.
    """
    (name,) = short_names([model])
    note = f"{gold.path.name}, {len(evaluation.ids)} documents, against {gold.name}; {name}"
    terms = frequent_terms(gold.docs, gold.spans_key)
    confusion = evaluation.entity_confusion
    plot_labels(folder / "labels", confusion, title="Entities by label", note=note)
    plot_confusion(folder / "confusion", confusion, title="What is taken for what, %", note=note)
    note = f"{gold.path.name}, {len(gold.docs)} documents; terms of at least {MIN_DOCUMENTS} documents"
    plot_terms(folder / "terms", terms, title="Frequent entities", note=note)


def plot_labels(path: Path, confusion: Confusion, *, title: str, note: str) -> None:
    """Draw how many entities of each label there are, and how many a model finds.

    path (Path): The file without its ending; a PNG and an SVG are written.
    confusion (Confusion): Labels of gold and predicted entities.
    title (str), note (str): What is shown; what it was measured on.
    """
    gold, predicted = confusion.matrix.sum(axis=1)[:-1], confusion.matrix.sum(axis=0)[:-1]
    right = confusion.matrix.diagonal()[:-1]
    order = np.argsort(gold, kind="stable")
    figure = empty_figure(title, note, 1.6 + 2 * LINE * max(len(order), 4))
    axes = figure.subplots()
    places = np.arange(len(order))
    axes.barh(places + 0.2, gold[order], 0.4, color=COLOURS[0], label="gold")
    axes.barh(places - 0.2, predicted[order], 0.4, color=COLOURS[5], label="predicted")
    axes.barh(places - 0.2, right[order], 0.4, color=COLOURS[1], label="of these, an entity of that label is there")
    axes.set_yticks(places, [confusion.labels[i] for i in order], fontsize=8)
    axes.set(xlabel="entities", ylim=(-0.7, max(len(order), 1) - 0.3))
    axes.legend(loc="lower right", fontsize=8, frameon=False)
    axes.grid(alpha=0.3, linewidth=0.6, axis="x")
    save_figure(figure, path)


def plot_confusion(path: Path, confusion: Confusion, *, title: str, note: str) -> None:
    """Draw which share of each label's entities is predicted as which; last column: missed, last row: spurious.

    path (Path), title (str), note (str): As of `plot_labels`.
    confusion (Confusion): Labels of gold and predicted entities.
    """
    names = [*confusion.labels, NONE]
    sizes = confusion.matrix.sum(axis=1, keepdims=True)
    shares = np.divide(100 * confusion.matrix, sizes, out=np.zeros(confusion.matrix.shape), where=sizes > 0)
    figure = empty_figure(title, note, 3.0 + CELL * len(names))
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for row, column in zip(*np.nonzero(shares >= 0.5), strict=True):
        colour = "white" if shares[row, column] > 60 else "black"
        axes.text(column, row, f"{shares[row, column]:.0f}", ha="center", va="center", fontsize=6, color=colour)
    places = range(len(names))
    axes.set_xticks(places, names, rotation=90, fontsize=7)
    axes.set_yticks(places, [f"{name} ({n})" for name, n in zip(names, sizes[:, 0], strict=True)], fontsize=7)
    axes.set(xlabel="predicted", ylabel="gold (entities); a row is 100 %")
    save_figure(figure, path)


def plot_terms(path: Path, terms: Sequence[tuple[str, str, int]], *, title: str, note: str) -> None:
    """Draw the most frequent terms.

    path (Path), title (str), note (str): As of `plot_labels`.
    terms (Sequence[Tuple[str, str, int]]): As of `frequent_terms`.
    """
    figure = empty_figure(title, note, 1.6 + LINE * max(len(terms), 4))
    axes = figure.subplots()
    labels = list(dict.fromkeys(label for _, label, _ in terms))
    for place, (_, label, n) in enumerate(reversed(terms)):
        number = labels.index(label)
        style = {"color": COLOURS[number % len(COLOURS)], "hatch": "//" if number >= len(COLOURS) else None}
        axes.barh(place, n, 0.7, edgecolor="white", linewidth=0, **style)
        axes.text(n, place, f" {label}", va="center", fontsize=7, color=GREY)
    axes.set_yticks(range(len(terms)), [one_line(term) for term, _, _ in reversed(terms)], fontsize=8)
    axes.set(xlabel="entities", ylim=(-0.7, max(len(terms), 1) - 0.3))
    axes.margins(x=0.25)
    axes.grid(alpha=0.3, linewidth=0.6, axis="x")
    save_figure(figure, path)


def frequent_terms(
    docs: Iterable[Doc], spans_key: str | None = None, n: int = N_TERMS, min_documents: int = MIN_DOCUMENTS
) -> list[tuple[str, str, int]]:
    """Count what entities are called.

    docs (Iterable[Doc]): Documents with gold.
    spans_key (Optional[str]): Span group of the gold; None: `doc.ents`.
    n (int): Most terms.
    min_documents (int): Documents that a term must be in.
    RETURNS (List[Tuple[str, str, int]]): Terms in lower case, their labels and numbers, most frequent first.
    """
    counts: Counter[tuple[str, str]] = Counter()
    documents: Counter[tuple[str, str]] = Counter()
    for doc in docs:
        # spaCy makes the text anew each time
        text = doc.text
        found = [(text[start:end].lower(), label) for start, end, label in entities_of(doc, spans_key)]
        counts.update(found)
        documents.update(set(found))
    kept = [(count, term) for term, count in counts.items() if documents[term] >= min_documents]
    kept.sort(key=lambda pair: (-pair[0], pair[1]))
    return [(term, label, count) for count, (term, label) in kept[:n]]
