"""The order of the scores that travel with a model, and that `spacy package` shows in its README."""

from spacy.language import Language


def put_weighted_scores_first(nlp: Language) -> None:
    """Sort the scores of the last evaluation: those that choose the checkpoint, those that are shown, all others.

    nlp (Language): The pipeline, with `nlp.meta["performance"]` as `spacy train` writes it.
    """
    weights = nlp.config["training"].get("score_weights", {})

    def rank(score: str) -> float:
        weight = weights.get(score)
        return 1.0 if weight is None else -weight

    performance = nlp.meta.get("performance", {})
    nlp.meta["performance"] = {score: performance[score] for score in sorted(performance, key=rank)}
