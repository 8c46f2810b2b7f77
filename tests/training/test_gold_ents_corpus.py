import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from spacy_clinner.annotations.keys import DOC_ID_KEY, RELATIONS_KEY
from spacy_clinner.training.gold_ents_corpus import create_gold_ents_corpus, give_gold_entities
from spacy_clinner.training.window_corpus import create_window_corpus

NLP = spacy.blank("en")


def reference():
    doc = Doc(NLP.vocab, words=["No", "fever", "\n", "aspirin", "5", "mg"])
    doc.set_ents([Span(doc, 1, 2, "PROBLEM"), Span(doc, 3, 4, "DRUG", kb_id="D1"), Span(doc, 4, 6, "DOSE")])
    ends = [[ent.start_char, ent.end_char] for ent in doc.ents]
    doc.user_data[RELATIONS_KEY] = [
        {"head": ends[1], "child": ends[2], "label": "HAS"},
        {"head": ends[1], "child": ends[0], "label": "FOR"},
    ]
    doc.user_data[DOC_ID_KEY] = "n1"
    return doc


def test_windows_keep_entities_concepts_and_their_relations(tmp_path):
    DocBin(docs=[reference()], store_user_data=True).to_disk(tmp_path / "c.spacy")
    read = create_gold_ents_corpus(create_window_corpus(tmp_path / "c.spacy"))
    first, second = read(NLP)
    assert [(ent.text, ent.label_) for ent in first.x.ents] == [("fever", "PROBLEM")]
    assert [(ent.text, ent.label_) for ent in second.x.ents] == [("aspirin", "DRUG"), ("5 mg", "DOSE")]
    assert second.x.ents[0].kb_id_ == "D1"
    assert first.y.user_data[RELATIONS_KEY] == []
    # that to the fever crosses a border
    assert second.y.user_data[RELATIONS_KEY] == [{"head": [0, 7], "child": [8, 12], "label": "HAS"}]
    assert second.y.text[8:12] == "5 mg"


def test_other_tokens_say_where():
    other = Doc(NLP.vocab, words=["No", "fever", "\n", "aspirin 5", "mg"])
    with pytest.raises(ValueError, match=r"CE207.*'n1'.*\[11, 18\)"):
        give_gold_entities(other, reference())


def test_names_that_the_pipeline_has_never_seen():
    gold = reference()
    doc = Doc(spacy.blank("en").vocab, words=[token.text for token in gold])
    give_gold_entities(doc, gold)
    assert [(ent.label_, ent.kb_id_) for ent in doc.ents] == [("PROBLEM", ""), ("DRUG", "D1"), ("DOSE", "")]
