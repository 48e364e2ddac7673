"""Store.forget and Store.tidy"""

from afterword.clock import SECOND
from afterword.jobs.job import Job, State
from afterword.stores.store import Store
from afterword.testing.contract.bench import PATIENCE, Bench, add, claim, job, settle


def finished(store: Store, *at: int) -> list[Job]:
    """Jobs that finished at these times."""
    jobs = []
    for time in at:
        add(store, job())
        (running,) = claim(store)
        settle(store, running, at=time)
        jobs.append(running)
    return jobs


def there(store: Store, jobs: list[Job]) -> list[bool]:
    return [store.get(one.id).result(PATIENCE) is not None for one in jobs]


class Keeping(Bench):
    def test_what_finished_before_is_forgotten(self, store: Store) -> None:
        jobs = finished(store, 10, 30, 20)
        assert store.forget(20, 100).result(PATIENCE) == 1
        assert there(store, jobs) == [False, True, True]
        assert store.forget(20, 100).result(PATIENCE) == 0

    def test_no_more_than_the_limit_the_longest_finished_first(self, store: Store) -> None:
        jobs = finished(store, 30, 10, 20)
        assert store.forget(100, 2).result(PATIENCE) == 2
        assert there(store, jobs) == [True, False, False]

    def test_unfinished_jobs_are_never_forgotten(self, store: Store) -> None:
        add(store, job(), job())
        claim(store, 1)
        assert store.forget(1 << 60, 100).result(PATIENCE) == 0
        counts = store.count().result(PATIENCE)
        assert (counts[State.QUEUED], counts[State.RUNNING]) == (1, 1)

    def test_a_forgotten_id_is_new_again(self, store: Store) -> None:
        (old,) = finished(store, 10)
        store.forget(SECOND, 100).result(PATIENCE)
        (again,) = store.add([old._replace(state=State.QUEUED, owner=None)]).result(PATIENCE)
        assert again.created
        assert again.key > old.key

    def test_tidying_changes_nothing(self, store: Store) -> None:
        jobs = finished(store, 10) + add(store, job())
        store.tidy().result(PATIENCE)
        assert there(store, jobs) == [True, True]
