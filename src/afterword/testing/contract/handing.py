"""Jobs that another engine has in hand."""

from afterword.clock import SECOND
from afterword.jobs.job import Job, State
from afterword.jobs.outcome import Cancelled, Crashed, Failed, HandedOff, Interrupted, Succeeded
from afterword.jobs.retry import Retry
from afterword.stores.store import GRACE, LEASE, Change, Query, Store, Verdict, Want
from afterword.testing.clock import FalseClock
from afterword.testing.contract.bench import (
    APP,
    PATIENCE,
    Bench,
    Kill,
    add,
    claim,
    claim_one,
    job,
    now,
    rescue,
    settle,
    states,
)

OFF = HandedOff('{"run":"4f1"}')


def handed_off(store: Store, worker: Store, **fields: object) -> tuple[Job, Job]:
    """A job as it was claimed, and as it stands once an engine has it."""
    add(store, job(via="celery", **fields))
    running = claim_one(worker)
    assert settle(worker, running, OFF) is Verdict.APPLIED
    return running, now(store, running)


class Handing(Bench):
    def test_where_a_job_is_to_go_is_kept(self, store: Store) -> None:
        (kept,) = add(store, job(via="reports", theirs=True))
        assert (kept.via, kept.theirs, kept.unwanted, kept.receipt) == ("reports", True, False, None)

    def test_those_alone_may_be_asked_for(self, store: Store) -> None:
        add(store, job(), job(via="celery"), job(via="rq", queue="mail"))
        (mail,) = store.claim(Want(APP, 5, ("mail",), handoff=True)).result(PATIENCE).jobs
        (other,) = store.claim(Want(APP, 5, handoff=True)).result(PATIENCE).jobs
        assert (mail.via, other.via) == ("rq", "celery")
        assert store.claim(Want(APP, 5, handoff=True)).result(PATIENCE).jobs == []

    def test_it_is_nobody_s_and_keeps_its_receipt(self, store: Store, worker: Store) -> None:
        running, handed = handed_off(store, worker)
        assert handed == running._replace(state=State.HANDED_OFF, owner=None, token=running.token + 1, receipt=OFF.receipt)
        assert store.count().result(PATIENCE)[State.HANDED_OFF] == 1
        assert store.find(Query(states=(State.HANDED_OFF,))).result(PATIENCE) == [handed]

    def test_it_is_neither_claimed_nor_rescued(self, store: Store, worker: Store, clock: FalseClock, kill: Kill) -> None:
        running, handed = handed_off(store, worker)
        kill(worker)
        clock.advance((LEASE + GRACE) / SECOND + 1)
        assert rescue(store) == []
        assert claim(store) == []
        assert now(store, running) == handed

    def test_to_hand_it_off_again_changes_nothing(self, store: Store, worker: Store) -> None:
        """After a lost reply."""
        running, handed = handed_off(store, worker)
        assert settle(worker, running, OFF) is Verdict.APPLIED
        assert now(store, running) == handed

    def test_its_outcome_is_written_by_the_token_that_it_has_there(self, store: Store, worker: Store) -> None:
        running, handed = handed_off(store, worker)
        assert settle(store, running._replace(token=running.token - 1)) is Verdict.STALE
        assert settle(store, handed, Succeeded(b"7")) is Verdict.APPLIED
        assert settle(store, handed, Succeeded(b"7")) is Verdict.APPLIED
        assert (now(store, running).state, now(store, running).result) == (State.SUCCEEDED, b"7")

    def test_what_an_engine_has_lost_is_claimed_anew(self, store: Store, worker: Store) -> None:
        _, handed = handed_off(store, worker)
        assert settle(store, handed, Interrupted("the broker was restarted", started=False)) is Verdict.APPLIED
        again = claim_one(worker)
        assert (again.attempt, again.token) == (1, handed.token + 1)
        assert settle(store, handed, Succeeded()) is Verdict.STALE

    def test_a_failure_there_follows_the_policy(self, store: Store, worker: Store) -> None:
        _, handed = handed_off(store, worker, retry=Retry(attempts=2, delay=0.0, jitter=0.0))
        settle(store, handed, Failed("no"))
        again = claim_one(worker)
        assert again.attempt == 2
        settle(worker, again, Failed("no"))
        assert states(store, again) == [State.FAILED]

    def test_a_crash_there_is_counted(self, store: Store, worker: Store) -> None:
        _, handed = handed_off(store, worker)
        settle(store, handed, Crashed("its Celery worker died", alone=True))
        assert (now(store, handed).state, now(store, handed).crashes) == (State.QUEUED, 1)

    def test_what_waits_for_it_waits_for_its_end(self, store: Store, worker: Store) -> None:
        first = job(via="celery")
        add(store, first, job(state=State.HELD, after=first.id))
        running = claim_one(worker)
        settle(worker, running, OFF)
        assert claim(worker) == []
        settle(store, now(store, running))
        assert len(claim(worker)) == 1

    def test_to_cancel_it_is_a_wish_that_its_engine_is_told(self, store: Store, worker: Store) -> None:
        _, handed = handed_off(store, worker)
        assert store.change(Change.CANCEL, [handed.id]).result(PATIENCE) == [handed._replace(unwanted=True)]
        assert now(store, handed) == handed._replace(unwanted=True)
        assert settle(store, handed, Cancelled("cancelled before it started")) is Verdict.APPLIED
        ended = now(store, handed)
        assert (ended.state, ended.error) == (State.CANCELLED, "cancelled before it started")

    def test_it_may_have_ended_all_the_same(self, store: Store, worker: Store) -> None:
        _, handed = handed_off(store, worker)
        store.change(Change.CANCEL, [handed.id]).result(PATIENCE)
        settle(store, handed, Succeeded())
        assert states(store, handed) == [State.SUCCEEDED]

    def test_to_try_it_again_forgets_what_was(self, store: Store, worker: Store) -> None:
        _, handed = handed_off(store, worker)
        store.change(Change.CANCEL, [handed.id]).result(PATIENCE)
        settle(store, handed, Cancelled("revoked"))
        (again,) = store.change(Change.RETRY, [handed.id]).result(PATIENCE)
        assert again is not None
        assert (again.state, again.unwanted, again.receipt, again.via) == (State.QUEUED, False, None, "celery")
