"""Jobs that are not written, since an unfinished one has their unique key.

The index `jobs_unique` keeps them out; here is what follows from that. None of it costs anything where no key is taken.
"""

import json
from collections.abc import Iterable, Sequence
from sqlite3 import Connection

from afterword.jobs.job import Job, State
from afterword.stores.store import Added

Name = tuple[str | None, str]
"""A unique key and its application."""

_STANDING = "SELECT unique_key, app, key, id FROM jobs WHERE unique_key IN (SELECT value FROM json_each(?))"
_SHARE = f"""
UPDATE jobs SET shared = 1
WHERE key IN (SELECT value FROM json_each(?)) AND state = {State.HELD:d} AND owner IS NOT NULL
"""
_WAIT = "UPDATE jobs SET after = ? WHERE key = ?"


def standing(connection: Connection, jobs: Iterable[Job]) -> dict[Name, Added]:
    """The unfinished jobs that have the unique keys of these, in whatever application, as what is answered to later ones."""
    keys = {job.unique_key for job in jobs if job.unique_key is not None}
    if not keys:
        return {}
    found = connection.execute(_STANDING, (json.dumps(list(keys)),))
    return {(unique_key, app): Added(key, False, id) for unique_key, app, key, id in found}


def name(job: Job) -> Name:
    return job.unique_key, job.app


def share(connection: Connection, call: Sequence[Job], added: Sequence[Added]) -> None:
    """Whoever stands for a job of this call, and is held by another request, is not to be deleted with that."""
    own = {one.key for job, one in zip(call, added, strict=True) if one.id == job.id}
    others = {one.key for one in added} - own
    if others:
        connection.execute(_SHARE, (json.dumps(list(others)),))


def close_up(connection: Connection, jobs: Sequence[Job], added: Sequence[Added]) -> list[Job]:
    """Let those that are `after` a job which was not written wait for whatever that one would have waited for; answers with
    all jobs as they wait now. One that would wait for nothing is left `after` a job that is not there."""
    instead: dict[str | None, str | None] = {}
    closed = []
    for job, one in zip(jobs, added, strict=True):
        after = instead.get(job.after, job.after)
        if one.id != job.id:
            instead[job.id] = after
        elif one.created and after is not None and after != job.after:
            connection.execute(_WAIT, (after, one.key))
            job = job._replace(after=after)
        closed.append(job)
    return closed
