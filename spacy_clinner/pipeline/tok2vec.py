"""spaCy's shared encoder component, saved with checksums, and losing no batch for one document."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from spacy.language import Language
from spacy.pipeline.tok2vec import DEFAULT_TOK2VEC_MODEL, Tok2Vec, Tok2VecListener
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import Errors
from ..models.layers_listener import LayersListener, keep_rows
from ..models.listening import listeners_of
from ..transfer.block_update import LearnsByBlocks
from .piping import PipesDocuments
from .sample import sample_examples
from .stored_weights import StoredWeights

# by whether a model listens itself
LISTENERS = {True: "spacy_clinner.LayersListener.v1", False: "spacy.Tok2VecListener.v1"}


@Language.factory("clinner_tok2vec", assigns=["doc.tensor"], default_config={"model": DEFAULT_TOK2VEC_MODEL})
class BlockTok2Vec(PipesDocuments, StoredWeights, LearnsByBlocks, Tok2Vec):
    """Share one encoder among components, as spaCy's `tok2vec` does.

    Listeners, `replace_listeners` and saved weights are those of spaCy's component. What it adds: checksums of what it
    saves, that a document that fails does not take its batch with it, and that its model may listen to another encoder
    itself: layers that some heads share. These leave `doc.tensor` as it is, and are heard by
    `spacy_clinner.LayersListener.v1`.
    """

    def __init__(self, nlp: Language, name: str, model: Model[list[Doc], list[Floats2d]]) -> None:
        """Set up an encoder around a model.

        nlp (Language): The pipeline.
        name (str): Name of the component instance.
        model (Model[List[Doc], List[Floats2d]]): Any encoder with one row per token.
        """
        super().__init__(nlp.vocab, model, name)
        self.forget_blocks()

    def initialize(self, get_examples: Callable[[], Iterable[Example]], *, nlp: Language | None = None) -> None:
        """Find the model's sizes.

        get_examples (Callable[[], Iterable[Example]]): Returns the training examples.
        nlp (Optional[Language]): The pipeline.
        """
        sample = sample_examples(get_examples, "Tok2Vec.initialize")
        super().initialize(lambda: sample, nlp=nlp)

    @property
    def is_layers(self) -> bool:
        """Whether the model listens to another encoder."""
        return any(isinstance(node, Tok2VecListener) for node in self.model.walk())

    def find_listeners(self, component: Any) -> None:
        """Find the listeners of this encoder in a component.

        component (Any): The component.
        RAISES (ValueError): CE398 if it listens to layers as to an encoder, or to an encoder as to layers.
        """
        model = getattr(component, "model", None)
        node: Any
        for node in listeners_of(model) if isinstance(model, Model) else ():
            if node.upstream_name == self.name and isinstance(node, LayersListener) != self.is_layers:
                right = LISTENERS[self.is_layers]
                raise ValueError(Errors.CE398.format(name=component.name, encoder=self.name, listener=right))
            if self.is_layers and node.upstream_name == self.name:
                self.add_listener(node, component.name)
        if not self.is_layers:
            super().find_listeners(component)

    def set_annotations(self, docs: Sequence[Doc], tokvecses: Sequence[Floats2d]) -> None:
        """Leave the rows where listeners find them.

        docs (Sequence[Doc]): The documents.
        tokvecses (Sequence[Floats2d]): Their rows, as of `predict`.
        """
        if not self.is_layers:
            return super().set_annotations(docs, tokvecses)
        for doc, rows in zip(docs, tokvecses, strict=True):
            keep_rows(doc, self.name, rows)
