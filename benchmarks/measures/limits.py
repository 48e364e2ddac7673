"""What the machine itself can do: every other figure is also a share of one of these."""

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.measures.rate import BATCH, ROW, rate
from benchmarks.subject import Subject

NAME = "limits"

POSTGRES = Subject(
    "limits",
    "PostgreSQL itself",
    requirements=["psycopg[binary]==3.3.9"],
    needs=frozenset({"postgres"}),
)

BLOCK = 4096
_MORE_THAN_CLAIMED = 200_000  # Rows a second.
TABLE = "CREATE TABLE jobs (key INTEGER PRIMARY KEY AUTOINCREMENT, state INTEGER NOT NULL, arguments TEXT NOT NULL)"
INDEX = "CREATE INDEX ready ON jobs (key) WHERE state = 1"
INSERT = "INSERT INTO jobs (state, arguments) VALUES (1, ?)"
CLAIM = (
    f"UPDATE jobs SET state = 2 WHERE key IN (SELECT key FROM jobs WHERE state = 1 ORDER BY key LIMIT {BATCH}) RETURNING key"
)
DELETE = "DELETE FROM jobs WHERE key = ?"


def applies(subject: Subject) -> bool:
    return not subject.name


def measure(bench: Bench, subject: Subject, *, quick: bool) -> Iterator[Figure]:
    seconds = 1.0 if quick else 4.0
    place = Path("/var/tmp")  # Where the sites lie.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=place if place.is_dir() else None) as folder:
        values: dict[str, float | None] = {
            "fdatasync/s": syncs(Path(folder), seconds),
            **sqlite(Path(folder) / "limits.db", seconds),
        }
    try:
        note, values = "", values | _postgres(bench, seconds)
    except (RuntimeError, OSError) as error:
        note, values = str(error), values | dict.fromkeys(["PostgreSQL commits/s", "PostgreSQL rows/s"])
    yield Figure(NAME, "", values, note=note)


def syncs(folder: Path, seconds: float) -> float:
    """Times a second that 4 KiB were appended to a file and forced to the disk."""
    file = os.open(folder / "appended", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    block = os.urandom(BLOCK)

    def append() -> int:
        os.write(file, block)
        os.fdatasync(file)
        return 1

    try:
        return rate(append, seconds)
    finally:
        os.close(file)


def sqlite(path: Path, seconds: float) -> dict[str, float | None]:
    """As a job system would use it: rows of some length, an index of those that wait, a commit that is forced to the disk."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", TABLE, INDEX):
            connection.execute(statement)
        told: dict[str, float | None] = {
            "SQLite commits/s": rate(lambda: _insert(connection, 1), seconds),
            "SQLite rows/s": rate(lambda: _insert(connection, BATCH), seconds),
            "SQLite rows/s by 1000": rate(lambda: _insert(connection, 1000), seconds),
        }
        _insert(connection, int(seconds * _MORE_THAN_CLAIMED))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        keys: list[tuple[int]] = []
        told["SQLite claimed and deleted rows/s"] = rate(lambda: _turn(connection, keys), seconds)
    return told


def _insert(connection: sqlite3.Connection, rows: int) -> int:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(INSERT, [(ROW,)] * rows)
    connection.execute("COMMIT")
    return rows


def _turn(connection: sqlite3.Connection, keys: list[tuple[int]]) -> int:
    """Delete what was claimed in the last turn and claim anew, in one commit: a worker cannot do with less."""
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(DELETE, keys)
    keys[:] = connection.execute(CLAIM).fetchall()
    connection.execute("COMMIT")
    return len(keys)


def _postgres(bench: Bench, seconds: float) -> dict[str, float | None]:
    """From an environment of its own, since this one may have no psycopg."""
    with bench.site(POSTGRES) as site:
        told: dict[str, float | None] = json.loads(
            site.run(["python", "-m", "benchmarks.measures.limits_postgres", str(seconds)])
        )
    return told
