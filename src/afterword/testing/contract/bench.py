"""What the tests of the contract work with."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import pytest

from afterword.events import Tell, nobody
from afterword.jobs import lifecycle
from afterword.jobs.job import Job, State
from afterword.jobs.outcome import Outcome, Succeeded
from afterword.jobs.retry import Retry
from afterword.stores.store import Claims, Store, Verdict, Want
from afterword.testing.clock import FalseClock

APP = "main:app"
PATIENCE = 30.0
"""Seconds for an answer."""

_numbers = itertools.count(1)


class Make(Protocol):
    def __call__(self, *, tell: Tell = nobody, max_queued: int = 1_000_000) -> Store:
        """One more store object, not opened yet: to all others of the same test, another process."""
        ...


Kill = Callable[[Store], None]
"""Let this store's process seem dead to the others, and leave everything else as it is. The object is not used any more."""


NEW_FIELDS: dict[str, Any] = {
    "id": "f" * 32,
    "task": "main:other",
    "arguments": b'{"x":1}',
    "added_at": 7,
    "retry": Retry(attempts=9),
    "queue": "mail",
    "priority": 3,
    "run_at": 4_000_000_000_000_000,
    "at_most_once": True,
    "timeout": 5,
    "unique_key": "k",
    "via": "celery",
    "theirs": True,
    "origin": "main:it",
}
"""What whoever adds a job may say of it, and values that are not the plain ones."""


class Bench:
    """The fixtures that all tests share."""

    @pytest.fixture
    def clock(self) -> FalseClock:
        return FalseClock()

    @pytest.fixture
    def store(self, make: Make) -> Store:
        """An API process."""
        store = make()
        store.open()
        return store

    @pytest.fixture
    def worker(self, make: Make) -> Store:
        """Another process, which claims."""
        worker = make()
        worker.open()
        return worker


def job(**fields: Any) -> Job:
    """A job that may start, unless `fields` say otherwise."""
    number = next(_numbers)
    plain: dict[str, Any] = {
        "id": f"{number:032x}",
        "app": APP,
        "task": "main:send",
        "arguments": b'{"number":%d}' % number,
        "added_at": number,
        "retry": Retry(),
        "state": State.QUEUED,
    }
    return Job(**(plain | fields))


def held(store: Store, **fields: Any) -> Job:
    """A job of a request that has not ended in the process of `store`."""
    return job(state=State.HELD, owner=store.process, **fields)


def add(store: Store, *jobs: Job) -> list[Job]:
    """Add these in one call; answers with them as they stand then."""
    for added in store.add(jobs).result(PATIENCE):
        assert added.created
    return [now(store, job) for job in jobs]


def now(store: Store, job: Job) -> Job:
    """The job as it stands now."""
    found = store.get(job.id).result(PATIENCE)
    assert found is not None
    return found


def states(store: Store, *jobs: Job) -> list[State]:
    return [now(store, job).state for job in jobs]


def claims(store: Store, limit: int = 100, app: str = APP, queues: tuple[str, ...] = (), ahead: int = 0) -> Claims:
    return store.claim(Want(app, limit, queues, ahead=ahead)).result(PATIENCE)


def claim(store: Store, limit: int = 100, app: str = APP, queues: tuple[str, ...] = (), ahead: int = 0) -> list[Job]:
    return list(claims(store, limit, app, queues, ahead).jobs)


def claim_one(store: Store) -> Job:
    (claimed,) = claim(store, 1)
    return claimed


def settlement(job: Job, outcome: Outcome, at: int = 1) -> lifecycle.Settlement:
    return lifecycle.settle(job, outcome, at, 0.5)


def settle(store: Store, job: Job, outcome: Outcome | None = None, at: int = 1) -> Verdict:
    """Write an outcome (success, unless it is said)."""
    (verdict,) = store.settle([settlement(job, outcome or Succeeded(b"null"), at)]).result(PATIENCE)
    return verdict


def rescue(store: Store) -> Sequence[Job]:
    return store.rescue().result(PATIENCE)


def ids(jobs: Sequence[Job]) -> list[str]:
    return [job.id for job in jobs]
