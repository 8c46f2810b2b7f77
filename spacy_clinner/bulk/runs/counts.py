"""What a run counts: notes, tokens, errors by kind, entities and relations by label and probability."""

from collections import Counter
from typing import Any

from .rows import Rows

BINS = 10


class Counts:
    """Counts of a shard or of a whole run.

    notes (int): Annotated notes.
    characters (int), tokens (int): Of their texts.
    errors (Counter): Notes that have none, by code and kind of the error: "CE342 RuntimeError".
    found (Dict[str, Dict[str, List[int]]]): For "entities" and "relations", by label, how many have a probability in
        each of `BINS` equal bins; the last number is of those whose probability is not known.
    """

    def __init__(self, data: dict[str, Any] | None = None) -> None:
        data = data or {}
        self.notes: int = data.get("notes", 0)
        self.characters: int = data.get("characters", 0)
        self.tokens: int = data.get("tokens", 0)
        self.errors: Counter[str] = Counter(data.get("errors", {}))
        self.found: dict[str, dict[str, list[int]]] = data.get("found", {"entities": {}, "relations": {}})

    def add_note(self, rows: Rows) -> None:
        """Count a note.

        rows (Dict[str, List[Dict[str, Any]]]): Its rows by table.
        """
        for row in rows.get("notes", ()):
            self.notes += 1
            self.characters += row["characters"]
            self.tokens += row["tokens"]
        self.errors.update(f"{row['code']} {row['kind']}" for row in rows.get("errors", ()))
        for table, by_label in self.found.items():
            for row in rows.get(table, ()):
                bins = by_label.setdefault(row["label"], [0] * (BINS + 1))
                bins[bin_of(row["probability"])] += 1

    def add(self, other: "Counts") -> None:
        """Add the counts of other notes.

        other (Counts): Theirs.
        """
        self.notes += other.notes
        self.characters += other.characters
        self.tokens += other.tokens
        self.errors.update(other.errors)
        for table, by_label in other.found.items():
            for label, bins in by_label.items():
                mine = self.found[table].get(label, [0] * (BINS + 1))
                self.found[table][label] = [a + b for a, b in zip(mine, bins, strict=True)]

    @property
    def n_errors(self) -> int:
        """Notes that could not be annotated."""
        return self.errors.total()

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): JSON-able; what the constructor takes."""
        return {**vars(self), "errors": dict(sorted(self.errors.items()))}


def bin_of(probability: float | None) -> int:
    """RETURNS (int): Number of the bin of a probability; `BINS` if it is not known."""
    return BINS if probability is None else min(int(probability * BINS), BINS - 1)
