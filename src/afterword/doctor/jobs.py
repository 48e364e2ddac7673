"""The jobs in the store, and the workers that should run them."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from sqlite3 import Connection
from typing import NamedTuple

from afterword.clock import SECOND
from afterword.doctor.finding import Finding, Level
from afterword.doctor.tasks import Waiting
from afterword.jobs.job import State
from afterword.stores.sqlite.connection import fetch
from afterword.stores.sqlite.looking import bounded, cut_short, workers

ENOUGH = 100_000
"""Unfinished jobs that are looked at, the oldest."""

PATIENCE = 2.0
"""Seconds to look at them."""

LONG = 60 * SECOND
"""Microseconds after which a job that is ready should have been claimed."""

_UNFINISHED = f"SELECT app, task, origin FROM jobs ORDER BY key LIMIT {ENOUGH}"
_GROUPED = f"SELECT app, task, origin, count(*) FROM ({_UNFINISHED}) GROUP BY app, task, origin"
# Only such as were never tried: when a pause ended is not written down.
_READY = f"SELECT added_at, attempt FROM jobs WHERE app = ? AND state = {State.QUEUED:d} AND run_at = 0 LIMIT {ENOUGH}"
_OLDEST = f"SELECT min(added_at) FROM ({_READY}) WHERE attempt = 0"
_FAILED = f"SELECT count(*) FROM finished WHERE state = {State.FAILED:d}"


class Census(NamedTuple):
    """What is in the store, as far as it was counted."""

    unfinished: Mapping[str, int]
    """By application."""
    tasks: frozenset[Waiting]
    """Of this application's unfinished jobs."""
    oldest: int | None
    """When the oldest job of this application was added that is ready and was never tried."""
    failed: int
    served: frozenset[str]
    """Applications with a live worker."""


def take(connection: Connection, app: str, path: Path) -> Census | None:
    """None where it would take too long."""
    served = frozenset(seen.app for seen in workers(connection, path))
    unfinished: Counter[str] = Counter()
    tasks = set()
    try:
        with bounded(connection, PATIENCE):
            for whose, task, origin, count in fetch(connection, _GROUPED):
                unfinished[whose] += count
                if whose == app:
                    tasks.add(Waiting(task, origin))
            ((oldest,),) = connection.execute(_OLDEST, (app,)).fetchall()
            ((failed,),) = connection.execute(_FAILED).fetchall()
    except sqlite3.OperationalError as error:
        if not cut_short(error):
            raise
        return None
    return Census(unfinished, frozenset(tasks), oldest, failed, served)


def uncounted() -> Finding:
    what = f"The unfinished jobs could not be counted in {PATIENCE:g} s."
    return Finding(Level.NOTE, what, "afterword jobs list counts them all.")


NONE = Census({}, frozenset(), None, 0, frozenset())
"""That of a store which is not there yet."""


def examine(census: Census, app: str, now: int, *, starts_worker: bool) -> Iterator[Finding]:
    """What follows for the application `app`; `starts_worker` says whether it starts a worker of its own."""
    yield serving(app, census, starts_worker=starts_worker)
    if app in census.served and census.oldest is not None:
        yield from slow(now - census.oldest)
    yield from unserved(app, census)
    if census.failed:
        what = f"{_jobs(census.failed)} {'has' if census.failed == 1 else 'have'} failed."
        yield Finding(Level.NOTE, what, "afterword jobs list --state failed")


def serving(app: str, census: Census, *, starts_worker: bool) -> Finding:
    """Whether somebody runs the jobs of this application."""
    if app in census.served:
        return Finding(Level.FINE, f"A worker of {app} is alive.")
    start = f"Start one: afterword worker {app}"
    waiting = census.unfinished.get(app, 0)
    if not starts_worker:
        said = "the application is told to start none (worker=False or AFTERWORD_WORKER=off)"
        if waiting:
            return Finding(Level.FAULT, f"{_wait(waiting)}, no worker of {app} is alive, and {said}.", start)
        return Finding(Level.WARNING, f"No worker of {app} is alive, and {said}.", start)
    if waiting:
        what = f"{_wait(waiting)}, and no worker of {app} is alive."
        return Finding(
            Level.WARNING, what, f"Start the application, which starts a worker, or start one: afterword worker {app}"
        )
    return Finding(Level.NOTE, f"No worker of {app} is alive: the application starts one when it starts.")


def slow(age: int) -> Iterator[Finding]:
    """For a job that is ready, was never tried and was added `age` microseconds ago, though a worker is alive."""
    if age > LONG:
        yield Finding(
            Level.WARNING,
            f"A job that was added {age // SECOND:,} s ago waits still, though a worker is alive.",
            "Raise runners or concurrency, see what keeps the runners (afterword jobs list --state running), and that no worker"
            " was started for other --queues.",
        )


def unserved(app: str, census: Census) -> Iterator[Finding]:
    """Jobs of other applications, nearly always of this one by an older name."""
    for other, count in sorted(census.unfinished.items()):
        if other != app and other not in census.served:
            yield Finding(
                Level.WARNING,
                f"{_wait(count)} for {other}, of which no worker is alive.",
                f'If that is this application by another name, keep the name: Afterword(app, application="{other}"). Else'
                f" start a worker for it: afterword worker {other}",
            )


def _wait(count: int) -> str:
    return f"{_jobs(count)} {'waits' if count == 1 else 'wait'}"


def _jobs(count: int) -> str:
    return f"{count:,} job" if count == 1 else f"{'At least ' if count == ENOUGH else ''}{count:,} jobs"
