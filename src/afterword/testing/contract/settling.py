"""Store.settle"""

import pytest

from afterword.clock import SECOND
from afterword.jobs import lifecycle
from afterword.jobs.job import Job, State
from afterword.jobs.outcome import Crashed, Failed, HandedOff, Interrupted, Outcome, Snoozed, Succeeded
from afterword.jobs.retry import Retry
from afterword.stores.store import Change, Store, Verdict, Want
from afterword.testing.clock import FalseClock
from afterword.testing.contract.bench import (
    APP,
    PATIENCE,
    Bench,
    Kill,
    add,
    claim,
    claim_one,
    claims,
    held,
    job,
    now,
    rescue,
    settle,
    settlement,
    states,
)

SURROGATE = "".join(map(chr, [0xD83D]))
"""Half a character, as tracebacks of broken file names have it."""


class Settling(Bench):
    def test_a_success_is_final(self, store: Store, worker: Store, clock: FalseClock) -> None:
        add(store, job())
        running = claim_one(worker)
        success = settlement(running, Succeeded(b'{"sent":true}'), at=clock.now())
        assert list(worker.settle([success]).result(PATIENCE)) == [Verdict.APPLIED]
        assert now(store, running) == lifecycle.settled(running, success)
        assert now(store, running) == running._replace(
            state=State.SUCCEEDED, owner=None, result=b'{"sent":true}', ended_at=clock.now()
        )

    def test_a_success_without_result_has_none(self, store: Store) -> None:
        add(store, job())
        running = claim_one(store)
        settle(store, running, Succeeded())
        assert now(store, running).result is None

    def test_a_failure_is_tried_again_after_its_pause(self, store: Store, clock: FalseClock) -> None:
        add(store, job(retry=Retry(attempts=2, delay=3.0, jitter=0.0)))
        running = claim_one(store)
        assert settle(store, running, Failed("no"), at=clock.now()) is Verdict.APPLIED
        again = now(store, running)
        assert (again.state, again.run_at, again.error, again.owner) == (
            State.QUEUED,
            clock.now() + 3 * SECOND,
            "no",
            None,
        )
        clock.advance(3)
        assert claim_one(store).attempt == 2

    def test_the_last_failure_is_final(self, store: Store) -> None:
        add(store, job(retry=Retry(attempts=1)))
        running = claim_one(store)
        settle(store, running, Failed("Traceback: no"))
        assert now(store, running) == running._replace(state=State.FAILED, owner=None, error="Traceback: no", ended_at=1)

    @pytest.mark.parametrize(
        "other",
        [
            Succeeded(b"2"),
            Succeeded(),
            Failed("no"),
            Snoozed(3_000_000, "busy"),
            Crashed("segmentation fault", alone=True),
            Crashed("killed", alone=False),
            Interrupted("stopping", started=True),
            HandedOff("its number"),
        ],
        ids=repr,
    )
    @pytest.mark.parametrize("attempts", [1, 3])
    def test_each_settlement_of_many_stays_its_own(
        self, store: Store, clock: FalseClock, other: Outcome, attempts: int
    ) -> None:
        add(store, *(job(retry=Retry(attempts)) for _ in range(5)))
        running = claim(store)
        outcomes = [Succeeded(b"1"), Succeeded(b"1"), other, Succeeded(b"1"), Succeeded(b"1")]
        clock.advance(1)
        given = [settlement(one, outcome, at=clock.now()) for one, outcome in zip(running, outcomes, strict=True)]
        assert set(store.settle(given).result(PATIENCE)) == {Verdict.APPLIED}
        assert [now(store, one) for one in running] == [lifecycle.settled(*one) for one in zip(running, given, strict=True)]

    def test_what_a_settlement_says_of_crashes_is_kept(self, store: Store) -> None:
        add(store, job())
        running = claim_one(store)
        settle(store, running, Crashed("segmentation fault", alone=True))
        again = now(store, running)
        assert (again.state, again.crashes, again.alone, again.attempt, again.run_at) == (State.QUEUED, 1, True, 0, 0)

    def test_any_error_can_be_written_down(self, store: Store) -> None:
        add(store, job(retry=Retry(attempts=1)))
        running = claim_one(store)
        settle(store, running, Failed(f"Zoë, {SURROGATE}, \0, 'quoted', \"twice\""))
        error = now(store, running).error
        assert error is not None
        assert error.startswith("Zoë, ")
        assert error.endswith(", 'quoted', \"twice\"")

    def test_a_repeated_settlement_is_applied_again_and_changes_nothing(self, store: Store, clock: FalseClock) -> None:
        add(store, job(), job())
        first, second = claim(store)
        outcomes = [settlement(first, Succeeded(b"1")), settlement(second, Failed("no"), at=clock.now())]
        store.settle(outcomes).result(PATIENCE)
        before = [now(store, first), now(store, second)]
        assert list(store.settle(outcomes).result(PATIENCE)) == [Verdict.APPLIED, Verdict.APPLIED]
        assert [now(store, first), now(store, second)] == before

    def test_a_repeated_settlement_does_not_put_off_what_has_become_due(self, store: Store, clock: FalseClock) -> None:
        add(store, job(retry=Retry(delay=1.0)))
        outcome = settlement(claim_one(store), Failed("no"), at=clock.now())
        store.settle([outcome]).result(PATIENCE)
        clock.advance(10)
        add(store, job(priority=1))
        claim_one(store)
        store.settle([outcome]).result(PATIENCE)
        clock.jump(-10)
        assert claim_one(store).id == outcome.id

    def test_a_settlement_of_an_older_claim_is_stale(self, store: Store) -> None:
        add(store, job())
        old = claim_one(store)
        settle(store, old, Snoozed(1, "busy"))
        new = claim_one(store)
        assert settle(store, old, Succeeded(b"1")) is Verdict.STALE
        assert now(store, new) == new
        settle(store, new, Succeeded(b"2"))
        assert settle(store, old, Succeeded(b"1")) is Verdict.STALE
        assert now(store, new).result == b"2"

    def test_a_settlement_of_what_was_not_claimed_is_stale(self, store: Store) -> None:
        (ready,) = add(store, job())
        assert settle(store, ready._replace(token=1)) is Verdict.STALE
        assert now(store, ready) == ready

    def test_a_settlement_of_what_has_not_been_released_is_stale(self, store: Store) -> None:
        (waiting,) = add(store, held(store))
        assert settle(store, waiting, Succeeded(b"1")) is Verdict.STALE
        assert now(store, waiting) == waiting

    def test_another_outcome_of_an_attempt_that_was_settled_changes_nothing(self, store: Store) -> None:
        add(store, job())
        running = claim_one(store)
        settle(store, running, Snoozed(1, "busy"))
        before = now(store, running)
        assert settle(store, running, Succeeded(b"1")) is Verdict.APPLIED
        assert now(store, running) == before

    def test_a_settlement_of_what_is_not_there_is_gone(self, store: Store) -> None:
        add(store, job())
        running = claim_one(store)
        assert settle(store, running._replace(key=987_654)) is Verdict.GONE
        assert settle(store, running._replace(id="another")) is Verdict.GONE
        assert now(store, running) == running

    def test_verdicts_come_in_the_order_given(self, store: Store) -> None:
        add(store, job(), job(), job())
        first, second, third = claim(store)
        given = [third, first._replace(token=9), second, first._replace(key=987_654)]
        verdicts = store.settle([settlement(one, Succeeded()) for one in given]).result(PATIENCE)
        assert list(verdicts) == [Verdict.APPLIED, Verdict.STALE, Verdict.APPLIED, Verdict.GONE]

    def test_of_two_settlements_of_one_job_the_first_that_counts_is_written(self, store: Store) -> None:
        add(store, *(job() for _ in range(5)))
        first, second, third, fourth, fifth = claim(store)
        given = [
            settlement(first, Succeeded(b"1")),
            settlement(first, Succeeded(b"2")),
            settlement(second._replace(token=9), Succeeded(b"1")),
            settlement(second, Succeeded(b"2")),
            settlement(third, Succeeded(b"1")),
            settlement(third._replace(token=9), Succeeded(b"2")),
            settlement(fourth, Succeeded(b"1")),
            settlement(fourth._replace(id="another"), Succeeded(b"2")),
            settlement(fifth, Snoozed(1, "busy")),
            settlement(fifth, Succeeded(b"2")),
        ]
        applied, stale, gone = Verdict.APPLIED, Verdict.STALE, Verdict.GONE
        said = [applied, applied, stale, applied, applied, stale, applied, gone, applied, applied]
        assert list(store.settle(given).result(PATIENCE)) == said
        assert [now(store, one).result for one in (first, second, third, fourth, fifth)] == [b"1", b"2", b"1", b"1", None]
        assert now(store, fifth).state is State.QUEUED

    def test_what_came_after_them_follows_where_some_of_the_settlements_count(self, store: Store) -> None:
        add(store, *(job() for _ in range(3)))
        running = claim(store)
        after = add(store, *(job(state=State.HELD, after=one.id) for one in running))
        given = [running[0], running[1]._replace(token=9), running[2]]
        store.settle([settlement(one, Succeeded()) for one in given]).result(PATIENCE)
        assert states(store, *after) == [State.QUEUED, State.HELD, State.QUEUED]

    def test_what_follows_in_the_same_moment_had_not_started(self, store: Store) -> None:
        add(store, job())
        running = claim_one(store)
        (after,) = add(store, job(state=State.HELD, after=running.id))
        given = [settlement(after, Succeeded(b"1")), settlement(running, Succeeded(b"1"))]
        assert list(store.settle(given).result(PATIENCE)) == [Verdict.STALE, Verdict.APPLIED]
        assert now(store, after) == after._replace(state=State.QUEUED, after=None)

    def test_many_at_once(self, store: Store) -> None:
        add(store, *(job() for _ in range(250)))
        running = claim(store, 250)
        outcomes = [settlement(one, Succeeded(b"%d" % one.key) if one.key % 2 else Failed("no")) for one in running]
        assert set(store.settle(outcomes).result(PATIENCE)) == {Verdict.APPLIED}
        assert [now(store, one).state for one in running] == [
            State.SUCCEEDED if one.key % 2 else State.QUEUED for one in running
        ]

    def test_a_settlement_and_a_claim_handed_in_together_both_succeed(self, store: Store) -> None:
        add(store, job(), job())
        first = claim_one(store)
        settling, claiming = store.settle([settlement(first, Succeeded())]), store.claim(Want(APP, 10))
        assert list(settling.result(PATIENCE)) == [Verdict.APPLIED]
        assert len(claiming.result(PATIENCE).jobs) == 1

    def test_a_late_success_that_nobody_has_overtaken_is_accepted(self, store: Store, worker: Store, kill: Kill) -> None:
        running = rescued(store, worker, kill)
        assert settle(store, running, Succeeded(b"1")) is Verdict.APPLIED
        late = now(store, running)
        assert (late.state, late.result, late.attempt, late.error) == (State.SUCCEEDED, b"1", 1, None)
        assert claims(store) == ([], None)

    def test_a_late_failure_that_nobody_has_overtaken_is_accepted_once(self, store: Store, worker: Store, kill: Kill) -> None:
        running = rescued(store, worker, kill)
        assert settle(store, running, Failed("no")) is Verdict.APPLIED
        late = now(store, running)
        assert (late.state, late.error, late.attempt) == (State.QUEUED, "no", 1)
        assert settle(store, running, Failed("no")) is Verdict.APPLIED
        assert now(store, running) == late

    def test_a_late_success_that_was_overtaken_is_stale(self, store: Store, worker: Store, kill: Kill) -> None:
        running = rescued(store, worker, kill)
        new = claim_one(store)
        assert settle(store, running, Succeeded(b"1")) is Verdict.STALE
        assert now(store, new) == new

    def test_a_late_success_of_what_a_person_changed_is_stale(self, store: Store, worker: Store, kill: Kill) -> None:
        running = rescued(store, worker, kill)
        store.change(Change.CANCEL, [running.id]).result(PATIENCE)
        assert settle(store, running, Succeeded(b"1")) is Verdict.STALE
        assert now(store, running).state is State.CANCELLED

    def test_a_job_that_a_rescue_failed_takes_a_late_success(self, store: Store, worker: Store, kill: Kill) -> None:
        running = rescued(store, worker, kill, at_most_once=True)
        assert now(store, running).state is State.FAILED
        assert settle(store, running, Succeeded(b"1")) is Verdict.APPLIED
        late = now(store, running)
        assert (late.state, late.result, late.error) == (State.SUCCEEDED, b"1", None)

    def test_a_job_that_a_rescue_failed_is_not_brought_back_to_life(self, store: Store, worker: Store, kill: Kill) -> None:
        running = rescued(store, worker, kill, at_most_once=True)
        failed = now(store, running)
        assert settle(store, running, Snoozed(1, "busy")) is Verdict.STALE
        assert now(store, running) == failed


def rescued(store: Store, worker: Store, kill: Kill, **fields: object) -> Job:
    """A job as its worker knew it, which died and came back too late."""
    add(store, job(**fields))
    running = claim_one(worker)
    kill(worker)
    rescue(store)
    return running
