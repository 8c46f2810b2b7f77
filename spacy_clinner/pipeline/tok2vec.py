"""spaCy's shared encoder component, saved with checksums, and losing no batch for one document."""

from spacy.language import Language
from spacy.pipeline.tok2vec import DEFAULT_TOK2VEC_MODEL, Tok2Vec
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from ..transfer.block_update import LearnsByBlocks
from .piping import PipesDocuments
from .stored_weights import StoredWeights


@Language.factory("clinner_tok2vec", assigns=["doc.tensor"], default_config={"model": DEFAULT_TOK2VEC_MODEL})
class BlockTok2Vec(PipesDocuments, StoredWeights, LearnsByBlocks, Tok2Vec):
    """Share one encoder among components, as spaCy's `tok2vec` does.

    Listeners, `replace_listeners` and saved weights are those of spaCy's component. What it adds: checksums of what it
    saves, and that a document that fails does not take its batch with it.
    """

    def __init__(self, nlp: Language, name: str, model: Model[list[Doc], list[Floats2d]]) -> None:
        """Set up an encoder around a model.

        nlp (Language): The pipeline.
        name (str): Name of the component instance.
        model (Model[List[Doc], List[Floats2d]]): Any encoder with one row per token.
        """
        super().__init__(nlp.vocab, model, name)
        self.forget_blocks()
