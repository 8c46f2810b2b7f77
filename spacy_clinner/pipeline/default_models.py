"""The models of components that a config says nothing of."""

from typing import Any

# an encoder of the component's own; plain data, so that nothing is imported
DEFAULT_TOK2VEC: dict[str, Any] = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 96,
    "depth": 4,
    "embed_size": 2000,
    "window_size": 1,
    "maxout_pieces": 3,
    "subword_features": True,
}
DEFAULT_LISTENER: dict[str, Any] = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "*"}
DEFAULT_CRF_TAGGER_MODEL = {"@architectures": "spacy_clinner.CRFTagger.v1", "tok2vec": DEFAULT_TOK2VEC}
DEFAULT_RELATION_MODEL = {
    "@architectures": "spacy_clinner.RelationClassifier.v1",
    "hidden_width": 128,
    "tok2vec": DEFAULT_TOK2VEC,
}
DEFAULT_MMD_ALIGNMENT_MODEL = {"@architectures": "spacy_clinner.MMDAlignment.v1", "tok2vec": DEFAULT_LISTENER}
