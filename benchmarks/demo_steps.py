"""Training steps on demo notes, timed side by side: an encoder, the heads that listen to it, batches, and the clock."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# one thread everywhere, before any library starts its pool
for variable in ("OMP", "MKL", "OPENBLAS", "BLIS", "NUMBA"):
    os.environ[f"{variable}_NUM_THREADS"] = "1"

import spacy  # noqa: E402
import torch  # noqa: E402
from spacy.language import Language  # noqa: E402
from spacy.training import Example  # noqa: E402
from spacy.util import load_config  # noqa: E402
from thinc.api import Adam  # noqa: E402

from spacy_clinner.corpora.demo import generate_note, note_to_doc  # noqa: E402
from spacy_clinner.progress import progress  # noqa: E402
from spacy_clinner.training.window_corpus import cut_example  # noqa: E402

CONFIG = Path(__file__).parents[1] / "configs" / "ner_demo_charcnn-bilstm_crf.cfg"
ENCODER = load_config(CONFIG)["components"]["ner"]["model"]["tok2vec"]
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": ENCODER["encode"]["width"]}
HEAD = {"@architectures": "spacy_clinner.CRFTagger.v1", "tok2vec": LISTENER}
SOURCE, TARGET = "cardiology", "respiratory"


def make_encoder() -> Language:
    """RETURNS (Language): A pipeline of the encoder alone, to which heads can be added."""
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "spacy_clinner.ClinicalTokenizer.v1"}}})
    nlp.add_pipe("clinner_tok2vec", name="tok2vec", config={"model": ENCODER})
    return nlp


def make_batch(nlp: Language, words: int) -> list[Example]:
    """Lines of demo notes, so many words of either domain."""
    batch: list[Example] = []
    for domain in (SOURCE, TARGET):
        left, index = words, 0
        while left:
            doc = note_to_doc(generate_note(domain, index), nlp)
            predicted = nlp.make_doc(doc.text)
            predicted.user_data.update(doc.user_data)
            example = Example(predicted, doc)
            for line in cut_example(example, unit="lines", min_tokens=0, max_tokens=256):
                if left:
                    kept = line if len(line.x) <= left else Example(*(doc[:left].as_doc() for doc in (line.x, line.y)))
                    for cut in (kept.x, kept.y):
                        cut.user_data["clinner_domain"] = domain
                    batch.append(kept)
                    left -= len(kept.x)
            index += 1
    return batch


def time_steps(pipelines: Mapping[str, tuple[Language, list[Example]]], repeats: int) -> dict[str, dict[str, Any]]:
    """CPU seconds of a training step.

    pipelines (Mapping[str, Tuple[Language, List[Example]]]): Initialised pipelines and their batches, by name.
    repeats (int): Rounds; in each, every pipeline takes one step.
    RETURNS (Dict[str, Dict[str, Any]]): By name: the lowest "seconds" of a step, and the "ratio" to the first one's.
    """
    torch.set_num_threads(1)
    optimizers = {name: Adam(0.001) for name in pipelines}
    seconds = dict.fromkeys(pipelines, float("inf"))
    # the first round compiles kernels and fills the caches; it does not count
    for number in progress(range(repeats + 1), unit="round", desc="Train"):
        for name, (nlp, batch) in pipelines.items():
            start = time.process_time()
            nlp.update(batch, drop=0.4, sgd=False)
            for _, pipe in nlp.pipeline:
                pipe.finish_update(optimizers[name])
            if number:
                seconds[name] = min(seconds[name], time.process_time() - start)
    first = next(iter(seconds.values()))
    return {name: {"seconds": found, "ratio": found / first} for name, found in seconds.items()}
