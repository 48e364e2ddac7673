"""Store.get, Store.find and Store.count"""

from afterword.jobs.job import Job, State
from afterword.jobs.outcome import Failed, Succeeded
from afterword.jobs.retry import Retry
from afterword.stores.store import Change, Query, Store
from afterword.testing.contract.bench import PATIENCE, Bench, add, claim, held, ids, job, settle


def one_of_each(store: Store) -> dict[State, Job]:
    """A job in each state that a store can bring about, oldest first."""
    jobs = add(
        store,
        job(priority=3),
        job(priority=2, retry=Retry(attempts=1)),
        job(priority=1, task="main:other"),
        job(),
        job(task="main:other"),
        held(store),
    )
    settle(store, claim(store, 1)[0], Succeeded(b"1"))
    settle(store, claim(store, 1)[0], Failed("no"))
    claim(store, 1)
    store.change(Change.CANCEL, [jobs[3].id]).result(PATIENCE)
    order = (State.SUCCEEDED, State.FAILED, State.RUNNING, State.CANCELLED, State.QUEUED, State.HELD)
    found = store.find(Query()).result(PATIENCE)
    assert tuple(one.state for one in reversed(found)) == order
    return dict(zip(order, reversed(found), strict=True))


def find(store: Store, query: Query) -> list[Job]:
    return list(store.find(query).result(PATIENCE))


class Reading(Bench):
    def test_get_knows_live_and_finished_jobs_and_no_others(self, store: Store) -> None:
        for expected in one_of_each(store).values():
            assert store.get(expected.id).result(PATIENCE) == expected
        assert store.get("nobody").result(PATIENCE) is None

    def test_what_was_written_is_read_at_once(self, store: Store) -> None:
        for _ in range(20):
            (added,) = store.add([one := job()]).result(PATIENCE)
            found = store.get(one.id).result(PATIENCE)
            assert found is not None
            assert found.key == added.key

    def test_find_gives_the_newest_first(self, store: Store) -> None:
        jobs = list(one_of_each(store).values())
        assert find(store, Query()) == jobs[::-1]

    def test_find_by_state(self, store: Store) -> None:
        jobs = one_of_each(store)
        for state, expected in jobs.items():
            assert find(store, Query(states=(state,))) == [expected]
        mixed = (State.RUNNING, State.FAILED, State.QUEUED)
        assert find(store, Query(states=mixed)) == [jobs[State.QUEUED], jobs[State.RUNNING], jobs[State.FAILED]]

    def test_find_by_task(self, store: Store) -> None:
        jobs = one_of_each(store)
        assert find(store, Query(task="main:other")) == [jobs[State.QUEUED], jobs[State.RUNNING]]
        assert find(store, Query(states=(State.RUNNING,), task="main:send")) == []

    def test_find_by_the_beginning_or_the_end_of_an_id(self, store: Store) -> None:
        first, second, third = add(store, job(id="aaaa-bbbb"), job(id="aaaa-cccc", priority=1), job(id="dddd-aaaa"))
        settle(store, claim(store, 1)[0], Succeeded(b"1"))
        for part, expected in {
            "aaaa": [third, second, first],
            "aaaa-": [second, first],
            "aaaa-cccc": [second],
            "-cccc": [second],
            "bbbb": [first],
            "aaaa-bbbb-": [],
            "a_aa": [],
            "a%": [],
            "-": [],
        }.items():
            assert ids(find(store, Query(id=part))) == ids(expected), part
        assert ids(find(store, Query(id="aaaa", limit=1))) == [third.id]
        assert ids(find(store, Query(id="aaaa", states=(State.SUCCEEDED,)))) == [second.id]

    def test_find_page_by_page(self, store: Store) -> None:
        jobs = list(one_of_each(store).values())[::-1]
        seen: list[Job] = []
        while page := find(store, Query(before=seen[-1].key if seen else None, limit=4)):
            assert len(page) <= 4
            seen += page
        assert seen == jobs

    def test_find_between_two_keys(self, store: Store) -> None:
        newest, *between, oldest = list(one_of_each(store).values())[::-1]
        assert find(store, Query(before=newest.key, above=oldest.key)) == between
        assert find(store, Query(above=oldest.key, limit=1)) == [newest]
        assert find(store, Query(above=newest.key)) == []

    def test_find_in_an_empty_store(self, store: Store) -> None:
        assert find(store, Query()) == []

    def test_count_knows_every_state(self, store: Store) -> None:
        assert store.count().result(PATIENCE) == dict.fromkeys(State, 0)
        states = one_of_each(store)
        add(store, job(run_at=1 << 60), held(store, after="nobody"))
        counts = store.count().result(PATIENCE)
        more = {State.QUEUED: 2, State.HELD: 2}
        assert counts == {state: more.get(state, int(state in states)) for state in State}

    def test_a_page_is_what_it_says(self, store: Store) -> None:
        added = add(store, *(job() for _ in range(150)))
        assert ids(find(store, Query())) == ids(added[:-101:-1])
