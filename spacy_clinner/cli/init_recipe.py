"""`python -m spacy clinner init-recipe`: the config of a training, from a few choices."""

from pathlib import Path
from typing import Annotated

from typer import Argument, BadParameter, Option

from ._app import EXPERIMENTS, clinner_cli
from ._coded import coded_errors


@clinner_cli.command("init-recipe", rich_help_panel=EXPERIMENTS)
def init_recipe_cli(
    out: Annotated[Path, Argument(help="The config to write")],
    task: Annotated[
        str, Option(help="ner, ner-transfer (an encoder that heads share), ner-rel, rel-lines, rel-documents or rel")
    ] = "ner",
    corpus: Annotated[str, Option(help="any, or demo: small corpora, no word vectors")] = "any",
    encoder: Annotated[str, Option(help="charcnn-bilstm, charlstm-bilstm, hashcnn or transformer")] = "charcnn-bilstm",
    head: Annotated[str | None, Option(help="crf, transition, or gold: entities are given; as the task needs")] = None,
    method: Annotated[str, Option(help="base, finetune, replay or ladtl")] = "base",
    lang: Annotated[str | None, Option(help="Code of the language; the recipe's own else")] = None,
    vectors: Annotated[str | None, Option(help="Word vectors, as --paths.vectors would name them")] = None,
    force: Annotated[bool, Option("--force", "-F", help="Replace a file that is there")] = False,
) -> None:
    """Write the filled config of a recipe."""
    from wasabi import msg

    from ..files import write_atomically
    from ..recipes.compose import compose
    from ..recipes.recipe import find_recipe

    if out.exists() and not force:
        raise BadParameter(f"{out} is there already; --force replaces it.", param_hint="OUT")
    with coded_errors():
        if head is None:
            head = "gold" if task.startswith("rel") else "crf"
        recipe = find_recipe(task, corpus, encoder, head, method)
        config = compose(recipe, lang, vectors)
        write_atomically(out, config.to_str())
        msg.good(f"Saved the recipe {recipe.name} to {out}")
