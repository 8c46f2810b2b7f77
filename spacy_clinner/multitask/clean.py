"""Training documents without what is in any corpus' dev and test documents, and unseen ones without what is in any."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from wasabi import table

from ..annotations.documents import read_docs
from ..corpora.fingerprints import take_fingerprints
from ..corpora.importing import write_docbin
from ..corpora.leak import Leaks
from ..corpora.leaks import find_leaks
from ..corpora.leaving_out import leave_out_tests
from ..progress import progress
from ..toml_file import refuse
from .corpora_file import Corpora

# of each training file, by the corpus: what is in the dev or test file of which other
AllLeaks = Mapping[str, list[Leaks]]


def clean_corpora(corpora: Corpora, folder: Path) -> tuple[Corpora, AllLeaks]:
    """Write training files without documents and sentences that any corpus is chosen or tested on.

    corpora (Corpora): The corpora file.
    folder (Path): Folder of the new training files; those that lose nothing are not written.
    RETURNS (Tuple[Corpora, AllLeaks]): The corpora with these files, and what was found, pairs with nothing left out.
    RAISES (ValueError): CE084 if nothing is left of a training file.
    """
    tests = {
        f"{name}, {part}": take_fingerprints(read_docs(path))
        for name, corpus in corpora.corpora.items()
        for part, path in corpus.parts.items()
        if part != "train"
    }
    cleaned, all_leaks = {}, {}
    files = corpora.corpora.items()
    for name, corpus in progress(files, total=len(files), unit="corpus", desc="Leave out tests"):
        kept, found, _ = leave_out_tests(read_docs(corpus.train), tests)
        all_leaks[name], cleaned[name] = found, corpus
        if found:
            if not kept:
                raise refuse(corpora.path, [f"corpora.{name}: all of its train documents are in {found[0].other}"])
            cleaned[name] = replace(corpus, train=folder / f"{name}.spacy")
            write_docbin(kept, cleaned[name].train)
    return replace(corpora, corpora=cleaned), all_leaks


def clean_unseen(corpora: Corpora, folder: Path) -> tuple[Corpora, AllLeaks]:
    """Write the documents of unseen corpora without those of which anything is in a file of another one.

    Other than with dev and test documents it is they that lose something: a training does not depend on them.

    corpora (Corpora): The corpora file, as of `clean_corpora`.
    folder (Path): Folder of the new files; those that lose nothing are not written.
    RETURNS (Tuple[Corpora, AllLeaks]): The corpora with these files, and what was found, pairs with nothing left out.
    RAISES (ValueError): CE084 if nothing is left of a file.
    """
    if not corpora.unseen:
        return corpora, {}
    seen = {
        f"{name}, {part}": take_fingerprints(read_docs(path))
        for name, corpus in corpora.corpora.items()
        for part, path in corpus.parts.items()
    }
    cleaned, all_leaks = {}, {}
    for name, corpus in corpora.unseen.items():
        docs = read_docs(corpus.test)
        own = take_fingerprints(docs)
        found = [leaks for other, theirs in seen.items() if (leaks := find_leaks(own, theirs, other)).found]
        all_leaks[name], cleaned[name] = found, corpus
        if found:
            gone = {leak.doc for leaks in found for leak in leaks.found}
            if len(gone) == len(docs):
                raise refuse(corpora.path, [f"unseen.{name}: all of its documents are in other corpora"])
            cleaned[name] = replace(corpus, test=folder / f"{name}.spacy")
            write_docbin([doc for number, doc in enumerate(docs) if number not in gone], cleaned[name].test)
    return replace(corpora, unseen=cleaned), all_leaks


def leaks_table(all_leaks: AllLeaks) -> str:
    """Show what was left out of which file.

    all_leaks (AllLeaks): As of `clean_corpora` and `clean_unseen`.
    RETURNS (str): A table with a line for each pair of files; empty if there is none.
    """
    rows = [(name, one.other, *one.counts.values()) for name, found in all_leaks.items() for one in found]
    header = ("Of the documents of", "are in", "documents", "sentences", "tokens", "entities")
    return table(rows, header=header, divider=True, aligns=("l", "l", "r", "r", "r", "r")) if rows else ""
