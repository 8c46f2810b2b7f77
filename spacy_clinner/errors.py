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
    CE060 = "`gold_from` is {value!r}: use 'ents' (gold in doc.ents) or 'spans' (gold in doc.spans[spans_key])."
    CE061 = (
        "Document {doc!r}: the predicted text differs from the reference's, so that character offsets cannot be "
        "compared. Make the predicted document from the reference's own text (or its words and spaces)."
    )

    # CE1xx: shapes. 100-119 the CRF, 120-139 encoders
    pass

    # CE2xx: the contract of components and training


class Warnings(metaclass=_Coded):
    # same ranges as the errors, CW instead of CE
    pass
