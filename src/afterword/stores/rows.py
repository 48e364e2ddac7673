"""A job as a row of a table, and a row as a job."""

import json
from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from afterword.jobs.job import Job, State
from afterword.jobs.retry import Retry

COLUMNS = Job._fields
"""The columns of a whole row, in the order of a Job's fields."""

NEW_COLUMNS = (
    "id",
    "app",
    "task",
    "arguments",
    "added_at",
    "retry",
    "state",
    "queue",
    "priority",
    "run_at",
    "owner",
    "after",
    "at_most_once",
    "timeout",
    "unique_key",
    "via",
    "theirs",
    "origin",
)
"""What an `add` writes; everything else about a new job is nought."""

_STATES = tuple(State)

_OWN = _ID, _ARGUMENTS, _ADDED_AT, _KEY = tuple(COLUMNS.index(name) for name in ("id", "arguments", "added_at", "key"))
_get_own = itemgetter(*_OWN)
_get_shared = itemgetter(*(place for place in range(len(COLUMNS)) if place not in _OWN))


def job(row: Sequence[Any]) -> Job:
    """The job in a row of COLUMNS. Arguments and result may come as text or bytes."""
    values = list(row)
    for place, read in _READ:
        values[place] = read(values[place])
    return Job(*values)


def likeness(row: Sequence[Any]) -> tuple[Any, ...]:
    """What a row of COLUMNS may have in common with others: all but what is each job's own, and of that the types.

    A number that is equal, though of another type, is as good.
    """
    return _get_shared(row), *map(type, _get_own(row))


def job_like(job: Job, row: Sequence[Any]) -> Job:
    """The job in a row whose likeness is that of the row of `job`, after whatever has happened to that one."""
    values: list[Any] = [*job]
    values[_ID], values[_ADDED_AT], values[_KEY] = row[_ID], row[_ADDED_AT], row[_KEY]
    values[_ARGUMENTS] = _arguments(row[_ARGUMENTS])
    return Job._make(values)


def row(job: Job) -> tuple[Any, ...]:
    """The row of COLUMNS for a job."""
    plain: dict[str, Any] = {"retry": dump_retry(job.retry), "state": int(job.state), "error": text(job.error)}
    return job._replace(**plain)


def new_row(job: Job) -> tuple[Any, ...]:
    """The row of NEW_COLUMNS for a job that is added."""
    return (
        job.id,
        job.app,
        job.task,
        job.arguments,
        job.added_at,
        dump_retry(job.retry),
        int(job.state),
        job.queue,
        job.priority,
        job.run_at,
        job.owner,
        job.after,
        job.at_most_once,
        job.timeout,
        job.unique_key,
        job.via,
        job.theirs,
        job.origin,
    )


@lru_cache(maxsize=1024)
def dump_retry(retry: Retry) -> str:
    """The numbers of a policy. What it retries on is asked of the runner, who has the classes."""
    return json.dumps([retry.attempts, retry.delay, retry.factor, retry.longest, retry.jitter], separators=(",", ":"))


@lru_cache(maxsize=1024)
def load_retry(text: str) -> Retry:
    """The policy that `dump_retry` wrote; a single attempt for anything else, since one odd row must not hold up the others."""
    try:
        attempts, delay, factor, longest, jitter = json.loads(text)
        return Retry(attempts, delay, factor, longest, jitter)
    except (ValueError, TypeError, RecursionError):
        return Retry(attempts=1)


def text(words: str | None) -> str | None:
    """Words that every database takes: tracebacks may carry halves of surrogate pairs and NUL."""
    if words is None or (words.isascii() and "\0" not in words):
        return words
    return words.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


def _arguments(value: str | bytes | None) -> bytes:
    return _bytes(value) or b""


_READ = [
    (COLUMNS.index(name), read)
    for read, names in (
        (_arguments, ("arguments",)),
        (load_retry, ("retry",)),
        (_STATES.__getitem__, ("state",)),
        (bool, ("alone", "at_most_once", "theirs", "unwanted")),
        (_bytes, ("result",)),
    )
    for name in names
]
"""Where a row has something else than its job, and what makes the one of the other."""
