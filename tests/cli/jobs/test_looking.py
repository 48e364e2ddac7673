"""A task is looked for window by window."""

import pytest

from afterword.cli.jobs import looking
from afterword.cli.jobs.looking import Page, look
from afterword.jobs.job import Job, State
from afterword.stores.memory import MemoryStore
from afterword.stores.store import Query
from afterword.testing.contract.bench import add, held, ids

RARE = Query(task="main:rare")


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "WINDOW", 3)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def jobs(store: MemoryStore) -> list[Job]:
    """Twenty, of which each third and both the oldest and the newest are of a rare task; with gaps between the keys."""
    added = add(store, *(held(store, task="main:rare" if n % 3 == 0 or n == 39 else "main:send") for n in range(40)))
    store.discard([one.key for one in added[4:17]]).result()
    return added[:4] + added[17:]


def rare(jobs: list[Job]) -> list[str]:
    return [one.id for one in reversed(jobs) if one.task == "main:rare"]


def test_all_are_found_whatever_lies_between(store: MemoryStore, jobs: list[Job]) -> None:
    page = look(store, RARE, patience=60)
    assert (ids(page.jobs), page.stopped_at) == (rare(jobs), None)


@pytest.mark.parametrize("limit", range(1, 12))
def test_no_more_than_the_limit(store: MemoryStore, jobs: list[Job], limit: int) -> None:
    page = look(store, RARE._replace(limit=limit), patience=60)
    assert (ids(page.jobs), page.stopped_at) == (rare(jobs)[:limit], None)


def test_of_a_state(store: MemoryStore, jobs: list[Job]) -> None:
    store.release([jobs[0].key, jobs[-1].key]).result()
    assert ids(look(store, RARE._replace(states=(State.QUEUED,)), 60).jobs) == [jobs[-1].id, jobs[0].id]
    assert look(store, RARE._replace(states=(State.FAILED,)), 60) == Page([], None)


def test_from_where_the_time_ran_out_one_can_go_on(store: MemoryStore, jobs: list[Job]) -> None:
    seen: list[str] = []
    page = look(store, RARE, patience=-1)
    looks = 1
    while page.stopped_at is not None:
        seen += ids(page.jobs)
        page = look(store, RARE._replace(before=page.stopped_at.key), patience=-1)
        looks += 1
    assert seen == rare(jobs)
    assert looks == len(jobs) + 1  # Without any time, each look sees one job.


def test_without_a_task_there_is_nothing_to_look_through(store: MemoryStore, jobs: list[Job]) -> None:
    assert ids(look(store, Query(limit=5), patience=-1).jobs) == ids(jobs[:-6:-1])


def test_an_empty_store(store: MemoryStore) -> None:
    assert look(store, RARE, patience=60) == Page([], None)
