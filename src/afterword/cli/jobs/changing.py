"""`afterword jobs retry`, `cancel` and `forget`: a person's wishes."""

import sys
from collections.abc import Sequence

from afterword.cli.jobs import answers, ids, spelling
from afterword.cli.jobs.answers import Answer, answer
from afterword.jobs.job import Job, State
from afterword.stores.store import Change, Query, Store

_PAGE = 100
"""Jobs that are read, or changed in one transaction, at a time: others wait for it, and arguments may be large."""

_BATCH = 1000

_UNFINISHED = tuple(state for state in State if not state.finished)


def change(store: Store, wish: Change, typed: Sequence[str]) -> Sequence[Answer]:
    """Do this to the jobs that these parts of ids stand for, once each; one answer for each part."""
    found = {part: ids.find(store, part) for part in dict.fromkeys(typed)}
    jobs = {job.id: job for job in found.values() if isinstance(job, Job)}
    changed = store.change(wish, list(jobs)).result() if jobs else []
    after = dict(zip(jobs, changed, strict=True))
    return [
        answer(wish, job, after[job.id], _holder(store, after[job.id])) if isinstance(job, Job) else answers.unfound(job)
        for job in found.values()
    ]


def tell(told: Sequence[Answer], wish: Change, as_json: bool) -> int:
    """A line for each answer, what was not done on stderr; or all of them as JSON. The exit code: 1 where any was not done."""
    if as_json:
        sys.stdout.write(f"{spelling.dump([one.facts() for one in told])}\n")
    else:
        for one in told:
            (sys.stdout if one.done else sys.stderr).write(f"{spelling.printable(one.line(wish))}\n")
    return 0 if all(one.done for one in told) else 1


def retry_failed(store: Store, task: str | None) -> int:
    """Queue all failed jobs (of this task) again, newest first; answers how many. Each is tried once: one that fails again
    meanwhile keeps its key, and the way leads downwards."""
    return _change_all(store, Change.RETRY, Query(states=(State.FAILED,), task=task, limit=_PAGE), before=None)


def forget_older(store: Store, before: int, states: Sequence[State]) -> int:
    """Delete all finished jobs (of these states) that finished before this time; answers how many."""
    if states:
        return _change_all(store, Change.FORGET, Query(states=tuple(states), limit=_PAGE), before)
    forgotten = 0
    while number := store.forget(before, _BATCH).result():
        forgotten += number
    return forgotten


def _holder(store: Store, job: Job | None) -> Job | None:
    """The unfinished job that has the unique key of this one, which has ended."""
    if job is None or job.unique_key is None or not job.state.finished:
        return None
    found = store.find(Query(states=_UNFINISHED, unique_key=job.unique_key)).result()
    return next((one for one in found if one.app == job.app), None)


def _change_all(store: Store, wish: Change, query: Query, before: int | None) -> int:
    changed = 0
    while page := store.find(query).result():
        query = query._replace(before=page[-1].key)
        jobs = [job for job in page if before is None or (job.ended_at is not None and job.ended_at < before)]
        if jobs:
            after = store.change(wish, [job.id for job in jobs]).result()
            changed += sum(answer(wish, *pair).done for pair in zip(jobs, after, strict=True))
    return changed
