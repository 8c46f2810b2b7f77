"""One model, one file: the score of its training and that of `clinner evaluate` are the same, whichever the tokens."""

import json
import warnings

import pytest
import spacy
from spacy.cli._util import parse_config_overrides
from spacy.cli.train import train
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli

from ...paths import CONFIGS

CONFIG = CONFIGS / "ner_hashcnn_crf.cfg"
NAMES = {"clinical": "spacy_clinner.ClinicalTokenizer.v1", "file": "spacy_clinner.WhitespaceTokenizer.v1"}
# The file's tokens are not those of any tokenizer here: "500mg/d", "x-ray(chest)", "pain;fever".
SENTENCES = [
    [("Took", "O"), ("aspirin", "B-DRUG"), ("500mg/d", "B-DOSE"), (".", "O")],
    [("The", "O"), ("x-ray(chest)", "B-TEST"), ("showed", "O"), ("nothing.", "O")],
    [("Has", "O"), ("pain;fever", "B-PROBLEM"), ("and", "O"), ("severe", "B-PROBLEM"), ("cough", "I-PROBLEM")],
    [("Metformin", "B-DRUG"), ("850mg/d", "B-DOSE"), ("for", "O"), ("diabetes(type", "B-PROBLEM"), ("2)", "I-PROBLEM")],
    [("An", "O"), ("MRI(head)", "B-TEST"), ("is", "O"), ("planned", "O"), (";he", "O"), ("agrees", "O")],
]
DEV = SENTENCES[1:] + SENTENCES[:2]


def run(*args):
    result = CliRunner().invoke(clinner_cli, [*map(str, args)])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A folder with a model and its data for each tokenizer: CLINICAL/, FILE/."""
    room = tmp_path_factory.mktemp("columns")
    for name, part in (("train", SENTENCES), ("dev", DEV)):
        lines = ("".join(f"{word}\t{tag}\n" for word, tag in sentence) for sentence in part)
        (room / f"{name}.tsv").write_text("\n".join(lines))
    for tokenizer, registered in NAMES.items():
        folder = room / tokenizer
        for name in ("train", "dev"):
            options = ("--format", "iob2", "--tokenizer", tokenizer, "--n-sents", 2)
            output = run("convert", room / f"{name}.tsv", folder / f"{name}.spacy", *options)
        setting = json.dumps({"@tokenizers": registered})
        assert (f"--nlp.tokenizer '{setting}'" in output) == (tokenizer == "file")
        arguments = ["--nlp.tokenizer", setting, "--training.max_steps", "30", "--training.eval_frequency", "30"]
        arguments += ["--paths.train", str(folder / "train.spacy"), "--paths.dev", str(folder / "dev.spacy")]
        arguments += ["--training.optimizer.learn_rate.warmup_steps", "1"]
        train(CONFIG, folder, overrides=parse_config_overrides(arguments))
    return room


@pytest.mark.parametrize("tokenizer", NAMES)
def test_training_and_evaluation_give_one_score(room, tokenizer):
    folder = room / tokenizer
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run("evaluate", folder / "model-last", folder / "dev.spacy", "-o", folder / "dev.json", "--bootstrap", 0)
    assert not [warning for warning in caught if "CW310" in str(warning.message)]
    micro = json.loads((folder / "dev.json").read_text())["modes"]["strict"]["micro"]
    meta = json.loads((folder / "model-last" / "meta.json").read_text())
    scores = meta["performance"]
    assert 0 < micro["f"] == pytest.approx(scores["ents_f"])
    assert (micro["p"], micro["r"]) == pytest.approx((scores["ents_p"], scores["ents_r"]))


@pytest.mark.parametrize("tokenizer", NAMES)
def test_the_saved_pipeline_tells_and_makes_its_tokens(room, tokenizer):
    nlp = spacy.load(room / tokenizer / "model-last")
    assert nlp.config["nlp"]["tokenizer"] == {"@tokenizers": NAMES[tokenizer]}
    words = [token.text for token in nlp("Took 500mg/d")]
    assert words == (["Took", "500mg/d"] if tokenizer == "file" else ["Took", "500", "mg", "/", "d"])


def test_other_tokens_than_the_pipelines_are_warned_of(room):
    words = sum(len(sentence) for sentence in DEV)
    expected = rf"in 3 of 3 documents: \d+ tokens by {NAMES['clinical']}, {words} in the data. 0 of 10 gold entities"
    with pytest.warns(UserWarning, match=f"CW310.*{expected}"):
        run("evaluate", room / "clinical" / "model-last", room / "file" / "dev.spacy", "--bootstrap", 0)
    with pytest.warns(UserWarning, match=rf"CW310.*{words} tokens by {NAMES['file']}"):
        run("evaluate", room / "file" / "model-last", room / "clinical" / "dev.spacy", "--bootstrap", 0)
