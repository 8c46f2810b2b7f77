"""A pipeline of every component of the package, and of most of its encoders, that has learned a few notes by heart."""

import json
from pathlib import Path

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_clinner.annotations.keys import ASSERTION_CUES_KEY, ASSERTIONS_KEY, DOMAIN_KEY, RELATIONS_KEY
from spacy_clinner.annotations.relations import relation_of, write_relations

from .relations import LISTENER, SMALL_TOK2VEC

LEXICON = {
    **dict.fromkeys(("aspirin", "codeine", "ibuprofen"), "DRUG"),
    **dict.fromkeys(("5 mg", "3 mg", "80 mg"), "DOSE"),
    **dict.fromkeys(("fever", "cough", "rash"), "PROBLEM"),
}
NOTES = [
    "Take aspirin 5 mg daily.\nDenies fever or cough.",
    "Codeine 3 mg caused rash.\nFamily history of fever.",
    "No rash. Give ibuprofen 80 mg and aspirin 3 mg if fever returns.\nNext: codeine 80 mg.",
    "",
    "Nothing to report.\n- ?cough\n- history of rash",
]

WINDOWED = "spacy_clinner.WindowedTok2Vec.v1"
ENCODER = {
    "@architectures": WINDOWED,
    "embed": {
        "@architectures": "spacy_clinner.ConcatEmbed.v1",
        "parts": {
            "cnn": {"@architectures": "spacy_clinner.CharCNNEmbed.v1", "nF": 8, "width": 8},
            "lstm": {"@architectures": "spacy_clinner.CharLSTMEmbed.v1", "nO": 8, "width": 8},
            "casing": {"@architectures": "spacy_clinner.CasingEmbed.v1"},
            "vectors": {"@architectures": "spacy_clinner.VectorsEmbed.v1", "width": 8},
        },
    },
    "encode": {"@architectures": "spacy_clinner.BiLSTMEncoder.v1", "width": 32},
}
NEURONER = {
    "@architectures": WINDOWED,
    "embed": {"@architectures": "spacy_clinner.NeuroNEREmbed.v1", "char_width": 8, "char_nO": 8},
    "encode": {"@architectures": "spacy_clinner.CoupledBiLSTMEncoder.v1", "width": 32, "hidden": 16},
}
RELATIONS = {"@architectures": "spacy_clinner.RelationClassifier.v1", "hidden_width": 16}
TAGGER = {"@architectures": "spacy_clinner.CRFTagger.v1"}
SCHEDULE = {"@schedules": "warmup_linear.v1", "warmup_steps": 2, "initial_rate": 1.0, "total_steps": 1000}


def make_pipeline(steps: int = 25) -> Language:
    """Train it; two taggers, and an extractor for each generator of candidates."""
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "spacy_clinner.ClinicalTokenizer.v1"}}})
    rng = np.random.default_rng(0)
    for word in sorted({token.text.lower() for note in NOTES for token in nlp.make_doc(note)}):
        nlp.vocab.set_vector(word, rng.normal(size=12).astype("f"))
    nlp.add_pipe("clinner_tok2vec", name="tok2vec", config={"model": ENCODER})
    nlp.add_pipe("clinner_crf_tagger", name="ner", config={"model": {**TAGGER, "tok2vec": LISTENER}})
    second = {"spans_key": "second", "set_ents": False, "threshold": 0.3}
    nlp.add_pipe("clinner_crf_tagger", name="second", config={"model": {**TAGGER, "tok2vec": NEURONER}, **second})
    align = {"target": ["b"], "align": "all", "weight_schedule": SCHEDULE}
    nlp.add_pipe("clinner_mmd_alignment", name="align", config={**align, "model": {"tok2vec": LISTENER}})
    for generator, tok2vec in (("within_units", LISTENER), ("within_tokens", SMALL_TOK2VEC), ("in_document", LISTENER)):
        config = {"candidates": {"@misc": f"spacy_clinner.pairs_{generator}.v1"}, "threshold": 0.1}
        config["model"] = {**RELATIONS, "tok2vec": tok2vec}
        nlp.add_pipe("clinner_relation_extractor", name=generator, config=config)
    optimizer = nlp.initialize(lambda: examples(nlp))
    optimizer.learn_rate = 0.02
    for _ in range(steps):
        nlp.update(examples(nlp), sgd=optimizer)
    nlp.add_pipe("clinner_specific_relations").initialize(broader=[("aspirin", "drug")])
    union = {"heads": ["second", "clinner_ents"], "spans_key": "united", "set_ents": False}
    nlp.add_pipe("clinner_entity_union", config=union)
    nlp.add_pipe("clinner_sentencizer", first=True)
    nlp.add_pipe("clinner_context", after="ner")
    return nlp


def examples(nlp: Language) -> list[Example]:
    made = []
    for number, note in enumerate(NOTES):
        gold = nlp.make_doc(note)
        found = [(note.lower().find(words), words, label) for words, label in LEXICON.items()]
        spans = [gold.char_span(at, at + len(words), label=label) for at, words, label in found if at >= 0]
        gold.set_ents(spans)
        pairs = zip(gold.ents, gold.ents[1:], strict=False)
        doses = [relation_of(*pair, "HAS") for pair in pairs if [ent.label_ for ent in pair] == ["DRUG", "DOSE"]]
        write_relations(gold, doses)
        predicted = nlp.make_doc(note)
        for doc in (gold, predicted):
            doc.user_data[DOMAIN_KEY] = "ab"[number % 2]
        made.append(Example(predicted, gold))
    return made


def read(doc: Doc) -> str:
    """All that the components write, comparable after any journey."""
    of, groups = doc.user_data, ("clinner_ents", "second", "united")
    return json.dumps(
        [
            doc.text,
            [sent.start for sent in doc.sents],
            [(ent.start, ent.end, ent.label_, ent._.is_negated) for ent in doc.ents],
            *([(s.start, s.end, s.label_) for s in doc.spans[key]] for key in groups),
            *([round(float(p), 3) for p in doc.spans[key].attrs["scores"]] for key in groups),
            [[*one["head"], *one["child"], one["label"], round(one["probability"], 3)] for one in of[RELATIONS_KEY]],
            [[relation.head.text, relation.child.text, relation.label] for relation in doc._.relations],
            [list(row) for row in of[ASSERTIONS_KEY]],
            [list(row) for row in of[ASSERTION_CUES_KEY]],
        ]
    )


def save(folder: Path) -> Path:
    """Save the pipeline, with notes and what it finds in them."""
    nlp, notes = make_pipeline(), NOTES * 2
    nlp.to_disk(folder)
    (folder / "notes.json").write_text(json.dumps(notes), encoding="utf8")
    (folder / "found.json").write_text(json.dumps([read(doc) for doc in nlp.pipe(notes)]), encoding="utf8")
    return folder
