"""Which options a command was given, so that none is passed over in silence."""

from collections.abc import Collection

from typer import Context


def others_given(ctx: Context, allowed: Collection[str]) -> list[str]:
    """Find options that were given, be it with their default, but do not go with the others.

    ctx (Context): The command as it was called.
    allowed (Collection[str]): Names of the parameters that do.
    RETURNS (List[str]): The options as they are written, in order.
    """
    sources = {name: ctx.get_parameter_source(name) for name in ctx.params if name not in allowed}
    given = [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    return [f"--{name.replace('_', '-')}" for name in given]
