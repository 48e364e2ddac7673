"""A store that exists, for the length of one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import typer

from afterword.cli import whereabouts
from afterword.clock import SystemClock
from afterword.errors import AfterwordError, StoreMissing
from afterword.events import nobody
from afterword.stores.store import Store
from afterword.stores.url import open_store, sqlite_path


class Opened(NamedTuple):
    store: Store
    url: str


@contextmanager
def opened(store: str | None, app: str | None, app_dir: Path) -> Iterator[Opened]:
    """The store that is meant, open. Whoever looks creates nothing. Every AfterwordError ends the command with 2."""
    try:
        place = whereabouts.find(store, app, app_dir)
        path = sqlite_path(place.url)
        if not path.is_file() or not path.stat().st_size:
            raise StoreMissing(path=path, source=place.source)
        found = open_store(place.url, clock=SystemClock(), tell=nobody)
        try:
            found.open()
            yield Opened(found, place.url)
        finally:
            found.close()
    except AfterwordError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
