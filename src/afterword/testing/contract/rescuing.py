"""Store.rescue"""

import asyncio

from afterword.clock import SECOND
from afterword.events import Event, Rescued
from afterword.jobs import lifecycle
from afterword.jobs.job import State
from afterword.stores.store import GRACE, LEASE, Store
from afterword.testing.clock import FalseClock
from afterword.testing.contract.bench import (
    PATIENCE,
    Bench,
    Kill,
    Make,
    add,
    claim,
    claim_one,
    held,
    ids,
    job,
    now,
    rescue,
    states,
)
from afterword.testing.contract.waking import settled

OVERDUE = (LEASE + GRACE) / SECOND + 0.001
"""Seconds after which a lease that nobody renewed is no more than a memory."""


class Rescuing(Bench):
    def test_nothing_is_rescued_from_the_living(self, store: Store, worker: Store) -> None:
        add(store, held(store), job())
        claim(worker)
        assert list(rescue(store)) == []
        assert list(rescue(worker)) == []

    def test_what_a_dead_process_held_is_released(self, store: Store, worker: Store, kill: Kill) -> None:
        (waiting,) = add(store, held(store))
        kill(store)
        assert list(rescue(worker)) == [lifecycle.release(waiting)]
        assert now(worker, waiting).state is State.QUEUED

    def test_whoever_comes_after_a_quiet_time_and_dies_is_found(self, store: Store, worker: Store, kill: Kill) -> None:
        asyncio.run(settled(worker))
        for _ in range(3):
            assert list(rescue(worker)) == []
        (waiting,) = add(store, held(store))
        for _ in range(3):
            assert list(rescue(worker)) == []
        kill(store)
        assert list(rescue(worker)) == [lifecycle.release(waiting)]

    def test_what_a_dead_process_ran_may_be_run_by_another(
        self, store: Store, worker: Store, kill: Kill, clock: FalseClock
    ) -> None:
        add(store, job())
        running = claim_one(worker)
        kill(worker)
        assert list(rescue(store)) == [lifecycle.rescue(running, clock.now())]
        assert now(store, running) == lifecycle.rescue(running, clock.now())
        assert claim_one(store).token == running.token + 1

    def test_what_may_run_at_most_once_fails_with_its_worker(
        self, store: Store, worker: Store, kill: Kill, clock: FalseClock
    ) -> None:
        add(store, job(at_most_once=True))
        running = claim_one(worker)
        kill(worker)
        assert list(rescue(store)) == [lifecycle.rescue(running, clock.now())]
        assert now(store, running).state is State.FAILED

    def test_what_waited_for_a_job_that_failed_with_its_worker_follows(self, store: Store, worker: Store, kill: Kill) -> None:
        (first,) = add(store, job(at_most_once=True))
        (second,) = add(store, held(store, after=first.id))
        store.release([second.key]).result(PATIENCE)
        claim(worker)
        kill(worker)
        rescue(store)
        assert states(store, first, second) == [State.FAILED, State.QUEUED]

    def test_a_whole_request_of_a_dead_process_runs_in_its_order(self, store: Store, worker: Store, kill: Kill) -> None:
        first = held(store)
        second = held(store, after=first.id)
        add(store, first, second)
        kill(store)
        assert sorted(ids(rescue(worker))) == ids([first, second])
        assert states(worker, first, second) == [State.QUEUED, State.HELD]
        assert now(worker, second).owner is None

    def test_each_job_is_rescued_once(self, make: Make, store: Store, worker: Store, kill: Kill) -> None:
        add(store, job(), job())
        claim(worker)
        kill(worker)
        others = [make(), make(), store]
        pending = [other.rescue() for other in others]
        rescued = [one.id for answer in pending for one in answer.result(PATIENCE)]
        assert len(rescued) == len(set(rescued)) == 2
        assert list(rescue(store)) == []

    def test_calls_of_one_process_that_meet_share_what_is_rescued(self, store: Store, worker: Store, kill: Kill) -> None:
        add(store, job(), job())
        claim(worker)
        kill(worker)
        pending = [store.rescue() for _ in range(3)]
        assert sum(len(answer.result(PATIENCE)) for answer in pending) == 2

    def test_only_what_the_dead_process_had(self, make: Make, store: Store, worker: Store, kill: Kill) -> None:
        mine, theirs = add(store, held(store), job())
        claim(worker)
        kill(worker)
        assert ids(rescue(store)) == [theirs.id]
        assert now(store, mine) == mine

    def test_a_closed_process_is_a_dead_one(self, store: Store, worker: Store) -> None:
        (waiting,) = add(store, held(store))
        running = add(store, job())
        claim(worker)
        worker.close()
        assert ids(rescue(store)) == ids(running)
        store.close()
        store.open()
        assert ids(rescue(store)) == [waiting.id]

    def test_a_lease_that_ran_out_is_only_a_suspicion_while_the_process_lives(
        self, store: Store, worker: Store, clock: FalseClock
    ) -> None:
        add(store, job())
        running = claim_one(worker)
        clock.advance((LEASE + GRACE) / SECOND)
        assert list(rescue(store)) == []
        clock.advance(0.001)
        assert list(rescue(store)) == [lifecycle.rescue(running, clock.now())]

    def test_a_lease_that_ran_out_says_nothing_about_what_is_held(self, store: Store, worker: Store, clock: FalseClock) -> None:
        add(store, held(worker), job())
        running = claim_one(worker)
        clock.advance(OVERDUE)
        assert ids(rescue(store)) == [running.id]
        assert store.count().result(PATIENCE)[State.HELD] == 1

    def test_only_the_leases_that_ran_out(self, store: Store, worker: Store, clock: FalseClock) -> None:
        add(store, job(), job())
        old = claim_one(worker)
        clock.advance(OVERDUE)
        claim_one(worker)
        assert ids(rescue(store)) == [old.id]

    def test_a_clock_that_is_set_rescues_nobody(self, store: Store, worker: Store, clock: FalseClock) -> None:
        add(store, job())
        claim(worker)
        clock.jump(1e6)
        assert list(rescue(store)) == []
        clock.jump(-2e6)
        assert list(rescue(store)) == []

    def test_it_tells_of_each_rescue(self, make: Make, worker: Store, kill: Kill) -> None:
        told: list[Event] = []
        store = make(tell=told.append)
        add(store, job())
        claim(worker)
        kill(worker)
        (rescued,) = rescue(store)
        assert told[-1] == Rescued(rescued)

    def test_dead_workers_are_struck_off(self, store: Store, worker: Store, kill: Kill) -> None:
        worker.beat("main:app").result(PATIENCE)
        kill(worker)
        assert list(rescue(store)) == []
        assert list(store.workers().result(PATIENCE)) == []
