"""Store.claim and Store.renew"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from afterword.clock import SECOND
from afterword.jobs import lifecycle
from afterword.jobs.job import State
from afterword.jobs.outcome import Crashed, Failed, Interrupted, Outcome, Snoozed
from afterword.jobs.retry import Retry
from afterword.stores.store import GRACE, LEASE, Hold, Store
from afterword.testing.clock import FalseClock
from afterword.testing.contract.bench import (
    NEW_FIELDS,
    PATIENCE,
    Bench,
    Make,
    add,
    claim,
    claim_one,
    claims,
    held,
    ids,
    job,
    now,
    rescue,
    settle,
    settlement,
)


class Claiming(Bench):
    def test_a_claimed_job_is_what_the_state_machine_says(self, store: Store, worker: Store, clock: FalseClock) -> None:
        (ready,) = add(store, job())
        (running,) = claim(worker)
        assert running == lifecycle.claim(ready, worker.process, clock.now())
        assert now(store, ready) == running

    @pytest.mark.parametrize("differing", sorted(NEW_FIELDS))
    def test_of_jobs_that_differ_in_one_thing_each_is_claimed_as_it_is(
        self, store: Store, worker: Store, clock: FalseClock, differing: str
    ) -> None:
        plain = [job() for _ in range(5)]
        given = [*plain[:3], plain[3]._replace(**{differing: NEW_FIELDS[differing]}), plain[4]]
        added = {one.id: one for one in add(store, *given)}
        claimed = claim(worker)
        assert set(ids(claimed)) >= set(ids([*given[:3], given[4]]))
        assert claimed == [lifecycle.claim(added[one.id], worker.process, clock.now()) for one in claimed]

    def test_of_jobs_that_have_been_tried_and_others_each_is_claimed_as_it_is(
        self, store: Store, worker: Store, clock: FalseClock
    ) -> None:
        tried = add(store, *(job(retry=Retry(attempts=3)) for _ in range(4)))
        outcomes: list[Outcome] = [
            Snoozed(1, "busy"),
            Failed("no"),
            Crashed("killed", alone=True),
            Interrupted("stopping", True),
        ]
        store.settle([settlement(one, outcome) for one, outcome in zip(claim(store), outcomes, strict=True)]).result(PATIENCE)
        jobs = [*tried, *add(store, *(job(retry=Retry(attempts=3)) for _ in range(3)))]
        clock.advance(3600)
        due = {one.id: now(store, one)._replace(run_at=0) for one in jobs}
        claimed = claim(worker)
        assert len(claimed) == len(jobs)
        assert claimed == [lifecycle.claim(due[one.id], worker.process, clock.now()) for one in claimed]
        assert [now(store, one) for one in claimed] == claimed

    def test_a_claimed_job_is_not_claimed_again(self, store: Store, worker: Store) -> None:
        add(store, job(), job())
        assert len(claim(worker)) == 2
        assert claim(worker) == []
        assert claim(store) == []

    def test_higher_priority_first_then_the_older(self, store: Store) -> None:
        jobs = add(store, job(priority=1), job(), job(priority=5), job(priority=-2), job(priority=5), job())
        assert ids(claim(store)) == ids([jobs[2], jobs[4], jobs[0], jobs[1], jobs[5], jobs[3]])

    def test_no_more_than_the_limit_and_the_first_ones(self, store: Store) -> None:
        jobs = add(store, job(), job(priority=1), job())
        assert ids(claim(store, 2)) == ids([jobs[1], jobs[0]])
        assert ids(claim(store, 2)) == ids([jobs[2]])

    def test_what_is_claimed_ahead_begins_where_the_limit_ends(self, store: Store) -> None:
        jobs = add(store, job(), job(priority=1), job(), job())
        assert ids(claim(store, 1, ahead=2)) == ids([jobs[1], jobs[0], jobs[2]])
        assert ids(claim(store, 0, ahead=1)) == ids([jobs[3]])

    def test_what_runs_at_most_once_is_not_claimed_ahead_nor_what_comes_after_it(self, store: Store) -> None:
        jobs = add(store, job(at_most_once=True), job(at_most_once=True), job(), job(at_most_once=True), job())
        assert ids(claim(store, 1, ahead=3)) == ids(jobs[:1])
        assert ids(claim(store, 2, ahead=3)) == ids(jobs[1:3])
        assert ids(claim(store, 0, ahead=3)) == []
        assert ids(claim(store, 1, ahead=3)) == ids(jobs[3:])

    def test_a_limit_of_nought_takes_nothing(self, store: Store) -> None:
        add(store, job())
        assert claim(store, 0) == []

    def test_only_its_own_application(self, store: Store) -> None:
        ours, theirs = add(store, job(), job(app="other:app", run_at=5))
        assert ids(claim(store)) == [ours.id]
        assert ids(claim(store, app="other:app")) == [theirs.id]

    def test_only_the_queues_asked_for(self, store: Store) -> None:
        jobs = add(store, job(queue="mail"), job(queue="slow", priority=9), job(queue="sms"))
        assert ids(claim(store, queues=("mail", "sms"))) == ids([jobs[0], jobs[2]])
        assert ids(claim(store)) == [jobs[1].id]

    def test_held_jobs_are_not_claimed(self, store: Store) -> None:
        add(store, held(store))
        assert claim(store) == []

    def test_not_before_its_time(self, store: Store, clock: FalseClock) -> None:
        (later,) = add(store, job(run_at=clock.now() + 10 * SECOND))
        assert claims(store) == ([], later.run_at)
        clock.advance(9.9)
        assert claims(store) == ([], later.run_at)
        clock.advance(0.1)
        (running,) = claim(store)
        assert (running.id, running.run_at) == (later.id, 0)
        assert claims(store) == ([], None)

    def test_what_has_become_due_takes_its_place_by_priority_and_age(self, store: Store, clock: FalseClock) -> None:
        jobs = add(store, job(run_at=clock.now() + 2), job(), job(run_at=clock.now() + 1, priority=1))
        clock.advance(1)
        assert ids(claim(store)) == ids([jobs[2], jobs[0], jobs[1]])

    def test_the_next_time_is_that_of_the_earliest_job_of_the_application(self, store: Store, clock: FalseClock) -> None:
        soon, later = clock.now() + SECOND, clock.now() + 2 * SECOND
        add(store, job(run_at=later), job(run_at=soon), job(run_at=1 + clock.now(), app="other:app"), job())
        found = claims(store)
        assert (len(found.jobs), found.next_due) == (1, soon)
        clock.advance(1)
        assert claims(store).next_due == later

    def test_a_job_put_off_is_not_claimed_before_its_time(self, store: Store, clock: FalseClock) -> None:
        add(store, job())
        settle(store, claim_one(store), Snoozed(5 * SECOND, "busy"), at=clock.now())
        assert claims(store) == ([], clock.now() + 5 * SECOND)

    def test_no_job_is_claimed_by_two(self, make: Make, store: Store) -> None:
        add(store, *(job() for _ in range(200)))
        workers = [make() for _ in range(4)]

        def work(worker: Store) -> list[str]:
            taken = []
            while claimed := claim(worker, 7):
                taken += ids(claimed)
            return taken

        with ThreadPoolExecutor(len(workers)) as threads:
            taken = [id for part in threads.map(work, workers) for id in part]
        assert len(taken) == len(set(taken)) == 200

    def test_a_lease_is_kept_while_the_attempt_lasts(self, store: Store, worker: Store) -> None:
        add(store, job(), job())
        first, second = claim(worker)
        settle(worker, second)
        leases = [(first.key, first.token), (second.key, second.token), (987_654, 1)]
        assert list(worker.renew(leases).result(PATIENCE)) == [Hold.KEPT, Hold.LOST, Hold.LOST]

    def test_a_lease_of_an_older_claim_is_lost(self, store: Store, worker: Store) -> None:
        add(store, job())
        old = claim_one(worker)
        settle(worker, old, Snoozed(1, "busy"))
        new = claim_one(worker)
        assert list(worker.renew([(old.key, old.token), (new.key, new.token)]).result(PATIENCE)) == [Hold.LOST, Hold.KEPT]

    def test_renewing_nothing_is_nothing(self, worker: Store) -> None:
        assert list(worker.renew([]).result(PATIENCE)) == []

    def test_a_renewed_lease_runs_out_later(self, store: Store, worker: Store, clock: FalseClock) -> None:
        add(store, job())
        running = claim_one(worker)
        clock.advance((LEASE + GRACE) / SECOND)
        worker.renew([(running.key, running.token)]).result(PATIENCE)
        clock.advance((LEASE + GRACE) / SECOND)
        assert list(rescue(store)) == []
        assert now(store, running).state is State.RUNNING
        clock.advance(0.001)
        assert ids(rescue(store)) == [running.id]
