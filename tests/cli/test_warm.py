import re

from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli

from ..toys.tagger import make_nlp, train


def test_warm_tells_what_a_start_costs(tmp_path):
    nlp = make_nlp()
    train(nlp)
    nlp.to_disk(tmp_path / "model")
    result = CliRunner().invoke(clinner_cli, ["warm", str(tmp_path / "model")])
    times = re.search(r"Loaded in ([\d.]+) s; the first note took ([\d.]+) s, the second ([\d.]+) s", result.output)
    assert result.exit_code == 0 and all(float(seconds) >= 0 for seconds in times.groups())


def test_warm_without_a_pipeline():
    result = CliRunner().invoke(clinner_cli, ["warm", "no/such/pipeline"])
    assert result.exit_code == 1 and "E050" in result.output
