"""From a store's URL to the store."""

import os
from pathlib import Path

from afterword.clock import Clock
from afterword.errors import StoreNotShared, StoreUrlError
from afterword.events import Tell
from afterword.settings import Settings
from afterword.stores.store import Store

MAX_QUEUED = Settings().max_queued

_SQLITE = "sqlite:///"

INLINE = "inline"
"""Nothing is written down: tasks run in the application's own process."""

INLINE_STRICT = "inline-strict"
"""The same, but what could not be written down is refused, and arguments make the way through JSON."""

_OF_ONE_PROCESS = ("memory", INLINE, INLINE_STRICT)


def open_store(url: str, *, clock: Clock, tell: Tell, max_queued: int = MAX_QUEUED) -> Store:
    """The store that `url` names, not opened yet. A relative path counts from the present working directory."""
    # Imported here: a runner, which imports the application, opens none.
    if url == "memory":
        from afterword.stores.memory import MemoryStore

        return MemoryStore(clock=clock, tell=tell, max_queued=max_queued)
    from afterword.stores.sqlite.store import SqliteStore

    return SqliteStore(sqlite_path(url), clock=clock, tell=tell, max_queued=max_queued)


def absolute(url: str) -> str:
    """The same store, from whatever working directory. Raises StoreUrlError."""
    return url if url in _OF_ONE_PROCESS else f"{_SQLITE}{sqlite_path(url)}"


def shared(url: str) -> str:
    """The URL by which other processes open the same store, wherever they work. Raises StoreNotShared where none can."""
    if url in _OF_ONE_PROCESS:
        raise StoreNotShared(url=url)
    return absolute(url)


def sqlite_path(url: str) -> Path:
    """The absolute path of the database file. Raises StoreUrlError for anything but `sqlite:///` and a path."""
    if not url.startswith(_SQLITE):
        raise StoreUrlError(url=url, why="it does not begin with sqlite:///")
    path = url.removeprefix(_SQLITE)
    if not path or path.endswith("/"):
        raise StoreUrlError(url=url, why="no file is named after sqlite:///")
    if path.startswith((":memory:", "file:")) or "?" in path:
        raise StoreUrlError(url=url, why="only the path of a file may follow sqlite:///")
    if not _nameable(path):
        raise StoreUrlError(url=url, why="its path has a character that no file's name can have")
    return Path(path).absolute()


def _nameable(path: str) -> bool:
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False
