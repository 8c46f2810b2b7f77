"""The benchmarks run: on blank pipelines here, so that only what they say is tested, not what they find."""

import gzip
import json
import sys
from functools import partial
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin, Span
from spacy.training import Example

from spacy_clinner.annotations.documents import entities_of
from spacy_clinner.annotations.entity import Entity
from spacy_clinner.assembly.settings import change_settings
from spacy_clinner.scoring.probabilities import read_probabilities

from .toys import tagger, transformer
from .toys.bulk_runs import write_notes
from .toys.calibration import dev_of_relations
from .toys.forked import become_python, run_forked, run_python
from .toys.many_corpora import write_corpora_file
from .toys.relations import examples, make_nlp, train

pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def run(script, *words, output):
    """Run a benchmark; RETURNS its result, and its page."""
    run_forked(partial(begin, BENCHMARKS / script, *words, "--output", output), cwd=output)
    name = script.removesuffix(".py").replace("/", "_")
    page = (output / f"{name}.md").read_text(encoding="utf8")
    return json.loads((output / f"{name}.json").read_text(encoding="utf8")), page


def begin(*words):
    """A benchmark whose fresh processes are forks, too: each would import spaCy and torch for seconds."""
    sys.path.insert(0, str(BENCHMARKS))
    import machine

    machine.in_fresh_process = in_fork
    become_python(*words)


def in_fork(script, *words, settings=None):
    return json.loads(run_python(script, *words, env=settings).stdout.splitlines()[-1])


def test_a_fresh_process(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    from machine import in_fresh_process

    script = tmp_path / "script.py"
    script.write_text(
        "import json, os, sys; print('a line before')\n"
        "print(json.dumps([sys.argv[1:], 'torch' in sys.modules, *map(os.environ.get, ('KEPT', 'GIVEN', 'TAKEN'))]))"
    )
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setenv("TAKEN", "3")
    found = in_fresh_process(str(script), "turns", "0", settings={"GIVEN": "2", "TAKEN": None})
    assert found == [["turns", "0"], False, "1", "2", None]


def test_tagging_speed(tmp_path):
    nlp = spacy.blank("en")
    nlp.to_disk(tmp_path / "ours")
    nlp.to_disk(tmp_path / "ner")
    DocBin(docs=[nlp("Fever and cough.")] * 3).to_disk(tmp_path / "test.spacy")
    command = "run ours --baseline ner --data test.spacy --seconds 0 --processes 1"
    settings = ["--setting", "as the libraries choose", "--setting", "OPENBLAS_CORETYPE=Haswell"]
    result, page = run("tagging_speed.py", *command.split(), *settings, output=tmp_path)
    assert result["words"] == 12 and result["peak_mb"]["ours"] > 10 and len(result["settings"]) == 2
    ratios = [row["model"] / row["baseline"] for row in result["settings"].values()]
    assert [row["ratios"] for row in result["settings"].values()] == [[pytest.approx(ratio)] for ratio in ratios]
    assert result["worst_ratio"] == pytest.approx(min(ratios)) and len(result["lent"]) == 1
    assert 0 < result["parts"]["as the libraries choose"]["tokens"]
    assert "| OPENBLAS_CORETYPE=Haswell | " in page


def test_quality_and_speed(tmp_path):
    nlp = spacy.blank("en")
    nlp.to_disk(tmp_path / "blank")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "other")
    DocBin(docs=[nlp("Fever and cough.")] * 3).to_disk(tmp_path / "test.spacy")
    strict = {"test": {"strict": {"micro": {"f": {"mean": 0.675, "sd": 0.003}}}}}
    table = {"systems": {key: {"title": f"System {key}", "scores": strict} for key in "ab"}}
    (tmp_path / "scores.json").write_text(json.dumps(table))
    systems = ["a=blank", "b=other", "--exported", "a=blank", "--bfloat16", "a=blank"]
    given = [*systems, "--scores", "scores.json", "--data", "test.spacy"]
    result, page = run("quality_and_speed.py", *given, "--seconds", "0", "--processes", "1", output=tmp_path)
    titles = {f"System {name}" for name in ("a", "b", "a, exported", "a, bfloat16")}
    assert {row["title"] for row in result["rows"]} == titles
    assert result["words"] == 12 and all(row["words/s"] > 0 for row in result["rows"])
    assert page.count("| 67.5 ± 0.3 |") == 4 and (tmp_path / "quality_and_speed.png").exists()


def test_onnx_speed(tmp_path):
    nlp = tagger.make_nlp()
    tagger.train(nlp, 40)
    nlp.to_disk(tmp_path / "model")
    tagger.write_data(tmp_path / "test.spacy", nlp)
    command = "run model test.spacy --compare test.spacy --rounds 1 --processes 1 --starts 1"
    result, page = run("onnx_speed.py", *command.split(), output=tmp_path)
    assert result["agreement"]["words"] == 2 * result["words"] == 2 * sum(len(nlp(text)) for text, _ in tagger.TEXTS)
    assert result["agreement"]["documents"] == 10 and result["agreement"]["entities"] == 12
    assert result["agreement"]["others"]["ONNX"] == {"same": 10, "difference": pytest.approx(0, abs=1e-5)}
    for row in result["pipelines"].values():
        assert row["words/s"] > 0 and 0 < row["start"]["loaded"] < row["start"]["first note"] and row["MB"] > 0
    assert list(result["pipelines"]) == ["torch", "ONNX", "ONNX, int8"]
    assert "| torch | " in page and "| ONNX, int8 | 10 of 10 | " in page


def test_onnx_speed_of_a_transformer(tmp_path):
    nlp = transformer.add_transformer(spacy.blank("en"), transformer.save_tiny_transformer(tmp_path / "tiny"))
    tagger.train(nlp, 1)
    nlp.to_disk(tmp_path / "model")
    tagger.write_data(tmp_path / "test.spacy", nlp)
    command = "run model test.spacy --rounds 1 --processes 1 --starts 1"
    result, _ = run("onnx_speed.py", *command.split(), output=tmp_path)
    assert list(result["pipelines"]) == ["torch", "torch, bf16", "ONNX", "ONNX, int8"]
    assert result["agreement"]["others"]["torch, bf16"]["difference"] < 0.1


def test_training_speed(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    nlp.config["initialize"]["vectors"] = None
    nlp.config.to_disk(tmp_path / "ner.cfg")
    doc = nlp.make_doc("Fever and cough.")
    doc.ents = [Span(doc, 0, 1, "PROBLEM")]
    DocBin(docs=[doc] * 3).to_disk(tmp_path / "train.spacy")
    command = "run ner.cfg --baseline ner.cfg --train train.spacy --repeats 1 --epochs 2"
    result, page = run("training_speed.py", *command.split(), output=tmp_path)
    # the same config as its own baseline, so both its processes' epochs
    assert len(result["seconds"]["ner.cfg"]) == 4 and min(result["seconds"]["ner.cfg"]) > 0
    assert "| ner.cfg | " in page


def test_alignment_cost(tmp_path):
    result, page = run("alignment_cost.py", "--words", "50", "--repeats", "1", output=tmp_path)
    steps = result["steps"]
    assert steps["no alignment"]["ratio"] == 1 and all(row["seconds"] > 0 for row in steps.values())
    ratio = steps["defaults"]["seconds"] / steps["no alignment"]["seconds"]
    assert result["targets"]["defaults"] == {"value": ratio, "met": ratio <= 1.25}
    assert "| no alignment |" in page


def test_assertions(tmp_path):
    result, page = run("assertions.py", "--split", "dev", "--notes", "2", output=tmp_path)
    ours, theirs = (result["scores"][rules]["assertions_f"] for rules in ("ready", "medspacy"))
    assert 1 > ours > theirs > 0 and result["versions"]["medspacy"]
    assert f"| all | {sum(result['gold'].values())} |" in page


def test_many_corpora_overlaps(tmp_path):
    nlp = spacy.blank("en")
    texts = {"train": ["Rash began after the second dose.", "No fever was seen by anyone."], "dev": ["He is well."]}
    texts["test"] = ["NO fever was seen by anyone"]
    counts = {"train": {"documents": 2, "annotated": {"X": 3}, "lost": {"X": 1}, "problems": {"overlapping": 1}}}
    for name in ("one", "two"):
        folder = tmp_path / "raw" / name
        folder.mkdir(parents=True)
        for split, notes in texts.items():
            docs = [nlp(note) for note in notes]
            for doc in docs:
                doc.set_ents([Span(doc, 0, 1, "X")])
            DocBin(docs=docs, store_user_data=True).to_disk(folder / f"{split}.spacy")
        (folder / "counts.json").write_text(json.dumps(counts))
    result, page = run("many_corpora_overlaps.py", "raw", "clean", output=tmp_path)
    found = result["corpora"]["two"]
    assert found["train as published"]["documents"] == 2 and found["train"]["documents"] == 1
    assert {other: pair["documents"] for other, pair in found["pairs"].items()} == {"one test": 1, "two test": 1}
    assert len(DocBin().from_disk(tmp_path / "clean" / "two" / "train.spacy")) == 1
    assert (tmp_path / "clean" / "one" / "test.spacy").read_bytes() == (tmp_path / "raw/one/test.spacy").read_bytes()
    assert "| one / two test | 1 | 0 | 7 | 1 | 1 of 1 |" in page


def test_many_heads(tmp_path):
    result, page = run("many_heads.py", "--words", "60", "--repeats", "1", output=tmp_path)
    assert result["target"]["value"] == max(row["ratio"] for row in result["steps"].values())
    assert page.count("| 14 heads, a batch of") == 2


def test_one_tag_space(tmp_path):
    """Two corpora of one type each, and documents with both."""
    corpora = write_corpora_file(tmp_path)
    text = corpora.read_text().replace('"Problem"', '"Disease"').replace('"Drug"', '"Chemical"').replace('"Dose"', '""')
    corpora.write_text(text)
    names = {"PROBLEM": "DiseaseOrPhenotypicFeature", "DRUG": "ChemicalEntity"}
    docs = tagger.references(spacy.blank("en"))
    for doc in docs:
        doc.set_ents([Span(doc, e.start, e.end, label=names[e.label_]) for e in doc.ents if e.label_ in names])
    DocBin(docs=docs).to_disk(tmp_path / "test.spacy")
    shared = ("--corpora", corpora, "--models", tmp_path / "models", "--seed", "0")
    steps = ("--shared-steps", "60", "--single-steps", "40")
    run_forked(partial(begin, BENCHMARKS / "one_tag_space.py", "train", *shared, *steps), cwd=tmp_path)
    measure = ("measure", *shared, "--biored", tmp_path / "test.spacy", "--repeats", "1")
    result, page = run("one_tag_space.py", *measure, output=tmp_path)
    assert [run["steps"] for runs in result["runs"].values() for run in runs] == [[60], [60], [60], [40, 40]]
    for (run_of_system,) in result["runs"].values():
        # what each system has learned by heart, it finds in documents that have both types
        assert run_of_system["test"]["f"] > 0.5 and set(run_of_system["labels"]) >= {"Chemical", "Disease"}
        assert len(run_of_system["test"]["documents"]) == len(docs)
    assert page.count("union of taggers") == 2


def test_relation_cost(tmp_path):
    nlp = make_nlp()
    train(nlp, steps=1)
    nlp.add_pipe("entity_ruler", first=True).add_patterns([{"label": "DRUG", "pattern": "aspirin"}])
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=[pair.y for pair in examples(nlp)], store_user_data=True).to_disk(tmp_path / "docs.spacy")
    result, page = run("relation_cost.py", "model", "docs.spacy", "--repeats", "1", output=tmp_path)
    # four million pairs at once would take gigabytes
    assert set(result["cpu_seconds"]) == {"entity_ruler", "relations"} and result["peak_mb_with_2000_entities"] < 500
    assert "| `relations` |" in page


def test_relation_probabilities(tmp_path):
    nlp = make_nlp(threshold=0.3)
    train(nlp)
    change_settings(nlp, "relations", temperature=3.0)
    for corpus, part in ((corpus, part) for corpus in ("maccrobat", "bc5cdr") for part in ("dev", "test")):
        (tmp_path / "corpus" / corpus).mkdir(parents=True, exist_ok=True)
        docs = dev_of_relations(nlp, n_copies=6 if part == "dev" else 4)
        DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "corpus" / corpus / f"{part}.spacy")
    for folder in ("models/bc5cdr/seed0", "models/maccrobat/seed1"):
        (tmp_path / folder).mkdir(parents=True)
    nlp.to_disk(tmp_path / "models" / "bc5cdr" / "seed0" / "model-best")
    ruler = nlp.add_pipe("entity_ruler", first=True)
    ruler.add_patterns([{"label": "DRUG", "pattern": name} for name in ("aspirin", "codeine")])
    ruler.add_patterns([{"label": "DOSE", "pattern": dose} for dose in ("5 mg", "3 mg")])
    nlp.to_disk(tmp_path / "models" / "maccrobat" / "seed1" / "model-best")
    result, page = run("relation_probabilities.py", "models", "--corpus", "corpus", output=tmp_path)
    for corpus, seed in (("maccrobat", "seed1"), ("bc5cdr", "seed0")):
        found = result["runs"][corpus][seed]
        before, after, fit = found["trained"], found["calibrated"], found["calibration"]["relations"]
        # it knows the notes by heart; in one copy of each nothing belongs together
        assert before["r"] == 1 and before["sureness"]["predicted"]["right"] == before["p"] == 3 / 4
        assert fit["temperature"] > 1.1 and after["threshold"] == fit["threshold"]
        assert [after[measure] for measure in "prf"] == [before[measure] for measure in "prf"]
        assert after["sureness"]["predicted"]["brier"] < before["sureness"]["predicted"]["brier"]
    assert page.count(" | calibrated | ") == 2 and "| BC5CDR, between given concepts (runs: 1) |" in page


def test_spacy_beam(tmp_path):
    nlp = spacy.blank("en")
    ner = nlp.add_pipe("ner")
    docs = [nlp.make_doc(text) for text in ("Fever and cough.", "Cough, then fever.", "No pain.", "Rash or cough.")]
    for doc in docs:
        doc.set_ents([Span(doc, token.i, token.i + 1, "PROBLEM") for token in doc if len(token) > 4])
    optimizer = nlp.initialize(lambda: [Example(nlp.make_doc(doc.text), doc) for doc in docs])
    for _ in range(10):
        nlp.update([Example(nlp.make_doc(doc.text), doc) for doc in docs], sgd=optimizer)
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=docs).to_disk(tmp_path / "test.spacy")
    script = BENCHMARKS / "peers" / "spacy_beam" / "predict.py"
    run_forked(partial(begin, script, "model", "test.spacy", "found.jsonl"), cwd=tmp_path)
    found = read_probabilities(tmp_path / "found.jsonl").predicted
    greedy = [nlp(doc.text) for doc in docs]
    assert list(found.values()) and [set(one) for one in found.values()] == [set(entities_of(doc)) for doc in greedy]
    beams = ner.scored_ents(ner.beam_parse([nlp.make_doc(doc.text) for doc in docs], 16, beam_density=0.0001))
    for probabilities, doc, scores in zip(found.values(), greedy, beams, strict=True):
        for ent in doc.ents:
            entity = Entity(ent.start_char, ent.end_char, ent.label_)
            assert probabilities[entity] == pytest.approx(scores[ent.start, ent.end, ent.label_])
    # a beam of one parse is sure of all that it holds
    run_forked(partial(begin, script, "model", "test.spacy", "one.jsonl", "--width", "1"), cwd=tmp_path)
    one = read_probabilities(tmp_path / "one.jsonl").predicted
    assert {p for of_doc in one.values() for p in of_doc.values()} == {1.0}
    assert 0 < min(p for of_doc in found.values() for p in of_doc.values()) < 1
    tools = ["a beam=found*.jsonl", "one parse=one.jsonl"]
    result, page = run("peer_probabilities.py", "test.spacy", *tools, output=tmp_path)
    (sure,) = result["tools"]["one parse"].values()
    right = sum(len(set(entities_of(doc)) & set(entities_of(gold))) for doc, gold in zip(greedy, docs, strict=True))
    assert sure["p"] == right / sum(map(len, one.values()))
    assert sure["sureness"]["predicted"]["brier"] == pytest.approx(1 - sure["p"])
    assert "| a beam | 1 |" in page


def test_corrupted_models(tmp_path):
    nlp = make_nlp()
    train(nlp, steps=1)
    nlp.add_pipe("entity_ruler", first=True).add_patterns([{"label": "DRUG", "pattern": "aspirin"}])
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=[nlp("Give aspirin.")] * 3).to_disk(tmp_path / "test.spacy")
    files = ["config.cfg", "relations/model", "vocab/lookups.bin"]
    only = [word for file in files for word in ("--only", file)]
    command = ["model", "test.spacy", "--n-notes", "1", *only]
    result, page = run("reliability/corrupted_models.py", *command, output=tmp_path)
    assert result["notes"] == 1 and list(result["files"]) == files
    ours = result["files"]["relations/model"]["damages"]
    assert ours["missing"] == [["coded error", "CE290"]] and ours["6 bit flips"] == [["coded error", "CE291"]] * 6
    assert result["files"]["vocab/lookups.bin"]["damages"]["missing"] == [["same output", ""]]
    assert result["files"]["config.cfg"]["damages"]["empty"][0][0] == "uncoded error"
    assert "| relations/model |" in page


def test_long_notes(tmp_path):
    nlp = make_nlp()
    train(nlp, steps=1)
    nlp.add_pipe("entity_ruler", first=True).add_patterns([{"label": "DRUG", "pattern": "Asacol"}])
    nlp.to_disk(tmp_path / "model")
    command = ["model", "--sizes", "80,800", "--kind", "lines"]
    result, page = run("reliability/long_notes.py", *command, output=tmp_path)
    found = result["kinds"]["lines"]
    rows = found["sizes"]
    assert {size: row["entities"] for size, row in rows.items()} == {"80": 8, "800": 80}
    first, last = (rows[size]["microseconds_per_token"] for size in ("80", "800"))
    assert list(first) == ["tokenizer", *nlp.pipe_names, "all"]
    assert found["ratios"] == {name: last[name] / first[name] for name in first}
    assert "| all |" in page


def test_structure(tmp_path):
    command = ["--tree", f"here={BENCHMARKS.parent}", "--suite", "here=300"]
    result, page = run("structure.py", *command, output=tmp_path)
    figures = result["trees"]["here"]["figures"]
    assert figures["circles of imports"] == 0 and figures["seconds of the test suite"] == 300
    assert figures["files"] > 200 and figures["arrows between files"] > figures["arrows between folders"] > 20
    assert figures["longest project.yml"] < 200
    assert "| spacy_clinner/layers/crf/kernels | " in page


def test_crf_kernels(tmp_path):
    result, page = run("crf_kernels.py", "--repeats", "1", output=tmp_path)
    assert len(result["rows"]) == 10 and sum("ratio" in row for row in result["rows"]) == 4
    assert min(result["startup_wall_seconds"].values()) > 0
    assert "## B: 8 x 400 tokens; 165 tags" in page


def test_killed_trainings(tmp_path):
    result, page = run(
        "killed_trainings.py", "--kills", "1", "--steps", "8", "--only", "ner_hashcnn_crf", output=tmp_path
    )
    (row,) = result["recipes"].values()
    assert row["kills"] >= 1 and row["equal"] == row["trainings"] >= 1 and row["size"] < 3.2
    assert "| hashed CNN, CRF |" in page


def test_bulk(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "SIGN", "pattern": "fever"}])
    nlp.to_disk(tmp_path / "rules")
    notes = write_notes(tmp_path / "notes.jsonl", {f"n{number}": "No fever. " * 60 for number in range(9)})
    result, page = run("poisoned_notes.py", "rules", notes.name, "--rounds", "2", output=tmp_path)
    assert len(result["measured"]) == 6 and "| batches, last |" in page
    # a note that fails by itself is not read again; of a batch that is lost, each document is
    for title, (one, _) in result["measured"].items():
        assert (one["read"] == 0) if title.startswith("note by note") else (one["read"] > 0)
    words = ["rules", notes.name, "--rounds", "1", "--processes", "1"]
    result, page = run("bulk_speed.py", *words, output=tmp_path)
    ((found,),) = result["rounds"].values()
    assert found["run"]["tokens"] == found["bare"]["tokens"] == 9 * 180 and "| 1 |" in page
    result, page = run("killed_runs.py", "rules", notes.name, "--kills", "1", "--shard-mb", "0.001", output=tmp_path)
    found = result["executors"]["processes"]
    assert found["shards"] == 9 and found["equal"] == found["runs"] >= 1 and sum(found["kills"].values()) >= 1
    (tmp_path / "notes.jsonl.gz").write_bytes(gzip.compress(notes.read_bytes()))
    result, page = run("bulk_memory.py", "rules", "notes.jsonl.gz", "--copies", "2", output=tmp_path)
    assert result["counts"]["notes"] == 18 and "18 notes" in page and (tmp_path / "bulk_memory.png").exists()
