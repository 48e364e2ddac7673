"""A look into the database file that creates nothing, changes nothing, and leaves nothing behind."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from afterword.stores.sqlite.connection import BUSY

T = TypeVar("T")

_STEPS = 10_000
"""Of SQLite's machine between two looks at the clock: a fraction of a millisecond."""


def look(path: Path, ask: Callable[[sqlite3.Connection], T]) -> T:
    """What `ask` answers. Raises sqlite3.Error.

    While there is no log, nobody has the file open, and all of it is in the file: it is read as one that cannot change, since a
    plain reader would make a log and leave it there. Should somebody have opened it meanwhile, that answer may be wrong, and
    is asked for again, with the locks of a plain reader.
    """
    log = path.with_name(f"{path.name}-wal")
    if not log.exists():
        try:
            answer = _ask(path, "mode=ro&immutable=1", ask)
        except sqlite3.Error:
            if not log.exists():
                raise
        else:
            if not log.exists():
                return answer
    return _ask(path, "mode=ro", ask)


@contextmanager
def bounded(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """What takes longer raises the error that `cut_short` knows."""
    until = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


def cut_short(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT


def _ask(path: Path, how: str, ask: Callable[[sqlite3.Connection], T]) -> T:
    connection = sqlite3.connect(f"{path.as_uri()}?{how}", uri=True, timeout=BUSY, isolation_level=None)
    try:
        return ask(connection)
    finally:
        connection.close()
