"""Which recipes there are: the choices that the name of a config file tells."""

from dataclasses import astuple, dataclass
from itertools import product

from ..errors import Errors

# word of every recipe: the part of that name is where all start
FRAME = "frame"
# what a name leaves out: no corpus, entities that are given, the method that the others are compared to
UNNAMED = {"any", "gold", "base"}
# word of recipes that learn entities alone, on an encoder that nothing shares
TAGGER = "tagger"


@dataclass(frozen=True, order=True)
class Recipe:
    """The choices of a recipe, as `{task}_{corpus}_{encoder}_{head}_{method}.cfg` names them.

    task (str): What is learned: entities ("ner"; "ner-transfer", whose encoder heads share), relations between given
        entities ("rel", "rel-lines", "rel-documents"), or both ("ner-rel").
    corpus (str): "demo" for small corpora without word vectors, or "any".
    encoder (str): "charcnn-bilstm", "charlstm-bilstm", "hashcnn" or "transformer".
    head (str): What finds entities: "crf", "transition" (spaCy's), or "gold": they are given.
    method (str): "base" trains on one corpus, from nothing or from a source's model; "finetune" is "base" in as many
        steps as a source's model needs; "replay" and "ladtl" go on reading the source's corpus.
    """

    task: str = "ner"
    corpus: str = "any"
    encoder: str = "charcnn-bilstm"
    head: str = "crf"
    method: str = "base"

    @property
    def name(self) -> str:
        """RETURNS (str): Name of its config file, without ".cfg"."""
        return "_".join(choice for choice in astuple(self) if choice not in UNNAMED)

    @property
    def words(self) -> frozenset[str]:
        """RETURNS (FrozenSet[str]): The words of its choices, and `TAGGER` where it holds. A part belongs to the recipe
        if it is named by nothing else.
        """
        words = {word for choice in astuple(self) for word in choice.split("-")}
        return frozenset({FRAME, *words, *([TAGGER] if self.task == "ner" else [])})


def find_recipe(
    task: str = "ner", corpus: str = "any", encoder: str = "charcnn-bilstm", head: str = "crf", method: str = "base"
) -> Recipe:
    """Find the recipe of some choices.

    task (str), corpus (str), encoder (str), head (str), method (str): As of `Recipe`.
    RETURNS (Recipe): The recipe.
    RAISES (ValueError): CE354 if there is none.
    """
    recipe = Recipe(task, corpus, encoder, head, method)
    if recipe not in RECIPES:
        raise ValueError(Errors.CE354.format(name=recipe.name, near=", ".join(near.name for near in _near(recipe))))
    return recipe


def _near(recipe: Recipe) -> list[Recipe]:
    """Recipes that differ in fewest choices."""

    def n_same(other: Recipe) -> int:
        return sum(a == b for a, b in zip(astuple(recipe), astuple(other), strict=True))

    most = max(map(n_same, RECIPES))
    return [other for other in RECIPES if n_same(other) == most]


_BILSTMS = ("charcnn-bilstm", "charlstm-bilstm")
_TABLE = (
    (["ner"], ["any", "demo"], _BILSTMS, ["crf"], ["base", "finetune", "replay", "ladtl"]),
    (["ner-transfer"], ["any"], _BILSTMS, ["crf"], ["base", "finetune", "replay", "ladtl"]),
    (["ner"], ["any"], ["transformer"], ["crf"], ["base", "finetune", "replay"]),
    (["ner"], ["any"], ["hashcnn"], ["crf", "transition"], ["base"]),
    (["ner-rel"], ["any"], _BILSTMS, ["crf"], ["base"]),
    (["rel"], ["demo"], _BILSTMS, ["gold"], ["base"]),
    (["rel-lines"], ["any"], _BILSTMS, ["gold"], ["base"]),
    (["rel-documents"], ["any"], [*_BILSTMS, "transformer"], ["gold"], ["base"]),
)
RECIPES = sorted(Recipe(*choices) for row in _TABLE for choices in product(*row))
