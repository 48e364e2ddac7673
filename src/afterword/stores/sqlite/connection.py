"""How the database file is opened, and what its errors mean."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from afterword.errors import SchemaTooNew, SchemaTooOld, StoreError, StoreReplaced, StoreUnavailable, WriteRefused
from afterword.stores import migrations

BUSY = 5.0
"""Seconds to wait for programs that do not know the gate."""

WAL_KEPT = 4 << 20
"""Bytes of write-ahead log that stay allocated: it is overwritten from its beginning, which is quicker than to grow it anew."""

OLDEST = (3, 37, 0)
"""The SQLite that understands every statement used here, and keeps values of a wrong type out of STRICT tables."""

_APPLICATION = 0x61667477
"""Marks a file as ours (`PRAGMA application_id`): "aftw"."""

_MIGRATIONS = migrations.read(__package__)

_BROKEN = {
    sqlite3.SQLITE_BUSY: f"another program is writing to it, and did not stop for {BUSY:g} s",
    sqlite3.SQLITE_LOCKED: "another program keeps it locked",
    sqlite3.SQLITE_IOERR: "its disk failed",
    sqlite3.SQLITE_READONLY: "the file or its directory is read-only",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: see that its directory exists and that this user may write there",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_NOTADB: "the file is not a SQLite database",
    sqlite3.SQLITE_PROTOCOL: "too many programs open it at once",
}
"""Troubles that meet every write alike, so that trying one after the other is in vain."""

_FULL = "the disk is full"


def connect(path: Path) -> sqlite3.Connection:
    """A connection for one thread at a time. Writing connections are all opened so."""
    # Thread affinity is ours to keep: a connection is closed by whoever closes the store.
    connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        # Checkpoints have a place of their own (checkpoint.py), never inside somebody's commit.
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT}")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write."""
    connection = connect(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


class Garbled(str):
    """What can be read of a text that is no UTF-8. It is equal to no text."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:  # That of texts does not ask the above.
        return self is not other


def fetch(connection: sqlite3.Connection, statement: str, values: Sequence[Any] = ()) -> list[Any]:
    """All rows. Text that is not UTF-8 was written by others; it must not keep the rows beside it from being read, and comes as
    Garbled."""
    try:
        return connection.execute(statement, values).fetchall()
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
    with reading_text(connection, _text):
        return connection.execute(statement, values).fetchall()


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return Garbled(data.decode(errors="replace"))


@contextmanager
def reading_text(connection: sqlite3.Connection, read: Callable[[bytes], Any]) -> Iterator[None]:
    """Meanwhile, text comes as `read` makes it of its bytes."""
    connection.text_factory = read
    try:
        yield
    finally:
        connection.text_factory = str


def prepare(path: Path) -> None:
    """Create or migrate the schema; call it with the gate held. Where it raises, nothing was changed."""
    if sqlite3.sqlite_version_info < OLDEST:
        needed = ".".join(map(str, OLDEST))
        raise StoreUnavailable(store=path, why=f"SQLite {sqlite3.sqlite_version} is too old, {needed} is needed")
    connection = connect(path)
    try:
        found = schema(connection, path)
        lacking = migrations.ahead(_MIGRATIONS, found, str(path))
        # Even a finished schema may have come without its log: a backup that was put back, say.
        if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise StoreUnavailable(store=path, why="SQLite cannot keep a write-ahead log there")
        if lacking:
            _migrate(connection, path)
    finally:
        connection.close()


def meaning(error: BaseException, path: Path, otherwise: type[StoreError] = WriteRefused) -> StoreError:
    """What to tell a caller about this error; a new one for each, since a traceback grows with every raise.

    `otherwise` is for what is the fault of this one question or write, and takes `store` and `why`."""
    if isinstance(error, StoreError):
        return type(error)(**error.facts)
    if isinstance(error, OSError):
        return StoreUnavailable(store=path, why=str(error))
    if not isinstance(error, sqlite3.Error):
        return otherwise(store=path, why=f"{type(error).__name__}: {error}")
    code = _code(error)
    why = _FULL if code == sqlite3.SQLITE_FULL else _BROKEN.get(code)
    if why is None:
        return otherwise(store=path, why=str(error))
    return StoreUnavailable(store=path, why=f"{why} ({getattr(error, 'sqlite_errorname', error)})")


def meets_all(error: BaseException) -> bool:
    """Whether every other write would meet this trouble too."""
    if isinstance(error, sqlite3.Error):
        return _code(error) in _BROKEN
    return isinstance(error, StoreUnavailable | StoreReplaced | SchemaTooNew | OSError)


def _code(error: sqlite3.Error) -> int:
    """The primary result code; extended ones carry it in their lowest byte."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def schema(connection: sqlite3.Connection, path: Path) -> int:
    """The number of its schema, 0 for an empty file. A file that is somebody else's is refused."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if application == _APPLICATION:
        return int(found)
    if connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        raise StoreUnavailable(store=path, why="the file holds tables of another program: give the jobs a file of their own")
    return 0


def require(connection: sqlite3.Connection, path: Path) -> None:
    """Raises SchemaTooOld or SchemaTooNew where its schema is another than this code reads."""
    found = schema(connection, path)
    if migrations.ahead(_MIGRATIONS, found, str(path)):
        raise SchemaTooOld(store=path, found=found, known=len(_MIGRATIONS))


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for migration in migrations.ahead(_MIGRATIONS, schema(connection, path), str(path)):
            for statement in migration.statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
