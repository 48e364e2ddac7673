"""Jobs between the live table and the history, one whole row at a time."""

from collections.abc import Sequence
from sqlite3 import Connection

from afterword.jobs.job import Job
from afterword.stores.rows import COLUMNS, row

_NAMES = ", ".join(COLUMNS)
_PLACES = ", ".join("?" * len(COLUMNS))

_ASSIGNMENTS = ", ".join(f"{column} = ?" for column in COLUMNS)


def rewrite(connection: Connection, jobs: Sequence[Job]) -> None:
    """These are in the live table and stay there."""
    connection.executemany(f"UPDATE jobs SET {_ASSIGNMENTS} WHERE key = ?", [(*row(job), job.key) for job in jobs])


def finish(connection: Connection, jobs: Sequence[Job]) -> None:
    """These have ended: from the live table to the history."""
    connection.executemany(
        f"INSERT INTO finished ({_NAMES}, settled_token) VALUES ({_PLACES}, (SELECT settled_token FROM jobs WHERE key = ?))",
        [(*row(job), job.key) for job in jobs],
    )
    connection.executemany("DELETE FROM jobs WHERE key = ?", [(job.key,) for job in jobs])


def forget(connection: Connection, jobs: Sequence[Job]) -> None:
    """These are in the history and are to be no more."""
    connection.executemany("DELETE FROM finished WHERE key = ?", [(job.key,) for job in jobs])


def revive(connection: Connection, jobs: Sequence[Job]) -> None:
    """These are to be tried again: from the history to the live table. Whoever waited for them has followed long ago."""
    connection.executemany(
        f"INSERT INTO jobs ({_NAMES}, settled_token, ended)"
        f" VALUES ({_PLACES}, (SELECT settled_token FROM finished WHERE key = ?), 1)",
        [(*row(job), job.key) for job in jobs],
    )
    forget(connection, jobs)
