"""Which components of a pipeline write the entities that are asked for: those that declare it."""

from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

from spacy.language import Language

from ..errors import Errors


class Source(NamedTuple):
    """Where entities of a component come from: itself, or, of a union, one of the heads that it unites.

    name (Optional[str]): Name of the component that finds them; None: no component declares to.
    rename (Callable[[str], str]): What its labels are called in the end; "": they are left out.
    """

    name: str | None
    rename: Callable[[str], str]


def entity_writers(nlp: Language, spans_key: str | None = None) -> dict[str, Any]:
    """Find the components that declare to write entities.

    nlp (Language): The pipeline.
    spans_key (Optional[str]): Span group that the components must be set to write; None: `doc.ents`.
    RETURNS (Dict[str, Any]): Components by name, in their order. A union replaces `doc.ents`, so who writes them before
        it does not count.
    """
    found: dict[str, Any] = {}
    for name in all_entity_writers(nlp, spans_key):
        pipe = nlp.get_pipe(name)
        if _unites(pipe) and spans_key is None:
            found.clear()
        found[name] = pipe
    return found


def all_entity_writers(nlp: Language, spans_key: str | None = None) -> list[str]:
    """Find the components without which nobody writes entities: those whose entities a union replaces among them.

    nlp (Language): The pipeline.
    spans_key (Optional[str]): As for `entity_writers`.
    RETURNS (List[str]): Names of components, in their order.
    """
    return [name for name in nlp.pipe_names if _writes(nlp, name, spans_key)]


def entity_tagger(nlp: Language, spans_key: str | None = None) -> str | None:
    """Find the component that knows how probable the entities are: a tagger, or a union of some.

    nlp (Language): The pipeline.
    spans_key (Optional[str]): As for `entity_writers`.
    RETURNS (Optional[str]): Its name; of several that write `doc.ents` that of the last one, which decides. None if
        there is none.
    """
    writers = entity_writers(nlp, spans_key)
    taggers = [name for name, pipe in writers.items() if hasattr(pipe, "spans_above") or _unites(pipe)]
    return taggers[-1] if taggers else None


def entity_sources(nlp: Language, name: str) -> list[Source]:
    """Find the components that find what a component writes.

    nlp (Language): The pipeline.
    name (str): Name of the component.
    RETURNS (List[Source]): The component itself; of a union the last one before it that writes each of its groups.
    """
    pipe: Any = nlp.get_pipe(name)
    return list(_sources_of_heads(nlp, name, pipe)) if _unites(pipe) else [Source(name, str)]


def written_labels(nlp: Language, name: str) -> set[str]:
    """RETURNS (Set[str]): Labels of the entities that a component can write; none if it does not tell them."""
    return set().union(*_labels_of_sources(nlp, name))


def known_labels(nlp: Language, spans_key: str | None = None) -> set[str]:
    """Find the labels of the entities that the components can write which declare to.

    nlp (Language): The pipeline.
    spans_key (Optional[str]): As for `entity_writers`.
    RETURNS (Set[str]): The labels; none if one of the components does not tell its own.
    """
    told = [labels for name in entity_writers(nlp, spans_key) for labels in _labels_of_sources(nlp, name)]
    return set().union(*told) if all(told) else set()


def check_labels(nlp: Language, labels: Collection[str], spans_key: str | None = None) -> None:
    """See that a pipeline can find entities of some labels, where all components tell what they write.

    nlp (Language): The pipeline.
    labels (Collection[str]): The labels.
    spans_key (Optional[str]): As for `entity_writers`.
    RAISES (ValueError): CE455 if it cannot.
    """
    known = known_labels(nlp, spans_key)
    # a function, for example, that gives entities other labels declares nothing
    is_declared = all(nlp.get_pipe_meta(name).assigns for name in nlp.pipe_names)
    if known and is_declared and (unknown := sorted({*labels} - known)):
        raise ValueError(Errors.CE455.format(unknown=", ".join(unknown), known=", ".join(sorted(known))))


def check_order(nlp: Language) -> None:
    """See that no component reads entities before all that write them.

    nlp (Language): The pipeline.
    RAISES (ValueError): CE454 if one does.
    """
    for position, name in enumerate(nlp.pipe_names):
        for spans_key in _read_groups(nlp, name):
            writers = all_entity_writers(nlp, spans_key)
            if writers and writers[0] not in nlp.pipe_names[: position + 1]:
                where = "doc.ents" if spans_key is None else f"span group {spans_key!r}"
                raise ValueError(Errors.CE454.format(reader=name, writer=writers[0], where=where))


def written_group(nlp: Language, name: str) -> str | None:
    """RETURNS (Optional[str]): The span group that a component is set to write or read; None if it is set to none."""
    return nlp.get_pipe_config(name).get("spans_key")


def written_groups(nlp: Language, names: Collection[str]) -> set[str]:
    """RETURNS (Set[str]): The span groups that some components, enabled or not, declare to write."""
    writers = (name for name in names if "doc.spans" in nlp.get_pipe_meta(name).assigns)
    return {group for name in writers if (group := written_group(nlp, name)) is not None}


def _writes(nlp: Language, name: str, spans_key: str | None) -> bool:
    assigns, config = nlp.get_pipe_meta(name).assigns, nlp.get_pipe_config(name)
    if spans_key is None:
        # a `span_ruler` declares span groups alone
        return ("doc.ents" in assigns and config.get("set_ents", True)) or config.get("annotate_ents", False)
    return "doc.spans" in assigns and config.get("spans_key") == spans_key


def _read_groups(nlp: Language, name: str) -> Collection[str | None]:
    """The span groups whose entities a component reads; None: `doc.ents`."""
    pipe: Any = nlp.get_pipe(name)
    if _unites(pipe):
        return pipe.heads
    return [written_group(nlp, name)] if "doc.ents" in nlp.get_pipe_meta(name).requires else []


def _labels_of_sources(nlp: Language, name: str) -> list[set[str]]:
    """What each source of a component's entities tells of its labels, as they are called in the end."""
    return [
        {renamed for label in getattr(nlp.get_pipe(source.name), "labels", ()) if (renamed := source.rename(label))}
        if source.name is not None
        else set()
        for source in entity_sources(nlp, name)
    ]


def _unites(pipe: Any) -> bool:
    return hasattr(pipe, "united_label")


def _sources_of_heads(nlp: Language, name: str, union: Any) -> Iterator[Source]:
    before = nlp.pipe_names[: nlp.pipe_names.index(name)]
    for head in union.heads:
        writers = [writer for writer in entity_writers(nlp, head) if writer in before]
        for source in entity_sources(nlp, writers[-1]) if writers else [Source(None, str)]:
            yield Source(source.name, _renamed(union, head, source.rename))


def _renamed(union: Any, head: str, before: Callable[[str], str]) -> Callable[[str], str]:
    """What a union calls a label of what a head finds, which may be a union itself."""

    def rename(label: str) -> str:
        label = before(label)
        return union.united_label(head, label) if label else ""

    return rename
