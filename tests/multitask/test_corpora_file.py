import pytest

from spacy_clinner.multitask.check import check_corpora
from spacy_clinner.multitask.corpora_file import read_corpora_file
from spacy_clinner.multitask.heads import HeadPlan, plan_heads
from spacy_clinner.multitask.table import corpora_table, heads_table

from ..toys.many_corpora import CORPORA, write_corpora_file


def heads(tmp_path, before, corpora=CORPORA):
    return plan_heads(read_corpora_file(write_corpora_file(tmp_path, before, corpora)))


def test_one_tag_space(tmp_path):
    assert heads(tmp_path, "") == [
        HeadPlan("ner", "clinner_ents", "", None, ["Problem", "Drug", "Dose"], ["problems", "drugs"])
    ]


def test_heads_by_type(tmp_path):
    by_label = heads(tmp_path, 'join = "types"\n')
    assert [(head.name, head.labels, head.corpora) for head in by_label] == [
        ("ner_problem", ["Problem"], ["problems"]),
        ("ner_drug", ["Drug"], ["drugs"]),
        ("ner_dose", ["Dose"], ["drugs"]),
    ]
    by_type = heads(tmp_path, 'join = "types"\ntypes = { x = ["Problem", "Drug"], y = ["Dose"] }\n')
    assert by_type == [
        HeadPlan("ner_x", "ents_x", "x", None, ["Problem", "Drug"], ["problems", "drugs"]),
        HeadPlan("ner_y", "ents_y", "y", None, ["Dose"], ["drugs"]),
    ]


def test_heads_by_corpus(tmp_path):
    assert [(head.name, head.labels, head.corpora) for head in heads(tmp_path, 'join = "corpora"\n')] == [
        ("ner_problems", ["Problem"], ["problems"]),
        ("ner_drugs", ["Drug", "Dose"], ["drugs"]),
    ]


OWN = CORPORA.replace(
    'labels = {{ DRUG = "Drug", DOSAGE = "Dose" }}',
    'labels = {{ DRUG = "Problem" }}\n[corpora.drugs.own]\nhead = "x"\nlabels = {{ DOSAGE = "Dose" }}',
)


@pytest.mark.parametrize(
    ("before", "changes", "problem"),
    [
        (
            'join = "types+corpora"\ntypes = { x = ["Problem"], x_y = ["Drug", "Dose"] }\n',
            {".problems]": ".y_z]", ".drugs]": ".z]"},
            "type x_y of corpus z.*type x of corpus y_z.*x_y_z",
        ),
        (
            'join = "corpora"\n',
            {".problems]": ".own_x]", '"Dose" }}': '"" }}\nown = {{ head = "x", labels = {{ A = "B" }} }}'},
            "own sense x.*corpus own_x",
        ),
        ('join = "types"\n', {'"Drug"': '"Dose+"', '"Dose"': '"Dose-"'}, "'Dose\\+'.*'Dose-'.*`types`"),
    ],
)
def test_heads_of_one_name(tmp_path, before, changes, problem):
    corpora = CORPORA
    for old, new in changes.items():
        corpora = corpora.replace(old, new)
    with pytest.raises(ValueError, match=f"CE084.*{problem}"):
        heads(tmp_path, before, corpora)


def test_a_sense_of_its_own_has_a_head_of_its_own(tmp_path):
    assert heads(tmp_path, "", OWN) == [
        HeadPlan("ner", "ents_ner", "ner", None, ["Problem"], ["problems", "drugs"]),
        HeadPlan("ner_own_x", "ents_own_x", "own_x", None, ["Dose"], ["drugs"]),
    ]


def test_tables_say_who_teaches_what(tmp_path):
    plan = read_corpora_file(write_corpora_file(tmp_path))
    table = corpora_table(plan, check_corpora(plan)).splitlines()
    assert table[1].split() == ["Corpus", "Documents", "Problem", "Drug", "Dose"]
    assert [line.split() for line in table[3:5]] == [["problems", "5", "3", "-", "-"], ["drugs", "5", "-", "2", "1"]]
    assert "Problem, Drug, Dose" in heads_table(plan)


@pytest.mark.parametrize(
    ("before", "change", "problem"),
    [
        ("jon = 1\n", ("", ""), "jon is no setting"),
        ("", ("[corpora.drugs]", "[corpora.problems]"), "it is no TOML.*problems"),
        ("", ("[corpora.drugs]", '[corpora."a.b"]'), "'a.b' is no name"),
        ("", ('labels = {{ PROBLEM = "Problem" }}', ""), "corpora.problems.labels: none of its labels is learned"),
        ("", ('labels = {{ PROBLEM = "Problem" }}', 'labels = {{ PROBLEM = "" }}'), "none of its labels is learned"),
        ("[sampling]\nweights = { drugs = 1 }\n", ("", ""), "sampling.weights: it must name each of problems, drugs"),
        ("[hierarchy]\nseeds = [1, 1]\n", ("", ""), "hierarchy.seeds: 1 is there twice"),
        ("[hierarchy]\nshare = 0\n", ("", ""), "hierarchy.share: it is a percentage above 0, of at most 100"),
        ("[hierarchy]\nshare = 101\n", ("", ""), "hierarchy.share: it is a percentage"),
        ('[hierarchy]\ntargets = ["drugs", "drugs"]\n', ("", ""), "hierarchy.targets: 'drugs' is there twice"),
        ("[hierarchy.all]\ntraining.max_steps = 9\n", ("", ""), "hierarchy.all.training: no dotted name"),
        ('[hierarchy.type]\n"paths.source_model" = "x"\n', ("", ""), "hierarchy.type.paths.source_model: .* sets"),
        ('types = { a = ["Problem"] }\n', ("", ""), "types: no type has Dose, Drug"),
        ('types = { a = ["Problem", "Drug", "Dose", "X"], b = ["Drug"] }\n', ("", ""), "'Drug' is in two.*label 'X'"),
        ("", ('DRUG = "Drug"', 'DRUG = "Problem", PROBLEM = "Drug"'), None),
    ],
)
def test_mistakes_of_the_file(tmp_path, before, change, problem):
    path = write_corpora_file(tmp_path, before, CORPORA.replace(*change))
    if problem is None:
        read_corpora_file(path)
        return
    with pytest.raises(ValueError, match=f"CE084.*{problem}"):
        read_corpora_file(path)


def test_a_label_in_two_senses(tmp_path):
    with pytest.raises(ValueError, match="CE084.*'Problem' has another sense in each of problems, drugs"):
        read_corpora_file(write_corpora_file(tmp_path, "", OWN.replace('"Dose"', '"Problem"')))
    with pytest.raises(ValueError, match="CE084.*the label 'DOSAGE' is both"):
        read_corpora_file(write_corpora_file(tmp_path, "", OWN.replace('DRUG = "Problem"', 'DOSAGE = "Problem"')))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("drugs.spacy", "gone.spacy"), "corpora.drugs.train: .*gone.spacy cannot be read"),
        (("drugs.spacy", "corpora.toml"), "corpora.drugs.train: .*cannot be read .*CE070"),
        ((', DOSAGE = "Dose"', ""), "corpora.drugs: its train documents have labels of which.*: DOSAGE"),
        (
            ('DRUG = "Drug", DOSAGE = "Dose"', 'DRUG = "", DOSAGE = "", X = "X"'),
            "corpora.drugs: its train documents have no entity of a label that is learned",
        ),
        (('DRUG = "Drug"', 'DRUG = "Drug", X = "X"'), "the label 'X' of problems, drugs is in no training document"),
    ],
)
def test_mistakes_that_the_documents_show(tmp_path, change, problem):
    plan = read_corpora_file(write_corpora_file(tmp_path, "", CORPORA.replace(*change)))
    with pytest.raises(ValueError, match=f"CE084.*{problem}"):
        check_corpora(plan)


def unseen(tmp_path, name="else", file="problems", labels='PROBLEM = "Problem"'):
    """Both corpora, and one that nobody learns from."""
    entry = f'\n[unseen.{name}]\ntest = "{{folder}}/{file}.spacy"\nlabels = {{{{ {labels} }}}}\n'
    return read_corpora_file(write_corpora_file(tmp_path, "", CORPORA + entry))


def test_a_corpus_that_nobody_learns_from(tmp_path):
    plan = unseen(tmp_path)
    assert list(plan.corpora) == ["problems", "drugs"] and plan.unseen["else"].annotated == ["Problem"]
    assert check_corpora(plan)["else", "test"].entities == {"PROBLEM": 3}


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"name": "drugs"}, "unseen.drugs: a corpus of this name teaches"),
        ({"name": '"a.b"'}, "'a.b' is no name"),
        ({"labels": 'PROBLEM = ""'}, "unseen.else.labels: none of its labels is tested"),
        ({"labels": 'PROBLEM = "X"'}, "unseen.else.labels: no corpus teaches X"),
        ({"labels": 'X = "Problem"'}, "unseen.else: its test documents have labels of which.*: PROBLEM"),
        ({"file": "gone"}, "unseen.else.test: .*gone.spacy cannot be read"),
    ],
)
def test_mistakes_about_a_corpus_that_nobody_learns_from(tmp_path, settings, problem):
    with pytest.raises(ValueError, match=f"CE084.*{problem}"):
        check_corpora(unseen(tmp_path, **settings))


def test_two_labels_of_a_corpus_may_become_one(tmp_path):
    merged = CORPORA.replace('DOSAGE = "Dose"', 'DOSAGE = "Drug"')
    plan = read_corpora_file(write_corpora_file(tmp_path, "", merged))
    assert corpora_table(plan, check_corpora(plan)).splitlines()[4].split() == ["drugs", "5", "-", "3"]


def test_heads_by_corpus_above_layers_of_their_types(tmp_path):
    before = 'join = "types+corpora"\ntypes = { y = ["Dose"], x = ["Problem", "Drug"] }\n'
    assert heads(tmp_path, before) == [
        HeadPlan("ner_x_problems", "ents_x_problems", "x_problems", "x", ["Problem"], ["problems"]),
        HeadPlan("ner_x_drugs", "ents_x_drugs", "x_drugs", "x", ["Drug"], ["drugs"]),
        HeadPlan("ner_y_drugs", "ents_y_drugs", "y_drugs", "y", ["Dose"], ["drugs"]),
    ]
    with pytest.raises(ValueError, match="CE084.*hashcnn has no layers"):
        heads(tmp_path, f'encoder = "hashcnn"\n{before}')
