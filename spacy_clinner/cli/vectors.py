"""`python -m spacy clinner vectors`: word vectors from unlabelled notes."""

from pathlib import Path
from typing import Annotated

from typer import Argument, BadParameter, Option

from . import _unlabelled as options
from ._app import CORPORA, clinner_cli
from ._coded import coded_errors


@clinner_cli.command("vectors", rich_help_panel=CORPORA)
def vectors_cli(
    notes: options.Notes,
    output: Annotated[Path, Argument(help="Folder for the vectors, for `--paths.vectors`; OUTPUT.md tells of them")],
    lang: options.Lang = "en",
    tokenizer: options.Tokenizer = "clinical",
    against: options.Against = None,
    beside: Annotated[
        Path | None, Option(help="Folder of vectors that the new ones are to stand beside", exists=True)
    ] = None,
    static: Annotated[
        Path | None, Option(help="Folder of a transformer: take its vectors of the notes' words, not floret's")
    ] = None,
    task: Annotated[Path | None, Option(help=".spacy file: tell how many of its words have a vector")] = None,
    words: Annotated[
        str | None, Option(help="Show the neighbours of these, with commas between; default: entities of --task")
    ] = None,
    dim: Annotated[int, Option(min=1, help="Width of a new vector")] = 100,
    buckets: Annotated[int, Option(min=1, help="Rows of floret's table")] = 50000,
    epochs: Annotated[int, Option(min=1, help="How often floret reads the notes")] = 8,
    min_count: Annotated[int, Option(min=1, help="floret skips words that are rarer")] = 3,
    min_words: options.MinWords = 1000,
    keep_repeated: options.KeepRepeated = False,
    force: Annotated[bool, Option("--force", "-F", help="Replace OUTPUT and OUTPUT.md")] = False,
) -> None:
    """Learn word vectors from unlabelled notes: each text once, benchmarks and what --against names left out.

    Without --beside and --static the table holds no word of the notes; with them, words of five notes or more. See
    docs/guide/unlabelled.md.
    """
    from wasabi import msg

    from ..annotations.documents import read_docs
    from ..files import check_replaceable, write_atomically, write_folder_atomically
    from ..unlabelled.subwords import FloretSettings
    from ..unlabelled.texts import Reading
    from ..unlabelled.vectors import VectorsPlan, make_vectors, read_vectors
    from ..unlabelled.vectors_report import vectors_report
    from ..unlabelled.words import WordCounts

    # of ".", the name is known then
    place = output.resolve()
    described = place.with_name(f"{place.name}.md")
    if described.exists() and not force:
        raise BadParameter(f"{described} is there already; --force replaces it.", param_hint="OUTPUT")
    with coded_errors():
        check_replaceable(output, force)
        docs = read_docs(task) if task else []
        known = read_vectors(beside) if beside else None
        reading, counts = Reading(), WordCounts()
        plan = VectorsPlan(lang, tokenizer, FloretSettings(dim, buckets, epochs, min_count), static)
        found = options.read(notes, against, keep_repeated, min_words, reading)
        nlp = make_vectors(found, plan, counts, known)
        write_folder_atomically(output, nlp.to_disk, force)
        asked = [word.strip() for word in (words or "").split(",") if word.strip()]
        report = vectors_report(nlp, known, reading, counts, docs, asked)
        write_atomically(described, report)
        print(report)
        msg.good(f"Saved the vectors to {output}, and the report beside them")
