"""Store.release and Store.discard"""

from afterword.events import Event, Released
from afterword.jobs.job import State
from afterword.stores.store import Store
from afterword.testing.contract.bench import PATIENCE, Bench, Make, add, claim, held, job, now, states


class Releasing(Bench):
    def test_a_released_job_may_start(self, store: Store) -> None:
        (waiting,) = add(store, held(store))
        assert claim(store) == []
        store.release([waiting.key]).result(PATIENCE)
        released = now(store, waiting)
        assert released == waiting._replace(state=State.QUEUED, owner=None)
        assert [one.id for one in claim(store)] == [waiting.id]

    def test_releasing_leaves_others_alone(self, store: Store) -> None:
        waiting, ready, running = add(store, held(store), job(), job(priority=1))
        claim(store, 1)
        before = [now(store, one) for one in (waiting, ready, running)]
        store.release([ready.key, running.key, 987_654]).result(PATIENCE)
        assert [now(store, one) for one in (waiting, ready, running)] == before

    def test_releasing_twice_is_releasing_once(self, store: Store) -> None:
        (waiting,) = add(store, held(store))
        store.release([waiting.key]).result(PATIENCE)
        (running,) = claim(store)
        store.release([waiting.key]).result(PATIENCE)
        assert now(store, waiting) == running

    def test_it_tells_of_releases(self, make: Make) -> None:
        told: list[Event] = []
        store = make(tell=told.append)
        (waiting,) = add(store, held(store))
        store.release([waiting.key]).result(PATIENCE)
        assert told[-1] == Released((waiting.key,))

    def test_a_discarded_job_is_gone(self, store: Store) -> None:
        (waiting,) = add(store, held(store))
        store.discard([waiting.key]).result(PATIENCE)
        assert store.get(waiting.id).result(PATIENCE) is None
        assert store.count().result(PATIENCE)[State.HELD] == 0

    def test_a_discarded_id_may_be_added_again(self, store: Store) -> None:
        (waiting,) = add(store, held(store))
        store.discard([waiting.key]).result(PATIENCE)
        (again,) = store.add([waiting]).result(PATIENCE)
        assert again.created

    def test_only_what_is_still_held_by_this_process_is_discarded(self, store: Store, worker: Store) -> None:
        released, theirs, ready = add(store, held(store), held(worker), job())
        store.release([released.key]).result(PATIENCE)
        store.discard([released.key, theirs.key, ready.key]).result(PATIENCE)
        assert states(store, released, theirs, ready) == [State.QUEUED, State.HELD, State.QUEUED]
