"""The six layers of Lee, Dernoncourt & Szolovits 2017, as addresses of a tagger's blocks."""

from spacy.language import Language
from spacy.ty import ListenedToComponent
from thinc.api import Model

from ..errors import Errors
from .blocks import find_block, is_tagger

# From the lowest to the highest; figure 1 of the paper.
LAYERS = (
    "token_embeddings",
    "character_embeddings",
    "character_encoder",
    "token_encoder",
    "fully_connected",
    "crf",
)


def layers_up_to(nlp: Language, tagger: str, highest: str) -> dict[str, list[str]]:
    """Find a layer of a tagger and all below it.

    nlp (Language): The pipeline.
    tagger (str): Name of the tagger; its encoder may be its own, or one that it listens to.
    highest (str): Name of the highest layer.
    RETURNS (Dict[str, List[str]]): Addresses of the blocks of each layer, from the lowest; none where the tagger has no
        such layer.
    RAISES (ValueError): CE240 if there is no layer of that name, or not in this tagger.
    """
    if highest not in LAYERS:
        raise ValueError(Errors.CE240.format(layer=highest, name=tagger, layers=", ".join(LAYERS)))
    found = _find_layers(nlp, tagger)
    if not found[highest]:
        raise ValueError(
            Errors.CE240.format(layer=highest, name=tagger, layers=", ".join(name for name in LAYERS if found[name]))
        )
    return {name: found[name] for name in LAYERS[: LAYERS.index(highest) + 1]}


def find_tagger(nlp: Language, pipe: str | None, where: str) -> str:
    """Find the tagger that is meant.

    nlp (Language): The pipeline.
    pipe (Optional[str]): Name of the tagger; None if there is one only.
    where (str): "source" or "target", for errors.
    RETURNS (str): Its name.
    RAISES (ValueError): CE241 if no tagger has that name, or if one of several is to be named.
    """
    taggers = [name for name, component in nlp.components if is_tagger(component)]
    if pipe in taggers:
        return pipe
    if pipe is None and len(taggers) == 1:
        return taggers[0]
    raise ValueError(Errors.CE241.format(where=where, name=pipe, taggers=", ".join(taggers) or "none"))


def find_encoder(nlp: Language) -> str | None:
    """RETURNS (Optional[str]): The encoder of a pipeline that was pretrained: it has no tagger, but one such component;
    None if it is another pipeline."""
    encoders = [name for name, component in nlp.components if isinstance(component, ListenedToComponent)]
    is_alone = len(encoders) == 1 and not any(is_tagger(component) for _, component in nlp.components)
    return encoders[0] if is_alone else None


def address_in_encoder(address: str, tagger: str, encoder: str) -> str | None:
    """Find a part of a tagger's encoder in a pipeline of an encoder alone.

    address (str): Address of the part, as of `layers_up_to`.
    tagger (str): The tagger.
    encoder (str): The encoder.
    RETURNS (Optional[str]): Its address there; None if it is no part of an encoder.
    """
    base = f"{tagger}:tok2vec"
    if address != base and not address.startswith(f"{base}."):
        return None
    path = address[len(base) + 1 :]
    return f"{encoder}:{path}" if path else encoder


def _find_layers(nlp: Language, tagger: str) -> dict[str, list[str]]:
    base = f"{tagger}:tok2vec"
    # a transformer that the tagger reads directly is one piece
    is_layered = find_block(nlp, base, "token_encoder").has_part("embed")
    embeddings, characters = _find_embeddings(nlp, f"{base}.embed") if is_layered else ([], [])
    return {
        "token_embeddings": embeddings,
        "character_embeddings": [f"{address}.char_table" for address in characters],
        "character_encoder": characters,
        "token_encoder": [f"{base}.encode" if is_layered else base],
        "fully_connected": [f"{tagger}:emissions"],
        "crf": [f"{tagger}:crf"],
    }


def _find_embeddings(nlp: Language, embed: str) -> tuple[list[str], list[str]]:
    """Addresses of the parts that read no characters, and of those that do."""
    node = find_block(nlp, embed, "token_embeddings").node
    parts = {f"{embed}.{name}": node.get_ref(name) for name in node.ref_names if node.has_ref(name)} or {embed: node}
    characters = [address for address, part in parts.items() if _reads_characters(part)]
    return [address for address in parts if address not in characters], characters


def _reads_characters(part: Model) -> bool:
    return any("char_table" in node.param_names for node in part.walk())
