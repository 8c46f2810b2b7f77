"""Writes the demo corpus to a folder: a .spacy file a specialty and split, one of all specialties a split, one note."""

import os
from collections import Counter
from pathlib import Path
from random import Random

import spacy
from spacy.tokens import Doc, DocBin
from tqdm import tqdm

from ...pipeline.tokenizer import make_clinical_tokenizer
from .corpus import SPLITS, generate_note, generate_split
from .lexicon import LABELS, SPECIALTIES


def write_corpus(out_dir: Path, sizes: dict[str, int], seed: int = 0) -> dict[str, Counter]:
    """Generate and write the corpus; every file is written beside its place and then moved there.

    out_dir (Path): folder for `{specialty}/{split}.spacy`, `{split}.spacy` and `note.txt`.
    sizes (dict[str, int]): notes a specialty of each of `SPLITS`.
    seed (int): another seed, another corpus.
    RETURNS (dict[str, Counter]): for each specialty the number of notes, tokens and entities of each label.
    """
    nlp = spacy.blank("en")
    nlp.tokenizer = make_clinical_tokenizer()(nlp)
    counts = {specialty: Counter() for specialty in SPECIALTIES}
    with tqdm(total=sum(sizes.values()) * len(SPECIALTIES), unit="note") as progress:
        for split in SPLITS:
            everything: list[Doc] = []
            for specialty in SPECIALTIES:
                docs = []
                for doc in generate_split(split, sizes, nlp, seed, [specialty]):
                    docs.append(doc)
                    counts[specialty].update(notes=1, tokens=len(doc))
                    counts[specialty].update(ent.label_ for ent in doc.ents)
                    progress.update()
                _write(out_dir / specialty / f"{split}.spacy", _docbin(docs))
                everything.extend(docs)
            Random(f"{seed}/{split}").shuffle(everything)
            _write(out_dir / f"{split}.spacy", _docbin(everything))
    # The note after the last one of the corpus, in the specialty that the demo adapts to.
    note = generate_note(SPECIALTIES[-1], sum(sizes.values()), seed)
    _write(out_dir / "note.txt", note.text.encode("utf-8"))
    return counts


def summary_rows(counts: dict[str, Counter]) -> list[tuple[str, ...]]:
    """The table of what was written.

    counts (dict[str, Counter]): what `write_corpus` returns.
    RETURNS (list[tuple[str, ...]]): a header, a row a specialty and a row of sums.
    """
    columns = ("notes", "tokens", *LABELS)
    rows = counts | {"all": sum(counts.values(), Counter())}
    return [
        ("specialty", *columns),
        *((name, *(f"{row[column]:,}" for column in columns)) for name, row in rows.items()),
    ]


def _docbin(docs: list[Doc]) -> bytes:
    return DocBin(docs=docs, store_user_data=True).to_bytes()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".tmp")
    partial.write_bytes(content)
    os.replace(partial, path)
