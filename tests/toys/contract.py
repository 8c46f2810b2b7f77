"""A toy of every factory, each a pipeline whose last component it made, and documents that all of them can read."""

import json
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from spacy_clinner.annotations.keys import DOC_ID_KEY, DOMAIN_KEY, RELATIONS_KEY
from spacy_clinner.annotations.relations import relation_of, write_relations
from spacy_clinner.training.gold_ents_corpus import give_gold_entities

from .relations import LISTENER, SMALL_TOK2VEC

# words, and entities as (first word, word after the last, label, concept); the first is related to the second
NOTES = [
    ("No aspirin 5 mg , fever .\nCough", [(1, 2, "DRUG", "D1"), (2, 4, "DOSE", "S1"), (5, 6, "PROBLEM", "P1")]),
    ("Denies cough .\nTake codeine 3 mg", [(4, 5, "DRUG", "D2"), (5, 7, "DOSE", "S2"), (1, 2, "PROBLEM", "P2")]),
    ("ibuprofen 80 mg if fever", [(0, 1, "DRUG", "D3"), (1, 3, "DOSE", "S3"), (4, 5, "PROBLEM", "P1")]),
    ("aspirin NSAID 5 mg", [(0, 1, "DRUG", "D1"), (2, 4, "DOSE", "S1"), (1, 2, "DRUG", "D0")]),
    ("Nothing to report", []),
    ("?", [(0, 1, "PROBLEM", "P3")]),
    (" \n\n \t", []),
    ("", []),
]
LABEL = "HAS"


class Toy(NamedTuple):
    """A factory's settings, and what is expected of it.

    shows (Optional[str]): What `written` has of another number after it than before; None if it leaves documents alone.
    config (Dict[str, Any]): Settings.
    below (Tuple[Tuple[str, str, Dict], ...]): Components below: factory, name, settings.
    initialize (Dict[str, Any]): Arguments of its `initialize`.
    steps (int): Updates that it learns from.
    reads (Tuple[str, ...]): What of the gold it finds on its documents: "ents", "sents", "relations".
    without_labels (Optional[str]): Code of the error where no training document has gold; None if it needs none.
    """

    shows: str | None
    config: dict[str, Any] = {}
    below: tuple[tuple[str, str, dict[str, Any]], ...] = ()
    initialize: dict[str, Any] = {}
    steps: int = 0
    reads: tuple[str, ...] = ()
    without_labels: str | None = None


@Language.component("toy_words", assigns=["doc.spans"])
def find_words(doc: Doc) -> Doc:
    """Two heads of two types: one finds each second word, the other that and the next."""
    for key, length, label in (("ones", 1, "DRUG"), ("twos", 2, "WORDS")):
        spans = [Span(doc, i, i + length, label) for i in range(0, len(doc) - length + 1, 2) if doc[i].is_alpha]
        scores = np.linspace(0.9, 0.2, len(spans), dtype="float32")
        doc.spans[key] = SpanGroup(doc, name=key, spans=spans, attrs={"scores": scores})
    return doc


def _model(architecture: str, **settings: Any) -> dict[str, Any]:
    return {"@architectures": f"spacy_clinner.{architecture}.v1", **settings}


TOYS = {
    "clinner_sentencizer": Toy("true"),
    "clinner_tok2vec": Toy("0.", {"model": SMALL_TOK2VEC}),
    "clinner_crf_tagger": Toy(
        '"DRUG"', {"model": _model("CRFTagger", tok2vec=SMALL_TOK2VEC)}, steps=20, without_labels="CE200"
    ),
    "clinner_relation_extractor": Toy(
        f'"{LABEL}"',
        {"model": _model("RelationClassifier", hidden_width=8, tok2vec=SMALL_TOK2VEC), "threshold": 0.1},
        steps=10,
        reads=("ents",),
        without_labels="CE250",
    ),
    "clinner_mmd_alignment": Toy(
        None,
        {"model": _model("MMDAlignment", tok2vec=LISTENER), "target": ["b"]},
        below=(("clinner_tok2vec", "encoder", {"model": SMALL_TOK2VEC}),),
        steps=2,
    ),
    "clinner_entity_union": Toy(
        '"DRUG"',
        {"heads": ["ones", "twos"], "labels": {"twos": {"WORDS": "DRUG"}}, "rule": "longest"},
        below=(("toy_words", "words", {}),),
    ),
    "clinner_context": Toy('"negated"', reads=("ents", "sents")),
    "clinner_specific_relations": Toy(
        f'"{LABEL}"', initialize={"broader": [("D1", "D0")]}, reads=("ents", "relations"), without_labels="CE281"
    ),
}


def make_nlp(factory: str) -> Language:
    """A pipeline of a toy that has learned nothing yet, with what is below it."""
    toy = TOYS[factory]
    nlp = spacy.blank("en")
    for below, name, config in toy.below:
        nlp.add_pipe(below, name=name, config=config)
    nlp.add_pipe(factory, name="it", config=toy.config)
    return nlp


def train(nlp: Language, factory: str) -> Language:
    """Let it learn the notes."""
    toy, make = TOYS[factory], partial(examples, nlp, factory)
    if toy.initialize:
        nlp.config["initialize"]["components"]["it"] = toy.initialize
    optimizer = nlp.initialize(make)
    optimizer.learn_rate = 0.02
    for _ in range(toy.steps):
        nlp.update(make(), sgd=optimizer)
    return nlp


def gold(nlp: Language) -> list[Doc]:
    """The notes with entities, their concepts, sentences and relations; the broader of two drugs has the dose, too."""
    docs = []
    for number, (text, entities) in enumerate(NOTES):
        doc = nlp.make_doc(text)
        # spaCy's tokens: line ends are some
        spans = _spans(doc, entities)
        doc.set_ents(spans)
        for token in doc:
            token.is_sent_start = token.i == 0 or "\n" in doc[token.i - 1].text
        heads = [span for span in spans if span.label_ == "DRUG"]
        doses = [span for span in spans if span.label_ == "DOSE"]
        write_relations(doc, [relation_of(head, dose, LABEL) for head in heads for dose in doses])
        docs.append(_stamped(doc, number))
    return docs


def _spans(doc: Doc, entities: list[tuple[int, int, str, str]]) -> list[Span]:
    words = [token.i for token in doc if not token.is_space]
    return [Span(doc, words[i], words[j - 1] + 1, label, kb_id=concept) for i, j, label, concept in entities]


def _stamped(doc: Doc, number: int) -> Doc:
    doc.user_data[DOC_ID_KEY] = f"n{number}"
    doc.user_data[DOMAIN_KEY] = "ab"[number % 2]
    return doc


def documents(nlp: Language, factory: str) -> list[Doc]:
    """The notes as they come to the component: with what it reads, and nothing else."""
    reads, docs = TOYS[factory].reads, []
    for number, reference in enumerate(gold(nlp)):
        doc = _stamped(nlp.make_doc(reference.text), number)
        if "sents" in reads:
            for token, told in zip(doc, reference, strict=True):
                token.is_sent_start = told.is_sent_start
        if "ents" in reads:
            give_gold_entities(doc, reference)
        if "relations" in reads:
            doc.user_data |= {key: value for key, value in reference.user_data.items() if key not in doc.user_data}
        docs.append(doc)
    return docs


def examples(nlp: Language, factory: str) -> list[Example]:
    return [Example(*pair) for pair in zip(documents(nlp, factory), gold(nlp), strict=True)]


def without_gold(nlp: Language, annotated: bool = True) -> list[Example]:
    """Examples of documents in which there is nothing, or nobody has looked for anything."""
    made = []
    for number, text in enumerate(["Nothing to report", "A second note", "", "A last one"]):
        predicted, reference = (_stamped(nlp.make_doc(text), number) for _ in range(2))
        if annotated:
            reference.set_ents([])
            write_relations(reference, [])
        made.append(Example(predicted, reference))
    return made


def written(doc: Doc, rows: bool = True) -> str:
    """Everything that a component may write on a document, comparable after any journey.

    doc (Doc): The document.
    rows (bool): Whether `doc.tensor` counts, which a DocBin does not keep.
    RETURNS (str): JSON.
    """
    groups = {
        key: [[(s.start, s.end, s.label_, s.kb_id_) for s in group], _rounded(group.attrs.get("scores", []))]
        for key, group in doc.spans.items()
    }
    user_data = {str(key): value for key, value in doc.user_data.items()}
    if RELATIONS_KEY in user_data:
        user_data[RELATIONS_KEY] = [
            one | {"probability": _rounded(one.get("probability") or 0)} for one in user_data[RELATIONS_KEY]
        ]
    tokens = [(token.ent_iob_, token.ent_type_, token.ent_kb_id_, token.is_sent_start) for token in doc]
    content = [doc.text, tokens, groups, user_data, _rounded(doc.tensor) if rows and len(doc) else None]
    return json.dumps(content, sort_keys=True)


def _rounded(numbers: Any) -> Any:
    return np.round(np.asarray(numbers, dtype="float64"), 3).tolist()
