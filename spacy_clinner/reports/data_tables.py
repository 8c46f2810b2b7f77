"""What a check of the data tells on a terminal. No text of a note is in it."""

from collections.abc import Iterator

from ..scoring.data_counts import PartCounts
from .data_check import DataCheck
from .tables import percent, terminal_table

# Labels with fewer entities are marked as rare.
FEW = 10
# Of entities that do not fit the tokens, so many are named.
SHOWN = 10


def data_sections(check: DataCheck) -> Iterator[tuple[str, str]]:
    """The counts, section by section.

    check (DataCheck): From `check_data`.
    YIELDS (Tuple[str, str]): Titles and tables.
    """
    yield "Documents", _size_table(check)
    yield "Entities", _label_table(check, "entities")
    if any(counts.relations for counts in check.parts.values()):
        yield "Relations", _label_table(check, "relations")
    if rows := list(_window_rows(check)):
        yield (
            "Entities that no window holds",
            terminal_table(("Part", "Windows of", "Label", "cut", "too long", "of"), rows, n_text=3),
        )
    if rows := list(_misfit_rows(check)):
        yield (
            "Entities that do not fit the tokens",
            terminal_table(("Part", "Document", "Label", "start", "end"), rows, n_text=3),
        )
    if check.vectors is not None:
        rows = [(part, *map(percent, check.coverage(counts))) for part, counts in _named(check)]
        yield "Words with a vector, in percent", terminal_table(("Part", "words", "different words"), rows)


def data_problems(check: DataCheck) -> Iterator[str]:
    """What to look at before training.

    check (DataCheck): From `check_data`.
    YIELDS (str): A sentence for each problem.
    """
    train, dev = check.split("train"), check.split("dev")
    if shared := len(train.texts & dev.texts):
        yield f"{shared} texts of dev are in train, too: scores on dev are too good, and checkpoints chosen by them"
    if missing := sorted(dev.entities.keys() - train.entities.keys()):
        yield f"Labels of dev that train lacks, so that they cannot be learned: {', '.join(missing)}"
    if missing := sorted(train.entities.keys() - dev.entities.keys()):
        yield f"Labels of train that dev lacks, so that no checkpoint is chosen by them: {', '.join(missing)}"
    if rare := sorted(label for label in train.entities if _remark(label, train, "entities")):
        yield f"Labels with fewer than {FEW} entities in train, or in one document only: {', '.join(rare)}"
    for part, counts in _named(check):
        of_documents = f"of {counts.documents} documents"
        if counts.without_gold:
            yield f"{part}: {counts.without_gold} {of_documents} hold no gold, not even that there is none"
        if counts.misfits:
            yield (
                f"{part}: {len(counts.misfits)} entities do not begin and end with tokens of this config's tokenizer: "
                "a tagger learns nothing from them. Convert the corpus with that tokenizer"
            )
        if counts.other_tokens:
            yield (
                f"{part}: {counts.other_tokens} {of_documents} were cut into tokens by another tokenizer; a corpus of "
                "windows cannot be read"
            )
        for windows, cut in counts.cut.items():
            if cut and windows not in check.encoders:
                yield (
                    f"{part}: the windows of {windows} cut {cut.total()} of {counts.entities.total()} entities; "
                    "nothing is learned from them"
                )


def _named(check: DataCheck) -> list[tuple[str, PartCounts]]:
    return [(f"{split}, {domain}" if domain else split, counts) for (split, domain), counts in check.parts.items()]


def _size_table(check: DataCheck) -> str:
    rows = [
        (
            part,
            counts.documents,
            counts.without_gold,
            counts.words.total(),
            counts.entities.total(),
            len(counts.misfits),
            counts.other_tokens,
        )
        for part, counts in _named(check)
    ]
    header = ("Part", "documents", "without gold", "words", "entities", "not of tokens", "documents of other tokens")
    return terminal_table(header, rows)


def _label_table(check: DataCheck, kind: str) -> str:
    """Counts of each label in every part, the most frequent of train first, and how rare it is there."""
    parts, train = _named(check), check.split("train")
    counted = getattr(train, kind)
    labels = sorted({label for _, part in parts for label in getattr(part, kind)}, key=lambda x: (-counted[x], x))
    rows = [
        (label, *(getattr(part, kind)[label] for _, part in parts), _remark(label, train, kind)) for label in labels
    ]
    return terminal_table(("Label", *(name for name, _ in parts), "in train"), rows)


def _remark(label: str, train: PartCounts, kind: str) -> str:
    n = getattr(train, kind)[label]
    if not n:
        return "none"
    if kind == "entities" and train.documents_with[label] == 1:
        return "in one document"
    return "rare" if n < FEW else ""


def _window_rows(check: DataCheck) -> Iterator[tuple]:
    for part, counts in _named(check):
        for windows, cut in counts.cut.items():
            for label, n in cut.most_common():
                yield part, windows, label, n, counts.too_long[windows][label], counts.entities[label]


def _misfit_rows(check: DataCheck) -> Iterator[tuple]:
    for part, counts in _named(check):
        for doc_id, (start, end, label) in counts.misfits[:SHOWN]:
            yield part, doc_id, label, start, end
        if len(counts.misfits) > SHOWN:
            yield part, f"and {len(counts.misfits) - SHOWN} more", "", "", ""
