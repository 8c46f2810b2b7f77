"""What the pages hold: snippets, commands, paths and links; and a folder in which their snippets run."""

import re
import shlex
from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example

from spacy_clinner.transfer.transfer_layers import create_transfer_layers

from ..paths import DOCS, ROOT
from .relations import LISTENER, SMALL_TOK2VEC

PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "benchmarks").rglob("README.md"))]
# The visible way to leave a snippet out: a comment on the line before it, with the reason.
NOT_RUN = re.compile(r"<!-- not run: .+ -->\n\Z")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)
VARIABLE = re.compile(r"^(\w+)=(.*)$", re.MULTILINE)


class Page(NamedTuple):
    """A page, by its path from the root."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf8")

    def blocks(self, *kinds: str) -> list[str]:
        """The snippets of some kinds that are to work, in their order."""
        found = [(match, NOT_RUN.search(self.text[: match.start()])) for match in FENCE.finditer(self.text)]
        return [match[2] for match, left_out in found if match[1] in kinds and not left_out]

    def prose(self) -> str:
        """What stands outside of snippets."""
        return FENCE.sub("", self.text)

    def commands(self) -> Iterator[list[str]]:
        """The commands of its snippets, as words; what follows a choice of recipes, with each of them."""
        recipes: list[dict[str, str]] = [{}]
        found: list[list[str]] = []
        for block in self.blocks("bash", "console"):
            block = block.replace("\\\n", " ")
            variables = {name: shlex.split(value)[0] if value else "" for name, value in VARIABLE.findall(block)}
            if "RECIPE" in variables:
                recipes = [*filter(None, recipes), variables]
            for line, recipe in product(VARIABLE.sub("", block).split("\n"), recipes):
                for name, value in {**variables, **recipe}.items():
                    line = line.replace(f'"${name}"', shlex.quote(value)).replace(f"${{{name}}}", value)
                    line = line.replace(f"${name}", value)
                words = shlex.split(line, comments=True)
                if words and words not in found:
                    found.append(words)
        yield from found

    def mentions(self) -> Iterator[str]:
        """What its prose has in the type of code."""
        for mention in re.findall(r"`([^`]+)`", self.prose()):
            yield " ".join(mention.split())


def gold(nlp: Language, text: str) -> Example:
    """An invented sentence with what the pages' snippets look for."""
    doc = nlp.make_doc(text)
    lexicon = {"fever": "PROBLEM", "asthma": "PROBLEM", "500 mg": "DOSAGE", "5 mg": "DOSAGE"}
    lexicon |= dict.fromkeys(("Metformin", "aspirin", "apixaban"), "DRUG")
    found = [(text.find(words), words, label) for words, label in lexicon.items()]
    doc.set_ents([doc.char_span(at, at + len(words), label=label) for at, words, label in found if at >= 0])
    drug, dose = (next((ent for ent in doc.ents if ent.label_ == label), None) for label in ("DRUG", "DOSAGE"))
    ends = [[drug.start_char, drug.end_char], [dose.start_char, dose.end_char]] if drug and dose else []
    doc.user_data["clinner_relations"] = [{"head": ends[0], "child": ends[1], "label": "DOSAGE"}] if ends else []
    return Example(nlp.make_doc(text), doc)


TEXTS = (
    "Metformin 500 mg twice daily, aspirin stopped.",
    "Denies fever.\nPMH of asthma.",
    "She was given 5 mg of apixaban for atrial fibrillation.",
)


def train_pipeline() -> Language:
    """A tagger and a relation extractor on one encoder, which know a few sentences by heart."""
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "spacy_clinner.ClinicalTokenizer.v1"}}})
    nlp.add_pipe("clinner_tok2vec", name="tok2vec", config={"model": SMALL_TOK2VEC})
    nlp.add_pipe("clinner_crf_tagger", name="ner", config={"model": {"tok2vec": LISTENER}})
    model = {"hidden_width": 16, "tok2vec": LISTENER}
    nlp.add_pipe("clinner_relation_extractor", name="relations", config={"model": model})
    optimizer = nlp.initialize(lambda: map(partial(gold, nlp), TEXTS))
    optimizer.learn_rate = 0.02
    for _ in range(40):
        nlp.update([gold(nlp, text) for text in TEXTS], sgd=optimizer)
    return nlp


def fill_folder(folder: Path) -> None:
    """Write what the snippets read: pipelines, notes, a corpus, a hierarchy."""
    nlp = train_pipeline()
    for name in ("training", "model"):
        (folder / name).mkdir()
    for name in ("training", "model"):
        nlp.to_disk(folder / name / "model-best")
    create_transfer_layers(source=folder / "model" / "model-best", up_to="crf")(nlp)
    for name in ("replay", "target"):
        (folder / "training" / name).mkdir()
        nlp.to_disk(folder / "training" / name / "model-best")
    (folder / "notes").mkdir()
    for number, text in enumerate(TEXTS):
        (folder / "notes" / f"{number}.txt").write_text(text, encoding="utf8")
    (folder / "corpus" / "mesh").mkdir(parents=True)
    (folder / "corpus" / "mesh" / "broader.tsv").write_text("nephrosis\tkidney disease\n", encoding="utf8")
    docs = [gold(nlp, text).reference for text in TEXTS]
    DocBin(docs=docs, store_user_data=True).to_disk(folder / "train.spacy")
