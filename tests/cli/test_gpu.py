"""`--gpu-id` where there is no GPU, or none that both CuPy and PyTorch can use."""

import pytest
import spacy
from thinc.api import get_current_ops
from thinc.util import gpu_is_available
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.cli._gpu import use_gpu

COMMANDS = {
    "annotate": ["annotate", "model", "note.txt"],
    "evaluate": ["evaluate", "model", "docs.spacy"],
    "evaluate-relations": ["evaluate-relations", "model", "docs.spacy"],
    "table": ["table", "model", "note.txt", "table.csv"],
}


@pytest.mark.skipif(gpu_is_available(), reason="there is a GPU")
@pytest.mark.parametrize("command", COMMANDS)
def test_commands_end_with_one_line(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nlp = spacy.blank("en")
    nlp.to_disk("model")
    (tmp_path / "note.txt").write_text("No fever.", encoding="utf8")
    spacy.tokens.DocBin(docs=[nlp("No fever.")]).to_disk("docs.spacy")
    result = CliRunner().invoke(clinner_cli, [*COMMANDS[command], "--gpu-id", "0"])
    assert result.exit_code == 1
    (line,) = [line for line in result.output.splitlines() if "CE356" in line]
    assert "GPU 0 cannot be used" in line
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("error", [RuntimeError("cudaErrorInvalidDevice: invalid ordinal"), AssertionError("x.")])
def test_what_cupy_and_torch_say_is_told(error, monkeypatch):
    def refuse(*args, **settings):
        raise error

    monkeypatch.setattr("spacy.cli._util.setup_gpu", refuse)
    with pytest.raises(ValueError, match=r"CE356\] GPU 7 cannot be used \((cudaErrorInvalidDevice|x\))"):
        use_gpu(7)


def test_a_torch_without_cuda_is_told_at_once(monkeypatch):
    """CuPy may see a GPU that the installed PyTorch was not built for."""

    def refuse():
        raise AssertionError("Torch not compiled with CUDA enabled")

    monkeypatch.setattr("spacy.cli._util.setup_gpu", lambda *args, **settings: None)
    monkeypatch.setattr("thinc.api.get_torch_default_device", refuse)
    with pytest.raises(ValueError, match="CE356.*not compiled with CUDA"):
        use_gpu(0)
    use_gpu(-1)


def test_the_cpu_stays():
    before = get_current_ops()
    use_gpu(-1, silent=True)
    assert get_current_ops() is before
