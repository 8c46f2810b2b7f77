"""Read all corpora of a corpora file before anything is trained: what they hold, and what the file does not say."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ..annotations.documents import read_docs
from ..progress import progress
from ..toml_file import refuse
from .corpora_file import Corpora, Corpus, UnseenCorpus
from .heads import HeadPlan, plan_heads


class PartLabels(NamedTuple):
    """What a file holds: documents, and entities by the corpus' own labels."""

    documents: int
    entities: Counter[str]


Counts = Mapping[tuple[str, str], PartLabels]


def check_corpora(corpora: Corpora) -> Counts:
    """Read the files of all corpora, and see that the corpora file says what becomes of each label.

    corpora (Corpora): The corpora file.
    RETURNS (Counts): Documents and entities, by corpus and part.
    RAISES (ValueError): CE084, with all that is wrong, by corpus: a file that is not there or no `.spacy` file, labels
        that the file does not name, a corpus without entities that it names, a label that no corpus teaches.
    """
    read: list[Corpus | UnseenCorpus] = [*corpora.corpora.values(), *corpora.unseen.values()]
    files = [(corpus, part, path) for corpus in read for part, path in corpus.parts.items()]
    counts, problems = {}, []
    for corpus, part, path in progress(files, total=len(files), unit="file", desc="Read corpora"):
        try:
            docs = read_docs(path)
        except (OSError, ValueError) as error:
            reason = error if isinstance(error, ValueError) else type(error).__name__
            problems.append(f"{corpus.section}.{corpus.name}.{part}: {path} cannot be read ({reason})")
            continue
        counts[corpus.name, part] = PartLabels(len(docs), Counter(ent.label_ for doc in docs for ent in doc.ents))
    problems += [problem for corpus in read for problem in _problems(corpus, counts)]
    if not problems:
        problems += _untaught(plan_heads(corpora), corpora, counts)
    if problems:
        raise refuse(corpora.path, problems)
    return counts


def _problems(corpus: Corpus | UnseenCorpus, counts: Counts) -> Iterator[str]:
    known = corpus.label_map
    for part in corpus.parts:
        found = counts.get((corpus.name, part), PartLabels(0, Counter())).entities
        if unknown := sorted(found.keys() - known.keys()):
            yield (
                f"{corpus.section}.{corpus.name}: its {part} documents have labels of which the file says nothing: "
                f'{", ".join(unknown)}. Map each to a label of the model, or to "" to leave it out'
            )
        elif part != "test" and (corpus.name, part) in counts and not any(known[label] for label in found):
            yield f"corpora.{corpus.name}: its {part} documents have no entity of a label that is learned"


def _untaught(heads: Sequence[HeadPlan], corpora: Corpora, counts: Counts) -> Iterator[str]:
    for head in heads:
        teachers = [corpora.corpora[name] for name in head.corpora]
        taught = {one.label_map[label] for one in teachers for label in counts[one.name, "train"].entities}
        for label in head.labels:
            if label not in taught:
                yield f"the label {label!r} of {', '.join(head.corpora)} is in no training document"
