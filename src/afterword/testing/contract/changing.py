"""Store.change"""

from afterword.jobs import lifecycle
from afterword.jobs.job import State
from afterword.jobs.outcome import Failed
from afterword.jobs.retry import Retry
from afterword.stores.store import Change, Query, Store, Verdict
from afterword.testing.clock import FalseClock
from afterword.testing.contract.bench import (
    PATIENCE,
    Bench,
    add,
    claim,
    claim_one,
    held,
    ids,
    job,
    now,
    settle,
    states,
)


class Changing(Bench):
    def test_a_waiting_job_can_be_cancelled(self, store: Store, clock: FalseClock) -> None:
        for waiting in add(store, job(), held(store), job(run_at=clock.now() + 1)):
            (cancelled,) = store.change(Change.CANCEL, [waiting.id]).result(PATIENCE)
            assert cancelled == lifecycle.cancel(waiting, clock.now()) == now(store, waiting)
        clock.advance(1)
        assert claim(store) == []

    def test_a_running_or_finished_job_cannot_be_cancelled(self, store: Store) -> None:
        add(store, job(), job())
        running, finished = claim(store)
        settle(store, finished)
        finished = now(store, finished)
        assert list(store.change(Change.CANCEL, [running.id, finished.id]).result(PATIENCE)) == [running, finished]
        assert [now(store, running), now(store, finished)] == [running, finished]

    def test_what_waited_for_a_cancelled_job_follows(self, store: Store) -> None:
        (first,) = add(store, job())
        (second,) = add(store, job(state=State.HELD, after=first.id))
        store.change(Change.CANCEL, [first.id]).result(PATIENCE)
        assert states(store, first, second) == [State.CANCELLED, State.QUEUED]

    def test_a_cancelled_job_is_not_released(self, store: Store) -> None:
        (waiting,) = add(store, held(store))
        store.change(Change.CANCEL, [waiting.id]).result(PATIENCE)
        store.release([waiting.key]).result(PATIENCE)
        store.discard([waiting.key]).result(PATIENCE)
        assert now(store, waiting).state is State.CANCELLED

    def test_a_failed_or_cancelled_job_can_be_tried_again(self, store: Store) -> None:
        failing, waiting = add(store, job(priority=1, retry=Retry(attempts=1)), job())
        settle(store, claim_one(store), Failed("no"))
        store.change(Change.CANCEL, [waiting.id]).result(PATIENCE)
        finished = [now(store, failing), now(store, waiting)]
        again = store.change(Change.RETRY, [failing.id, waiting.id]).result(PATIENCE)
        assert list(again) == [lifecycle.retry(one) for one in finished]
        assert [now(store, failing), now(store, waiting)] == again
        assert [one.attempt for one in claim(store)] == [1, 1]

    def test_what_has_not_failed_cannot_be_tried_again(self, store: Store) -> None:
        jobs = add(store, job(priority=2), job(priority=1), job(), held(store))
        succeeded, running = claim(store, 2)
        settle(store, succeeded)
        before = [now(store, one) for one in jobs]
        assert list(store.change(Change.RETRY, [one.id for one in jobs]).result(PATIENCE)) == before
        assert [now(store, one) for one in jobs] == before
        assert running in before

    def test_a_finished_job_can_be_forgotten(self, store: Store) -> None:
        add(store, job(priority=2), job(priority=1, retry=Retry(attempts=1)), job())
        succeeded, failed = claim(store, 2)
        settle(store, succeeded)
        settle(store, failed, Failed("no"))
        (cancelled,) = store.find(Query(states=(State.QUEUED,))).result(PATIENCE)
        store.change(Change.CANCEL, [cancelled.id]).result(PATIENCE)
        finished = [now(store, one) for one in (succeeded, failed, cancelled)]
        assert list(store.change(Change.FORGET, ids(finished)).result(PATIENCE)) == finished
        assert [store.get(one.id).result(PATIENCE) for one in finished] == [None, None, None]
        assert list(store.change(Change.FORGET, ids(finished)).result(PATIENCE)) == [None, None, None]
        assert store.count().result(PATIENCE) == dict.fromkeys(State, 0)

    def test_an_unfinished_job_cannot_be_forgotten(self, store: Store) -> None:
        jobs = add(store, job(priority=1), job(), held(store))
        running = claim_one(store)
        before = [running, *jobs[1:]]
        assert list(store.change(Change.FORGET, ids(before)).result(PATIENCE)) == before
        assert [now(store, one) for one in before] == before

    def test_a_settlement_for_a_forgotten_job_is_gone(self, store: Store) -> None:
        add(store, job(retry=Retry(attempts=1)))
        running = claim_one(store)
        settle(store, running, Failed("no"))
        store.change(Change.FORGET, [running.id]).result(PATIENCE)
        assert settle(store, running, Failed("no")) is Verdict.GONE

    def test_nothing_waits_for_a_forgotten_job(self, store: Store) -> None:
        (first,) = add(store, job())
        settle(store, claim_one(store))
        store.change(Change.FORGET, [first.id]).result(PATIENCE)
        (second,) = add(store, job(state=State.HELD, after=first.id))
        assert (second.state, second.after) == (State.QUEUED, None)

    def test_an_unknown_id_is_none(self, store: Store) -> None:
        (known,) = add(store, job())
        answers = store.change(Change.CANCEL, ["nobody", known.id]).result(PATIENCE)
        assert [answer and answer.id for answer in answers] == [None, known.id]

    def test_a_settlement_from_before_the_change_is_stale(self, store: Store) -> None:
        (failing,) = add(store, job(retry=Retry(attempts=1)))
        running = claim_one(store)
        settle(store, running, Failed("no"))
        store.change(Change.RETRY, [failing.id]).result(PATIENCE)
        assert settle(store, running, Failed("no")) is Verdict.STALE
        assert now(store, failing).state is State.QUEUED

    def test_nothing_waits_for_what_a_person_tries_again(self, store: Store) -> None:
        (first,) = add(store, job(retry=Retry(attempts=1)))
        settle(store, claim_one(store), Failed("no"))
        store.change(Change.RETRY, [first.id]).result(PATIENCE)
        (second,) = add(store, held(store, after=first.id))
        assert second.after is None

    def test_a_job_that_is_tried_again_finishes_like_any_other(self, store: Store) -> None:
        (first,) = add(store, job())
        store.change(Change.CANCEL, [first.id]).result(PATIENCE)
        store.change(Change.RETRY, [first.id]).result(PATIENCE)
        assert settle(store, claim_one(store)) is Verdict.APPLIED
        assert now(store, first).state is State.SUCCEEDED
        assert store.count().result(PATIENCE)[State.QUEUED] == 0
