"""Group commit: what arrives during a commit shares the next one, and no one suffers for another."""

import asyncio
from pathlib import Path

import pytest

from afterword.errors import BacklogFull, WriteRefused
from afterword.events import Added, Event, Released, Written
from afterword.jobs.job import Job, State
from afterword.jobs.outcome import Succeeded
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Want
from afterword.testing.contract.bench import PATIENCE, add, claim_one, held, job, now, settlement
from tests.stores.conftest import Open, held_up


def commits(told: list[Event]) -> int:
    return sum(isinstance(event, Added) for event in told)


def test_many_callers_share_few_commits(open_store: Open) -> None:
    told: list[Event] = []
    store = open_store(tell=told.append)
    store.open()

    async def call(one: Job) -> None:
        (added,) = await store.add([one])
        await store.release([added.key])

    async def calls() -> None:
        await asyncio.gather(*(call(held(store)) for _ in range(300)))

    asyncio.run(calls())
    assert commits(told) < 30
    assert sum(len(event.ids) for event in told if isinstance(event, Added)) == 300
    assert sum(isinstance(event, Released) for event in told) < 30
    assert store.count().result(PATIENCE)[State.QUEUED] == 300


def test_one_caller_is_not_kept_waiting_for_others(open_store: Open) -> None:
    told: list[Event] = []
    store = open_store(tell=told.append)
    for _ in range(5):
        add(store, job())
    assert commits(told) == 5


def test_a_bad_write_refuses_only_itself(store: SqliteStore, database: Path) -> None:
    good = [job(), job(), job()]
    bad = [job(priority=1 << 70), job(queue=chr(0xD800))]
    with held_up(database):
        first = store.add([job()])  # Is stopped at the gate, and those behind it gather.
        calls = [store.add([one]) for one in (good[0], bad[0], good[1], bad[1], good[2])]
        releasing = store.release([1])
    first.result(PATIENCE)
    for call in calls[1::2]:
        with pytest.raises(WriteRefused):
            call.result(PATIENCE)
    assert [answer.created for call in calls[::2] for answer in call.result(PATIENCE)] == [True] * 3
    releasing.result(PATIENCE)
    assert all(now(store, one) for one in good)
    assert [store.get(one.id).result(PATIENCE) for one in bad] == [None, None]


def test_a_call_is_refused_whole(store: SqliteStore) -> None:
    good = job()
    with pytest.raises(WriteRefused):
        store.add([good, job(priority=1 << 70)]).result(PATIENCE)
    assert store.get(good.id).result(PATIENCE) is None


def test_a_full_store_refuses_one_write_of_a_group(open_store: Open, database: Path) -> None:
    store = open_store(max_queued=5)
    store.open()
    with held_up(database):
        first = store.add([job()])
        calls = [store.add([job() for _ in range(size)]) for size in (2, 3, 2)]
    first.result(PATIENCE)
    calls[0].result(PATIENCE)
    with pytest.raises(BacklogFull):
        calls[1].result(PATIENCE)
    calls[2].result(PATIENCE)
    assert store.count().result(PATIENCE)[State.QUEUED] == 5


def test_the_limit_is_exact_however_many_call(open_store: Open) -> None:
    store = open_store(max_queued=250)

    async def call() -> bool:
        try:
            await store.add([job()])
        except BacklogFull:
            return False
        return True

    async def calls() -> list[bool]:
        return await asyncio.gather(*(call() for _ in range(400)))

    assert sum(asyncio.run(calls())) == 250
    assert store.count().result(PATIENCE)[State.QUEUED] == 250


def test_what_meets_its_like_in_a_full_store_needs_no_room(open_store: Open, database: Path) -> None:
    store = open_store(max_queued=1)
    store.open()
    twice = job()
    with held_up(database):
        first = store.beat("main:app")
        calls = [store.add([twice]), store.add([job()]), store.add([twice])]
    first.result(PATIENCE)
    assert [calls[place].result(PATIENCE)[0].created for place in (0, 2)] == [True, False]
    with pytest.raises(BacklogFull):
        calls[1].result(PATIENCE)


def test_the_limit_is_exact_when_part_of_a_group_is_refused(open_store: Open, database: Path) -> None:
    store = open_store(max_queued=200)
    for _ in range(199):
        store.add([job()]).result(PATIENCE)
    with held_up(database):
        first = store.beat("main:app")
        fitting, refused = store.add([job()]), store.add([job(), job()])
    first.result(PATIENCE)
    fitting.result(PATIENCE)
    for full in (refused, store.add([job()])):
        with pytest.raises(BacklogFull):
            full.result(PATIENCE)


def test_two_processes_exceed_the_limit_by_little(open_store: Open) -> None:
    stores = [open_store(max_queued=200), open_store(max_queued=200)]
    added = 0
    for number in range(300):
        try:
            stores[number % 2].add([job()]).result(PATIENCE)
        except BacklogFull:
            continue
        added += 1
    assert 200 <= added <= 204


def test_written_is_told_before_the_commit_and_added_after_it(open_store: Open, database: Path) -> None:
    reader = open_store()
    reader.open()
    seen: list[tuple[str, bool]] = []

    def tell(event: Event) -> None:
        if isinstance(event, Written | Added):
            seen.append((type(event).__name__, reader.get(event.ids[0]).result(PATIENCE) is not None))

    add(open_store(tell=tell), job())
    assert seen == [("Written", False), ("Added", True)]


def test_a_listener_that_fails_harms_nobody(open_store: Open, caplog: pytest.LogCaptureFixture) -> None:
    def tell(event: Event) -> None:
        raise ZeroDivisionError

    store = open_store(tell=tell)
    (added,) = add(store, held(store))
    store.release([added.key]).result(PATIENCE)
    assert now(store, added).state is State.QUEUED
    assert caplog.text.count("a listener failed") == 3


def test_what_is_settled_and_claimed_together_is_one_transaction(store: SqliteStore, database: Path) -> None:
    """A job that waited for one that is settled can be claimed in the same breath."""
    (first,) = add(store, job())
    add(store, job(state=State.HELD, after=first.id))
    running = claim_one(store)
    with held_up(database):
        store.beat("main:app")
        claiming = store.claim(Want("main:app", 10))  # Handed in first, done last.
        settling = store.settle([settlement(running, Succeeded())])
    settling.result(PATIENCE)
    assert len(claiming.result(PATIENCE).jobs) == 1


def test_any_thread_and_any_loop_may_call(store: SqliteStore) -> None:
    async def call() -> int:
        answers = await asyncio.gather(*(store.add([job()]) for _ in range(20)))
        in_thread = await asyncio.to_thread(lambda: store.add([job()]).result(PATIENCE))
        return len({answer[0].key for answer in [*answers, in_thread]})

    assert [asyncio.run(call()) for _ in range(2)] == [21, 21]
