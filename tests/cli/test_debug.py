"""`clinner debug`: what the data of a config hold."""

import json

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.vectors import Vectors
from typer.testing import CliRunner

from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.cli import clinner_cli
from spacy_clinner.text.tokenizer import create_clinical_tokenizer

from ..paths import CONFIGS
from ..toys.forked import run_python

SECRET = "Zebrawood"
NOTES = {
    "train": [
        (f"{SECRET} has severe\nchest pain", [(2, 5, "PROBLEM")]),
        ("Give 5 mg aspirin", [(1, 3, "DOSAGE"), (3, 4, "DRUG")]),
        ("No fever", None),
    ],
    "dev": [("Aspirin on Monday", [(0, 1, "DRUG"), (2, 3, "DATE")])],
}


@pytest.fixture
def room(tmp_path):
    nlp = spacy.blank("en")
    nlp.tokenizer = create_clinical_tokenizer(nlp)
    for split, notes in NOTES.items():
        docs = []
        for i, (text, spans) in enumerate(notes):
            doc = nlp.make_doc(text)
            doc.user_data[DOC_ID_KEY] = f"{split}-{i}"
            if spans is not None:
                doc.set_ents([Span(doc, *span) for span in spans])
            docs.append(doc)
        DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / f"{split}.spacy")
    vectors = spacy.blank("en")
    data = np.ones((2, 10), "f")
    vectors.vocab.vectors = Vectors(strings=vectors.vocab.strings, data=data, keys=["Aspirin", "on"], name="toy")
    vectors.to_disk(tmp_path / "vectors")
    return tmp_path


def debug(config, *options):
    result = CliRunner().invoke(clinner_cli, ["debug", str(config), *map(str, options)])
    assert SECRET not in result.output + str(result.exception or "")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def rows(shown):
    """Lines of the tables, their columns joined by one space."""
    return [" ".join(line.split()) for line in shown.splitlines()]


def data(room):
    return "--paths.train", room / "train.spacy", "--paths.dev", room / "dev.spacy"


def test_tables_and_problems(room):
    config = (CONFIGS / "ner_charcnn-bilstm_crf.cfg").read_text().replace("min_tokens = 50", "min_tokens = 0")
    (room / "recipe.cfg").write_text(config)
    code, shown = debug(
        room / "recipe.cfg", *data(room), "--paths.vectors", room / "vectors", "--test", room / "dev.spacy"
    )
    assert code == 0
    lines = rows(shown)
    assert {"train 3 1 11 3 0 0", "dev 1 0 3 2 0 0", "test 1 0 3 2 0 0"} <= set(lines)
    assert {"DRUG 1 1 1 in one document", "DATE 0 1 1 none"} <= set(lines)
    assert {"train corpora.train PROBLEM 1 0 1", "train ner PROBLEM 1 0 1", "dev 66.67 66.67"} <= set(lines)
    told = " ".join(lines)
    assert "Labels of dev that train lacks, so that they cannot be learned: DATE" in told
    assert "train: 1 of 3 documents hold no gold" in told
    assert "train: the windows of corpora.train cut 1 of 3 entities" in told and "windows of ner" not in told


@pytest.mark.slow
def test_in_a_process_of_its_own(room):
    config = CONFIGS / "ner_charcnn-bilstm_crf.cfg"
    done = run_python("-m", "spacy", "clinner", "debug", config, "--paths.train", room / "train.spacy", check=False)
    assert done.returncode == 1 and "CE352" in done.stdout
    assert SECRET not in done.stdout + done.stderr and "Traceback" not in done.stderr


def test_tokens_of_another_tokenizer(room):
    config = (CONFIGS / "ner_charcnn-bilstm_crf.cfg").read_text()
    splitting = config.replace("spacy_clinner.ClinicalTokenizer.v1", "spacy.Tokenizer.v1")
    (room / "recipe.cfg").write_text(splitting)
    doc = Doc(spacy.blank("en").vocab, words=["in", "5m", "g,", "daily"], spaces=[True, False, True, False])
    doc.set_ents([Span(doc, 2, 3, "UNIT")])
    doc.user_data[DOC_ID_KEY] = "letter"
    DocBin(docs=[doc], store_user_data=True).to_disk(room / "other.spacy")
    code, shown = debug(room / "recipe.cfg", "--paths.train", room / "other.spacy", "--paths.dev", room / "dev.spacy")
    assert code == 0 and {"train 1 0 5 1 1 1", "train letter UNIT 5 7"} <= set(rows(shown))


def test_domains_have_their_columns(room):
    source = ["--paths.source", room / "dev.spacy", "--paths.source_dev", room / "train.spacy"]
    code, shown = debug(CONFIGS / "ner_demo_charcnn-bilstm_crf_ladtl.cfg", *data(room), *source)
    assert code == 0 and {"train, source 1 0 3 2 0 0", "train, target 3 1 11 3 0 0"} <= set(rows(shown))
    assert "2 texts of dev are in train" not in shown and "4 texts of dev are in train" in " ".join(rows(shown))


@pytest.mark.parametrize(
    "options, told",
    [
        (["--paths.train", "{room}/train.spacy"], "CE352"),
        (["--paths.train", "{room}/none.spacy", "--paths.dev", "{room}/dev.spacy"], "No such file"),
        (["--paths.train", "{room}/bad.spacy", "--paths.dev", "{room}/dev.spacy"], "CE070"),
        (["--paths.train", "{room}/vectors", "--paths.dev", "{room}/dev.spacy"], "CE353"),
        (["--path.train", "{room}/train.spacy"], "path -> train"),
    ],
)
def test_wrong_input_is_told(room, options, told):
    (room / "bad.spacy").write_text(json.dumps({}))
    code, shown = debug(CONFIGS / "ner_charcnn-bilstm_crf.cfg", *[option.format(room=room) for option in options])
    assert code == 1 and told in shown
