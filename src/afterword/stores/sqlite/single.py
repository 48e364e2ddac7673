"""What requests add and release, as one statement.

Around each statement Python lets other threads have the interpreter, and a busy event loop gives it back only after
milliseconds. So what nearly every group of an API process consists of, plain adding and releasing, is done by one statement,
which is a transaction by itself.
"""

import itertools
import json
from collections.abc import Sequence
from typing import Any

from afterword.jobs.job import Job, State
from afterword.stores.sqlite.adding import ADD, RELEASE, RELEASE_THESE, answers, detach, insert, note_release
from afterword.stores.sqlite.rowset import ROWS
from afterword.stores.sqlite.transaction import RELEASED, Single, Transaction, Verb
from afterword.stores.store import Added

_CARRIER = "receipt"
"""A column that a new job does not need: what is to be released comes along in it, and it is emptied at once."""

ALONG = f"""
CREATE TEMP TRIGGER afterword_along AFTER INSERT ON main.jobs WHEN NEW.{_CARRIER} IS NOT NULL BEGIN
    UPDATE jobs SET {RELEASED} WHERE key IN (SELECT value FROM json_each(NEW.{_CARRIER})) AND state = {State.HELD:d};
    UPDATE jobs SET {_CARRIER} = NULL WHERE key = NEW.key;
END
"""
"""What a connection needs that executes such a statement."""


def single(transaction: Transaction, requests: Sequence[tuple[Verb, Sequence[Any]]]) -> Single | None:
    """These calls as one statement; None where they are others, or need a look at other jobs."""
    verbs = [verb for verb, _ in requests]
    if verbs == [RELEASE]:
        # One statement in any case, and one that does not wait for the disk.
        return Single([], lambda: [RELEASE.act(transaction, requests[0][1])], brief=True)
    if verbs not in ([ADD], [ADD, RELEASE]):
        return None
    calls: Sequence[Sequence[Job]] = requests[0][1]
    jobs = [job for call in calls for job in call]
    if not 0 < len(jobs) <= ROWS or any(job.unique_key is not None for job in jobs) or _follows_another(jobs):
        return None
    if not all(transaction.room.admit(transaction.connection, calls)):
        return None
    released = [key for _, keys in requests[1:] for call in keys for key in call]

    def act() -> Sequence[Sequence[Any]]:
        added = iter(_execute(transaction, jobs, released))
        given: list[Sequence[Any]] = [[list(itertools.islice(added, len(call))) for call in calls]]
        return given + [[None] * len(keys) for _, keys in requests[1:]]

    return Single([job.id for job in jobs], act)


def _execute(transaction: Transaction, jobs: Sequence[Job], released: Sequence[int]) -> Sequence[Added]:
    connection = transaction.connection
    inserted = insert(connection, jobs, (_CARRIER, json.dumps(released)) if released else None)
    added = answers(connection, inserted, jobs)
    if inserted.rowcount < len(jobs):
        # Some were there already: seldom, and what follows may be done again. The first one may have carried nothing, and one
        # that is new may wait for one that has ended.
        detach(connection, jobs, added)
        connection.execute(RELEASE_THESE, (json.dumps(released),))
    transaction.written += [one.id for one in added if one.created]
    transaction.wakes |= any(job.state is State.QUEUED for job in jobs)
    if released:
        note_release(transaction, released)
    return added


def _follows_another(jobs: Sequence[Job]) -> bool:
    """Whether one of them waits for a job that is not among those before it, and may have ended."""
    before: set[str] = set()
    for job in jobs:
        if job.after is not None and job.after not in before:
            return True
        before.add(job.id)
    return False
