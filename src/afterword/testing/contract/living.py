"""Store.open, close, beat, leave and workers"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from afterword.clock import SECOND
from afterword.errors import StoreClosed
from afterword.stores.store import GRACE, LEASE, Query, Store, Want, WorkerSeen
from afterword.testing.clock import FalseClock
from afterword.testing.contract.bench import APP, PATIENCE, Bench, Kill, Make, add, held, job, now, rescue


def workers(store: Store) -> list[WorkerSeen]:
    return list(store.workers().result(PATIENCE))


class Living(Bench):
    def test_each_store_is_a_process_of_its_own(self, store: Store, worker: Store) -> None:
        assert store.process != worker.process

    def test_opening_again_is_nothing(self, store: Store) -> None:
        process = store.process
        store.open()
        assert store.process == process
        add(store, job())

    def test_every_call_opens_by_itself(self, make: Make) -> None:
        given = job()
        make().add([given]).result(PATIENCE)
        assert make().get(given.id).result(PATIENCE) is not None
        assert len(make().claim(Want(APP, 1)).result(PATIENCE).jobs) == 1

    def test_closing_writes_what_was_handed_in(self, make: Make, store: Store) -> None:
        other = make()
        jobs = [job() for _ in range(50)]
        pending = [other.add([one]) for one in jobs]
        other.close()
        assert all(answer.done for answer in pending)
        assert all(now(store, one) for one in jobs)

    def test_closing_twice_and_from_any_thread(self, make: Make) -> None:
        other = make()
        add(other, job())
        with ThreadPoolExecutor(4) as threads:
            for closing in [threads.submit(other.close) for _ in range(4)]:
                closing.result(PATIENCE)
        other.close()

    def test_closing_what_was_never_opened(self, make: Make) -> None:
        make().close()

    def test_a_closed_store_says_so(self, store: Store) -> None:
        store.close()
        for pending in (store.add([job()]), store.release([1]), store.rescue(), store.tidy(), store.leave()):
            with pytest.raises(StoreClosed):
                pending.result(PATIENCE)
        for reading in (store.get("nobody"), store.find(Query()), store.count(), store.workers()):
            with pytest.raises(StoreClosed):
                reading.result(PATIENCE)
        with pytest.raises(StoreClosed):
            asyncio.run(store.wait(PATIENCE))

    def test_opened_after_closing_it_is_another_process(self, store: Store) -> None:
        process = store.process
        (waiting,) = add(store, held(store))
        store.close()
        store.open()
        assert store.process != process
        assert [one.id for one in rescue(store)] == [waiting.id]

    def test_a_worker_that_beats_is_seen(self, store: Store, worker: Store, clock: FalseClock) -> None:
        since = clock.now()
        worker.beat(APP).result(PATIENCE)
        clock.advance(5)
        worker.beat(APP).result(PATIENCE)
        assert workers(store) == [WorkerSeen(worker.process, os.getpid(), APP, since)]

    def test_a_dead_worker_is_not_seen(self, store: Store, worker: Store, kill: Kill) -> None:
        worker.beat(APP).result(PATIENCE)
        kill(worker)
        assert workers(store) == []

    def test_a_closed_worker_is_not_seen(self, store: Store, worker: Store) -> None:
        worker.beat(APP).result(PATIENCE)
        worker.close()
        assert workers(store) == []

    def test_a_worker_whose_heart_has_stopped_is_not_seen_until_it_beats_again(
        self, store: Store, worker: Store, clock: FalseClock
    ) -> None:
        worker.beat(APP).result(PATIENCE)
        clock.advance((LEASE + GRACE) / SECOND)
        assert len(workers(store)) == 1
        clock.advance(1)
        assert workers(store) == []
        worker.beat(APP).result(PATIENCE)
        assert len(workers(store)) == 1

    def test_a_worker_that_left_is_not_seen_though_its_heart_beats(self, store: Store, worker: Store) -> None:
        worker.beat(APP).result(PATIENCE)
        worker.leave().result(PATIENCE)
        worker.beat(APP).result(PATIENCE)
        assert workers(store) == []

    def test_a_worker_that_left_keeps_what_it_runs(self, store: Store, worker: Store) -> None:
        add(store, job())
        worker.beat(APP).result(PATIENCE)
        worker.claim(Want(APP, 1)).result(PATIENCE)
        worker.leave().result(PATIENCE)
        assert list(rescue(store)) == []

    def test_an_api_process_is_no_worker(self, store: Store, worker: Store) -> None:
        add(store, job())
        assert workers(worker) == []
