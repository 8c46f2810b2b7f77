"""`python -m spacy clinner convert`: foreign corpora to `.spacy` files, and back."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Option

from ..corpora.formats import FORMATS, OPTIONS, READ, WRITTEN
from ._app import CORPORA, clinner_cli
from ._coded import coded_errors
from ._given import others_given

# what is asked for with --to
OF_EXPORT = {"source", "output", "to", "ents_only", "assertion"}
# a paragraph each: typer joins single lines
_HELP = "\n\n".join(f"{name}: {format.help}" for name, format in FORMATS.items())


@clinner_cli.command("convert", rich_help_panel=CORPORA, epilog=_HELP)
def convert_cli(
    ctx: Context,
    source: Annotated[Path, Argument(help="Corpus (folder or column file); with --to a .spacy file", exists=True)],
    output: Annotated[Path, Argument(help=".spacy file; with --splits, --split or --to a folder")],
    format: Annotated[str | None, Option(help=f"Format of the corpus: {', '.join(READ)}")] = None,
    to: Annotated[str | None, Option(help=f"From .spacy to: {', '.join(WRITTEN)}")] = None,
    ents_only: Annotated[bool, Option("--ents-only", help="To brat, i2b2-2009: doc.ents, not as imported")] = False,
    lang: Annotated[str, Option(help="Language code")] = "en",
    tokenizer: Annotated[str, Option(help="clinical, spacy, or file (of columns); train with the same")] = "clinical",
    splits: Annotated[Path | None, Option(help="Folder with train.txt, dev.txt, test.txt: one id a line")] = None,
    split: Annotated[str | None, Option(help="Draw splits: percentages of train, dev, test, as 60,20,20")] = None,
    seed: Annotated[int, Option(help="Of --split")] = 0,
    by: Annotated[Path | None, Option(help="With --split: lines of id, tab, patient; each is in one")] = None,
    leave_out: Annotated[Path | None, Option(help="File with ids of documents not to write, one a line")] = None,
    audit: Annotated[Path | None, Option(help="TSV file for all that was changed or left out")] = None,
    ids: Annotated[Path | None, Option(help="File for the ids of all documents, one a line")] = None,
    token_column: Annotated[int, Option(help="Column of the token, from 0; -1 is the last")] = 0,
    tag_column: Annotated[int, Option(help="Column of the tag")] = -1,
    delimiter: Annotated[str | None, Option(help="Between columns; default: tab, else spaces")] = None,
    n_sents: Annotated[int | None, Option(min=1, help="Sentences a document of a column file")] = None,
    label: Annotated[str | None, Option(help="Label of tags without one: B, I and O alone")] = None,
    head_role: Annotated[str, Option(help="Role of the head in brat")] = "Arg2",
    no_relations: Annotated[bool, Option("--no-relations", help="In brat, pubtator: none are annotated")] = False,
    assertion: Annotated[
        list[str] | None,
        Option(help="What an attribute of brat asserts: Negation=negated; again for more; or none"),
    ] = None,
) -> None:
    """Convert a corpus to .spacy files for `spacy train` (--format), or a .spacy file back to a corpus (--to)."""
    import json

    from wasabi import msg

    from ..apart import check_apart, check_distinct
    from ..corpora.audit import name_some
    from ..corpora.exporting import export_file
    from ..corpora.formats.brat_assertions import parse_assertions
    from ..corpora.formats.column_lines import ColumnFormat
    from ..corpora.importing import TOKENIZERS, import_files
    from ..corpora.splits import Draw, parse_shares, read_groups
    from ..errors import Errors

    with coded_errors():
        if (format is None) == (to is None):
            raise ValueError(Errors.CE015)
        if others := others_given(ctx, OF_EXPORT if to else {*ctx.params} - {"ents_only"}):
            raise ValueError(Errors.CE322.format(option=others[0], other="--to" if to else "--format"))
        if (name := format or to) in FORMATS:
            others = others_given(ctx, {*ctx.params} - OPTIONS | {*FORMATS[name].options})
            if others:
                raise ValueError(Errors.CE462.format(option=others[0], format=name))
        # of documents in .spacy files no format is read, but lists of splits may be taken for notes
        listed = output if to or split else None
        check_distinct([output, audit, ids])
        check_apart([listed, audit, ids], [source, by, leave_out, *(splits.glob("*.txt") if splits else ())])
        assertions = parse_assertions(assertion or ())
        if to:
            written, left_out = export_file(source, output, to, ents_only=ents_only, assertions=assertions)
            if left_out:
                msg.warn(f"Left out {len(left_out)} documents without annotation: {name_some(left_out)}")
            msg.good(f"Wrote {written} documents to {output}")
            return
        assert format is not None, "one of the two is given (CE015)"
        if (splits and split) or (by and not split):
            raise ValueError(Errors.CE307)
        draw = Draw(parse_shares(split), seed, read_groups(by) if by else None) if split else None
        layout = ColumnFormat(None, token_column, tag_column, delimiter, n_sents, label)
        found, sizes = import_files(
            source,
            output,
            format,
            lang=lang,
            tokenizer=tokenizer,
            layout=layout,
            splits=splits or draw,
            audit_path=audit,
            ids_path=ids,
            head_role=None if no_relations else head_role,
            assertions=assertions,
            leave_out=leave_out,
        )
        print(found.summary())
        if draw:
            msg.good(f"Wrote the lists of the splits to {output}; --splits reads them")
        for path, size in sizes.items():
            msg.good(f"Wrote {size} documents to {path}")
        if audit:
            msg.good(f"Wrote {len(found.rows)} rows of audit to {audit}")
        if ids:
            msg.good(f"Wrote {len(found.ids)} ids to {ids}")
        if tokenizer != "clinical":
            setting = json.dumps({"@tokenizers": TOKENIZERS[tokenizer]})
            msg.info("Train with the same tokens:")
            print(f"--nlp.tokenizer '{setting}'")
