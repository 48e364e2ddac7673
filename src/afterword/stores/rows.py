"""A job as a row of a table, and a row as a job."""

import json
from collections.abc import Sequence
from functools import lru_cache
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


def job(row: Sequence[Any]) -> Job:
    """The job in a row of COLUMNS. Arguments and result may come as text or bytes."""
    id, app, task, arguments, added_at, retry, state, *rest = row
    queue, priority, run_at, owner, after, token, attempt, crashes, lost, alone, at_most_once, *rest = rest
    timeout, unique_key, via, theirs, unwanted, receipt, origin, started_at, ended_at, result, error, key = rest
    return Job(
        id,
        app,
        task,
        _bytes(arguments) or b"",
        added_at,
        load_retry(retry),
        _STATES[state],
        queue,
        priority,
        run_at,
        owner,
        after,
        token,
        attempt,
        crashes,
        lost,
        bool(alone),
        bool(at_most_once),
        timeout,
        unique_key,
        via,
        bool(theirs),
        bool(unwanted),
        receipt,
        origin,
        started_at,
        ended_at,
        _bytes(result),
        error,
        key,
    )


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
