"""spaCy's shared encoder component, saved with checksums, and losing no batch for one document."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from spacy.language import Language
from spacy.pipeline.tok2vec import DEFAULT_TOK2VEC_MODEL, Tok2Vec, Tok2VecListener
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model
from thinc.types import Floats2d

from ..configs import settings_of
from ..errors import Errors
from ..models.layers_listener import LayersListener, keep_rows
from ..models.listening import listeners_of
from ..transfer.block_update import LearnsByBlocks
from .piping import PipesDocuments
from .sample import sample_examples
from .stored_weights import StoredWeights

LISTENER = "spacy_clinner.LayersListener.v1"


@Language.factory("clinner_tok2vec", assigns=["doc.tensor"], default_config={"model": DEFAULT_TOK2VEC_MODEL})
class BlockTok2Vec(PipesDocuments, StoredWeights, LearnsByBlocks, Tok2Vec):
    """Share one encoder among components, as spaCy's `tok2vec` does.

    Listeners, `replace_listeners` and saved weights are those of spaCy's component. What it adds: checksums of what it
    saves, that a document that fails does not take its batch with it, and that its model may listen to another encoder
    itself: layers that some heads share. These leave `doc.tensor` as it is, and are heard by
    `spacy_clinner.LayersListener.v1`, also when their own listener has been replaced by a copy of the encoder. Before
    that their heads cannot have copies of them (CE399).
    """

    def __init__(self, nlp: Language, name: str, model: Model[list[Doc], list[Floats2d]]) -> None:
        """Set up an encoder around a model.

        nlp (Language): The pipeline.
        name (str): Name of the component instance.
        model (Model[List[Doc], List[Floats2d]]): Any encoder with one row per token.
        """
        super().__init__(nlp.vocab, model, name)
        self.forget_blocks()
        if self.is_layers:
            # spaCy asks for it before it changes anything
            model.attrs["replace_listener_cfg"] = _config_of_copy

    def initialize(self, get_examples: Callable[[], Iterable[Example]], *, nlp: Language | None = None) -> None:
        """Find the model's sizes.

        get_examples (Callable[[], Iterable[Example]]): Returns the training examples.
        nlp (Optional[Language]): The pipeline.
        """
        self.forget_blocks()
        sample = sample_examples(get_examples, "Tok2Vec.initialize")
        super().initialize(lambda: sample, nlp=nlp)

    @property
    def is_layers(self) -> bool:
        """Whether the model listens to another encoder."""
        return any(isinstance(node, Tok2VecListener) for node in self.model.walk())

    def find_listeners(self, component: Any) -> None:
        """Find the listeners of this encoder in a component.

        component (Any): The component.
        RAISES (ValueError): CE398 if it listens to layers as to an encoder.
        """
        model = getattr(component, "model", None)
        node: Any
        for node in listeners_of(model) if isinstance(model, Model) else ():
            if node.upstream_name == self.name and self.is_layers and not isinstance(node, LayersListener):
                raise ValueError(Errors.CE398.format(name=component.name, encoder=self.name, listener=LISTENER))
            if self.is_layers and node.upstream_name == self.name:
                self.add_listener(node, component.name)
        if not self.is_layers:
            super().find_listeners(component)

    def set_annotations(self, docs: Sequence[Doc], tokvecses: Sequence[Floats2d]) -> None:
        """Leave the rows where listeners find them.

        docs (Sequence[Doc]): The documents.
        tokvecses (Sequence[Floats2d]): Their rows, as of `predict`.
        """
        kinds = {isinstance(listener, LayersListener) for listener in self.listeners}
        for doc, rows in zip(docs, tokvecses, strict=True):
            if self.is_layers or True in kinds:
                keep_rows(doc, self.name, rows)
            # what nobody listens to must not take the place of what others still listen to
            if False in kinds or not (self.is_layers or kinds or doc.tensor.size):
                super().set_annotations([doc], [rows])


def _config_of_copy(config: dict[str, Any], listener: dict[str, Any]) -> dict[str, Any]:
    """Config of the copy that a component gets in place of a listener.

    config (Dict[str, Any]): That of the encoder's model.
    listener (Dict[str, Any]): That of the listener.
    RETURNS (Dict[str, Any]): That of the encoder's model.
    RAISES (ValueError): CE399 if the encoder listens itself: nobody would feed the copy's listener.
    """
    if any("Listener" in str(value) for name, value in settings_of(config) if name.endswith("@architectures")):
        raise ValueError(Errors.CE399)
    return config
