"""A look into the database file that creates nothing, changes nothing, and leaves nothing behind."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from afterword.clock import SystemClock
from afterword.errors import StoreUnreadable
from afterword.jobs.job import Job, State
from afterword.stores.pending import Pending, finished
from afterword.stores.sqlite import reading
from afterword.stores.sqlite.connection import BUSY, meaning, require, schema
from afterword.stores.store import Query, WorkerSeen

T = TypeVar("T")

_STEPS = 10_000
"""Of SQLite's machine between two looks at the clock: a fraction of a millisecond."""


class Glance:
    """What can be asked of a store without writing, for a process that lives no longer than its questions.

    It needs no gate, no lock and no thread, and no more than the right to read. A row that is no job is passed by. Each
    question raises a StoreError when it cannot be answered.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, id: str) -> Pending[Job | None]:
        return self._ask(lambda connection: reading.get(connection, id))

    def find(self, query: Query) -> Pending[Sequence[Job]]:
        return self._ask(lambda connection: reading.find(connection, query))

    def count(self) -> Pending[dict[State, int]]:
        return self._ask(reading.count)

    def workers(self) -> Pending[Sequence[WorkerSeen]]:
        return self._ask(lambda connection: workers(connection, self._path))

    def schema(self) -> int:
        """The number of its schema, 0 for an empty file. A file that is somebody else's is refused."""
        return self._answer(lambda connection: schema(connection, self._path))

    def _ask(self, ask: Callable[[sqlite3.Connection], T]) -> Pending[T]:
        def checked(connection: sqlite3.Connection) -> T:
            require(connection, self._path)
            return ask(connection)

        return finished(self._answer(checked))

    def _answer(self, ask: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return look(self._path, ask)
        except Exception as error:
            raise meaning(error, self._path, StoreUnreadable) from error


def look(path: Path, ask: Callable[[sqlite3.Connection], T]) -> T:
    """What `ask` answers. Raises sqlite3.Error, and whatever `ask` raises.

    While there is no log, nobody has the file open, and all of it is in the file: it is read as one that cannot change, since a
    plain reader would make a log and leave it there. Should somebody have opened it meanwhile, that answer may be wrong, and
    is asked for again, with the locks of a plain reader.
    """
    before = _at_rest(path)
    if before is not None:
        try:
            answer = _ask(path, "mode=ro&immutable=1", ask)
        except Exception:
            if _at_rest(path) == before:
                raise
        else:
            if _at_rest(path) == before:
                return answer
    return _ask(path, "mode=ro", ask)


def workers(connection: sqlite3.Connection, path: Path) -> Sequence[WorkerSeen]:
    """The live workers, as far as their locks may be looked at."""
    run = path.with_name(f"{path.name}.run")
    try:
        return reading.workers(connection, run, SystemClock().steady()) if run.is_dir() else ()
    except OSError:
        return ()


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


def _at_rest(path: Path) -> tuple[int, int, int] | None:
    """What tells this state of a file that nobody has open from the next one; None where somebody has it open, or died so."""
    if any(path.with_name(f"{path.name}{log}").exists() for log in ("-wal", "-journal")):
        return None
    try:
        file = path.stat()
    except OSError:
        return None
    return file.st_ino, file.st_size, file.st_mtime_ns


def _ask(path: Path, how: str, ask: Callable[[sqlite3.Connection], T]) -> T:
    connection = sqlite3.connect(f"{path.as_uri()}?{how}", uri=True, timeout=BUSY, isolation_level=None)
    try:
        return ask(connection)
    finally:
        connection.close()
