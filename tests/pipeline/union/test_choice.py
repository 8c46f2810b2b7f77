"""What stays of entities that overlap, against rules that are written down once more."""

from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_clinner.pipeline.union.choice import Found, merge_same, without_overlaps

RULES = ("probability", "longest", "priority")
spans = st.tuples(st.integers(0, 8), st.integers(1, 4)).map(lambda one: (one[0], one[0] + one[1]))
# few values, so that many are the same
entities = st.builds(
    lambda span, label, probability, head: Found(*span, label, probability, head),
    *(spans, st.sampled_from("AB"), st.sampled_from([0.1, 0.5, 0.9, 1.0]), st.integers(0, 2)),
)
some = st.lists(entities, max_size=14)


def overlap(one, other):
    return bool({*range(one.start, one.end)} & {*range(other.start, other.end)})


def goes_before(one, other, rule):
    """Whether an entity is better than another by the rule, question by question."""
    length, other_length = one.end - one.start, other.end - other.start
    questions = {
        "probability": [],
        "longest": [(length, other_length)],
        "priority": [(-one.head, -other.head)],
    }[rule]
    questions += [(one.probability, other.probability), (-one.start, -other.start), (length, other_length)]
    for here, there in [*questions, (-one.head, -other.head)]:
        if here != there:
            return here > there
    return one.label < other.label


@settings(deadline=None)
@given(some)
def test_each_span_and_label_once(found):
    merged = merge_same(found)
    groups = {}
    for one in found:
        groups.setdefault(one[:3], []).append(one)
    assert {one[:3] for one in merged} == groups.keys() and len(merged) == len(groups)
    for one in merged:
        same = groups[one[:3]]
        assert one.probability == max(other.probability for other in same)
        assert one.head == min(other.head for other in same)
    assert [(one.start, -one.end, one.label) for one in merged] == sorted((m.start, -m.end, m.label) for m in merged)


@settings(deadline=None)
@given(some, st.sampled_from(RULES))
def test_the_best_by_the_rule_stay_and_never_overlap(found, rule):
    merged = merge_same(found)
    left, expected = list(merged), []
    while left:
        (best,) = (one for one in left if all(goes_before(one, other, rule) for other in left if other is not one))
        expected.append(best)
        left = [one for one in left if not overlap(one, best)]
    chosen = without_overlaps(merged, rule)
    assert chosen == expected
    assert not any(overlap(one, other) for i, one in enumerate(chosen) for other in chosen[:i])


@settings(deadline=None)
@given(some, st.randoms(use_true_random=False), st.sampled_from(RULES))
def test_their_order_does_not_matter(found, random, rule):
    merged = merge_same(found)
    shuffled = random.sample(merged, len(merged))
    assert without_overlaps(shuffled, rule) == without_overlaps(merged, rule)


def test_what_is_found_twice_is_of_the_first_head_and_has_the_concept_of_the_surest():
    found = [Found(0, 2, "A", 0.9, 2, kb_id=7), Found(0, 2, "A", 0.4, 1, kb_id=5), Found(0, 3, "A", 0.8, 2)]
    assert merge_same(found) == [Found(0, 3, "A", 0.8, 2), Found(0, 2, "A", 0.9, 1, kb_id=7)]
    assert without_overlaps(merge_same(found), "priority") == [Found(0, 2, "A", 0.9, 1, kb_id=7)]
    assert without_overlaps(merge_same(found), "longest") == [Found(0, 3, "A", 0.8, 2)]


def test_a_concept_that_one_head_knows_stays():
    one, surer = Found(0, 1, "A", 0.7, 0, kb_id=5, span_id=6), Found(0, 1, "A", 0.9, 1)
    assert merge_same([one, surer]) == [Found(0, 1, "A", 0.9, 0, kb_id=5, span_id=6)]
    assert merge_same([one._replace(head=2), surer]) == [Found(0, 1, "A", 0.9, 1, kb_id=5, span_id=6)]
