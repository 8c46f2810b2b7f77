"""Small files of every format that is read, and what may become of their bytes: by accident, or by design."""

import json
import random
import re

TEXT = "Rash after aspirin\t5 mg.\r\nNo fèver 🙂, given ibuprofen 200 mg p.o. daily.\n\nIL-2 was stopped."
ANN = """\
T1\tEffect 0 4\tRash
T2\tDrug 11 18\taspirin
T3\tDosage 19 23\t5 mg
T4\tEffect 0 4;30 35\tRash fèver
E1\tEffect:T1 Cause:T2
R1\tHAS Arg1:T3 Arg2:T2\t
*\tSAME T1 T4
A1\tNegated T4 yes
N1\tReference T2 RxNorm:1191\taspirin
#1\tAnnotatorNotes T1\tprobability 0.912
"""
COLUMNS = """\
-DOCSTART- (case 7)

Rash\tO\tB-Effect
after\tO\tO
low\tO\tB-Drug
dose\tO\tI-Drug
aspirin\tO\tI-Drug

# newdoc id = case-8
IL-2\tX\tS-Drug
5\tX\tB-Dosage
mg\tX\tE-Dosage

"""
PUBTATOR = """\
101|t|Rash after aspirin.
101|a|One patient had a fèver.
101\t0\t4\tRash\tDisease\tD005076
101\t11\t18\taspirin\tChemical\tD001241|D000001
101\t38\t43\tfèver\tDisease\t-1
101\tCID\tD001241\tD005076

102|t|No drug.
102|a|
102\t3\t7\tdrug\tChemical\tC1\tdrug
"""
ENTRIES = """\
m="ibuprofen" 2:4 2:4||do="200 mg" 2:5 2:6||mo="p.o." 2:7 2:7||f="daily." 2:8 2:8||du="nm"||r="fèver" 2:1 2:1||ln="list"
m="aspirin" 1:2 1:2||do="5 mg. ... 200 mg" 1:3 1:4, 2:5 2:6||mo="nm"||f="nm"||du="nm"||r="rash" 1:0 1:0||ln="narrative"
"""
EVENT = {
    "event_type": "Adverse_event",
    "Effect": {"text": [["Rash", "fèver"]], "start": [[0, 30]]},
    "Treatment": {
        "Drug": {"text": [["aspirin"]], "start": [[11]]},
        "Dosage": {"text": [["5 mg"]], "start": [[19]]},
        "Combination": [{"Drug": {"text": [["ibuprofen"]], "start": [[45]]}}],
    },
}
PHEE = [{"id": f"7_{n}", "context": TEXT, "annotations": [{"events": [EVENT] * n}]} for n in (0, 1)]
SPANS = [{"start": 0, "end": 4, "label": "Effect"}, {"start": 11, "end": 18, "label": "Drug"}]
TOKENS = [{"start": 0, "end": 4, "id": 0}, {"start": 11, "end": 18, "id": 1}]
RELATION = {"head": 1, "child": 0, "label": "CAUSES", "child_span": SPANS[0]}
PRODIGY = [
    {"text": TEXT, "meta": {"doc_id": "a"}, "tokens": TOKENS, "spans": SPANS, "relations": [RELATION]},
    {"text": "Cough.", "id": 7, "spans": [], "answer": "accept", "_view_id": "ner"},
    {"text": "Cough.", "answer": "reject"},
]
DOCCANO = [
    {"id": 7, "text": TEXT, "label": [[0, 4, "Effect"], [31, 36, "Effect"]]},
    {
        "doc_id": "b",
        "text": TEXT,
        "entities": [{"id": n, "label": "Drug", "start_offset": 4 * n, "end_offset": 4 * n + 3} for n in (1, 2)],
        "relations": [{"id": 3, "from_id": 2, "to_id": 1, "type": "HAS"}],
    },
]
REGIONS = [
    {"id": "x", "type": "labels", "value": {"start": 11, "end": 18, "text": "aspirin", "labels": ["Drug", "Name"]}},
    {"id": "y", "type": "labels", "value": {"start": 0, "end": 4, "labels": ["Effect"]}},
    {"type": "relation", "from_id": "x", "to_id": "y", "direction": "right", "labels": ["CAUSES"]},
    {"id": "z", "type": "choices", "value": {}},
]
LABEL_STUDIO = [
    {"data": {"text": TEXT, "doc_id": "a"}, "annotations": [{"result": REGIONS, "ground_truth": True}]},
    {"id": 8, "data": {"text": "Cough."}, "annotations": [{"result": [], "was_cancelled": True}]},
    {"id": 9, "data": {"text": "Cough."}},
]


def _lines(records) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


# of each format: the files of a small corpus
SEEDS = {
    "brat": {"a.txt": TEXT.encode(), "a.ann": ANN.encode(), "b.txt": b"Cough.\n"},
    "iob": {"notes.tsv": COLUMNS.encode()},
    "bioes": {"notes.conll": COLUMNS.replace("\t", " ").encode()},
    "pubtator": {"notes.PubTator.txt": PUBTATOR.encode()},
    "phee": {"train.json": _lines(PHEE)},
    "i2b2-2009": {"a": TEXT.encode(), "a.i2b2.entries": ENTRIES.encode(), "b.txt": b"Cough."},
    "prodigy": {"notes.jsonl": _lines(PRODIGY)},
    "doccano": {"notes.jsonl": _lines(DOCCANO)},
    "label-studio": {"notes.json": json.dumps(LABEL_STUDIO).encode()},
    "notes": {"a.txt": TEXT.encode(), "b.jsonl": _lines({"id": n, "text": TEXT} for n in ("x", 2))},
}

_HUGE = b"9" * 4400
# deeper than Python parses; for JSON only, as the tokenizer's time grows with the square of a word of brackets
_DEEP = b"[" * 2000
# what breaks parsers: numbers that no offset is, halves of characters, marks, what ends lines for some, brackets
ODD = [
    *(b"0", b"-1", b"1e400", b"NaN", b"2.5", b"9223372036854775808", b"99999999999999999999", _HUGE, "٣".encode()),
    *(b"\xed\xa0\x80", b"\\ud800", b'"\\ud800"', b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b'"\\u0000"'),
    *(b"\t", b"\n", b"\r", b"\r\n", b"\n\n", b"\v", "\x85\u2028\xa0".encode(), b" ", b"  ", "e\u0301🙂".encode()),
    *(b"null", b"true", b'""', b"[]", b"{}", b"[[", b"}", b'"', b"\\", b"|", b"||", b";", b":", b"-DOCSTART-", b"#"),
    *(b"T1", b"B-", b"O", b"nm", b"|t|", b'"x"', b'[{"a":[]}]'),
]
# a number, a quoted text, a word, a sign
_TOKEN = re.compile(rb'-?\d+|"(?:[^"\\]|\\.)*"|\w+|[^\w\s]')
_PIECES = {"token": _TOKEN, "line": re.compile(rb"[^\n]*\n?")}
# changes of tokens reach furthest
KINDS = ["flip", "delete", "insert", "line", "cut", "token", "token", "token"]


def _replace(data: bytes, start: int, end: int, piece: bytes) -> bytes:
    return data[:start] + piece + data[end:]


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    """The bytes of a file with one or two changes: more, and nearly all are refused at the first line."""
    odd = [*ODD, _DEEP] if data[:1] in b"[{" else ODD
    for kind in rng.choices(KINDS, k=rng.randint(1, 2)):
        at = rng.randint(0, len(data))
        if kind == "flip" and at < len(data):
            data = _replace(data, at, at + 1, bytes([data[at] ^ rng.randint(1, 255)]))
        elif kind == "delete":
            data = _replace(data, at, at + rng.randint(1, 20), b"")
        elif kind == "insert":
            data = _replace(data, at, at, rng.choice([*odd, rng.randbytes(rng.randint(1, 6))]))
        elif kind == "cut":
            data = rng.choice([data[:at], data[at:]])
        elif pieces := [found.span() for found in _PIECES.get(kind, _TOKEN).finditer(data)]:
            (start, end), other = rng.choice(pieces), slice(*rng.choice(pieces))
            # another piece in its place, or twice the same
            others = [data[other], data[start:end] * 2, *(odd if kind == "token" else [b""])]
            data = _replace(data, start, end, rng.choice(others))
    return data


def mutate_files(files: dict[str, bytes], number: int) -> dict[str, bytes]:
    """The files of a corpus, one or two of them changed; a number makes the same changes in every run."""
    rng = random.Random(number)
    names = {rng.choice(sorted(files)) for _ in range(2)}
    return {name: mutate_bytes(data, rng) if name in names else data for name, data in files.items()}
