"""Write the configs of configs/ from the parts of spacy_clinner/recipes: `python scripts/write_configs.py`."""

from pathlib import Path

from spacy_clinner.files import write_atomically
from spacy_clinner.recipes.compose import compose
from spacy_clinner.recipes.recipe import RECIPES

CONFIGS = Path(__file__).parents[1] / "configs"


def write_configs(folder: Path = CONFIGS) -> None:
    """Write each recipe again whose config is there.

    folder (Path): The folder.
    """
    for recipe in RECIPES:
        path = folder / f"{recipe.name}.cfg"
        if path.exists():
            write_atomically(path, compose(recipe).to_str())


if __name__ == "__main__":
    write_configs()
