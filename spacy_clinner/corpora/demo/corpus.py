"""The demo corpus: notes by seed, their `Doc`s, and the splits of a small multi-specialty corpus."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from random import Random

from spacy.language import Language
from spacy.tokens import Doc

from ...annotations.keys import ASSERTIONS_KEY, DOC_ID_KEY, DOMAIN_KEY, RELATIONS_KEY
from ...errors import Errors
from .lexicon import SPECIALTIES
from .note import Note, write_note

SPLITS = ("train", "dev", "test")


def generate_note(specialty: str, index: int, seed: int = 0) -> Note:
    """Write the note of a given number; it depends on nothing but the three arguments.

    specialty (str): one of `SPECIALTIES`.
    index (int): number of the note, from 0.
    seed (int): another seed, another corpus.
    RETURNS (Note): text with offsets.
    RAISES: CE031 for an unknown specialty.
    """
    # A generator seeded with text is the same in every Python: it is seeded with the text's SHA-512.
    return write_note(specialty, f"{specialty}-{index:04}", Random(f"{seed}/{specialty}/{index}"))


def note_to_doc(note: Note, nlp: Language) -> Doc:
    """Tokenise a note and annotate it.

    note (Note): what `generate_note` returns.
    nlp (Language): its tokenizer is used; `spacy_clinner.ClinicalTokenizer.v1` splits what notes glue.
    RETURNS (Doc): with `ents` and, in `user_data`, domain, id, assertions and relations as plain data.
    RAISES: CE034 for an entity that does not align with tokens.
    """
    doc = nlp.make_doc(note.text)
    spans = []
    for start, end, label in note.entities:
        span = doc.char_span(start, end, label=label)
        if span is None:
            raise ValueError(Errors.CE034.format(doc=note.doc_id, start=start, end=end, label=label))
        spans.append(span)
    doc.ents = spans
    doc.user_data[DOMAIN_KEY] = note.domain
    doc.user_data[DOC_ID_KEY] = note.doc_id
    doc.user_data[ASSERTIONS_KEY] = note.assertions
    doc.user_data[RELATIONS_KEY] = note.relations
    return doc


def generate_split(
    split: str, sizes: dict[str, int], nlp: Language, seed: int = 0, specialties: Iterable[str] = SPECIALTIES
) -> Iterator[Doc]:
    """Write the notes of one split, specialty after specialty.

    split (str): one of `SPLITS`.
    sizes (dict[str, int]): notes a specialty of each split. Test notes have the first numbers, then dev, then train:
        more training notes leave the others as they are.
    nlp (Language): see `note_to_doc`.
    seed (int): another seed, another corpus.
    specialties (Iterable[str]): those to write.
    YIELDS (Doc): annotated notes.
    """
    first = sum(sizes[earlier] for earlier in SPLITS[SPLITS.index(split) + 1 :])
    for specialty in specialties:
        for index in range(first, first + sizes[split]):
            yield note_to_doc(generate_note(specialty, index, seed), nlp)


def digest(docs: Iterable[Doc]) -> str:
    """SHA-256 over texts and annotations, to tell whether two corpora are the same.

    docs (Iterable[Doc]): notes of the demo corpus.
    RETURNS (str): hexadecimal digits.
    """
    total = hashlib.sha256()
    for doc in docs:
        ents = [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
        record = [doc.text, ents, *(doc.user_data[key] for key in (DOC_ID_KEY, ASSERTIONS_KEY, RELATIONS_KEY))]
        total.update(json.dumps(record).encode())
    return total.hexdigest()
