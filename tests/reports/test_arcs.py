"""Diagrams of relations in long notes."""

import time

from spacy_clinner.annotations.relations import Relation
from spacy_clinner.reports.annotations import Annotation
from spacy_clinner.reports.arcs import draw_relations


def note(n_lines):
    line, entities, links = "aspirin 5 mg\n", [], []
    for at in range(0, n_lines * len(line), len(line)):
        entities += [Annotation(at, at + 7, "DRUG", None, ()), Annotation(at + 8, at + 12, "DOSE", None, ())]
        links.append(Relation((at, at + 7), (at + 8, at + 12), "DOSE", None))
    return line * n_lines, entities, links


def test_a_diagram_holds_the_entities_of_its_own_stretch():
    diagrams = draw_relations(*note(3))
    assert [[piece.text for piece in diagram.pieces if piece.entity] for diagram in diagrams] == [
        ["aspirin", "5 mg"]
    ] * 3


def test_time_grows_as_the_note_does():
    def seconds(n_lines):
        start = time.process_time()
        draw_relations(*note(n_lines))
        return time.process_time() - start

    ratio = min(seconds(4000) for _ in range(2)) / min(seconds(250) for _ in range(5))
    # 16 if linear, 256 if quadratic
    assert ratio < 70
