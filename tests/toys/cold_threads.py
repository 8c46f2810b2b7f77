"""Annotate notes by eight threads that start together: `python -m tests.toys.cold_threads FOLDER HOW`."""

import asyncio
import json
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

N_THREADS = 8
# threads take turns as often as they can
sys.setswitchinterval(1e-5)


def in_threads(work, *args):
    """Let all begin at once, and give what each returns; also of `asyncio.to_thread`."""
    together = threading.Barrier(N_THREADS)

    def begin(number):
        together.wait()
        return work(number, *args)

    return begin


def annotate(number, nlp, notes):
    from .whole_pipeline import read

    # each begins with another note
    turned = notes[number:] + notes[:number]
    found = [read(doc) for doc in (map(nlp, turned) if number % 2 else nlp.pipe(turned))]
    return found[-number:] + found[:-number] if number else found


def load_and_annotate(number, folder, notes):
    import spacy

    return annotate(number, spacy.load(folder), notes)


async def in_event_loop(begin):
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(N_THREADS))
    return await asyncio.gather(*(asyncio.to_thread(begin, number) for number in range(N_THREADS)))


def main(folder: Path, how: str) -> None:
    expected, notes = (json.loads((folder / name).read_text(encoding="utf8")) for name in ("found.json", "notes.json"))
    if how == "load":
        begin = in_threads(load_and_annotate, folder, notes)
    else:
        import spacy

        begin = in_threads(annotate, spacy.load(folder), notes)
    if how == "asyncio":
        found = asyncio.run(in_event_loop(begin))
    else:
        with ThreadPoolExecutor(N_THREADS) as pool:
            found = list(pool.map(begin, range(N_THREADS)))
    wrong = [(number, *pair) for number, of in enumerate(found) for pair in zip(of, expected, strict=True)]
    wrong = [one for one in wrong if one[1] != one[2]]
    assert len(found) == N_THREADS and not wrong, wrong
    # medspaCy, imported by whichever thread, must not have silenced the others
    with warnings.catch_warnings(record=True) as told:
        warnings.warn("still heard", stacklevel=1)
    assert told


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
