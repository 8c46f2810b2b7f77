"""What a vocabulary's hierarchy says: which concepts are broader than which."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from spacy.util import registry

from ...errors import Errors
from ...files import read_lines

# A concept, and one that is broader: an edge of the hierarchy.
Edge = tuple[str, str]


@registry.readers("spacy_clinner.broader_concepts.v1")
def read_broader_concepts(path: Path | str) -> list[Edge]:
    """Read a hierarchy of concepts.

    path (Union[Path, str]): Lines of a concept, a tab and a broader concept, by the names that `kb_id_` has.
    RETURNS (List[Tuple[str, str]]): The pairs.
    RAISES (ValueError): CE280 for a line that has not these two; CE001 and CE300 if it is no text in UTF-8.
    """
    path = Path(path)
    edges = []
    for number, line in enumerate(read_lines(path), start=1):
        names = tuple(name.strip() for name in line.split("\t"))
        if len(names) != 2 or not all(names):
            raise ValueError(Errors.CE280.format(file=path.name, line=number))
        edges.append(names)
    return edges


class Hierarchy:
    """A hierarchy of concepts, in which one may have several broader ones."""

    def __init__(self, edges: Iterable[Edge]) -> None:
        """Set up a hierarchy.

        edges (Iterable[Tuple[str, str]]): Concepts, each with one that is broader; the next steps follow.
        """
        self.edges = sorted({(concept, broader) for concept, broader in edges})
        self._steps: dict[str, list[str]] = defaultdict(list)
        for concept, broader in self.edges:
            self._steps[concept].append(broader)
        self._known: dict[str, frozenset[str]] = {}

    def broader(self, concept: str) -> frozenset[str]:
        """Find all concepts that are broader than one, by any number of steps.

        concept (str): The concept; an unknown one has none.
        RETURNS (FrozenSet[str]): The others. In a circle, which some vocabularies have, none is broader than another.
        """
        if concept not in self._known:
            above = self._reach(concept)
            self._known[concept] = frozenset(other for other in above if concept not in self._reach(other))
        return self._known[concept]

    def _reach(self, concept: str) -> set[str]:
        found: set[str] = set()
        left = [concept]
        while left:
            steps = [other for other in self._steps.get(left.pop(), ()) if other not in found]
            found.update(steps)
            left.extend(steps)
        return found
