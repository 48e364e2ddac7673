"""`afterword worker`: the worker of an application, started apart from it."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from afterword import settings
from afterword.discovery import guess
from afterword.embedded import serve
from afterword.errors import AfterwordError
from afterword.launch import Launch
from afterword.stores.url import shared

DEFAULTS = settings.Settings()


def worker(
    target: Annotated[
        str | None, Argument(help='The application, as "main:app".', show_default="found as fastapi dev finds it")
    ] = None,
    app_dir: Annotated[Path, Option(help="Folder to import it from.")] = Path(),
    store: Annotated[str | None, Option(help="Where its jobs are.", show_default=DEFAULTS.store)] = None,
    runners: Annotated[int | None, Option(help="Runner processes under load.", show_default="one a core")] = None,
    concurrency: Annotated[
        int | None, Option(help="Attempts at a time in one runner.", show_default=str(DEFAULTS.concurrency))
    ] = None,
    queues: Annotated[str, Option(help='Labels of the jobs to run, as "mail,reports".', show_default="all")] = "",
    drain: Annotated[
        float | None, Option(help="Seconds that attempts get when it stops.", show_default=f"{DEFAULTS.drain:g}")
    ] = None,
) -> None:
    """Run an application's jobs until told to stop. Ctrl-C lets running attempts end, a second one cuts them."""
    asked = {"store": store, "runners": runners, "concurrency": concurrency, "drain": drain}
    try:
        launch = plan(settings.read(asked), target, app_dir, queues)
    except AfterwordError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    raise typer.Exit(serve(launch))


def plan(chosen: settings.Settings, target: str | None, app_dir: Path, queues: str) -> Launch:
    """What the worker is told. Raises ApplicationNotFound, StoreNotShared or StoreUrlError."""
    found = guess(app_dir, target or chosen.application)
    return Launch(
        store=shared(chosen.store),
        app=found.name,
        path=(str(found.root), *sys.path),
        runners=chosen.runners,
        concurrency=chosen.concurrency,
        drain=chosen.drain,
        keep=chosen.keep,
        queues=tuple(label.strip() for label in queues.split(",") if label.strip()),
    )
