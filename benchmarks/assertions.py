"""How well ConText's rules find the assertions of the demo corpus: `python benchmarks/assertions.py`.

The rules run over gold entities, so that nothing but the rules is measured. The corpus has no "uncertain": what is
suspected or to be excluded is "hypothetical" there, so both count as that. Writes
benchmarks/results/assertions.{json,md}.
"""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from publishing import origin, publish
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_clinner.annotations.keys import ASSERTIONS_KEY
from spacy_clinner.corpora.demo import generate_split
from spacy_clinner.provenance import provenance
from spacy_clinner.scoring.assertions import assertion_score

ROOT = Path(__file__).parents[1]
RULES = {"medspacy": "medspaCy's rules", "ready": "and this package's"}
ASSERTIONS = ("negated", "historical", "family", "hypothetical")


def make_nlp(rules: str) -> Language:
    """A pipeline of nothing but sentences and assertions."""
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "spacy_clinner.ClinicalTokenizer.v1"}}})
    nlp.add_pipe("clinner_sentencizer")
    nlp.add_pipe("clinner_context", config={"rules": rules, "entity_labels": ["PROBLEM", "TREATMENT"]})
    return nlp


def predict(nlp: Language, reference: Doc) -> Doc:
    """The pipeline's assertions of the gold entities, in the corpus' own names."""
    doc = nlp.make_doc(reference.text)
    doc.set_ents([doc.char_span(ent.start_char, ent.end_char, label=ent.label_) for ent in reference.ents])
    doc = nlp(doc)
    rows = {(*span, "hypothetical" if what == "uncertain" else what) for *span, what in doc.user_data[ASSERTIONS_KEY]}
    doc.user_data[ASSERTIONS_KEY] = [list(row) for row in sorted(rows)]
    return doc


def measure(split: str, sizes: dict[str, int]) -> dict[str, dict[str, Any]]:
    """Scores by set of rules.

    split (str): "train", "dev" or "test".
    sizes (Dict[str, int]): Notes of each split a specialty.
    RETURNS (Dict[str, Dict[str, Any]]): What `assertion_score` returns.
    """
    scores = {}
    for rules in RULES:
        nlp = make_nlp(rules)
        references = generate_split(split, sizes, nlp)
        scores[rules] = assertion_score([Example(predict(nlp, reference), reference) for reference in references])
    return scores


def to_markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The table."""
    lines = [
        "# Assertions of the demo corpus by ConText's rules",
        "",
        f"{origin(result)}.",
        f"Gold entities of the {result['split']} notes ({result['notes']} a specialty); precision / recall / F1.",
        "",
        f"| assertion | gold | {' | '.join(RULES.values())} |",
        "| --- | --: | --: | --: |",
    ]
    for name in ASSERTIONS:
        rows = [scores["assertions_per_type"][name] for scores in result["scores"].values()]
        lines.append(f"| {name} | {result['gold'][name]} | {' | '.join(_cell(row) for row in rows)} |")
    rows = [{key: scores[f"assertions_{key}"] for key in "prf"} for scores in result["scores"].values()]
    lines.append(f"| all | {sum(result['gold'].values())} | {' | '.join(_cell(row) for row in rows)} |")
    return "\n".join(lines) + "\n"


def _cell(row: dict[str, float]) -> str:
    return " / ".join(f"{100 * row[key]:.1f}" for key in "prf")


def main(
    split: Annotated[str, typer.Option(help="train, dev or test")] = "test",
    notes: Annotated[int, typer.Option(min=1, help="Dev and test notes a specialty; train notes: four times")] = 15,
    output: Annotated[Path, typer.Option(help="Folder of the results")] = ROOT / "benchmarks" / "results",
) -> None:
    """Score the rules on a split of the demo corpus."""
    sizes = {"train": 4 * notes, "dev": notes, "test": notes}
    result = {**provenance(), "split": split, "notes": sizes[split]}
    result["versions"]["medspacy"] = version("medspacy")
    references = generate_split(split, sizes, make_nlp("medspacy"))
    gold = [what for doc in references for *_, what in doc.user_data[ASSERTIONS_KEY]]
    result["gold"] = {name: gold.count(name) for name in ASSERTIONS}
    result["scores"] = measure(split, sizes)
    page = to_markdown(result)
    publish(output, "assertions", result, page)


if __name__ == "__main__":
    typer.run(main)
