"""`python -m spacy clinner annotate`: one note, as a table and as a page."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ._app import NOTES, clinner_cli
from ._coded import coded_errors
from ._gpu import GpuId, use_gpu


@clinner_cli.command("annotate", rich_help_panel=NOTES)
def annotate_cli(
    model: Annotated[str, Argument(help="Pipeline (path or name)")],
    note: Annotated[Path, Argument(help="Text file, UTF-8", exists=True, dir_okay=False)],
    html: Annotated[Path | None, Option(help="HTML page to write; it holds the note")] = None,
    spans_key: Annotated[str | None, Option(help="Span group to show; default: doc.ents")] = None,
    gpu_id: GpuId = -1,
) -> None:
    """Annotate one note: entities with label, assertions and probability, and their relations."""
    import spacy
    from wasabi import msg

    from ..annotations.documents import check_group
    from ..annotations.relations import read_relations
    from ..apart import check_apart
    from ..bulk.batch import Failure, annotate_texts
    from ..bulk.earlier import check_earlier
    from ..calibration.check_below import entity_bound, relation_bounds
    from ..files import read_text, write_atomically
    from ..reports.annotations import annotations_of
    from ..reports.html import annotation_page
    from ..reports.tables import annotation_table, link_table

    with coded_errors():
        use_gpu(gpu_id, silent=True)
        if html:
            check_apart([html], [note])
            check_earlier(html, "html")
        nlp = spacy.load(model)
        (doc,) = annotate_texts(nlp, [read_text(note)])
        if isinstance(doc, Failure):
            raise ValueError(doc.message)
        check_group(doc.spans, spans_key)
        annotations = annotations_of(doc, spans_key)
        print(annotation_table(doc.text, annotations))
        if links := read_relations(doc):
            print(link_table(doc.text, links))
        if html:
            page = annotation_page(
                doc.text,
                annotations,
                links,
                title=note.name,
                lang=doc.lang_,
                check_below=entity_bound(nlp, spans_key),
                check_links_below=relation_bounds(nlp),
            )
            write_atomically(html, page, private=True)
            msg.good(f"Saved the page to {html}")
