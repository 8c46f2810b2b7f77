"""Invented documents: any text, offsets in and beyond it, references that may lead nowhere."""

from hypothesis import strategies as st
from spacy.tokens import Span

from spacy_clinner.annotations.keys import DOC_ID_KEY, RELATIONS_KEY
from spacy_clinner.corpora.formats.brat import (
    Attribute,
    BratDocument,
    Equiv,
    Event,
    Normalization,
    Note,
    Relation,
    mention_text,
)
from spacy_clinner.corpora.placing.record import Mention

TEXTS = st.text(st.sampled_from("aB5. \n\r\t\u2005é\u0301🙂") | st.characters(exclude_categories=["Cs"]), max_size=40)
LABELS = st.sampled_from(["Symptom", "Lab_value", "Größe"])
# two of these are assertions
SAID = st.sampled_from([("Größe", None), ("Grade", "mild to 2"), ("Negated", None), ("POLARITY", "NEG")])
ROLES = st.sampled_from(["Arg1", "Arg2", "Theme"])
# what may stand in a last column
REMARKS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), max_size=10)


@st.composite
def brat_documents(draw, margin: int = 3):
    """Documents with up to six text-bound annotations; `margin`: how far beyond the text's end they may lie."""
    text = draw(TEXTS)
    offsets = st.integers(0, len(text) + margin)
    pairs = st.tuples(offsets, offsets).map(lambda pair: tuple(sorted(pair)))
    several = st.lists(pairs, min_size=1, max_size=3).map(tuple)
    textbounds = [
        Mention(f"T{n}", label, fragments, mention_text(text, fragments))
        for n, (label, fragments) in enumerate(draw(st.lists(st.tuples(LABELS, several), max_size=6)))
    ]
    ids = st.sampled_from([t.id for t in textbounds] + ["E0", "E1", "T99"])
    arguments = st.lists(st.tuples(ROLES, ids), min_size=1, max_size=3).map(tuple)
    return BratDocument(
        "invented",
        text,
        textbounds,
        [Event(f"E{n}", label, id, args) for n, (label, id, args) in enumerate(draw(_lists(LABELS, ids, arguments)))],
        [Relation(f"R{n}", label, args) for n, (label, args) in enumerate(draw(_lists(LABELS, arguments)))],
        [Equiv(label, (a, b)) for label, a, b in draw(_lists(LABELS, ids, ids))],
        [Attribute(f"A{n}", label, id, value) for n, ((label, value), id) in enumerate(draw(_lists(SAID, ids)))],
        [Normalization(f"N{n}", "Ref", id, "X:1", name) for n, (id, name) in enumerate(draw(_lists(ids, REMARKS)))],
        [Note(f"#{n}", "AnnotatorNotes", id, remark) for n, (id, remark) in enumerate(draw(_lists(ids, REMARKS)))],
    )


def _lists(*parts):
    return st.lists(st.tuples(*parts), max_size=2)


# what other programs take for a line end, byte order marks, quotation marks and bars are where formats break
ODD = 'aB5. \n\r\t\v\f\x1c\x1f\x85\u2028\u2005\xa0\ufeffé\u0301🙂-|"\\'
ODD_TEXTS = st.text(st.sampled_from(ODD) | st.characters(exclude_categories=["Cs"]), min_size=1, max_size=25)
GOOD_NAMES = ["DRUG", "DOSAGE", "a:b;c", "Größe", "B-X", "12"]
ODD_NAMES = st.sampled_from(GOOD_NAMES * 6 + ["a b", "a\tb", "a\rb", "\u2028", "x\x85"])
IDS = ["a", "a.b", "x_gold", "é", "a b", "A|", "train/12"]


@st.composite
def annotated_docs(draw, tokenizer):
    """One to three documents with entities between any of their tokens, and relations between these."""
    docs = []
    for doc_id in draw(st.lists(st.sampled_from(IDS), min_size=1, max_size=3, unique=True)):
        doc = tokenizer(draw(ODD_TEXTS))
        doc.user_data[DOC_ID_KEY] = doc_id
        bounds = draw(st.lists(st.integers(0, len(doc)), max_size=8, unique=True).map(sorted))
        spans = [
            Span(doc, start, end, label=draw(ODD_NAMES)) for start, end in zip(bounds[::2], bounds[1::2], strict=False)
        ]
        doc.set_ents(spans, default="outside")
        ends = [[span.start_char, span.end_char] for span in spans]
        pairs = st.tuples(st.sampled_from(ends), st.sampled_from(ends)) if len(ends) > 1 else st.nothing()
        relations = draw(st.lists(st.tuples(pairs, ODD_NAMES), max_size=3)) if len(ends) > 1 else []
        doc.user_data[RELATIONS_KEY] = [
            {"head": head, "child": child, "label": label} for (head, child), label in relations if head != child
        ]
        docs.append(doc)
    return docs
