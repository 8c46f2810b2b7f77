"""`python -m spacy clinner ...`: one command a file, thin; heavy imports live inside the commands."""

from . import (  # noqa: F401
    adapt_transformer,
    annotate,
    audit,
    calibrate,
    choose_threshold,
    combine,
    convert,
    curve,
    debug,
    demo_corpus,
    distil,
    ensemble,
    evaluate,
    evaluate_relations,
    export,
    grid,
    hierarchy,
    import_neuroner,
    init_multitask,
    init_recipe,
    layers,
    map_corpora,
    predict,
    pretrain,
    run,
    self_train,
    strip,
    study,
    table,
    train,
    vectors,
    warm,
)
from ._app import clinner_cli

__all__ = ["clinner_cli"]
