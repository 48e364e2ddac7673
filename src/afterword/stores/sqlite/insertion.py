"""The INSERT of many jobs as one statement."""

import functools
from collections.abc import Sequence
from operator import itemgetter
from sqlite3 import Connection, Cursor
from typing import Any

from afterword.jobs.job import Job
from afterword.stores.rows import NEW_COLUMNS, new_row

ROWS = 128
"""Rows in one INSERT, at most. Each number of rows is a statement of its own, which stays compiled."""

_OWN = ("id", "arguments", "added_at", "after")
"""Wherein the jobs of one task differ, mostly. All else is then handed to SQLite once, and not once for each job, which takes
about half the time."""

_SHARED = tuple(name for name in NEW_COLUMNS if name not in _OWN)

_own = itemgetter(*map(Job._fields.index, _OWN))
_shared = itemgetter(*map(Job._fields.index, _SHARED))
_shared_of_row = itemgetter(*map(NEW_COLUMNS.index, _SHARED))


def insert(connection: Connection, jobs: Sequence[Job], extra: tuple[str, str] | None = None) -> Cursor:
    """Those of these jobs, ROWS at most, whose ids are not there yet. `extra` are a column and what it is to hold in the row of
    the first job."""
    column, carried = (extra[0], (jobs[0].id, extra[1])) if extra else (None, ())
    if _alike(jobs):
        own = [value for job in jobs for value in _own(job)]
        return connection.execute(_statement(len(jobs), _OWN, column), (*_shared_of_row(new_row(jobs[0])), *carried, *own))
    everything = [value for job in jobs for value in new_row(job)]
    return connection.execute(_statement(len(jobs), NEW_COLUMNS, column), (*carried, *everything))


def _alike(jobs: Sequence[Job]) -> bool:
    shared: Any = _shared(jobs[0])
    return len(jobs) > 1 and all(_shared(job) == shared for job in jobs)


@functools.cache
def _statement(rows: int, given: Sequence[str], extra: str | None) -> str:
    """Its parameters: what all rows share; id and value of the one that has a value in the column `extra`; the columns that are
    `given` for each row."""
    shared = [name for name in NEW_COLUMNS if name not in given]
    columns = ", ".join((*shared, *((extra,) if extra else ()), *given))
    chosen = ", ".join(["?"] * len(shared) + ["CASE new.column1 WHEN ? THEN ? END"] * (extra is not None) + ["new.*"])
    row = f"({', '.join('?' * len(given))})"
    return (
        f"INSERT INTO jobs ({columns}) SELECT {chosen} FROM (VALUES {', '.join([row] * rows)}) AS new"
        " WHERE NOT EXISTS (SELECT 1 FROM finished WHERE finished.id = new.column1) ON CONFLICT DO NOTHING"
    )
