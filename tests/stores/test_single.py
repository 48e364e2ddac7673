"""Adding and releasing together as one statement."""

import pytest

from afterword.events import Event, Released
from afterword.jobs.job import Job, State
from afterword.stores.sqlite.store import SqliteStore
from afterword.testing.contract.bench import PATIENCE, add, claim_one, held, job, now, settle
from tests.stores.conftest import Open, held_up
from tests.stores.test_statements import executed, statements

__all__ = ["statements"]


def together(store: SqliteStore, jobs: list[Job], keys: list[int]) -> list[bool]:
    """Add and release in one group; whether each was created."""
    with held_up(store._session._path):
        first = store.add([job()])
        adding, releasing = store.add(jobs), store.release(keys)
    first.result(PATIENCE)
    releasing.result(PATIENCE)
    return [one.created for one in adding.result(PATIENCE)]


def test_they_are_one_statement_and_one_fact(open_store: Open, statements: list[str]) -> None:
    told: list[Event] = []
    store = open_store(tell=told.append)
    waiting = [held(store), held(store)]
    keys = [one.key for one in add(store, *waiting)]
    statements.clear()
    new = held(store)
    assert together(store, [new], keys) == [True]
    assert executed(statements) == ["INSERT"]
    assert [now(store, one).state for one in (*waiting, new)] == [State.QUEUED, State.QUEUED, State.HELD]
    assert now(store, new).receipt is None
    assert [event for event in told if isinstance(event, Released)] == [Released(tuple(keys))]


@pytest.mark.parametrize("place", [0, 1])
def test_a_release_is_not_lost_where_a_job_was_there_before(store: SqliteStore, place: int) -> None:
    waiting, known, new = held(store), held(store), held(store)
    (key, _) = (one.key for one in add(store, waiting, known))
    jobs = [new]
    jobs.insert(place, known)
    assert together(store, jobs, [key]) == [job is new for job in jobs]
    assert now(store, waiting).state is State.QUEUED
    assert now(store, known).state is State.HELD


def test_only_what_is_held_is_released(store: SqliteStore) -> None:
    (running,) = add(store, job())
    claim_one(store)
    assert together(store, [held(store)], [running.key, 987_654]) == [True]
    assert now(store, running).state is State.RUNNING


def test_a_job_after_one_that_has_ended_does_not_wait(open_store: Open, statements: list[str]) -> None:
    store = open_store()
    (first,) = add(store, job())
    settle(store, claim_one(store))
    statements.clear()
    second = held(store)._replace(after=first.id)
    store.add([second]).result(PATIENCE)
    assert "BEGIN" in executed(statements)
    assert now(store, second).after is None


def test_a_chain_that_is_new_is_one_statement(open_store: Open, statements: list[str]) -> None:
    store = open_store()
    first = held(store)
    second = held(store)._replace(after=first.id)
    store.add([job()]).result(PATIENCE)  # The first one counts the room that there is.
    statements.clear()
    store.add([first, second]).result(PATIENCE)
    assert executed(statements) == ["INSERT"]
    assert now(store, second).after == first.id
