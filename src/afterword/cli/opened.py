"""A store that exists, for the length of one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import typer

from afterword.cli import whereabouts
from afterword.cli.whereabouts import Place
from afterword.clock import SystemClock
from afterword.errors import AfterwordError, StoreMissing, StoreUnavailable
from afterword.events import nobody
from afterword.stores.sqlite.looking import Glance
from afterword.stores.store import Store
from afterword.stores.url import open_store, sqlite_path


class Seen(NamedTuple):
    store: Glance
    url: str


@contextmanager
def seen(store: str | None, app: str | None, app_dir: Path) -> Iterator[Seen]:
    """The store that is meant, to be looked at: nothing of it is created or changed."""
    with _told():
        place = whereabouts.find(store, app, app_dir)
        yield Seen(_there(place), place.url)


@contextmanager
def opened(store: str | None, app: str | None, app_dir: Path) -> Iterator[Store]:
    """The store that is meant, open for writing; one that is not there is not made."""
    with _told():
        place = whereabouts.find(store, app, app_dir)
        _there(place)
        found = open_store(place.url, clock=SystemClock(), tell=nobody)
        try:
            found.open()
            yield found
        finally:
            found.close()


@contextmanager
def _told() -> Iterator[None]:
    """Every AfterwordError ends the command with 2."""
    try:
        yield
    except AfterwordError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def _there(place: Place) -> Glance:
    """Raises StoreMissing where there is no file, or none with tables, and StoreUnavailable where it cannot be read."""
    path = sqlite_path(place.url)
    try:
        there = path.is_file()
    except OSError as error:
        raise StoreUnavailable(store=path, why=str(error)) from error
    glance = Glance(path)
    if not there or not glance.schema():
        raise StoreMissing(path=path, source=place.source)
    return glance
