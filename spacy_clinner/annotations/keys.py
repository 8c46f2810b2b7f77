"""Names that several rooms of the package share.

docs/reference/document.md is made of these comments: what it is, who writes it, who reads it.
"""

# Domain of an example (which corpus it came from), in `user_data` of both predicted and reference.
# Written by: `spacy_clinner.DomainCorpus.v1`, `demo-corpus`.
# Read by: `clinner_crf_tagger`, `clinner_mmd_alignment`, `spacy_clinner.batch_by_domain.v1`,
# `spacy_clinner.ner_scorer.v1`, `evaluate`, `debug`.
DOMAIN_KEY = "clinner_domain"
# Labels that were annotated, in `user_data` of a reference: about entities of others it says nothing. Absent: all were.
# Written by: `spacy_clinner.DomainCorpus.v1`, `self-train`, `distil`.
# Read by: `clinner_crf_tagger` as gold, `spacy_clinner.ner_scorer.v1`, `evaluate`, `calibrate`.
LABELS_KEY = "clinner_labels"
# Default span group of a tagger's entities; its `attrs["scores"]` holds their probabilities.
# Written by: `clinner_crf_tagger`, `clinner_entity_union`.
# Read by: `spacy_clinner.ner_scorer.v1`, `evaluate`, `annotate`, `predict`, `table`, `convert`.
SPANS_KEY = "clinner_ents"
# Gold that is itself uncertain, in a reference: spans that may be entities, `attrs["scores"]` says how probably. It
# stands in the place of all other gold of the document; what no span covers is outside.
# Written by: `self-train`, `distil`.
# Read by: `clinner_crf_tagger` as gold.
SOFT_KEY = "clinner_soft"
# All annotations of a brat document, one span a fragment (`span.id_` is the brat id), overlaps included.
# Written by: `convert`.
# Read by: `convert`, `evaluate`, `grid`.
BRAT_SPANS_KEY = "clinner_brat"
# What of a brat document is no span: events, relations, attributes, notes. Plain data in `user_data`.
# Written by: `convert`.
# Read by: `convert`, `evaluate`.
BRAT_KEY = "clinner_brat"
# The entries of i2b2 2009 that a document was imported with, as plain data in `user_data`.
# Written by: `convert`.
# Read by: `convert`, `evaluate`.
ENTRIES_KEY = "clinner_entries"
# Identifier of a document in audits, errors and score files: the file's stem, in `user_data`.
# Written by: `convert`, `predict`, `table`, `demo-corpus`.
# Read by: every error about a document, `evaluate`, `convert`, `predict`.
DOC_ID_KEY = "clinner_doc_id"
# Relations between entities: plain dicts of head, child (character offsets) and label, with a probability if predicted.
# Absent: not annotated; an empty list: none.
# Written by: `clinner_relation_extractor`, `clinner_specific_relations` (which drops some), `convert`, `demo-corpus`.
# Read by: `clinner_relation_extractor` as gold, `spacy_clinner.relation_scorer.v1`, `evaluate-relations`,
# `choose-threshold`, `annotate`, `predict`, `table`, `convert`.
RELATIONS_KEY = "clinner_relations"
# Whether what an entity names is so: [start, end, assertion] by character offsets, for those that are not plainly so.
# Written by: `clinner_context`, `convert`, `demo-corpus`.
# Read by: `spacy_clinner.assertion_scorer.v1`, `annotate`, `predict`, `table`, `convert`.
ASSERTIONS_KEY = "clinner_assertions"
# The words that decided: [start, end, assertion, start of the cue, end of the cue].
# Written by: `clinner_context`.
# Read by: nothing here; it is for people who ask why.
ASSERTION_CUES_KEY = "clinner_assertion_cues"
# What of a corpus said so: by the id of its annotation the row [start, end, assertion] that was made of it.
# Written by: `convert`.
# Read by: `convert`.
ASSERTED_KEY = "clinner_asserted"
# Relations between a document's concepts (`span.kb_id_`), wherever they are mentioned: [label, head, child].
# Written by: `convert`.
# Read by: `spacy_clinner.relation_scorer.v1`, `evaluate-relations`, `choose-threshold`, `convert`.
CONCEPT_RELATIONS_KEY = "clinner_concept_relations"
