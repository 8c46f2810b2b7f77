"""spaCy's shared encoder component, with weights that may learn block by block."""

from spacy.language import Language
from spacy.pipeline.tok2vec import DEFAULT_TOK2VEC_MODEL, Tok2Vec
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer
from thinc.types import Floats2d

from .block_update import LearnsByBlocks
from .piping import PipesDocuments
from .stored_weights import StoredWeights


@Language.factory("clinner_tok2vec", assigns=["doc.tensor"], default_config={"model": DEFAULT_TOK2VEC_MODEL})
def make_tok2vec(nlp: Language, name: str, model: Model[list[Doc], list[Floats2d]]) -> "BlockTok2Vec":
    """Make a shared encoder; see `BlockTok2Vec` for the settings."""
    return BlockTok2Vec(nlp.vocab, model, name)


class BlockTok2Vec(PipesDocuments, StoredWeights, LearnsByBlocks, Tok2Vec):
    """Share one encoder among components, as spaCy's `tok2vec` does.

    Listeners, `replace_listeners` and saved weights are those of spaCy's component. What it adds is `learn_block`,
    which `spacy_clinner.transfer_layers.v1` uses for `freeze`, `lr_scale` and `pull`, and that a document that fails
    does not take its batch with it.
    """

    def __init__(self, vocab: Vocab, model: Model[list[Doc], list[Floats2d]], name: str = "clinner_tok2vec") -> None:
        """Set up an encoder around a model.

        vocab (Vocab): The shared vocabulary.
        model (Model[List[Doc], List[Floats2d]]): Any encoder with one row per token.
        name (str): Name of the component instance.
        """
        super().__init__(vocab, model, name)
        self.forget_blocks()

    def finish_update(self, sgd: Optimizer) -> None:
        """Apply the gradients, each block's by its rule.

        sgd (Optimizer): The optimizer.
        """
        self.update_blocks(sgd)
