"""Notes that a tagger and a relation extractor, which learned theirs by heart, get wrong in part."""

from spacy.tokens import Doc, Span

from spacy_clinner.annotations.keys import DOC_ID_KEY

from . import relations, tagger


def dev_of_tagger(nlp, n_copies=3) -> list[Doc]:
    """The notes that the tagger knows; in every other copy the annotators found less."""
    docs = []
    for copy in range(n_copies):
        for number, doc in enumerate(tagger.references(nlp)):
            if copy % 2:
                doc.set_ents(list(doc.ents)[1:])
            doc.user_data[DOC_ID_KEY] = f"{copy}-{number}"
            docs.append(doc)
    return docs


def dev_of_relations(nlp, n_copies=4) -> list[Doc]:
    """The notes that the extractor knows; in every fourth copy of a note nothing belongs together."""
    return [
        relations.reference(nlp.vocab, words, entities, found if copy else [], doc_id=f"{copy}-{number}")
        for copy in range(n_copies)
        for number, (words, entities, found) in enumerate(relations.NOTES)
    ]


def in_group(docs, key):
    """Move the entities of documents to a span group."""
    for doc in docs:
        doc.spans[key] = [Span(doc, ent.start, ent.end, label=ent.label_) for ent in doc.ents]
        doc.set_ents([], default="missing")
    return docs
