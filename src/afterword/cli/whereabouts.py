"""Which store a command means, found without importing the application where that can be avoided: it may take seconds."""

import ast
from pathlib import Path
from typing import NamedTuple

from afterword import settings
from afterword.cli.asking import ask
from afterword.discovery import Target
from afterword.errors import ApplicationNotFound, StoreUnknown, StoreUrlError
from afterword.guessing import guess
from afterword.settings import DEFAULT_STORE
from afterword.stores.url import shared, sqlite_path


class Place(NamedTuple):
    """Where the jobs are."""

    url: str
    """Absolute."""
    source: str
    """Who says so."""


def find(store: str | None, app: str | None, app_dir: Path) -> Place:
    """The store that was typed, else that of the application, which has it from its own text, the environment or the default.

    The application's file is read first, and believed where it leads to a file that exists; else the application is asked.
    Where there is no application, what the environment says is all there is to go by.
    Raises SettingsError, StoreUrlError, StoreNotShared, StoreUnknown, and typer.Exit where the application cannot say it.
    """
    if store is not None:
        return Place(shared(settings.read({"store": store}).store or store), "--store")
    chosen = settings.read({})
    try:
        target = guess(app_dir, app or chosen.application)
    except ApplicationNotFound as error:
        if chosen.store:
            return Place(shared(chosen.store), "AFTERWORD_STORE")
        raise StoreUnknown(reason=error.facts["reason"]) from error
    return _written(target, chosen.store) or _asked(target)


def written(source: bytes, default: str = DEFAULT_STORE) -> str | None:
    """The URL that a module's text gives to its one `Afterword(...)`, `default` where it gives none; None where running it
    might come to another."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    match [node.keywords for node in ast.walk(tree) if isinstance(node, ast.Call) and _makes_afterword(node.func)]:
        case [keywords] if all(keyword.arg for keyword in keywords):
            given = next((keyword.value for keyword in keywords if keyword.arg == "store"), ast.Constant(None))
            return default if isinstance(given, ast.Constant) and given.value is None else _text(given)
        case _:
            return None


def _written(target: Target, chosen: str | None) -> Place | None:
    file = target.root.joinpath(*target.module.split("."))
    file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
    try:
        url = written(file.read_bytes(), chosen or DEFAULT_STORE)
        found = url is not None and sqlite_path(url).is_file()
        return Place(shared(url), "AFTERWORD_STORE" if url == chosen else str(file)) if url and found else None
    except (OSError, StoreUrlError):
        return None


def _asked(target: Target) -> Place:
    launch = ask(target)
    return Place(launch.store, f"the application {launch.app}")


def _makes_afterword(function: ast.expr) -> bool:
    match function:
        case ast.Name(id="Afterword") | ast.Attribute(attr="Afterword"):
            return True
        case _:
            return False


def _text(value: ast.expr) -> str | None:
    match value:
        case ast.Constant(value=str(url)):
            return url
        case _:
            return None
