"""Every error and warning of the package, each with a code.

A message says what is wrong with this value, the likely cause, and the setting or command that mends it.
It quotes document ids, offsets and labels; it never quotes a note. Use: `raise ValueError(Errors.CE001.format(...))`.
"""


class _Coded(type):
    """Prefix every message with its own name, so that a reader can look the code up."""

    def __getattribute__(cls, name: str) -> str:
        value = super().__getattribute__(name)
        return f"[{name}] {value}" if name.startswith(("CE", "CW")) else value


class Errors(metaclass=_Coded):
    # CE0xx: data and configuration. 001-029 corpora, 030-039 the demo corpus, 040-049 tokenizer, 060-079 scoring
    CE030 = (
        "Demo corpus: {part!r} in the template or term {template!r} cannot be read: a bracket without its partner, an "
        "unknown assertion or a misspelt slot. The language is described in docs/demo_corpus.md."
    )
    CE031 = "There is no demo specialty {specialty!r}. Known: {known}."
    CE032 = (
        "Demo corpus: the slot {slot!r} of the template {template!r} has no words. Add a list or group of that name to "
        "the specialty's lexicon, or mend the template."
    )
    CE033 = (
        "Demo corpus: the slot {slot!r} of the template {template!r} belongs to no drug. Put {{DRUG}} before it, or "
        "write {{>{slot}}} for a field of the drug after it."
    )
    CE034 = (
        "Demo corpus: the entity {label} at {start}-{end} of note {doc!r} does not start and end with tokens. Likely a "
        "term that the clinical tokenizer splits otherwise: put a space there in the lexicon."
    )
    CE060 = "`gold_from` is {value!r}: use 'ents' (gold in doc.ents) or 'spans' (gold in doc.spans[spans_key])."
    CE061 = (
        "Document {doc!r}: the predicted text differs from the reference's, so that character offsets cannot be "
        "compared. Make the predicted document from the reference's own text (or its words and spaces)."
    )

    # CE1xx: shapes. 100-119 the CRF, 120-139 encoders
    CE120 = (
        "Windows of sentences are asked for (`unit = \"sentences\"`), but a document has no sentence boundaries. Put a "
        "sentencizer before the encoder, in training too (`annotating_components`), or set `unit = \"lines\"`."
    )
    CE121 = (
        "The pipeline's vocabulary holds no word vectors, but its encoder reads them. Load the pipeline with its own "
        "vocabulary (no `exclude=[\"vocab\"]`), or in training set `initialize.vectors` to what "
        "`python -m spacy init vectors` has made."
    )
    CE122 = (
        "The vocabulary's word vectors have width {found}, the encoder was trained with width {wanted}. Set "
        "`initialize.vectors` (or the vocabulary you load) to the vectors of the training."
    )
    pass

    # CE2xx: the contract of components and training


class Warnings(metaclass=_Coded):
    # same ranges as the errors, CW instead of CE
    pass
