import json
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.strings import get_string_id
from spacy.tokens import Doc
from spacy.training.initialize import convert_vectors
from spacy.vectors import Mode, Vectors
from spacy.vocab import Vocab
from typer.testing import CliRunner

from spacy_clinner.cli import clinner_cli
from spacy_clinner.corpora.importing import blank_pipeline, write_docbin
from spacy_clinner.models.word_embed import build_vectors_embed
from spacy_clinner.unlabelled.joined import WordRows, join_tables
from spacy_clinner.unlabelled.texts import UnlabelledNote
from spacy_clinner.unlabelled.vectors_report import cover
from spacy_clinner.unlabelled.words import WordCounts, tokenized_lines

from ..toys.families import FAMILIES, save_family
from ..toys.transformer import save_tiny_transformer

TINY = ["--dim", "8", "--buckets", "50", "--epochs", "2", "--min-words", "10"]
NAME = "zweistein"


def run(*words):
    return CliRunner().invoke(clinner_cli, ["vectors", *map(str, words)])


def make(notes, output, *words):
    result = run(notes, output, *TINY, *words)
    assert result.exit_code == 0, result.output
    return spacy.load(output), result.output


def keyed(words, data):
    nlp = spacy.blank("en")
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=np.asarray(data, dtype="f"), keys=words)
    for word in words:
        nlp.vocab.strings.add(word)
    return nlp


@pytest.fixture
def beside(tmp_path):
    keyed(["fever", "rare", "IgA"], np.arange(1, 7).reshape(3, 2)).to_disk(tmp_path / "beside")
    return tmp_path / "beside"


@pytest.fixture
def task(tmp_path):
    nlp = blank_pipeline("en", "clinical")
    doc = nlp("Fever and Metformin, no unheardof fever. Mr Zweistein.")
    doc.set_ents([doc.char_span(0, 5, "Sign"), doc.char_span(10, 19, "Drug"), doc.char_span(44, 53, "Drug")])
    write_docbin([doc], tmp_path / "task.spacy")
    return tmp_path / "task.spacy"


def test_tokens_are_lines_of_lower_case():
    counts = WordCounts()
    notes = [UnlabelledNote("a", "Fever,  fever!\n \nNO cough"), UnlabelledNote("b", "No fever")]
    lines = list(tokenized_lines(notes, blank_pipeline("en", "clinical").tokenizer, counts))
    assert lines == ["fever , fever !\n", "no cough\n", "no fever\n"]
    assert counts.tokens == 8 and counts.words["fever"] == 2 and counts.words["no"] == 2 and counts.forms["NO"] == 1


def test_words_are_common_by_notes_not_by_repetition():
    counts = WordCounts()
    notes = [UnlabelledNote(str(i), "fever " + (NAME + " ") * 99 * (i < 4)) for i in range(5)]
    list(tokenized_lines(notes, blank_pipeline("en", "clinical").tokenizer, counts))
    assert counts.common_words == ["fever"] == counts.common_forms


def test_floret_alone_is_the_same_every_time_and_keeps_no_word(notes, tmp_path):
    nlp, said = make(notes, tmp_path / "a")
    again, _ = make(notes, tmp_path / "b")
    vectors = nlp.vocab.vectors
    assert vectors.mode == Mode.floret and vectors.shape == (50, 8)
    assert (vectors.data == again.vocab.vectors.data).all() and vectors.data.any()
    # a word never seen has a vector, and case tells nothing
    doc = Doc(nlp.vocab, words=["Fever", "fever", "unheardof"])
    model = build_vectors_embed(4)
    model.initialize(X=[doc])
    (rows,) = model.predict([doc])
    assert (rows[0] == rows[1]).all() and rows[2].any()
    written = b"".join(path.read_bytes() for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert b"metformin" not in written.lower()
    assert "60 of 60 notes" in said


def test_the_settings_of_published_vectors_are_the_defaults(notes, tmp_path):
    import floret

    tokenizer = blank_pipeline("es", "clinical").tokenizer
    texts = [UnlabelledNote("", json.loads(line)["text"]) for line in notes.read_text().splitlines()]
    (tmp_path / "corpus.txt").write_text("".join(tokenized_lines(texts, tokenizer, WordCounts())))
    settings = {
        "dim": 100,
        "minn": 3,
        "maxn": 6,
        "bucket": 50000,
        "hashCount": 2,
        "epoch": 8,
        "minCount": 3,
        "thread": 1,
    }
    model = floret.train_unsupervised(
        str(tmp_path / "corpus.txt"), model="skipgram", mode="floret", verbose=0, **settings
    )
    model.save_floret_vectors(str(tmp_path / "es.floret"))
    published = spacy.blank("es")
    convert_vectors(published, tmp_path / "es.floret", truncate=0, prune=-1, mode="floret", attr="LOWER")
    published.to_disk(tmp_path / "published")
    assert run(notes, tmp_path / "made", "--lang", "es").exit_code == 0
    for name in ("vectors", "vectors.cfg", "key2row"):
        made, wanted = (tmp_path / folder / "vocab" / name for folder in ("made", "published"))
        assert made.read_bytes() == wanted.read_bytes()


@pytest.mark.parametrize("static", [False, True])
def test_two_tables_side_by_side(notes, beside, tmp_path, static):
    words = ["--static", save_tiny_transformer(tmp_path / "bert")] if static else []
    nlp, _ = make(notes, tmp_path / "out", "--beside", beside, *words)
    vectors = spacy.load(tmp_path / "out").vocab.vectors
    assert vectors.mode == Mode.default and vectors.shape[1] == 2 + 8

    def row(word):
        return vectors[word]

    # both, in any case, by the word as it is written
    assert row("fever")[:2].tolist() == [1, 2] and row("fever")[2:].any()
    assert (row("fever") == row("Fever")).all() and (row("fever") == row("FEVER")).all()
    # only in the notes: zeros beside
    assert not row("COPD")[:2].any() and row("COPD")[2:].any() and (row("COPD") == row("copd")).all()
    # only beside: floret can compute the rest, a transformer's table cannot
    assert row("IgA")[:2].tolist() == [5, 6] and row("IgA")[2:].any() != static
    # as long as one another
    lengths = np.linalg.norm(vectors.data[:, :2], axis=1), np.linalg.norm(vectors.data[:, 2:], axis=1)
    assert np.isclose(*(length[length > 0].mean() for length in lengths), rtol=1e-4)
    for word in (NAME, "Zweistein", "59"):
        assert nlp.vocab.strings[word] not in vectors and word not in nlp.vocab.strings


def test_vectors_of_a_transformer_alone(notes, tmp_path):
    folder = save_tiny_transformer(tmp_path / "bert")
    nlp, _ = make(notes, tmp_path / "out", "--static", folder)
    vectors = nlp.vocab.vectors
    assert (
        vectors.shape[1] == 8 and {"metformin", "Metformin"} <= set(nlp.vocab.strings) and NAME not in nlp.vocab.strings
    )
    again, _ = make(notes, tmp_path / "again", "--static", folder)
    assert np.allclose(vectors.data, again.vocab.vectors.data, atol=1e-5)
    # the axes hold as much as possible of what the transformer makes of each word alone
    assert (np.diff(vectors.data.var(0)) <= 1e-6).all()


def test_a_word_of_the_transformer_is_what_it_makes_of_the_word_alone(tmp_path):
    import torch
    from transformers import AutoModel, AutoTokenizer

    from spacy_clinner.unlabelled.static import distil_words

    folder = save_tiny_transformer(tmp_path / "bert")
    words = ["fever", "no", "metformin", "a", "copd", "cough"]
    rows = distil_words(folder, words, 5)
    encoder, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        alone = [encoder(**tokenizer(word, return_tensors="pt")).last_hidden_state[0].mean(0).numpy() for word in words]
    alone = np.stack(alone) - np.mean(alone, axis=0)
    # five axes hold all that six words can differ in
    assert np.allclose(rows @ rows.T, alone @ alone.T, atol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_word_of_any_length_is_distilled(family, tmp_path):
    """Of a word of more pieces than are read, the first tell; one of none is as like one other as the next."""
    from spacy_clinner.unlabelled.static import distil_words

    folder = Path(save_family(family, tmp_path / "trf"))
    words = ["fever", "no", "a" * 2500, "a" * 3000, "copd", "\u200b"]
    rows = distil_words(folder, words, 3)
    assert np.isfinite(rows).all()
    np.testing.assert_allclose(rows[2], rows[3], atol=1e-5)
    assert len(np.unique(rows.round(3), axis=0)) == 5


def test_a_word_without_pieces_lies_in_the_middle(tmp_path):
    from tokenizers.processors import TemplateProcessing
    from transformers import BertTokenizerFast, PreTrainedTokenizerFast

    from spacy_clinner.unlabelled.static import distil_words

    folder = Path(save_tiny_transformer(tmp_path / "bert"))
    backend = BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=False).backend_tokenizer
    backend.post_processor = TemplateProcessing(single="$A", special_tokens=[])
    bare = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]", pad_token="[PAD]", model_max_length=512)
    bare.save_pretrained(folder)
    rows = distil_words(folder, ["fever", "no", "\u200b", "copd"], 2)
    np.testing.assert_allclose(rows[2], 0, atol=1e-5)
    np.testing.assert_allclose(rows[[0, 1, 3]], distil_words(folder, ["fever", "no", "copd"], 2), atol=1e-5)
    for alike in (["\u200b", "\u200d"], ["\u4e00", "\u4e01"]):
        with pytest.raises(ValueError, match="CE460.*bert"):
            distil_words(folder, alike, 2)


def test_rows_are_shared_by_spellings_and_an_own_one_comes_first():
    nlp = keyed(["aids", "AIDS"], [[1.0, 0.0], [0.0, 1.0]])
    strings = spacy.blank("en").vocab.strings
    vectors = join_tables(["aids"], [WordRows(nlp.vocab.vectors, nlp.vocab.strings)], strings)
    assert vectors["aids"].tolist() == vectors["Aids"].tolist() == [1, 0] and vectors["AIDS"].tolist() == [0, 1]
    assert len(vectors.data) == 2


@pytest.mark.parametrize("attr", ["ORTH", "NORM", "LOWER"])
def test_a_table_of_ngrams_beside_is_looked_up_as_it_says(attr):
    data = np.random.default_rng(0).normal(size=(20, 2)).astype("f")
    strings = spacy.blank("en").vocab.strings
    beside = Vectors(strings=strings, data=data, mode="floret", minn=3, maxn=4, hash_count=2, attr=attr)
    vectors = join_tables(["fever"], [WordRows(beside, strings)], strings)
    for word in ("fever", "Fever", "FEVER"):
        np.testing.assert_array_equal(vectors[word], beside[word if attr == "ORTH" else "fever"])


def test_a_key_of_which_the_word_is_not_known_is_left_out():
    nlp = keyed(["fever"], [[1.0, 2.0]])
    beside = Vectors(data=np.ones((2, 2), dtype="f"), keys=[nlp.vocab.strings["fever"], 12345678901234567])
    vectors = join_tables(["cough"], [WordRows(beside, nlp.vocab.strings)], spacy.blank("en").vocab.strings)
    assert set(vectors.key2row) == {get_string_id(word) for word in ("fever", "Fever", "FEVER")}


def test_cover_counts_words_as_the_model_looks_them_up():
    nlp = keyed(["fever"], [[1.0]])
    # documents of a file have a vocabulary without a language
    docs = [Doc(Vocab(), words=["fever", "Fever", "no", "no", "\n"])]
    assert cover(nlp.vocab.vectors, docs) == (1 / 4, 1 / 3)
    lower = Vectors(strings=nlp.vocab.strings, data=np.ones((1, 1), dtype="f"), keys=["fever"], attr="LOWER")
    assert cover(lower, docs) == (2 / 4, 1 / 2)


def test_the_report_shows_cover_and_neighbours_but_no_rare_word(notes, beside, task, tmp_path):
    _, said = make(notes, tmp_path / "out", "--beside", beside, "--task", task)
    report = (tmp_path / "out.md").read_text()
    assert report in said
    # ten different words, eleven in all: beside "fever" alone, then all but unheardof, Mr and Zweistein
    assert "| the task's different words with one, % | 10.0 | 70.0 |" in report
    assert "| the task's words with one, % | 9.1 | 72.7 |" in report
    assert "| fever | 60 |" in report and "| metformin | 60 |" in report
    assert NAME not in report.lower()
    # nor if it is asked for
    make(notes, tmp_path / "other", "--words", "COPD, Zweistein")
    report = (tmp_path / "other.md").read_text()
    assert "| COPD | 60 |" in report and NAME not in report.split("`")[0].lower()


def test_what_is_wrong_is_told(notes, beside, tmp_path):
    out = tmp_path / "out"
    few = tmp_path / "few.txt"
    few.write_text("one two three four")
    (tmp_path / "nothing").mkdir()
    spacy.blank("en").to_disk(tmp_path / "blank")
    keyed(["fever", "cough"], np.zeros((2, 2))).to_disk(tmp_path / "zeros")
    bert = save_tiny_transformer(tmp_path / "bert")
    for words, code in [
        ([few, out], "CE423"),
        ([few, out, "--min-words", "1"], "CE424"),
        ([notes, out, *TINY, "--static", tmp_path / "nothing"], "CE425"),
        ([notes, out, "--static", bert, "--min-words", "1"], "CE426"),
        ([few, out, "--min-count", "1", "--min-words", "1", "--beside", beside], "CE427"),
        ([notes, out, *TINY, "--beside", tmp_path / "nothing"], "CE428.*is no pipeline"),
        ([notes, out, *TINY, "--beside", tmp_path / "blank"], "CE428.*has no vectors of words, or only zeros"),
        ([notes, out, *TINY, "--beside", tmp_path / "zeros"], "CE428.*has no vectors of words, or only zeros"),
        ([notes, tmp_path, *TINY], "CE058"),
    ]:
        result = run(*words)
        assert result.exit_code == 1 and isinstance(result.exception, SystemExit), (words, result.output)
        assert code.split(".*")[-1] in result.output.replace("\n", " ") and code[:5] in result.output, result.output
    (tmp_path / "out.md").write_text("mine")
    assert run(notes, out, *TINY).exit_code == 2 and (tmp_path / "out.md").read_text() == "mine"
    assert not out.exists()


def test_the_current_folder_has_a_name(notes, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    result = run(notes, ".", *TINY)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "here" / "config.cfg").exists() and (tmp_path / "here.md").exists()
