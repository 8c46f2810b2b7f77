"""`python -m spacy clinner audit`: what an import would change or leave out, or what is in two corpora."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Option

from ._app import CORPORA, clinner_cli
from ._coded import coded_errors
from ._given import others_given

# of corpora that are compared
SUFFIX = ".spacy"
OF_COMPARISON = {"source", "against", "out", "leave_out", "share"}


@clinner_cli.command("audit", rich_help_panel=CORPORA)
def audit_cli(
    ctx: Context,
    source: Annotated[
        Path,
        Argument(help="Corpus: a brat folder, or another format's file or folder; with --against .spacy", exists=True),
    ],
    format: Annotated[str | None, Option(help="As of convert; default: brat or iob, told")] = None,
    lang: Annotated[str, Option(help="Language code")] = "en",
    tokenizer: Annotated[str, Option(help="clinical, spacy, or file (of columns)")] = "clinical",
    out: Annotated[Path | None, Option(help="TSV file with a row for every problem, or document and sentence")] = None,
    token_column: Annotated[int, Option(help="Column of the token, from 0; -1 is the last")] = 0,
    tag_column: Annotated[int, Option(help="Column of the tag")] = -1,
    delimiter: Annotated[str | None, Option(help="Between columns; default: tab, else spaces")] = None,
    n_sents: Annotated[int | None, Option(min=1, help="Sentences a document of a column file")] = None,
    label: Annotated[str | None, Option(help="Label of tags without one: B, I and O alone")] = None,
    ids: Annotated[Path | None, Option(help="File for the ids of all documents, one a line")] = None,
    against: Annotated[
        list[Path] | None,
        Option(help="Find documents and sentences of this .spacy file in SOURCE; again for more files", exists=True),
    ] = None,
    leave_out: Annotated[Path | None, Option(help="With --against: write SOURCE without these, .spacy")] = None,
    share: Annotated[
        float, Option(min=0.01, max=1, help="With --against: of a text that must be common to be the same")
    ] = 0.5,
) -> None:
    """Read a corpus and count what an import would change or leave out, per label; or, with --against, which of its
    documents and sentences are in other corpora, too. No text is shown."""
    from wasabi import msg

    from ..apart import check_apart
    from ..corpora.formats.column_lines import ColumnFormat
    from ..corpora.importing import audit_corpus
    from ..errors import Errors

    with coded_errors():
        check_apart([out, ids, leave_out], [source, *(against or ())])
        if against:
            if others := others_given(ctx, OF_COMPARISON):
                raise ValueError(Errors.CE392.format(option=others[0], other="--against"))
            _compare(source, against, out, leave_out, share)
            return
        if leave_out:
            raise ValueError(Errors.CE392.format(option="--leave-out", other="an import"))
        if source.suffix == SUFFIX:
            raise ValueError(Errors.CE391.format(path=source.name))
        layout = ColumnFormat(None, token_column, tag_column, delimiter, n_sents, label)
        found = audit_corpus(source, format, lang=lang, tokenizer=tokenizer, layout=layout)
        print(found.summary())
        if out:
            found.write_tsv(out)
            msg.good(f"Wrote {len(found.rows)} rows to {out}")
        if ids:
            found.write_ids(ids)
            msg.good(f"Wrote {len(found.ids)} ids to {ids}")


def _compare(source: Path, against: list[Path], out: Path | None, clean: Path | None, share: float) -> None:
    from wasabi import msg

    from ..annotations.documents import read_docs
    from ..corpora.fingerprints import take_fingerprints
    from ..corpora.importing import write_docbin
    from ..corpora.leak import write_leaks
    from ..corpora.leaks import find_leaks
    from ..corpora.leaving_out import leave_out
    from ..errors import Errors
    from ..reports.tables import terminal_table

    docs = read_docs(source)
    corpus = take_fingerprints(docs)
    all_leaks = [
        find_leaks(corpus, take_fingerprints(read_docs(path)), str(path), share) for path in dict.fromkeys(against)
    ]
    rows = [(leaks.other, *leaks.counts.values(), leaks.other_found, leaks.other_sentences) for leaks in all_leaks]
    header = ("Found of", "documents", "sentences", "tokens", "entities", "its sentences", "of")
    print(f"{len(docs)} documents, {sum(len(doc.ents) for doc in docs)} entities in {source}")
    print(terminal_table(header, rows))
    if out:
        write_leaks(all_leaks, out)
        msg.good(f"Wrote {sum(len(leaks.found) for leaks in all_leaks)} rows to {out}")
    if clean:
        kept, left_out = leave_out(docs, [leak for leaks in all_leaks for leak in leaks.found])
        if not kept:
            raise ValueError(Errors.CE394.format(path=source.name))
        write_docbin(kept, clean)
        msg.info(f"Left out: {left_out.summary()}")
        msg.good(f"Wrote {len(kept)} documents to {clean}")
