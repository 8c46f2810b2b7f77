"""`python -m spacy clinner audit`: what an import would change or leave out."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ._app import CORPORA, clinner_cli
from ._coded import coded_errors


@clinner_cli.command("audit", rich_help_panel=CORPORA)
def audit_cli(
    source: Annotated[Path, Argument(help="Corpus: a brat folder, or another format's file or folder", exists=True)],
    format: Annotated[str | None, Option(help="As of convert; default: brat or iob, told")] = None,
    lang: Annotated[str, Option(help="Language code")] = "en",
    tokenizer: Annotated[str, Option(help="clinical, spacy, or file (of columns)")] = "clinical",
    out: Annotated[Path | None, Option(help="TSV file with a row for every problem")] = None,
    token_column: Annotated[int, Option(help="Column of the token, from 0; -1 is the last")] = 0,
    tag_column: Annotated[int, Option(help="Column of the tag")] = -1,
    delimiter: Annotated[str | None, Option(help="Between columns; default: tab, else spaces")] = None,
    n_sents: Annotated[int | None, Option(min=1, help="Sentences a document of a column file")] = None,
    label: Annotated[str | None, Option(help="Label of tags without one: B, I and O alone")] = None,
    ids: Annotated[Path | None, Option(help="File for the ids of all documents, one a line")] = None,
) -> None:
    """Read a corpus and count what an import would change or leave out, per label. No text is shown."""
    from wasabi import msg

    from ..corpora.formats.column_lines import ColumnFormat
    from ..corpora.importing import audit_corpus

    with coded_errors():
        layout = ColumnFormat(None, token_column, tag_column, delimiter, n_sents, label)
        found = audit_corpus(source, format, lang=lang, tokenizer=tokenizer, layout=layout)
        print(found.summary())
        if out:
            found.write_tsv(out)
            msg.good(f"Wrote {len(found.rows)} rows to {out}")
        if ids:
            found.write_ids(ids)
            msg.good(f"Wrote {len(found.ids)} ids to {ids}")
