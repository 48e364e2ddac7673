"""Claiming and renewing: the verbs of a lease."""

import json
from collections.abc import Sequence
from sqlite3 import Connection
from typing import Any

from afterword.jobs import lifecycle
from afterword.jobs.job import Job, State
from afterword.stores import rows
from afterword.stores.rows import COLUMNS
from afterword.stores.sqlite import quarantine
from afterword.stores.sqlite.connection import fetch
from afterword.stores.sqlite.quarantine import Odd
from afterword.stores.sqlite.soundness import fault
from afterword.stores.sqlite.transaction import Transaction, Verb, seldom
from afterword.stores.store import LEASE, Claims, Hold, Want

PROMOTED = 1000
"""Jobs that have become due and are made ready by one claim, at most; the others by the next."""

# The state stands in the text, since a partial index is not used for a value that is known only later.
_READY = f"jobs INDEXED BY jobs_ready WHERE state = {State.QUEUED:d} AND run_at = 0 AND app = ?"
_DUE = f"jobs INDEXED BY jobs_due WHERE state = {State.QUEUED:d} AND run_at > 0 AND app = ?"
_IN_QUEUES = "AND queue IN (SELECT value FROM json_each(?))"
_ORDER = "ORDER BY priority DESC, key LIMIT ?"

_NEXT_DUE = f"SELECT run_at FROM {_DUE} ORDER BY run_at LIMIT 1"
_PROMOTE = f"UPDATE jobs SET run_at = 0 WHERE key IN (SELECT key FROM {_DUE} AND run_at <= ? ORDER BY run_at LIMIT ?)"

_TAKE = f"""
UPDATE jobs SET state = {State.RUNNING:d}, owner = ?, token = token + 1, attempt = attempt + 1, started_at = ?, run_at = 0,
lease_until = ? WHERE key IN (SELECT value FROM json_each(?))
"""

_RENEWED = f"""
SELECT key, token FROM jobs WHERE key IN (SELECT json_extract(value, '$[0]') FROM json_each(?)) AND state = {State.RUNNING:d}
"""
_RENEW = "UPDATE jobs SET lease_until = ? WHERE key IN (SELECT value FROM json_each(?))"


def _claim(transaction: Transaction, wants: Sequence[Want]) -> Sequence[Claims]:
    return [_claim_one(transaction, want) for want in wants]


def _claim_one(transaction: Transaction, want: Want) -> Claims:
    connection, now = transaction.connection, transaction.clock.now()
    next_due = _next_due(connection, want.app)
    if next_due is not None and next_due <= now:
        connection.execute(_PROMOTE, (want.app, now, PROMOTED))
        next_due = _next_due(connection, want.app)
    jobs = want.cut(_ready(transaction, want, now))
    if jobs:
        lease_until = transaction.clock.steady() + LEASE
        keys = json.dumps([job.key for job in jobs])
        connection.execute(_TAKE, (transaction.process, now, lease_until, keys))
    return Claims(jobs, next_due)


def _nothing_to_claim(transaction: Transaction, wants: Sequence[Want]) -> Sequence[Claims] | None:
    answers = []
    for want in wants:
        next_due = _next_due(transaction.connection, want.app)
        if (next_due is not None and next_due <= transaction.clock.now()) or _ready_keys(transaction.connection, want):
            return None
        answers.append(Claims([], next_due))
    return answers


def _renew(transaction: Transaction, calls: Sequence[Sequence[tuple[int, int]]]) -> Sequence[Sequence[Hold]]:
    asked = [lease for leases in calls for lease in leases]
    held = set(asked).intersection(transaction.connection.execute(_RENEWED, (json.dumps(asked),)))
    if held:
        lease_until = transaction.clock.steady() + LEASE
        transaction.connection.execute(_RENEW, (lease_until, json.dumps([key for key, _ in held])))
    return [[Hold.KEPT if lease in held else Hold.LOST for lease in map(tuple, leases)] for leases in calls]


def _nothing_to_renew(transaction: Transaction, calls: Sequence[Sequence[tuple[int, int]]]) -> Sequence[Sequence[Hold]] | None:
    return None if any(calls) else [[] for _ in calls]


def _for_once(transaction: Transaction, wants: Sequence[Want]) -> bool:
    """Whether what will be claimed includes what must not be claimed again, or is given to an engine. Any other job whose claim
    is lost with the power is tried again, as it would be if the claim were not lost."""
    looks = (transaction.connection.execute(*_select("at_most_once OR via IS NOT NULL", want)) for want in wants)
    return any(once for look in looks for (once,) in look.fetchall())


CLAIM = Verb(_claim, _nothing_to_claim, lasting=_for_once)
CLAIM_AT_ONCE = Verb(_claim, lasting=_for_once)
"""After a hint. It may have come from inside the transaction that it tells of, which then is waited for at the gate."""
RENEW = Verb(_renew, _nothing_to_renew, lasting=seldom)


def _next_due(connection: Connection, app: str) -> int | None:
    found = connection.execute(_NEXT_DUE, (app,)).fetchone()
    return int(found[0]) if found else None


def _ready(transaction: Transaction, want: Want, now: int) -> Sequence[Job]:
    """As claimed. Most rows are alike but for what is a job's own: what they share is looked at once."""
    alike: dict[Any, Job] = {}
    jobs = []
    for row in fetch(transaction.connection, *_select(", ".join(COLUMNS), want)):
        likeness = rows.likeness(row)
        like = alike.get(likeness)
        if like is not None:
            jobs.append(rows.job_like(like, row))
        elif fault(row):
            quarantine.isolate(transaction, Odd("jobs", row[-1]))
            transaction.wakes = True  # There may be others in its place.
        else:
            alike[likeness] = claimed = lifecycle.claim(rows.job(row), transaction.process, now)
            jobs.append(claimed)
    return jobs


def _ready_keys(connection: Connection, want: Want) -> bool:
    return (
        connection.execute(*_select("key", want._replace(limit=min(want.limit + want.ahead, 1), ahead=0))).fetchone()
        is not None
    )


def _select(columns: str, want: Want) -> tuple[str, tuple[object, ...]]:
    most = want.limit + want.ahead
    only = "AND via IS NOT NULL" if want.handoff else ""
    if want.queues:
        return f"SELECT {columns} FROM {_READY} {only} {_IN_QUEUES} {_ORDER}", (want.app, json.dumps(want.queues), most)
    return f"SELECT {columns} FROM {_READY} {only} {_ORDER}", (want.app, most)
