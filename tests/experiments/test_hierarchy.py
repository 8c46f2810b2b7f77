import json

import pytest
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab
from typer.testing import CliRunner

from spacy_clinner.annotations.documents import document_ids, read_docs
from spacy_clinner.cli import clinner_cli
from spacy_clinner.configs import read_config
from spacy_clinner.experiments.hierarchy import ALL, CHOSEN, FINETUNE, SINGLE, TARGET, TYPE, Hierarchy, run_hierarchy
from spacy_clinner.ledger import only_run
from spacy_clinner.multitask.corpora_file import read_corpora_file

from ..toys.many_corpora import CORPORA, write_corpora_file

STAGES = [SINGLE, ALL, TYPE, FINETUNE, TARGET]
SETTINGS = "".join(
    f'[hierarchy.{stage}]\n"training.max_steps" = {steps}\n"training.eval_frequency" = {steps}\n'
    '"training.optimizer.learn_rate" = 0.02\n'
    for stage, steps in [("single", 2), ("all", 30), ("type", 4), ("finetune", 4), ("target", 4)]
)
# a third corpus, of the first one's type
THIRD = CORPORA + '\n[corpora.more]\ntrain = "{folder}/problems.spacy"\ndev = "{folder}/problems.spacy"\n'
THIRD += 'labels = {{ PROBLEM = "Problem" }}\n'


@pytest.fixture
def hierarchy(tmp_path):
    path = write_corpora_file(tmp_path, "", THIRD)
    path.write_text(path.read_text() + "[hierarchy]\nseeds = [0]\n" + SETTINGS)
    return Hierarchy(read_corpora_file(path), tmp_path / "out")


def test_targets_are_corpora_with_a_test_set_and_relatives_share_a_type(hierarchy):
    assert hierarchy.targets == ["problems", "drugs"]
    related = hierarchy.related("problems").corpora
    assert list(related) == ["problems", "more"] and related["problems"].annotated == ["Problem"]
    assert list(hierarchy.related("drugs").corpora) == ["drugs"]


def test_stages_start_from_one_another(hierarchy):
    on_all, of_type = hierarchy.shared("problems", 0)
    assert of_type.of.start is on_all.of and of_type.of.config != on_all.of.config
    # drugs has no relatives: what would be two trainings is one
    on_all, of_type = hierarchy.shared("drugs", 0)
    assert of_type.identity == on_all.identity and of_type.keys["method"] == TYPE
    alone, replayed = hierarchy.own("drugs", 0, on_all.of)
    assert alone.identity == replayed.identity
    alone, replayed = hierarchy.own("problems", 0, on_all.of)
    assert alone.identity != replayed.identity
    config = read_config(replayed.of.config)
    assert config["training"]["batcher"]["target"] == ["problems"] and list(config["corpora"]["dev"]["domains"]) == [
        "problems"
    ]
    assert config["training"]["score_weights"]["ents_f"] == 1.0


def test_targets_learn_from_a_share_of_their_documents_in_every_stage(hierarchy):
    assert hierarchy.with_share() is hierarchy
    path = hierarchy.corpora.path
    path.write_text(path.read_text().replace("seeds = [0]", 'seeds = [0]\ntargets = ["problems"]\nshare = 40'))
    few = Hierarchy(read_corpora_file(path), hierarchy.output).with_share()
    whole, half = (read_docs(one.corpora.corpora["problems"].train) for one in (hierarchy, few))
    assert len(half) == 2 and set(document_ids(half)) < set(document_ids(whole))
    # what the stages are chosen and tested on stays whole, and so do the other corpora
    for part, file in hierarchy.corpora.corpora["problems"].parts.items():
        assert (few.corpora.corpora["problems"].parts[part] == file) is (part != "train")
    assert few.corpora.corpora["more"] == hierarchy.corpora.corpora["more"]
    single, (on_all, of_type) = few.single("problems", 0), few.shared("problems", 0)
    for test in (single, on_all, of_type, *few.own("problems", 0, of_type.of)):
        assert few.corpora.corpora["problems"].train.name in test.of.config.read_text()


def test_senses_of_their_own_are_learned_by_the_corpora_that_have_them(tmp_path):
    """Two corpora share a type, and each has a label in a sense of its own; the third one has another type."""
    text = CORPORA.replace('PROBLEM = "Problem"', 'PROBLEM = "Drug"').replace(', DOSAGE = "Dose"', "")
    for name in ("problems", "drugs"):
        text += f'\n[corpora.{name}.own]\nlabels = {{{{ SIGN = "Sign-{name}" }}}}\n'
    text += THIRD[len(CORPORA) :]
    path = write_corpora_file(tmp_path, 'types = { one = ["Drug"], other = ["Problem"] }\n', text)
    hierarchy = Hierarchy(read_corpora_file(path), tmp_path / "out")
    tests = [hierarchy.shared(target, 0)[1] for target in hierarchy.targets]
    for test in tests:
        trained = read_config(test.of.config)["components"].values()
        assert set(test.heads) <= {block.get("spans_key") for block in trained} and len(test.heads) == 2
    assert len({test.of.identity for test in tests}) == 2


def test_dev_chooses_what_is_kept_for_each_corpus_and_a_stopped_run_goes_on(hierarchy):
    records, unseen = run_hierarchy(hierarchy)
    assert unseen == []
    assert len(records) == 2 * (len(STAGES) + 1)
    for target in hierarchy.targets:
        own = {record["keys"]["method"]: record for record in records if record["keys"]["target"] == target}
        assert set(own) == {*STAGES, CHOSEN}
        best = max((own[stage] for stage in STAGES), key=lambda record: record["dev"])
        assert own[CHOSEN]["dev"] == best["dev"] and own[CHOSEN]["test"] == best["test"]
        assert own[CHOSEN]["keys"]["kept"] == best["keys"]["method"]
        # two steps from nothing teach nothing, thirty with the others something
        assert own[SINGLE]["dev"] < own[CHOSEN]["dev"]
    results = hierarchy.output / "results.jsonl"
    lines = results.read_text()
    assert run_hierarchy(hierarchy).records == records and results.read_text() == lines


def test_command_reports_what_each_stage_was_worth(hierarchy, tmp_path):
    # other sentences than those of training, which would be left out there
    lines = hierarchy.corpora.path.read_text().splitlines()
    for name, word in (("problems", "fever"), ("drugs", "aspirin")):
        label = {"problems": "PROBLEM", "drugs": "DRUG"}[name]
        doc = Doc(Vocab(), words=f"We saw {word} again on the second day of this week".split())
        doc.set_ents([Span(doc, 2, 3, label)])
        DocBin(docs=[doc]).to_disk(tmp_path / f"{name}-test.spacy")
        lines = [line.replace(f"{name}.spacy", f"{name}-test.spacy") if line[:4] != "trai" else line for line in lines]
    doc = Doc(Vocab(), words="No sign of any fever was found by the other ward".split())
    doc.set_ents([Span(doc, 4, 5, "FINDING"), Span(doc, 9, 10, "PLACE")])
    DocBin(docs=[doc]).to_disk(tmp_path / "unseen.spacy")
    lines += [f'[unseen.else]\ntest = "{tmp_path}/unseen.spacy"\nlabels = {{ FINDING = "Problem", PLACE = "" }}']
    hierarchy.corpora.path.write_text("\n".join(lines))
    arguments = ["hierarchy", str(hierarchy.corpora.path), "--output", str(hierarchy.output)]
    result = CliRunner().invoke(clinner_cli, arguments)
    assert result.exit_code == 0, result.output
    page = (hierarchy.output / "corpora.md").read_text()
    assert "| many corpora → problems |" in page and f"kept as {CHOSEN}" in page
    # drugs shares its type with nobody
    for stage, earlier in ((TYPE, ALL), (TARGET, FINETUNE)):
        assert f"Of drugs, *{stage}* is no training of its own: it is *{earlier}*." in page
    assert page.count("no training of its own") == 2
    found = json.loads((hierarchy.output / "corpora.json").read_text())
    assert {run["method"] for run in found["runs"]} == {*STAGES, CHOSEN}
    assert (hierarchy.output / "corpora.png").stat().st_size
    # a tagger of drugs is asked for no problems
    page = (hierarchy.output / "corpora_unseen.md").read_text()
    assert "| problems → else |" in page and "| drugs → else |" not in page
    found = json.loads((hierarchy.output / "corpora_unseen.json").read_text())
    assert [run["method"] for run in found["runs"]] == [*STAGES, CHOSEN]
    assert {run["test"]["n_entities"] for run in found["runs"]} == {1}
    chosen = next(run for run in found["runs"] if run["method"] == CHOSEN)
    assert chosen["test"] == next(run for run in found["runs"] if run["method"] == chosen["kept"])["test"]


def test_a_second_run_changes_nothing_of_the_first(hierarchy):
    with only_run(hierarchy.output):
        arguments = ["hierarchy", str(hierarchy.corpora.path), "--output", str(hierarchy.output)]
        result = CliRunner().invoke(clinner_cli, arguments)
        assert result.exit_code == 1 and "CE372" in result.output
        assert [path.name for path in hierarchy.output.iterdir()] == [".lock"]


def test_many_types_make_no_long_names(tmp_path):
    labels = ", ".join(f'X{number} = "A-rather-long-label-{number}"' for number in range(40))
    path = write_corpora_file(
        tmp_path, "", THIRD.replace('PROBLEM = "Problem" }}', f'PROBLEM = "Problem", {labels} }}}}')
    )
    hierarchy = Hierarchy(read_corpora_file(path), tmp_path / "out")
    assert hierarchy.shared("problems", 0)[1].of.config.exists()


@pytest.mark.parametrize(("old", "problem"), [("test = ", "no corpus has a test set"), ("seeds = [0]", "seeds: there")])
def test_nothing_to_report(tmp_path, old, problem):
    path = write_corpora_file(tmp_path, "", CORPORA + "[hierarchy]\nseeds = [0]\n")
    path.write_text(path.read_text().replace(old, {"test = ": "# "}.get(old, "seeds = []")))
    result = CliRunner().invoke(clinner_cli, ["hierarchy", str(path), "--output", str(tmp_path / "out")])
    assert result.exit_code == 1 and "CE084" in result.output and not (tmp_path / "out").exists()
    assert problem in " ".join(result.output.split())


def test_a_target_without_a_test_set(tmp_path):
    path = write_corpora_file(tmp_path, '[hierarchy]\ntargets = ["more"]\n', THIRD)
    with pytest.raises(ValueError, match="CE084.*hierarchy.targets: 'more' is no corpus with a test set"):
        read_corpora_file(path)
