import json

import pytest


@pytest.fixture
def notes(tmp_path):
    """Sixty invented notes; one of them names somebody, twenty times."""
    lines = []
    for i in range(60):
        drug, sign = ("Metformin", "fever")[:: 1 - 2 * (i % 2)]
        text = (
            f"Note {i}. The patient has {sign} and takes {drug} daily.\nNo COPD, {drug.lower()} was given for {sign}."
        )
        lines.append({"id": str(i), "text": text + (" Mr Zweistein." * 20 if i == 7 else "")})
    path = tmp_path / "notes.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path
