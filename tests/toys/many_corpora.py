"""Two corpora of the same sentences: one was annotated for problems, the other for drugs and their doses."""

from pathlib import Path

import spacy
from spacy.tokens import DocBin

from spacy_clinner.annotations.keys import DOC_ID_KEY

from .tagger import references

LABELS = {"problems": ["PROBLEM"], "drugs": ["DRUG", "DOSAGE"]}
SMALL = {
    "training.max_steps": 60,
    "training.eval_frequency": 30,
    "training.optimizer.learn_rate.initial_rate": 0.02,
    "training.dropout": 0.0,
}
CORPORA = """
[corpora.problems]
train = "{folder}/problems.spacy"
dev = "{folder}/problems.spacy"
test = "{folder}/problems.spacy"
labels = {{ PROBLEM = "Problem" }}

[corpora.drugs]
train = "{folder}/drugs.spacy"
dev = "{folder}/drugs.spacy"
test = "{folder}/drugs.spacy"
labels = {{ DRUG = "Drug", DOSAGE = "Dose" }}
"""


def write_corpora(folder: Path) -> None:
    """Write both corpora."""
    nlp = spacy.blank("en")
    for name, labels in LABELS.items():
        docs = references(nlp)
        for number, doc in enumerate(docs):
            doc.set_ents([ent for ent in doc.ents if ent.label_ in labels])
            doc.user_data[DOC_ID_KEY] = f"{name}-{number}"
        DocBin(docs=docs, store_user_data=True).to_disk(folder / f"{name}.spacy")


def write_corpora_file(folder: Path, before: str = "", corpora: str = CORPORA) -> Path:
    """Write the corpora and their file, with other settings in front."""
    write_corpora(folder)
    path = folder / "corpora.toml"
    path.write_text("small = true\n" + before + corpora.format(folder=folder))
    return path
