"""Writes the demo corpus to a folder: each specialty, all together, a source and a target to adapt to, one note."""

from collections import Counter
from pathlib import Path
from random import Random

import spacy
from spacy.tokens import Doc, DocBin

from ...annotations.keys import DOMAIN_KEY
from ...errors import Errors
from ...files import write_atomically
from ...progress import progress
from ...text.tokenizer import make_clinical_tokenizer
from .corpus import SPLITS, generate_note, generate_split
from .lexicon import LABELS, SPECIALTIES

NOTE, FEW = "note.txt", "target/few.spacy"


def write_corpus(out_dir: Path, sizes: dict[str, int], target: str, few: int, seed: int = 0) -> dict[str, Counter]:
    """Generate and write the corpus; every file is written beside its place and then moved there.

    out_dir (Path): folder for `{specialty}/{split}.spacy`, `{split}.spacy` of all, `source/{split}.spacy` of all but
        the target, `target/{split}.spacy`, `target/few.spacy`, and `note.txt`, a further note of the target.
    sizes (dict[str, int]): notes a specialty of each of `SPLITS`.
    target (str): the specialty to adapt to.
    few (int): the first training notes of the target that `few.spacy` holds.
    seed (int): another seed, another corpus.
    RETURNS (dict[str, Counter]): for each specialty the number of notes, tokens and entities of each label.
    RAISES: CE031 for an unknown specialty, CE344 if a file is in the way that is of no demo corpus.
    """
    if target not in SPECIALTIES:
        raise ValueError(Errors.CE031.format(specialty=target, known=", ".join(SPECIALTIES)))
    is_demo = (out_dir / FEW).exists()
    taken = [name for name in (NOTE, *(f"{split}.spacy" for split in SPLITS)) if (out_dir / name).exists()]
    if taken and not is_demo:
        raise ValueError(Errors.CE344.format(path=out_dir / taken[0], problem="there, and of no demo corpus"))
    nlp = spacy.blank("en")
    nlp.tokenizer = make_clinical_tokenizer()(nlp)
    counts: dict[str, Counter[str]] = {specialty: Counter() for specialty in SPECIALTIES}
    with progress(total=sum(sizes.values()) * len(SPECIALTIES), unit="note", desc="Write") as bar:
        for split in SPLITS:
            docs: dict[str, list[Doc]] = {specialty: [] for specialty in SPECIALTIES}
            for doc in generate_split(split, sizes, nlp, seed):
                specialty = doc.user_data[DOMAIN_KEY]
                docs[specialty].append(doc)
                counts[specialty].update(notes=1, tokens=len(doc))
                counts[specialty].update(ent.label_ for ent in doc.ents)
                bar.update()
            for name, chosen in _files(split, docs, target, few, seed).items():
                content = DocBin(docs=chosen, store_user_data=True).to_bytes()
                write_atomically(out_dir / f"{name}.spacy", content)
    note = generate_note(target, sum(sizes.values()), seed)
    write_atomically(out_dir / NOTE, note.text.encode("utf-8"))
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


def _files(split: str, docs: dict[str, list[Doc]], target: str, few: int, seed: int) -> dict[str, list[Doc]]:
    """The notes of each file of a split, by its path."""
    files = {f"{specialty}/{split}": docs[specialty] for specialty in SPECIALTIES}
    files[f"target/{split}"] = docs[target]
    if split == "train":
        files["target/few"] = docs[target][:few]
    sources = [specialty for specialty in SPECIALTIES if specialty != target]
    for name, specialties in ((split, SPECIALTIES), (f"source/{split}", sources)):
        files[name] = [doc for specialty in specialties for doc in docs[specialty]]
        Random(f"{seed}/{split}").shuffle(files[name])
    return files
