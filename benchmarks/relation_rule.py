"""The floor for relation extraction: an entity belongs to the nearest one that may be its head.

    python benchmarks/relation_rule.py corpus/maccrobat/train.spacy corpus/maccrobat/test.spacy --label MODIFY
    python benchmarks/relation_rule.py ... --model training/maccrobat/.../model-best   # between predicted entities

Of a line's entities, those of labels that are mostly children in training get one relation, to the nearest entity of a
label that was seen as the head of theirs.
"""

import argparse
from collections import Counter
from pathlib import Path

import spacy
from spacy.tokens import Doc
from spacy.training import Example
from tqdm import tqdm

from spacy_clinner.constants import RELATIONS_KEY
from spacy_clinner.models.windows import window_bounds
from spacy_clinner.reports.tables import percent
from spacy_clinner.scoring.documents import read_docs
from spacy_clinner.scoring.relation_evaluation import evaluate_relations
from spacy_clinner.training.gold_ents_corpus import give_gold_entities


class NearestHead:
    """Which labels are children, and of what."""

    def __init__(self, docs: list[Doc], label: str) -> None:
        self.label = label
        self.pairs: set[tuple[str, str]] = set()
        children, all_entities = Counter(), Counter()
        for doc in docs:
            names = {(ent.start_char, ent.end_char): ent.label_ for ent in doc.ents}
            all_entities.update(names.values())
            linked = [r for r in doc.user_data[RELATIONS_KEY] if r["label"] == label]
            self.pairs.update((names[tuple(r["head"])], names[tuple(r["child"])]) for r in linked)
            children.update(names[child] for child in {tuple(r["child"]) for r in linked})
        self.children = {name for name, count in children.items() if 2 * count > all_entities[name]}

    def __call__(self, doc: Doc) -> None:
        relations = []
        for start, end in window_bounds(doc, unit="lines", max_tokens=max(len(doc), 1)):
            line = doc[start:end].ents
            for child in line:
                heads = [head for head in line if (head.label_, child.label_) in self.pairs and head != child]
                if child.label_ in self.children and heads:
                    head = min(heads, key=lambda head: max(head.start - child.end, child.start - head.end))
                    ends = {"head": [head.start_char, head.end_char], "child": [child.start_char, child.end_char]}
                    relations.append({**ends, "label": self.label})
        doc.user_data[RELATIONS_KEY] = relations


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--label", default="MODIFY")
    parser.add_argument("--model", help="pipeline whose entities are used; default: the gold's")
    args = parser.parse_args()
    rule = NearestHead(read_docs(args.train), args.label)
    nlp = spacy.load(args.model) if args.model else None
    examples = []
    for gold in tqdm(read_docs(args.test), unit="doc"):
        gold.user_data[RELATIONS_KEY] = [r for r in gold.user_data[RELATIONS_KEY] if r["label"] == args.label]
        doc = nlp(gold.text) if nlp else Doc(gold.vocab, [t.text for t in gold], [bool(t.whitespace_) for t in gold])
        if nlp is None:
            give_gold_entities(doc, gold)
        rule(doc)
        examples.append(Example(doc, gold))
    for mode, scores in evaluate_relations(examples).items():
        print(mode, " ".join(f"{name} {percent(value)}" for name, value in scores.averages["micro"]._asdict().items()))


if __name__ == "__main__":
    main()
