"""Settings of a component, changed in it and in what is saved."""

from typing import Any

from spacy.language import Language


def change_settings(nlp: Language, name: str, **settings: Any) -> None:
    """Change settings of a component, now and in the config that the pipeline is saved with.

    nlp (Language): The pipeline.
    name (str): Name of the component, one of those that keep their settings in `cfg`.
    **settings (Any): New values.
    """
    pipe: Any = nlp.get_pipe(name)
    for known in (pipe.cfg, nlp.get_pipe_config(name)):
        known.update(settings)
