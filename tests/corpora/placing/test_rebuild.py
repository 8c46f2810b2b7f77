import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_clinner.annotations.keys import DOC_ID_KEY
from spacy_clinner.corpora.audit import ImportAudit
from spacy_clinner.corpora.formats.columns import ColumnDocument, Sentence, column_record
from spacy_clinner.corpora.formats.tags import Chunk
from spacy_clinner.corpora.importing import blank_pipeline
from spacy_clinner.corpora.placing.place import place
from spacy_clinner.corpora.placing.rebuild import restore_spaces

NLP = blank_pipeline("es", "clinical")


def sentence(text, *entities):
    words = text.split()
    chunks = [Chunk(start, end, "ENFERMEDAD") for start, end in entities]
    return Sentence(words, range(1, len(words) + 1), chunks, [" "] * (len(words) - 1))


def rebuild(sentences, original, tokenizer=NLP.tokenizer):
    audit = ImportAudit()
    document = restore_spaces(ColumnDocument("n1", sentences), original, audit)
    return place(column_record(document), tokenizer, audit), audit


def test_text_and_entities_come_back():
    sentences = [sentence("Ex - tabaquista ( 20 años ) .", (0, 3)), sentence("Edema  agudo de pulmón .", (0, 4))]
    doc, audit = rebuild(sentences, "Ex-tabaquista (20 años).  Edema\n agudo de pulmón.\n")
    assert doc.text == "Ex-tabaquista (20 años).\nEdema agudo de pulmón."
    assert [entity.text for entity in doc.ents] == ["Ex-tabaquista", "Edema agudo de pulmón"]
    assert doc.user_data[DOC_ID_KEY] == "n1"
    assert (audit.documents, audit.annotations["ENFERMEDAD"], audit.entities["ENFERMEDAD"]) == (1, 2, 2)
    assert not audit.rows
    assert [token.text for token in doc] == [token.text for token in NLP.tokenizer(doc.text)]


def test_other_tokens_expand_an_entity():
    doc, audit = rebuild([sentence("HTA previa", (0, 1))], "HTAprevia")
    assert [entity.text for entity in doc.ents] == ["HTAprevia"]
    assert [(row.problem, row.start, row.end) for row in audit.rows] == [("misaligned", 0, 3)]


def test_a_sentence_that_the_original_does_not_hold_keeps_its_spaces():
    doc, audit = rebuild([sentence("Dolor ( leve )", (0, 1)), sentence("Sin fiebre .")], "Sin fiebre.")
    assert doc.text == "Dolor ( leve )\nSin fiebre."
    assert [(row.problem, row.start, row.end) for row in audit.rows] == [("text unknown", 0, 14)]
    assert [entity.text for entity in doc.ents] == ["Dolor"]


def test_equal_sentences_are_found_one_after_the_other():
    doc, audit = rebuild([sentence("A ."), sentence("A ."), sentence("B")], "A. A . B")
    assert doc.text == "A.\nA .\nB" and not audit.rows


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["a", "Ñu", "(", "1.5", "+", "\\w"]), min_size=1), min_size=1), st.data())
def test_no_character_is_lost(sentences, data):
    original = ""
    for words in sentences:
        for word in words:
            original += word + data.draw(st.sampled_from(["", " ", "\n", "\t "]))
    doc, audit = rebuild([sentence(" ".join(words)) for words in sentences], original)
    assert "".join(doc.text.split()) == "".join(original.split())
    assert not audit.rows
    assert doc.text.count("\n") == len(sentences) - 1


def test_every_tokenizer_will_do():
    doc, _ = rebuild([sentence("Ex - tabaquista", (0, 3))], "Ex-tabaquista", spacy.blank("en").tokenizer)
    assert [entity.text for entity in doc.ents] == ["Ex-tabaquista"]
