"""`afterword worker`: the worker of an application, started apart from it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from afterword import settings
from afterword.asking import question
from afterword.cli.asking import answer
from afterword.discovery import Target
from afterword.errors import AfterwordError, ApplicationBroken, ApplicationNotFound
from afterword.guessing import guess
from afterword.launch import Launch
from afterword.stores.url import shared


def worker(
    target: Annotated[
        str | None, Argument(help='The application, as "main:app".', show_default="found as fastapi dev finds it")
    ] = None,
    app_dir: Annotated[Path, Option(help="Folder to import it from.")] = Path(),
    store: Annotated[str | None, Option(help="Where its jobs are.", show_default="as the application")] = None,
    runners: Annotated[int | None, Option(help="Runner processes under load.", show_default="as the application")] = None,
    concurrency: Annotated[
        int | None, Option(help="Attempts at a time in one runner.", show_default="as the application")
    ] = None,
    queues: Annotated[str, Option(help='Labels of the jobs to run, as "mail,reports".', show_default="all")] = "",
    drain: Annotated[
        float | None, Option(help="Seconds that attempts get when it stops.", show_default="as the application")
    ] = None,
) -> None:
    """Run an application's jobs until told to stop, with the settings that it has itself.

    Ctrl-C lets running attempts end, a second one cuts them.
    """
    typed = {"store": store, "runners": runners, "concurrency": concurrency, "drain": drain}
    try:
        chosen = settings.read(typed)
        asked = question(find(app_dir, target, chosen.application))
        # Here: it takes a while, and so does the application's import, at the same time.
        from afterword.embedded.serving import serve

        launch = adjust(answer(asked), typed, queues)
    except AfterwordError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    raise typer.Exit(serve(launch, begun=asked))


def find(app_dir: Path, typed: str | None, chosen: str | None) -> Target:
    """The application that was typed, else that which AFTERWORD_APP names, else that of the folder.

    Raises ApplicationBroken, and typer.Exit where there is none, which is told.
    """
    try:
        return guess(app_dir, typed or chosen)
    except ApplicationBroken:
        raise
    except ApplicationNotFound as error:
        named = f" {chosen}, which AFTERWORD_APP names," if chosen and not typed else ""
        text = f"The application{named} cannot be found: {error.facts['reason']}."
        typer.echo(f"{text} Say where it is: afterword worker main:app, or --app-dir FOLDER.", err=True)
        raise typer.Exit(2) from None


def adjust(launch: Launch, typed: Mapping[str, Any], queues: str) -> Launch:
    """What was typed (None: it was not) wins over what the application says.

    Raises SettingsError, StoreNotShared or StoreUrlError.
    """
    read = settings.read(typed, {})
    said = {name: getattr(read, name) for name, value in typed.items() if value is not None}
    if "store" in said:
        said["store"] = shared(said["store"])
    labels = tuple(label.strip() for label in queues.split(",") if label.strip())
    return launch._replace(**said, queues=labels)
