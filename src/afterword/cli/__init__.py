"""The `afterword` command. This folder alone imports typer, which the extra `standard` brings."""

from typing import Annotated

import typer

from afterword.cli.demo import demo
from afterword.cli.doctor import doctor
from afterword.cli.jobs import jobs
from afterword.cli.worker import worker


def tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # Here, since it takes its time to import.

        typer.echo(f"afterword {version('afterword')}")
        raise typer.Exit


command = typer.Typer(name="afterword", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
command.command()(worker)
command.command()(doctor)
command.command()(demo)
command.add_typer(jobs, name="jobs")


@command.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", help="Say which afterword this is.", callback=tell_version, is_eager=True)
    ] = False,
) -> None:
    """Background tasks for FastAPI that are never lost."""


__all__ = ["command"]
