"""Many notes, annotated shard by shard: `python -m spacy clinner run`."""
