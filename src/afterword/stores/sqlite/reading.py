"""What can be asked of the store without writing."""

from collections.abc import Callable, Sequence
from pathlib import Path
from sqlite3 import Connection

from afterword.jobs.job import Job, State
from afterword.stores import rows
from afterword.stores.rows import COLUMNS
from afterword.stores.sqlite import liveness
from afterword.stores.sqlite.connection import fetch
from afterword.stores.sqlite.quarantine import Odd
from afterword.stores.sqlite.soundness import fault
from afterword.stores.store import GRACE, LEASE, Query, WorkerSeen

SILENCE = LEASE + GRACE
"""Microseconds without a beat after which a worker is taken for stopped."""

_NAMES = ", ".join(COLUMNS)
_LIVE = tuple(state for state in State if not state.finished)
_OLD = tuple(state for state in State if state.finished)
_OLD_STATES = {int(state): state for state in _OLD}

_GET = f"SELECT {_NAMES} FROM {{table}} WHERE id = ?"

# Of the live states each but one has an index that holds nothing else, so what is left over needs no look at the rows.
_COUNT_LIVE = f"""
SELECT (SELECT count(*) FROM jobs),
(SELECT count(*) FROM jobs WHERE state = {State.QUEUED:d} AND run_at = 0),
(SELECT count(*) FROM jobs WHERE state = {State.QUEUED:d} AND run_at > 0),
(SELECT count(*) FROM jobs WHERE owner IS NOT NULL AND state = {State.RUNNING:d}),
(SELECT count(*) FROM jobs WHERE state = {State.HANDED_OFF:d})
"""
_COUNT_OLD = "SELECT state, count(*) FROM finished GROUP BY state"

# Both look into the index of the ids alone. The beginning is found at once; for the end every id is read, which for a million
# takes 80 ms, and no more, however large the jobs are.
_LIKE_ID = "key IN (SELECT key FROM {table} WHERE id >= ? AND id < ? UNION ALL SELECT key FROM {table} WHERE substr(id, ?) = ?)"
_LAST = "\U0010ffff"


Meet = Callable[[Odd], None]
"""Is told of each row that is no job; the others are answered with."""


def _pass_by(odd: Odd) -> None:
    pass


def get(connection: Connection, id: str, meet: Meet = _pass_by) -> Job | None:
    jobs = [*_jobs(connection, "jobs", _GET.format(table="jobs"), (id,), meet)]
    jobs += _jobs(connection, "finished", _GET.format(table="finished"), (id,), meet)
    return jobs[0] if jobs else None


def find(connection: Connection, query: Query, meet: Meet = _pass_by) -> Sequence[Job]:
    """Newest first."""
    states = query.states or tuple(State)
    found = [
        *_page(connection, "jobs", query, [state for state in states if state in _LIVE], _LIVE, meet),
        *_page(connection, "finished", query, [state for state in states if state in _OLD], _OLD, meet),
    ]
    return sorted(found, key=lambda job: job.key, reverse=True)[: query.limit]


def count(connection: Connection) -> dict[State, int]:
    total, ready, due, running, handed_off = connection.execute(_COUNT_LIVE).fetchone()
    counts = dict.fromkeys(State, 0)
    counts |= {_OLD_STATES[state]: number for state, number in connection.execute(_COUNT_OLD) if state in _OLD_STATES}
    counts[State.QUEUED] = ready + due
    counts[State.RUNNING] = running
    counts[State.HANDED_OFF] = handed_off
    counts[State.HELD] = total - ready - due - running - handed_off
    return counts


def workers(connection: Connection, directory: Path, steady: int) -> Sequence[WorkerSeen]:
    """Those whose processes live and whose hearts beat; `steady` is the present time of that clock, in microseconds."""
    found = [WorkerSeen(*row) for row in connection.execute("SELECT process, pid, app, since FROM workers ORDER BY since")]
    living = [seen for seen in found if liveness.lives(seen.process, directory)]
    return [seen for seen in living if steady - (liveness.last_beat(seen.process, directory) or steady) <= SILENCE]


def _page(
    connection: Connection, table: str, query: Query, states: Sequence[State], all: Sequence[State], meet: Meet
) -> list[Job]:
    """Up to `limit` jobs of one table, newest first."""
    if not states:
        return []
    conditions: list[str] = []
    values: list[object] = []
    if len(states) < len(all):
        conditions.append(f"state IN ({', '.join(f'{state:d}' for state in states)})")
    if query.task is not None:
        conditions.append("task = ?")
        values.append(query.task)
    if query.unique_key is not None:
        conditions.append("unique_key = ?")
        values.append(query.unique_key)
    if query.id is not None:
        conditions.append(_LIKE_ID.format(table=table))
        values += [query.id, query.id + _LAST, -len(query.id), query.id]
    if query.before is not None:
        conditions.append("key < ?")
        values.append(query.before)
    if query.above is not None:
        conditions.append("key > ?")
        values.append(query.above)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    statement = f"SELECT {_NAMES} FROM {table} {where} ORDER BY key DESC LIMIT ?"
    return _jobs(connection, table, statement, (*values, query.limit), meet)


def _jobs(connection: Connection, table: str, statement: str, values: Sequence[object], meet: Meet) -> list[Job]:
    jobs = []
    for row in fetch(connection, statement, values):
        if fault(row):
            meet(Odd(table, row[-1]))
        else:
            jobs.append(rows.job(row))
    return jobs
