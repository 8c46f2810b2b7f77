import json
import warnings

from typer.testing import CliRunner

from spacy_clinner.annotations.documents import read_docs
from spacy_clinner.annotations.keys import DOMAIN_KEY, LABELS_KEY
from spacy_clinner.cli import clinner_cli

from ..toys import tagger
from ..toys.many_corpora import write_corpora_file


def run(*arguments):
    return CliRunner().invoke(clinner_cli, ["map-corpora", *map(str, arguments)])


def test_documents_have_the_models_labels_and_say_what_was_annotated(tmp_path):
    path, out = write_corpora_file(tmp_path), tmp_path / "out"
    result = run(path, out)
    assert result.exit_code == 0, result.output
    assert sorted(str(file.relative_to(out)) for file in out.rglob("*.spacy")) == [
        f"{name}/{part}.spacy" for name in ("drugs", "problems") for part in ("dev", "test", "train")
    ]
    docs, before = read_docs(out / "drugs" / "test.spacy"), read_docs(tmp_path / "drugs.spacy")
    assert {ent.label_ for doc in docs for ent in doc.ents} == {"Drug", "Dose"}
    assert [[ent.text for ent in doc.ents] for doc in docs] == [[ent.text for ent in doc.ents] for doc in before]
    assert {doc.user_data[DOMAIN_KEY] for doc in docs} == {"drugs"}
    # a file gives lists back as tuples
    assert all(list(doc.user_data[LABELS_KEY]) == ["Drug", "Dose"] for doc in docs)


def test_nothing_is_overwritten_unless_that_is_wished(tmp_path):
    path, out = write_corpora_file(tmp_path), tmp_path / "out"
    assert run(path, out).exit_code == 0
    result = run(path, out)
    assert result.exit_code == 2 and "--force" in result.output
    assert run(path, out, "--force").exit_code == 0


def test_a_corpus_is_never_replaced_by_what_is_made_of_it(tmp_path):
    (tmp_path / "problems").mkdir()
    path = write_corpora_file(tmp_path)
    (tmp_path / "problems.spacy").rename(tmp_path / "problems" / "train.spacy")
    path.write_text(path.read_text().replace(f"{tmp_path}/problems.spacy", f"{tmp_path}/problems/train.spacy"))
    before = (tmp_path / "problems" / "train.spacy").read_bytes()
    result = run(path, tmp_path, "--force")
    assert result.exit_code == 1 and "CE344" in result.output
    assert (tmp_path / "problems" / "train.spacy").read_bytes() == before


def test_evaluate_judges_a_model_by_what_was_annotated(tmp_path):
    nlp = tagger.make_nlp()
    tagger.train(nlp)
    nlp.to_disk(tmp_path / "model")
    path = write_corpora_file(tmp_path)
    for label, name in (("PROBLEM", "Problem"), ("DRUG", "Drug"), ("DOSAGE", "Dose")):
        path.write_text(path.read_text().replace(f'{label} = "{name}"', f'{label} = "{label}"'))
    assert run(path, tmp_path / "out").exit_code == 0
    scores = tmp_path / "scores.json"
    arguments = ["evaluate", tmp_path / "model", tmp_path / "out" / "drugs" / "test.spacy", "--output", scores]
    with warnings.catch_warnings():
        # that it also knows problems is no news
        warnings.simplefilter("error", UserWarning)
        result = CliRunner().invoke(clinner_cli, [*map(str, arguments), "--bootstrap", "0"])
    assert result.exit_code == 0, result.output
    strict = json.loads(scores.read_text())["modes"]["strict"]
    assert set(strict["per_label"]) == {"DRUG", "DOSAGE"}
