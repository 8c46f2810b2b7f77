"""Invented records of an experiment."""


def record(f, **keys):
    """A run with this F1 on two documents of 50 entities each."""
    matched = round(100 * f)
    documents = {"a": [matched // 2, 50, 50], "b": [matched - matched // 2, 50, 50]}
    test = {"f": f, "documents": documents, "n_documents": 2, "n_entities": 100}
    return {"keys": keys, "dev": f - 0.1, "test": test}


def curve():
    scores = {5: (0.40, 0.50), 10: (0.50, 0.58), 20: (0.60, 0.64), 40: (0.70, 0.71)}
    return [
        record(f + 0.01 * seed, share=share, transfer=kind, seed=seed)
        for share, pair in scores.items()
        for kind, f in zip(("none", "all"), pair, strict=True)
        for seed in (-1, 0, 1)
    ]


def grid():
    gains = {"base": 0.0, "better": 0.03, "mixed": 0.0}
    return [
        record(
            0.5 + gains[method] + (0.02 if method == "mixed" and (seed + ord(source)) % 2 else 0) + 0.001 * seed,
            source=source,
            target=target,
            method=method,
            seed=seed,
        )
        for source, target in (("a", "b"), ("b", "a"), ("c", "a"))
        for seed in range(4)
        for method in gains
    ]
