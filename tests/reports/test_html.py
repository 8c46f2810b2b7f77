import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_clinner.annotations.relations import Relation
from spacy_clinner.reports.annotations import Annotation
from spacy_clinner.reports.arcs import LABEL_LETTER, LETTER, LONGEST, draw_relations
from spacy_clinner.reports.html import annotation_page, segments
from spacy_clinner.reports.single_page import split_controls

VOID = {"meta", "input"}


class Page(HTMLParser):
    """Collects the note of a page (the tags of entities left out) and checks that its elements nest."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.note, self.tags, self.marks, self.scripts = [], "", [], [], []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag not in ("link", "img", "iframe")
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))
        if tag == "mark":
            self.marks.append("")

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        names = [tag for tag, _ in self.open]
        if "script" in names:
            self.scripts.append(data)
        elif "span" in names:
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
    assert '<input type="checkbox" value="0" checked>Problem 1</label></li>' in page


def test_unsure_entities_stand_out():
    unsure = annotation_page("pain", [Annotation(0, 4, "Problem", 0.3)], title="A note")
    assert 'class="tag c0 unsure"' in unsure
    assert "probability below 0.5" in unsure
    assert "probability below" not in annotation_page("pain", [Annotation(0, 4, "Problem", None)], title="A note")


def test_what_to_check_follows_the_calibration():
    entities = [Annotation(0, 7, "DRUG", 0.8), Annotation(8, 12, "DOSAGE", 0.4)]
    links = [Relation((0, 7), (8, 12), "DOSAGE", 0.7), Relation((0, 7), (14, 18), "FREQUENCY", 0.7)]
    text = "aspirin 5 mg, <od> x"
    plain = annotation_page(text, entities, links, title="A note")
    assert plain.count(" unsure") == 1 and "dashed" not in re.sub("<style>.*</style>", "", plain, flags=re.DOTALL)

    page = annotation_page(
        text, entities, links, title="A note", check_below=0.835, check_links_below={"DOSAGE": 0.75, "FREQUENCY": 0.6}
    )
    assert Page(page).note == text
    assert page.count('class="tag c1 unsure"') == page.count('class="tag c0 unsure"') == 1
    assert "dashed: check, below 0.835, where the least sure fifth lay in calibration" in page
    assert page.count('<g class="unsure"') == 1 and '<g class="unsure" data-ends="0 1"' in page
    assert "dashed: check DOSAGE, below 0.750" in page and "check FREQUENCY" not in page

    sure = annotation_page(
        text, entities[:1], links, title="A note", check_below=0.3, check_links_below={"DOSAGE": 0.7}
    )
    assert '<li class="unsure">' not in sure and " unsure" not in sure.partition("</style>")[2]


def test_labels_of_one_bound_share_a_line():
    links = [Relation((0, 7), (8, 12), label, 0.2) for label in "BAC"]
    page = annotation_page("aspirin 5 mg", [], links, title="A note", check_links_below={"A": 0.5, "B": 0.5, "C": 0.9})
    assert "dashed: check A, B, below 0.500" in page and "dashed: check C, below 0.900" in page


def test_everything_is_escaped():
    evil = '<script>"x"</script>&amp;'
    page = annotation_page(evil, [Annotation(0, 8, evil, 0.5)], title=evil, lang='"><b>')
    assert page.count("<script") == 1 and "<b>x" not in page
    assert Page(page).note == evil


def test_the_policy_lets_only_the_page_s_own_script_run():
    page = annotation_page("pain", [Annotation(0, 4, "Problem", 0.3)], title="A note")
    (script,) = Page(page).scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in page.replace("&#39;", "'")
    # where nothing can be filtered there is none
    assert Page(annotation_page("pain", [], title="A note")).scripts == []


def test_what_the_script_reads_is_in_the_page():
    page = annotation_page("aspirin 5 mg, <od> x", DRUG, LINKS, title="A note")
    (script,) = Page(page).scripts
    for name in re.findall(r"dataset\.(\w+)", script):
        assert f" data-{name}" in page, name
    for selector in re.findall(r'querySelector(?:All)?\("[#.]([a-z]+)', script):
        assert re.search(rf'(id|class)="{selector}\b', page), selector
    assert '<mark class="c1 negated" data-over="0"' in page
    assert 'data-entity="0" data-label="1" data-probability="0.9" data-negated title="DRUG' in page
    assert '<g data-ends="0 1" data-probability="0.8">' in page and '<g data-ends="0 2">' in page


def test_a_page_is_named_after_its_file_and_control_characters_show():
    page = annotation_page("no \u202epain\u202c\x07.\x00\tx", [Annotation(3, 8, "Problem", 0.9)], title="a\u202eb.txt")
    assert "<title>aU+202Eb.txt</title>" in page and '<h1>a<bdi class="control" data-code="U+202E">' in page
    for code in ("U+202E", "U+202C", "U+0007", "U+0000"):
        assert page.count(f'data-code="{code}"') == (2 if code == "U+202E" else 1)
    assert "\x00" not in page and Page(page).note == "no \u202epain\u202c\x07.\tx"


def test_a_file_s_name_that_is_no_text_is_shown_by_its_codes():
    title = b"caf\xe9.txt".decode("utf8", "surrogateescape")
    page = annotation_page("pain", [], title=title)
    assert "<title>cafU+DCE9.txt</title>" in page and b'data-code="U+DCE9"' in page.encode("utf8")


@pytest.mark.parametrize("text", ["", "plain\ttext\r\n", "שלום"])
def test_tabs_line_ends_and_scripts_are_no_control_characters(text):
    assert [code for _, code in split_controls(text)] == [None] * bool(text)


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


LINKS = [Relation((0, 7), (8, 12), "DOSAGE", 0.8), Relation((0, 7), (14, 18), "FREQUENCY", None)]
DRUG = [Annotation(0, 7, "DRUG", 0.9, ("negated",)), Annotation(8, 12, "DOSAGE", 0.9), Annotation(14, 18, "FREQ", 0.9)]


def test_relations_are_drawn_and_assertions_named():
    page = annotation_page("aspirin 5 mg, <od> x", DRUG, LINKS, title="A note")
    parsed = Page(page)
    assert parsed.note == "aspirin 5 mg, <od> x"
    assert parsed.tags[0] == "DRUG negated "
    assert page.count('<path class="arc"') == 2 and ">DOSAGE 0.800</text>" in page and ">FREQUENCY</text>" in page
    assert "&lt;od&gt;</text>" in page
    assert "<svg" not in annotation_page("aspirin", DRUG[:1], title="A note")


def test_arcs_make_room_for_their_labels():
    (diagram,) = draw_relations("aspirin 5 mg, <od> x", DRUG, LINKS)
    short, long = diagram.arcs
    assert short.y > long.y
    assert "".join(piece.text for piece in diagram.pieces) == "aspirin 5 mg, <od> x"
    # the drug stands where it stands; the dosage is moved, and what follows with it
    drug, blank, dosage, *rest = diagram.pieces
    assert (drug.x, blank.x) == (0, 7 * LETTER) and dosage.x > 8 * LETTER
    for before, piece in zip([dosage, *rest], rest, strict=False):
        assert piece.x >= before.x + before.width
    assert short.child_x - short.head_x >= short.label_width == LABEL_LETTER * len("DOSAGE 0.800")
    # the longer arc leaves the drug on the left of the shorter one
    assert long.head_x < short.head_x


LETTERS = "a b c d e f g h"
PLACES = [(2 * number, 2 * number + 1) for number in range(8)]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(list(combinations(PLACES, 2))), min_size=1, max_size=8, unique=True), st.data())
def test_no_label_hides_an_arrow(pairs, data):
    links = [Relation(*data.draw(st.permutations(pair)), "R", 0.5) for pair in pairs]
    diagrams = draw_relations(LETTERS, [], links)
    assert sum(len(diagram.arcs) for diagram in diagrams) == len(links)
    for diagram in diagrams:
        spans = [(*sorted((arc.head_x, arc.child_x)), arc) for arc in diagram.arcs]
        for left, right, arc in spans:
            assert left < arc.label_x - arc.label_width // 2 and arc.label_x + arc.label_width // 2 < right
            assert 0 <= left and right <= diagram.width and 0 < arc.y - 4 < arc.foot <= diagram.height
        for (left, right, arc), (start, end, other) in combinations(spans, 2):
            if arc.y == other.y:
                assert right < start or end < left
            # what lies inside another lies below it
            elif left <= start and end <= right:
                assert other.y > arc.y
            elif start <= left and right <= end:
                assert arc.y > other.y


def test_of_two_relations_between_the_same_entities_one_lies_inside_the_other():
    links = [Relation((0, 4), (20, 24), "R", None), Relation((0, 4), (20, 24), "S", None)]
    (diagram,) = draw_relations("aaaa" + " " * 16 + "bbbb", [], links)
    outer, inner = diagram.arcs
    assert outer.head_x < inner.head_x < inner.child_x < outer.child_x and outer.y < inner.y


def test_a_label_stands_beside_the_feet_that_cross_its_arc():
    text = "a" + " " * 40 + "b" + " " * 40 + "c" + " " * 42 + "d"
    (diagram,) = draw_relations(
        text, [], [Relation((0, 1), (82, 83), "R", None), Relation((41, 42), (125, 126), "R", None)]
    )
    low, high = diagram.arcs
    assert low.y > high.y and low.head_x < high.head_x < low.child_x
    assert abs(low.label_x - high.head_x) >= low.label_width // 2


def test_lines_and_distant_relations_have_diagrams_of_their_own_and_very_long_ones_none():
    text = "a b" + " " * 100 + "c\nd" + " " * 1000 + "e"
    ends = [((0, 1), (2, 3)), ((105, 106), (103, 104)), ((0, 1), (1106, 1107))]
    links = [Relation(head, child, "R", None) for head, child in ends]
    first, second = draw_relations(text, [], links)
    assert second.arcs[0].head_x > second.arcs[0].child_x
    # the line end is a letter wide
    assert "c d" in "".join(piece.text for piece in second.pieces) and len(first.arcs) == 1
    assert "1 of 3 relations span more than 600 characters and are not drawn." in annotation_page(
        text, [], links, title="A note"
    )
    lines = draw_relations(
        "ab cd\nef gh", [], [Relation((0, 2), (3, 5), "R", None), Relation((6, 8), (9, 11), "R", None)]
    )
    assert ["".join(piece.text for piece in diagram.pieces) for diagram in lines] == ["ab cd", "ef gh"]


def test_context_is_whole_words():
    text = "vomiting repeatedly since yesterday, given ondansetron 4 mg with good effect and discharged"
    drug, dose = (43, 54), (55, 59)
    (diagram,) = draw_relations(text, [], [Relation(drug, dose, "R", None)])
    words = "".join(piece.text for piece in diagram.pieces).split()
    assert set(words) <= set(text.split()) and {"ondansetron", "given", "effect"} <= set(words) and len(words) < 13


def test_a_line_full_of_relations_is_cut_into_diagrams():
    text = "d 1 " * 3000
    links = [Relation((4 * n, 4 * n + 1), (4 * n + 2, 4 * n + 3), "R", 0.5) for n in range(3000)]
    diagrams = draw_relations(text, [], links)
    assert sum(len(diagram.arcs) for diagram in diagrams) == 3000
    assert max(len(diagram.arcs) for diagram in diagrams) <= LONGEST / 4
