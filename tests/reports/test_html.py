from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_clinner.reports.annotations import Annotation, Link
from spacy_clinner.reports.arcs import LETTER, draw_relations
from spacy_clinner.reports.html import annotation_page, segments

VOID = {"meta"}


class Page(HTMLParser):
    """Collects the note of a page (the tags of entities left out) and checks that its elements nest."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.note, self.tags, self.marks = [], "", [], []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "link", "img", "iframe")
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))
        if tag == "mark":
            self.marks.append("")

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        names = [tag for tag, _ in self.open]
        if "span" in names:
            self.tags.append(data)
        elif "main" in names:
            self.note += data
            if "mark" in names:
                self.marks[-1] += data


def test_entities_are_marked_with_label_and_probability():
    page = annotation_page("no pain", [Annotation(3, 7, "Problem", 0.934)], title="A note", lang="de")
    parsed = Page(page)
    assert parsed.marks == ["pain"]
    assert parsed.tags == ["Problem ", "0.934"]
    assert 'title="Problem, characters 3-7, probability 0.934"' in page
    assert '<html lang="de">' in page
    assert "<li" in page and "Problem 1</li>" in page


def test_unsure_entities_stand_out():
    unsure = annotation_page("pain", [Annotation(0, 4, "Problem", 0.3)], title="A note")
    assert 'class="tag c0 unsure"' in unsure
    assert "probability below 0.5" in unsure
    assert "probability below" not in annotation_page("pain", [Annotation(0, 4, "Problem", None)], title="A note")


def test_everything_is_escaped():
    evil = '<script>"x"</script>&amp;'
    page = annotation_page(evil, [Annotation(0, 8, evil, 0.5)], title=evil, lang='"><b>')
    assert "<script" not in page and "<b>x" not in page
    assert Page(page).note == evil


def test_overlapping_entities_are_cut_at_their_borders():
    outer, inner, crossing = Annotation(0, 6, "A", None), Annotation(2, 4, "B", None), Annotation(3, 8, "C", None)
    assert segments("abcdefgh", [outer, inner, crossing]) == [
        ("ab", [outer], []),
        ("c", [outer, inner], []),
        ("d", [outer, inner, crossing], [inner]),
        ("ef", [outer, crossing], [outer]),
        ("gh", [crossing], [crossing]),
    ]


@settings(deadline=None, max_examples=50)
@given(st.data(), st.text(alphabet=st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=40))
def test_the_note_is_kept_to_the_character(data, text):
    spans = st.lists(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)), st.sampled_from("AB")), max_size=5)
    entities = sorted(
        (Annotation(start, end, label, 0.5) for start, end, label in data.draw(spans) if start < end),
        key=lambda entity: (entity.start, -entity.end),
    )
    assert "".join(piece for piece, _, _ in segments(text, entities)) == text
    assert Page(annotation_page(text, entities, title="A note")).note == text


LINKS = [Link((0, 7), (8, 12), "DOSAGE", 0.8), Link((0, 7), (14, 18), "FREQUENCY", None)]
DRUG = [Annotation(0, 7, "DRUG", 0.9, ("negated",)), Annotation(8, 12, "DOSAGE", 0.9), Annotation(14, 18, "FREQ", 0.9)]


def test_relations_are_drawn_and_assertions_named():
    page = annotation_page("aspirin 5 mg, <od> x", DRUG, LINKS, title="A note")
    parsed = Page(page)
    assert parsed.note == "aspirin 5 mg, <od> x"
    assert parsed.tags[0] == "DRUG negated "
    assert page.count('<path class="arc"') == 2 and ">DOSAGE 0.800</text>" in page and ">FREQUENCY</text>" in page
    assert "&lt;od&gt;</text>" in page
    assert "<svg" not in annotation_page("aspirin", DRUG[:1], title="A note")


def test_arcs_of_one_height_do_not_cross():
    (diagram,) = draw_relations("aspirin 5 mg, <od> x", DRUG, LINKS)
    assert diagram.arcs[0].y > diagram.arcs[1].y
    assert "".join(piece.text for piece in diagram.pieces) == "aspirin 5 mg, <od> x"
    assert [piece.x for piece in diagram.pieces] == [LETTER * x for x in (0, 7, 8, 12, 14, 18)]


def test_distant_relations_have_diagrams_of_their_own_and_very_long_ones_none():
    text = "a b" + " " * 100 + "c\nd" + " " * 1000 + "e"
    ends = [((0, 1), (2, 3)), ((105, 106), (103, 104)), ((0, 1), (1106, 1107))]
    links = [Link(head, child, "R", None) for head, child in ends]
    first, second = draw_relations(text, [], links)
    assert second.arcs[0].head_x > second.arcs[0].child_x
    # the line end is a letter wide
    assert "c d" in second.pieces[0].text and len(first.arcs) == 1
