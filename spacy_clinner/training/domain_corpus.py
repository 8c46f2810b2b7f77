"""A corpus of several named corpora: every example says where it comes from, and labels can be renamed by corpus."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from spacy.util import logger, registry

from ..annotations.documents import annotated_labels
from ..annotations.keys import DOC_ID_KEY, DOMAIN_KEY, LABELS_KEY
from ..annotations.leaving import drop_import, drop_relations_and_assertions, drop_unmentioned
from ..annotations.relations import Offsets
from ..annotations.span_groups import kept_scores
from ..cells import format_tsv
from ..errors import Errors
from ..files import write_atomically
from ..quoting import coded

LabelMap = dict[str, str]
ENTS = "doc.ents"
HEADER = ("domain", "gold", "label", "mapped_to", "entities", "documents")


@registry.readers("spacy_clinner.DomainCorpus.v1")
def create_domain_corpus(
    domains: dict[str, Any],
    label_maps: dict[str, LabelMap] | None = None,
    audit: Path | str | None = None,
    annotated: dict[str, list[str]] | None = None,
) -> Callable[[Language], Iterable[Example]]:
    """Join corpora, mark every example with the name of its own, and rename gold labels.

    The corpora take turns, one example each, until all are read; nothing is held in memory.

    domains (Dict[str, Callable[[Language], Iterable[Example]]]): readers by the name of their domain, which goes into
        `user_data["clinner_domain"]` of predicted and reference.
    label_maps (Optional[Dict[str, Dict[str, str]]]): new names of labels by domain, for `doc.ents` and all span groups.
        A domain with a map keeps no other labels: what the map does not name, or maps to "", leaves the gold.
    annotated (Optional[Dict[str, List[str]]]): labels that were annotated, by domain, as they are called after the
        map; `user_data["clinner_labels"]` of the reference then says so, and about entities of other labels its gold
        says nothing. A domain that is not named was annotated for all.
    audit (Optional[Union[Path, str]]): TSV file, written after a full pass: what each label became, how often it
        occurs.
    RETURNS (Callable[[Language], Iterable[Example]]): the reader. It raises CE222 for a domain that cannot be read or
        holds no example, CE223 if a domain has labels but its map names none of them, CE229 if a gold document has a
        label that its domain was not annotated for.
    RAISES (ValueError): CE220 without any domain, CE221 for the map or labels of an unknown one.
    """
    # Typed Any: `init fill-config` checks blocks nested in a dictionary before it has made readers of them.
    if not domains:
        raise ValueError(Errors.CE220)
    maps, labels = label_maps or {}, annotated or {}
    for domain in (*maps, *labels):
        if domain not in domains:
            raise ValueError(Errors.CE221.format(domain=domain, known=", ".join(domains)))
    return _DomainCorpus(domains, maps, labels, None if audit is None else Path(audit))


class _DomainCorpus:
    def __init__(
        self,
        domains: dict[str, Any],
        maps: dict[str, LabelMap],
        annotated: dict[str, list[str]],
        audit: Path | None,
    ) -> None:
        self.domains, self.maps, self.annotated, self.audit = domains, maps, annotated, audit
        self.logged = False

    def __call__(self, nlp: Language) -> Iterator[Example]:
        counts = {domain: _LabelCounts(domain, self.maps.get(domain)) for domain in self.domains}
        streams = {domain: self._read(domain, nlp, counts[domain]) for domain in self.domains}
        while streams:
            for domain in list(streams):
                example = next(streams[domain], None)
                if example is None:
                    del streams[domain]
                else:
                    yield example
        self._report(list(counts.values()))

    def _read(self, domain: str, nlp: Language, counts: "_LabelCounts") -> Iterator[Example]:
        n_examples = 0
        for example in _named(domain, self.domains[domain], nlp):
            n_examples += 1
            counts.add(example.reference)
            if domain in self.maps:
                reference = map_labels(example.reference, self.maps[domain])
                example = Example(example.predicted, reference)
            for doc in (example.predicted, example.reference):
                doc.user_data[DOMAIN_KEY] = domain
            if domain in self.annotated:
                mark_annotated(example.reference, self.annotated[domain], domain)
            yield example
        if not n_examples:
            raise ValueError(Errors.CE222.format(domain=domain, reason="no example"))
        counts.check()

    def _report(self, counts: list["_LabelCounts"]) -> None:
        if self.audit:
            rows = [HEADER, *(row for domain in counts for row in domain.rows())]
            write_atomically(self.audit, format_tsv(rows))
        if not self.logged:
            for line in (line for domain in counts for line in domain.unmapped()):
                logger.info(line)
        self.logged = True


def _named(domain: str, reader: Callable[[Language], Iterable[Example]], nlp: Language) -> Iterator[Example]:
    """The examples of a domain; what goes wrong on the way is said of the domain, wherever in it that is."""
    n_read = 0
    try:
        for example in reader(nlp):
            yield example
            n_read += 1
    except Exception as error:
        reason = coded(error) or type(error).__name__
        where = f"{reason}, after {n_read} examples" if n_read else reason
        raise ValueError(Errors.CE222.format(domain=domain, reason=where)) from error


class _LabelCounts:
    """Labels of one domain as they were found: how many entities have them, in how many documents."""

    def __init__(self, domain: str, label_map: LabelMap | None) -> None:
        self.domain, self.label_map = domain, label_map
        self.entities: Counter[tuple[str, str]] = Counter()
        self.documents: dict[tuple[str, str], set[Any]] = {}
        self.n_examples = 0

    def add(self, reference: Doc) -> None:
        self.n_examples += 1
        # windows of a document share its id; a document without id is one of its own
        doc_id = reference.user_data.get(DOC_ID_KEY, self.n_examples)
        for gold, spans in [(ENTS, reference.ents), *reference.spans.items()]:
            for span in spans:
                self.entities[gold, span.label_] += 1
                self.documents.setdefault((gold, span.label_), set()).add(doc_id)

    def mapped(self, label: str) -> str:
        return label if self.label_map is None else self.label_map.get(label, "")

    def check(self) -> None:
        if self.label_map is not None and self.entities:
            labels = sorted({label for _, label in self.entities})
            if not any(label in self.label_map for label in labels):
                found = {"labels": ", ".join(labels), "mapped": ", ".join(self.label_map)}
                raise ValueError(Errors.CE223.format(domain=self.domain, **found))

    def rows(self) -> Iterator[tuple[Any, ...]]:
        for (gold, label), n in sorted(self.entities.items(), key=lambda item: (item[0][0], -item[1], item[0][1])):
            yield self.domain, gold, label, self.mapped(label), n, len(self.documents[gold, label])

    def unmapped(self) -> Iterator[str]:
        for domain, gold, label, _, n_entities, n_documents in self.rows():
            if self.label_map is not None and label not in self.label_map:
                found = f"{n_entities} entities in {n_documents} documents"
                yield f"Domain {domain!r}: label {label!r} is not in its map, {found} leave the gold ({gold})"


def mark_annotated(reference: Doc, labels: Sequence[str], domain: str) -> None:
    """Say for which labels a gold document was annotated.

    reference (Doc): the document.
    labels (Sequence[str]): the labels.
    domain (str): name of its corpus, for errors.
    RAISES (ValueError): CE229 if an entity of `doc.ents` has another label.
    """
    for ent in reference.ents:
        if ent.label_ not in labels:
            doc = reference.user_data.get(DOC_ID_KEY)
            found = {"doc": doc, "offset": ent.start_char, "label": ent.label_, "labels": ", ".join(labels)}
            raise ValueError(Errors.CE229.format(domain=domain, **found))
    reference.user_data[LABELS_KEY] = list(labels)


def map_labels(reference: Doc, label_map: LabelMap) -> Doc:
    """Rename the labels of a gold document.

    reference (Doc): the document; it stays as it is.
    label_map (Dict[str, str]): new names. Spans whose label it does not name, or maps to "", are left out.
    RETURNS (Doc): a copy with the renamed `doc.ents` and span groups. Tokens of entities that were left out are
        outside of entities, tokens without annotation stay so; of the attributes of span groups, "scores" are kept.
        Relations and assertions go with their entities, those of `doc.ents` before any of a group that are at the same
        characters. Labels that it was annotated for are renamed, too. What an import kept of the annotators' own files
        is not in it: its labels are the old ones.
    """
    doc = reference.copy()
    drop_import(doc)
    for key, group in reference.spans.items():
        kept = [bool(label_map.get(span.label_)) for span in group]
        spans = _renamed(doc, group, label_map)
        doc.spans[key] = SpanGroup(doc, name=key, spans=spans, attrs=kept_scores(group, kept))
    if reference.has_annotation("ENT_IOB"):
        missing = [doc[token.i : token.i + 1] for token in reference if not token.ent_iob]
        doc.set_ents(_renamed(doc, reference.ents, label_map), missing=missing, default="outside")
    before, after = _all_entities(reference), _all_entities(doc)
    # where `doc.ents` has lost one, no span of a group takes its place
    gone = (_places(before) - _places(after)) | (_places(reference.ents) - _places(doc.ents))
    drop_relations_and_assertions(doc, gone.__contains__)
    drop_unmentioned(doc, before, after)
    if (annotated := annotated_labels(reference)) is not None:
        # of two labels that become one, both must have been looked for
        unknown = {"", *(new for label, new in label_map.items() if label not in annotated)}
        doc.user_data[LABELS_KEY] = [new for new in dict.fromkeys(label_map.values()) if new not in unknown]
    return doc


def _all_entities(doc: Doc) -> list[Span]:
    return [*doc.ents, *(span for group in doc.spans.values() for span in group)]


def _places(spans: Iterable[Span]) -> set[Offsets]:
    return {(span.start_char, span.end_char) for span in spans}


def _renamed(doc: Doc, spans: Iterable[Span], label_map: LabelMap) -> list[Span]:
    kept = [(span, label_map.get(span.label_, "")) for span in spans]
    return [
        Span(doc, span.start, span.end, label=label, kb_id=span.kb_id, span_id=span.id) for span, label in kept if label
    ]
