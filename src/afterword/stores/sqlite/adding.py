"""Adding, releasing and discarding: the verbs of a request."""

import functools
import itertools
import json
from collections.abc import Sequence
from sqlite3 import Connection, Cursor

from afterword import events
from afterword.errors import BacklogFull
from afterword.jobs.job import Job, State
from afterword.stores.rows import NEW_COLUMNS, new_row
from afterword.stores.sqlite import uniqueness
from afterword.stores.sqlite.rowset import Rowset, chunks
from afterword.stores.sqlite.transaction import FOLLOW, FOLLOWED, RELEASED, Transaction, Verb, seldom
from afterword.stores.store import Added

_HELD = int(State.HELD)

_NEW = Rowset(NEW_COLUMNS, own=("id", "arguments", "added_at", "after"))
_ID = f"new.{_NEW.column('id')}"

RELEASE_THESE = f"UPDATE jobs SET {RELEASED} WHERE key IN (SELECT value FROM json_each(?)) AND state = {_HELD}"

_DETACH = f"""
UPDATE jobs SET {FOLLOWED} WHERE key IN (SELECT value FROM json_each(?))
AND NOT EXISTS (SELECT 1 FROM jobs AS before WHERE before.id = jobs.after AND NOT before.ended)
"""

_DISCARDED = f"SELECT key, id, shared FROM jobs WHERE key IN (SELECT value FROM json_each(?)) AND state = {_HELD} AND owner = ?"
_DISCARD = "DELETE FROM jobs WHERE key IN (SELECT value FROM json_each(?))"


def _add(transaction: Transaction, calls: Sequence[Sequence[Job]]) -> Sequence[Sequence[Added] | BacklogFull]:
    fits = transaction.room.admit(transaction.connection, calls)
    jobs = [job for call, fit in zip(calls, fits, strict=True) if fit for job in call]
    added = _insert(transaction.connection, jobs)
    answers = iter(added)
    answered = [list(itertools.islice(answers, len(call))) if fit else None for call, fit in zip(calls, fits, strict=True)]
    if any(job.unique_key is not None for job in jobs):
        for call, answer in zip(calls, answered, strict=True):
            if answer is not None:
                uniqueness.share(transaction.connection, call, answer)
        jobs = uniqueness.close_up(transaction.connection, jobs, added)
    detach(transaction.connection, jobs, added)
    transaction.written += [job.id for job, one in zip(jobs, added, strict=True) if one.created]
    transaction.wakes |= any(job.state is State.QUEUED for job in jobs)
    return [BacklogFull(limit=transaction.room.limit) if answer is None else answer for answer in answered]


def _release(transaction: Transaction, calls: Sequence[Sequence[int]]) -> Sequence[None]:
    _let_go(transaction, [key for call in calls for key in call])
    return [None] * len(calls)


def _discard(transaction: Transaction, calls: Sequence[Sequence[int]]) -> Sequence[None]:
    asked = json.dumps([key for call in calls for key in call])
    found = transaction.connection.execute(_DISCARDED, (asked, transaction.process)).fetchall()
    shared = [key for key, _, shared in found if shared]
    alone = [(key, id) for key, id, shared in found if not shared]
    if shared:
        _let_go(transaction, shared)
    if alone:
        transaction.connection.execute(_DISCARD, (json.dumps([key for key, _ in alone]),))
        transaction.connection.execute(FOLLOW, (json.dumps([id for _, id in alone]),))
    return [None] * len(calls)


ADD = Verb(_add)
# What is not released when power is lost is held by a process that is gone, and a rescuer releases it.
RELEASE = Verb(_release, lasting=seldom, can_wait=True, then_lasting=True)
DISCARD = Verb(_discard)


def _let_go(transaction: Transaction, keys: Sequence[int]) -> None:
    transaction.connection.execute(RELEASE_THESE, (json.dumps(keys),))
    note_release(transaction, keys)


def note_release(transaction: Transaction, keys: Sequence[int]) -> None:
    """These have been released in this transaction."""
    transaction.facts.append(events.Released(tuple(keys)))
    transaction.wakes = True


def _insert(connection: Connection, jobs: Sequence[Job]) -> list[Added]:
    return [added for chunk in chunks(jobs) for added in _insert_chunk(connection, chunk)]


def _insert_chunk(connection: Connection, jobs: Sequence[Job]) -> Sequence[Added]:
    # Every row that SQLite returns hands the interpreter over to busy threads once more, so nothing is returned: the keys of
    # one INSERT follow each other in the order of its rows.
    return answers(connection, insert(connection, jobs), jobs)


def insert(connection: Connection, jobs: Sequence[Job], extra: tuple[str, str] | None = None) -> Cursor:
    """Those of these jobs, one chunk at most, whose ids are not there yet. `extra` are a column and what it is to hold in the
    row of the first job."""
    table, values = _NEW.said([new_row(job) for job in jobs])
    if extra is None:
        return connection.execute(_insertion(table, None), values)
    column, value = extra
    return connection.execute(_insertion(table, column), [jobs[0].id, value, *values])


@functools.cache
def _insertion(table: str, extra: str | None) -> str:
    columns = ", ".join((*NEW_COLUMNS, extra) if extra else NEW_COLUMNS)
    chosen = f"new.*, CASE {_ID} WHEN ? THEN ? END" if extra else "new.*"
    return (
        f"INSERT INTO jobs ({columns}) SELECT {chosen} FROM {table} AS new"
        f" WHERE NOT EXISTS (SELECT 1 FROM finished WHERE finished.id = {_ID}) ON CONFLICT DO NOTHING"
    )


def answers(connection: Connection, inserted: Cursor, jobs: Sequence[Job]) -> Sequence[Added]:
    """What became of these jobs, after `insert`."""
    if inserted.rowcount == len(jobs):
        first = (inserted.lastrowid or 0) - len(jobs) + 1
        return [Added(key, True, job.id) for key, job in enumerate(jobs, first)]
    return _look_up(connection, jobs, inserted.rowcount)


def _look_up(connection: Connection, jobs: Sequence[Job], created: int) -> Sequence[Added]:
    """The answers where some were not written. Of all the jobs with these ids, the `created` highest keys are new; where there
    is no job with an id, another has its unique key."""
    asked = (json.dumps([job.id for job in jobs]),)
    live = connection.execute("SELECT id, key FROM jobs WHERE id IN (SELECT value FROM json_each(?))", asked).fetchall()
    old = connection.execute("SELECT id, key FROM finished WHERE id IN (SELECT value FROM json_each(?))", asked).fetchall()
    keys = dict(live + old)
    new = set(sorted((key for _, key in live), reverse=True)[:created])
    standing = uniqueness.standing(connection, [job for job in jobs if job.id not in keys])
    answers = []
    for job in jobs:
        key = keys.get(job.id)
        answers.append(standing[uniqueness.name(job)] if key is None else Added(key, key in new, job.id))
        new.discard(answers[-1].key)  # The same id twice is created once.
    return answers


def detach(connection: Connection, jobs: Sequence[Job], added: Sequence[Added]) -> None:
    """Let those new jobs follow whose `after` has ended or is not there. One that is new itself is there and has not ended."""
    new: set[str] = set()
    doubtful = []
    for job, one in zip(jobs, added, strict=True):
        if one.created:
            new.add(job.id)
            if job.after is not None and job.after not in new:
                doubtful.append(one.key)
    if doubtful:
        connection.execute(_DETACH, (json.dumps(doubtful),))
