"""`python -m spacy clinner audit`: what an import would change or leave out."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ._app import clinner_cli
from ._coded import coded_errors


@clinner_cli.command("audit")
def audit_cli(
    source: Annotated[Path, Argument(help="Corpus: a brat folder, or another format's file or folder", exists=True)],
    format: Annotated[str | None, Option(help="As of convert; default: brat or iob, told")] = None,
    lang: Annotated[str, Option(help="Language code")] = "en",
    tokenizer: Annotated[str, Option(help="clinical or spacy")] = "clinical",
    out: Annotated[Path | None, Option(help="TSV file with a row for every problem")] = None,
    token_column: Annotated[int, Option(help="Column of the token, from 0; -1 is the last")] = 0,
    tag_column: Annotated[int, Option(help="Column of the tag")] = -1,
    delimiter: Annotated[str | None, Option(help="Between columns; default: tab, else spaces")] = None,
) -> None:
    """Read a corpus and count what an import would change or leave out, per label. No text is shown."""
    from wasabi import msg

    from ..corpora.columns import ColumnFormat
    from ..corpora.importing import audit_corpus

    with coded_errors():
        layout = ColumnFormat(None, token_column, tag_column, delimiter)
        found = audit_corpus(source, format, lang=lang, tokenizer=tokenizer, layout=layout)
        print(found.summary())
        if out:
            found.write_tsv(out)
            msg.good(f"Wrote {len(found.rows)} rows to {out}")
