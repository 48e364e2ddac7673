"""Freeing what dead processes left."""

import json
from collections.abc import Sequence
from sqlite3 import Connection
from typing import NamedTuple

from afterword import events
from afterword.jobs import lifecycle
from afterword.jobs.job import Job, State
from afterword.stores import rows
from afterword.stores.rows import COLUMNS
from afterword.stores.sqlite import liveness, moving, quarantine
from afterword.stores.sqlite.connection import fetch
from afterword.stores.sqlite.soundness import OWNERS
from afterword.stores.sqlite.transaction import FOLLOW, FOLLOWED, RELEASED, Transaction, Verb
from afterword.stores.sqlite.wakeup import Version
from afterword.stores.store import GRACE

_OWNERS = f"""
{OWNERS} SELECT owner, EXISTS (
    SELECT 1 FROM jobs WHERE jobs.owner = owners.owner AND jobs.state = {State.RUNNING:d} AND jobs.lease_until < ?
) FROM owners WHERE owner IS NOT NULL
UNION
SELECT process, 0 FROM workers
"""

_OTHERS = "SELECT 1 FROM jobs WHERE owner IS NOT NULL UNION ALL SELECT 1 FROM workers WHERE process <> ? LIMIT 1"

_NAMES = ", ".join(COLUMNS)
_RUNNING = f"SELECT {_NAMES} FROM jobs WHERE owner = ? AND state = {State.RUNNING:d} AND (? OR lease_until < ?)"
_HELD = f"SELECT key FROM jobs WHERE owner = ? AND state = {State.HELD:d}"
_RELEASE = f"UPDATE jobs SET {RELEASED} WHERE key IN (SELECT value FROM json_each(?))"
_LEFT = "DELETE FROM workers WHERE process IN (SELECT value FROM json_each(?))"

# No job should wait for one that is not there. Should it happen all the same, it is found here, where the longest waiting come
# first (ids grow with time), so that a look costs little however many wait.
_ASTRAY = """
SELECT key FROM (SELECT key, after FROM jobs WHERE after IS NOT NULL ORDER BY after LIMIT 1000) AS waiting
WHERE NOT EXISTS (SELECT 1 FROM jobs AS before WHERE before.id = waiting.after AND NOT before.ended)
"""
_CUT = f"UPDATE jobs SET {FOLLOWED} WHERE key IN (SELECT value FROM json_each(?))"

_NOW = f"SELECT {_NAMES} FROM jobs WHERE key IN (SELECT value FROM json_each(?)) ORDER BY key"


class _Suspect(NamedTuple):
    """A process that has died, or that stopped (its lock is held) and let its leases run out."""

    process: str
    dead: bool


def _rescue(transaction: Transaction, calls: Sequence[Version | None]) -> Sequence[Sequence[Job]]:
    quarantine.sweep(transaction)
    # Asked once more, now that nobody else can write: another worker may have been here since the look before.
    suspects = _suspects(transaction)
    ended, queued = _take_back(transaction, suspects)
    connection = transaction.connection
    dead = [suspect.process for suspect in suspects if suspect.dead]
    held = [key for process in dead for (key,) in connection.execute(_HELD, (process,))]
    connection.execute(_RELEASE, (json.dumps(held),))
    connection.execute(_LEFT, (json.dumps(dead),))
    astray = _astray(connection)
    connection.execute(_CUT, (json.dumps(astray),))
    freed = fetch(connection, _NOW, (json.dumps([*queued, *held, *astray]),))
    rescued = [*ended, *(rows.job(row) for row in freed)]
    transaction.facts += [events.Rescued(job) for job in rescued]
    transaction.wakes |= bool(rescued)
    liveness.sweep(transaction.directory)
    # Each job is given to one of the calls.
    return [rescued, *([] for _ in calls[1:])]


def _nothing_to_rescue(transaction: Transaction, calls: Sequence[Version | None]) -> Sequence[Sequence[Job]] | None:
    if quarantine.due(transaction.connection) or _suspects(transaction) or _astray(transaction.connection):
        return None
    if not transaction.connection.execute(_OTHERS, (transaction.process,)).fetchone():
        transaction.calm.version = calls[-1]
    return [[] for _ in calls]


RESCUE = Verb(_rescue, _nothing_to_rescue)
"""Its argument is the version of the file before it was called, where that is known: see Calm."""


def _suspects(transaction: Transaction) -> Sequence[_Suspect]:
    found = []
    late = transaction.clock.steady() - GRACE
    for process, overdue in fetch(transaction.connection, _OWNERS, (late,)):
        dead = not liveness.lives(process, transaction.directory)
        if dead or overdue:
            found.append(_Suspect(process, dead))
    return found


def _take_back(transaction: Transaction, suspects: Sequence[_Suspect]) -> tuple[Sequence[Job], Sequence[int]]:
    """Their running jobs: those that have ended by that, and the keys of those that are queued again."""
    connection, now, late = transaction.connection, transaction.clock.now(), transaction.clock.steady() - GRACE
    rescued = [
        lifecycle.rescue(rows.job(row), now)
        for suspect in suspects
        for row in fetch(connection, _RUNNING, (suspect.process, suspect.dead, late))
    ]
    ended = [job for job in rescued if job.state.finished]
    queued = [job for job in rescued if not job.state.finished]
    moving.finish(connection, ended)
    moving.rewrite(connection, queued)
    connection.execute(FOLLOW, (json.dumps([job.id for job in ended]),))
    return ended, [job.key for job in queued]


def _astray(connection: Connection) -> Sequence[int]:
    return [key for (key,) in connection.execute(_ASTRAY)]
