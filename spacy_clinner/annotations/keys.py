"""Names that several rooms of the package share."""

# Domain of an example (which corpus it came from), in `user_data` of both predicted and reference.
DOMAIN_KEY = "clinner_domain"
# Default span group of a tagger's entities; its `attrs["scores"]` holds their probabilities.
SPANS_KEY = "clinner_ents"
# All annotations of a brat document, one span a fragment (`span.id_` is the brat id), overlaps included.
BRAT_SPANS_KEY = "clinner_brat"
# What of a brat document is no span: events, relations, attributes, notes. Plain data in `user_data`.
BRAT_KEY = "clinner_brat"
# Identifier of a document in audits, errors and score files: the file's stem, in `user_data`.
DOC_ID_KEY = "clinner_doc_id"
# Relations between entities: plain dicts of head, child (character offsets) and label, with a probability if predicted.
# Absent: not annotated; an empty list: none.
RELATIONS_KEY = "clinner_relations"
# Whether what an entity names is so: [start, end, assertion] by character offsets, for those that are not plainly so.
ASSERTIONS_KEY = "clinner_assertions"
# The words that decided: [start, end, assertion, start of the cue, end of the cue].
ASSERTION_CUES_KEY = "clinner_assertion_cues"
# What of a corpus said so: by the id of its annotation the row [start, end, assertion] that was made of it.
ASSERTED_KEY = "clinner_asserted"
# Relations between a document's concepts (`span.kb_id_`), wherever they are mentioned: [label, head, child].
CONCEPT_RELATIONS_KEY = "clinner_concept_relations"
