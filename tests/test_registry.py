"""What configs may name: the entry points, the decorated functions and this list are one."""

import ast
import inspect
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import spacy

import spacy_clinner
from spacy_clinner.pipeline.context.context import Context

NAMES = {
    "spacy_factories": {
        "clinner_context",
        "clinner_crf_tagger",
        "clinner_entity_union",
        "clinner_mmd_alignment",
        "clinner_relation_extractor",
        "clinner_sentencizer",
        "clinner_specific_relations",
        "clinner_tok2vec",
    },
    "spacy_architectures": {
        "spacy_clinner.BiLSTMEncoder.v1",
        "spacy_clinner.CRFTagger.v1",
        "spacy_clinner.CasingEmbed.v1",
        "spacy_clinner.CharCNNEmbed.v1",
        "spacy_clinner.CharLSTMEmbed.v1",
        "spacy_clinner.ConcatEmbed.v1",
        "spacy_clinner.CoupledBiLSTMEncoder.v1",
        "spacy_clinner.MMDAlignment.v1",
        "spacy_clinner.NeuroNEREmbed.v1",
        "spacy_clinner.RelationClassifier.v1",
        "spacy_clinner.TaggerEnsemble.v1",
        "spacy_clinner.Tok2VecTransformer.v1",
        "spacy_clinner.TransformerModel.v1",
        "spacy_clinner.VectorsEmbed.v1",
        "spacy_clinner.LayersListener.v1",
        "spacy_clinner.OfDomains.v1",
        "spacy_clinner.OnnxLayers.v1",
        "spacy_clinner.OnnxTransformer.v1",
        "spacy_clinner.WindowedTok2Vec.v1",
    },
    "spacy_tokenizers": {"spacy_clinner.ClinicalTokenizer.v1", "spacy_clinner.WhitespaceTokenizer.v1"},
    "spacy_scorers": {
        "spacy_clinner.assertion_scorer.v1",
        "spacy_clinner.ner_scorer.v1",
        "spacy_clinner.relation_scorer.v1",
    },
    "spacy_misc": {
        "spacy_clinner.eval_frequency.v1",
        "spacy_clinner.layer_rates.v1",
        "spacy_clinner.pairs_in_document.v1",
        "spacy_clinner.pairs_within_tokens.v1",
        "spacy_clinner.pairs_within_units.v1",
    },
    "spacy_batchers": {"spacy_clinner.batch_by_corpus.v1", "spacy_clinner.batch_by_domain.v1"},
    "spacy_readers": {
        "spacy_clinner.DomainCorpus.v1",
        "spacy_clinner.GoldEntsCorpus.v1",
        "spacy_clinner.WindowCorpus.v1",
        "spacy_clinner.broader_concepts.v1",
    },
    "spacy_callbacks": {
        "spacy_clinner.calibrate.v1",
        "spacy_clinner.drop_components.v1",
        "spacy_clinner.drop_labels.v1",
        "spacy_clinner.relink.v1",
        "spacy_clinner.transfer_layers.v1",
    },
    "thinc_schedules": {"spacy_clinner.warmup_linear.v1"},
    "spacy_span_getters": {"spacy_clinner.window_spans.v1"},
    "spacy_cli": {"clinner"},
}


def own_entry_points(group: str):
    return {point.name: point for point in entry_points(group=group) if point.value.startswith("spacy_clinner.")}


@pytest.mark.parametrize("group", sorted(NAMES))
def test_entry_points_are_the_names(group):
    assert set(own_entry_points(group)) == NAMES[group]
    for point in own_entry_points(group).values():
        assert callable(point.load())


def test_registries_find_every_name():
    import spacy_transformers  # noqa: F401  (its registry of span getters)

    nlp = spacy.blank("en")
    for group, names in NAMES.items():
        registry = group.partition("_")[2]
        for name in names - {"clinner"}:
            if registry == "factories":
                assert nlp.has_factory(name)
            else:
                assert callable(spacy.registry.get(registry, name))


def test_every_decorated_function_is_an_entry_point():
    decorated = set()
    for path in Path(spacy_clinner.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            for decorator in getattr(node, "decorator_list", []):
                if isinstance(decorator, ast.Call) and decorator.args and isinstance(decorator.args[0], ast.Constant):
                    decorated.add(decorator.args[0].value)
    prefixes = ("clinner_", "spacy_clinner.")
    decorated = {name for name in decorated if isinstance(name, str) and name.startswith(prefixes)}
    declared = set().union(*NAMES.values()) - {"clinner"}
    # a span getter's registry belongs to spacy-transformers, so its entry point is all that declares it
    assert decorated == declared - NAMES["spacy_span_getters"]


def test_paths_may_be_strings():
    """spaCy 3.8 hands over a config's strings as they are, 3.7 makes a `Path` where nothing else is annotated."""
    points = [point for group in sorted(set(NAMES) - {"spacy_cli"}) for point in own_entry_points(group).values()]
    for function in [*(point.load() for point in points), Context.initialize]:
        for name, parameter in inspect.signature(function).parameters.items():
            annotation = str(parameter.annotation)
            assert "Path" not in annotation or "str" in annotation, (function, name)
