"""What people do to jobs."""

import json
from collections.abc import Sequence
from typing import assert_never

from afterword.jobs import lifecycle
from afterword.jobs.job import Job
from afterword.stores.sqlite import moving, reading, uniqueness
from afterword.stores.sqlite.transaction import FOLLOW, Transaction, Verb
from afterword.stores.store import Change

Wish = tuple[Change, Sequence[str]]


def _change(transaction: Transaction, wishes: Sequence[Wish]) -> Sequence[Sequence[Job | None]]:
    transaction.wakes = True
    return [[_change_one(transaction, change, id) for id in ids] for change, ids in wishes]


def _change_one(transaction: Transaction, change: Change, id: str) -> Job | None:
    job = reading.get(transaction.connection, id)
    if job is None:
        return None
    match change:
        case Change.CANCEL:
            changed = lifecycle.cancel(job, transaction.clock.now())
            if changed.state.finished and changed is not job:
                moving.finish(transaction.connection, [changed])
                transaction.connection.execute(FOLLOW, (json.dumps([id]),))
            elif changed is not job:
                moving.rewrite(transaction.connection, [changed])
        case Change.RETRY:
            taken = uniqueness.name(job) in uniqueness.standing(transaction.connection, [job])
            changed = job if taken else lifecycle.retry(job)
            if changed is not job:
                moving.revive(transaction.connection, [changed])
        case Change.FORGET:
            if job.state.finished:
                moving.forget(transaction.connection, [job])
            changed = job
        case _:
            assert_never(change)
    return changed


CHANGE = Verb(_change)
