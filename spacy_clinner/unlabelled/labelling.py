"""What a tagger says of unlabelled notes, as gold for another training."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.util import minibatch

from ..annotations.keys import DOC_ID_KEY, LABELS_KEY, SOFT_KEY
from ..errors import Errors
from ..pipeline.tagger.crf_tagger import CRFTagger

Labels = Literal["soft", "sure", "all"]


class Labelling(NamedTuple):
    """How a tagger's predictions become gold.

    labels (str): "soft": spans with their probabilities (`annotations.keys.SOFT_KEY`); "sure": probable spans are
        entities, tokens that are probably outside are so, all others are not annotated; "all": what is predicted.
    sure (float): Of "sure": probability that an entity needs, above 0.5.
    outside (float): Of "sure": probability of being in an entity that a token outside may have at most.
    sharpness (float): Of "soft" and "sure": what the tagger's scores are multiplied by, above 0. Above 1 it is taken
        for surer than it is, and "soft" comes nearer to "all".
    """

    labels: Labels = "soft"
    sure: float = 0.8
    outside: float = 0.1
    sharpness: float = 1.0

    def check(self) -> "Labelling":
        """RAISES (ValueError): CE440 for a setting out of its range. RETURNS (Labelling): Itself."""
        for setting, value, is_right in (
            ("labels", self.labels, self.labels in ("soft", "sure", "all")),
            # two spans above a half cannot overlap
            ("sure", self.sure, 0.5 < self.sure <= 1),
            ("outside", self.outside, 0 <= self.outside < self.sure),
            ("sharpness", self.sharpness, self.sharpness > 0),
        ):
            if not is_right:
                raise ValueError(Errors.CE440.format(setting=setting, value=value))
        return self


class Labelled(NamedTuple):
    """A note with what a tagger says of it.

    doc (Doc): The note, with gold and nothing else.
    expected (float): How many entities it has, in expectation.
    taught (int): Tokens of which the gold says something.
    """

    doc: Doc
    expected: float
    taught: int


def find_tagger(nlp: Language, name: str | None = None) -> CRFTagger:
    """Find the tagger that labels.

    nlp (Language): A pipeline.
    name (Optional[str]): Its name, if there are several.
    RETURNS (CRFTagger): The tagger.
    RAISES (ValueError): CE441 if there is no tagger of this name, or several and no name; CE456 if there is none.
    """
    taggers = {pipe_name: pipe for pipe_name, pipe in nlp.pipeline if isinstance(pipe, CRFTagger)}
    if not taggers:
        raise ValueError(Errors.CE456.format(names=", ".join(nlp.pipe_names) or "none"))
    if name is None and len(taggers) == 1:
        return next(iter(taggers.values()))
    if name not in taggers:
        raise ValueError(Errors.CE441.format(known=", ".join(taggers)))
    return taggers[name]


def compare_labels(teacher: CRFTagger, gold: Collection[str], labelling: Labelling) -> list[str] | None:
    """See that a tagger can teach beside gold.

    teacher (CRFTagger): The tagger that labels.
    gold (Collection[str]): Labels of the gold.
    labelling (Labelling): How predictions become gold.
    RETURNS (Optional[List[str]]): Labels that notes are annotated for, as of `annotations.keys.LABELS_KEY`; None: all.
    RAISES (ValueError): CE445 for labels that only the teacher has, CE446 for labels that only the gold has if the
        notes cannot leave open where these are.
    """
    labels = teacher.label_data
    if more := sorted(set(labels) - set(gold)):
        raise ValueError(Errors.CE445.format(labels=", ".join(more)))
    missing = sorted(set(gold) - set(labels))
    if missing and labelling.labels == "soft":
        raise ValueError(Errors.CE446.format(labels=", ".join(missing)))
    return labels if missing else None


def label_notes(
    nlp: Language,
    notes: Iterable[tuple[str, str]],
    labelling: Labelling,
    tagger: str | None = None,
    annotated: Sequence[str] | None = None,
    groups: Sequence[str] = (),
) -> Iterator[Labelled]:
    """Annotate notes, one after the other.

    nlp (Language): The pipeline.
    notes (Iterable[Tuple[str, str]]): Id and text of each.
    labelling (Labelling): How predictions become gold.
    tagger (Optional[str]): Name of the tagger, if there are several.
    annotated (Optional[Sequence[str]]): Labels that the notes are annotated for; None: all.
    groups (Sequence[str]): Span groups that get what is predicted ("all"), beside `doc.ents`.
    YIELDS (Labelled): The notes.
    RAISES (ValueError): CE440, CE441 and CE456.
    """
    pipe = find_tagger(nlp, tagger)
    write = _WRITERS[labelling.check().labels]
    # the tagger is asked below, and what comes after it labels nothing
    unread = nlp.pipe_names[[component for _, component in nlp.pipeline].index(pipe) :]
    for batch in minibatch(notes, nlp.batch_size):
        texts = [text for _, text in batch]
        with nlp.select_pipes(disable=unread):
            read = list(nlp.pipe(texts))
        with _sharpened(pipe, labelling.sharpness):
            found = pipe.spans_above(read, 0.0)
        taken = pipe.predict(read) if labelling.labels == "all" else found
        # fresh documents: other components' annotations are no gold
        docs = map(nlp.make_doc, texts)
        for (note_id, _), doc, (_, probable), (rows, probabilities) in zip(batch, docs, found, taken, strict=True):
            doc.user_data[DOC_ID_KEY] = note_id
            if annotated is not None:
                doc.user_data[LABELS_KEY] = list(annotated)
            spans = [Span(doc, start, end, label=pipe.labels[label]) for start, end, label in rows.tolist()]
            write(doc, spans, np.asarray(probabilities), labelling)
            for key in groups if labelling.labels == "all" else ():
                doc.spans[key] = spans
            taught = len(doc) if labelling.labels == "soft" else int((doc.to_array("ENT_IOB") != 0).sum())
            yield Labelled(doc, float(probable.sum()), taught)


@contextmanager
def _sharpened(tagger: CRFTagger, sharpness: float) -> Iterator[None]:
    temperature = tagger.cfg["temperature"]
    tagger.cfg["temperature"] = temperature / sharpness
    try:
        yield
    finally:
        tagger.cfg["temperature"] = temperature


def _write_soft(doc: Doc, spans: list[Span], probabilities: np.ndarray, labelling: Labelling) -> None:
    attrs = {"scores": probabilities.astype("float32")}
    doc.spans[SOFT_KEY] = SpanGroup(doc, name=SOFT_KEY, spans=spans, attrs=attrs)


def _write_sure(doc: Doc, spans: list[Span], probabilities: np.ndarray, labelling: Labelling) -> None:
    inside = np.zeros(len(doc))
    for span, probability in zip(spans, probabilities, strict=True):
        inside[span.start : span.end] += probability
    entities = [span for span, found in zip(spans, probabilities, strict=True) if found >= labelling.sure]
    unsure = inside > labelling.outside
    for span in entities:
        unsure[span.start : span.end] = False
    doc.set_ents(entities, missing=[doc[i : i + 1] for i in np.flatnonzero(unsure)], default="outside")


def _write_all(doc: Doc, spans: list[Span], probabilities: np.ndarray, labelling: Labelling) -> None:
    doc.set_ents(spans, default="outside")


_WRITERS: dict[str, Callable[..., None]] = {"soft": _write_soft, "sure": _write_sure, "all": _write_all}
