"""Settings of components, changed in them and in what is saved."""

from typing import Any

from spacy.language import Language


def interpolate_components(nlp: Language) -> None:
    """Write out what the settings of components borrow (`${...}`): those that they borrow from may change or go.

    nlp (Language): The pipeline.
    """
    for name, settings in nlp.config.interpolate()["components"].items():
        nlp.get_pipe_config(name).update(settings)


def change_settings(nlp: Language, name: str, **settings: Any) -> None:
    """Change settings of a component, now and in the config that the pipeline is saved with.

    nlp (Language): The pipeline.
    name (str): Name of the component, one of those that keep their settings in `cfg`.
    **settings (Any): New values.
    """
    pipe: Any = nlp.get_pipe(name)
    for known in (pipe.cfg, nlp.get_pipe_config(name)):
        known.update(settings)
