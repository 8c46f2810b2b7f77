"""Predictions of spaCy's `ner` with probabilities from a beam: a baseline for those of a CRF.

    python benchmarks/peers/spacy_beam/predict.py MODEL corpus/maccrobat/test.spacy OUTPUT.jsonl

The entities are those of the greedy parse, as `nlp(text)` finds them. The probability of one is the sum of the scores
of the parses in the beam that hold it, which spaCy normalises over the beam (`EntityRecognizer.scored_ents`); 0 if none
holds it. A report is parsed as a whole, as spaCy does. `python -m spacy clinner evaluate OUTPUT.jsonl TEST.spacy` reads
the output.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from spacy.language import Language

from spacy_clinner.annotations.documents import document_ids, read_docs
from spacy_clinner.files import write_atomically
from spacy_clinner.progress import progress


def predict(nlp: Language, text: str, width: int, density: float) -> dict[str, Any]:
    """Find the entities of a text and their probabilities.

    nlp (Language): The pipeline, with spaCy's "ner".
    text (str): The text.
    width (int), density (float): As for `EntityRecognizer.beam_parse`.
    RETURNS (Dict[str, Any]): "entities" and, in their order, "probabilities".
    """
    ner: Any = nlp.get_pipe("ner")
    # before the greedy parse: entities that a document has are kept by every parse of a beam
    doc = nlp(text, disable=["ner"])
    (scores,) = ner.scored_ents(ner.beam_parse([doc], beam_width=width, beam_density=density))
    doc = ner(doc)
    return {
        "entities": [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents],
        # sums of rounded numbers
        "probabilities": [min(scores.get((ent.start, ent.end, ent.label_), 0.0), 1.0) for ent in doc.ents],
    }


def main(
    model: Annotated[str, typer.Argument(help="Pipeline with spaCy's ner")],
    data: Annotated[Path, typer.Argument(help="Documents, a .spacy file")],
    output: Annotated[Path, typer.Argument(help="A .jsonl file")],
    width: Annotated[int, typer.Option(help="Parses that are kept")] = 16,
    density: Annotated[float, typer.Option(help="Least score of a parse against the best one's")] = 0.0001,
) -> None:
    """Write predictions, and say how many of them no parse of the beam holds."""
    nlp = spacy.load(model)
    docs = read_docs(data)
    found = [predict(nlp, doc.text, width, density) for doc in progress(docs, unit="doc", desc="Predict")]
    lines = [json.dumps({"id": name, **one}) + "\n" for name, one in zip(document_ids(docs), found, strict=True)]
    write_atomically(output, "".join(lines))
    probabilities = [probability for one in found for probability in one["probabilities"]]
    print(f"{len(probabilities)} entities; no parse of the beam holds {probabilities.count(0.0)}")


if __name__ == "__main__":
    typer.run(main)
