"""Jobs that wait for the one before them."""

from afterword.jobs.job import Job, State
from afterword.jobs.outcome import Failed, Interrupted
from afterword.stores.store import Store
from afterword.testing.contract.bench import PATIENCE, Bench, add, claim, claim_one, held, job, now, settle, states


def chain(store: Store, length: int) -> list[Job]:
    """The jobs of one request, each after the one before it, released."""
    jobs = [held(store)]
    while len(jobs) < length:
        jobs.append(held(store, after=jobs[-1].id))
    added = add(store, *jobs)
    store.release([one.key for one in added]).result(PATIENCE)
    return [now(store, one) for one in added]


class Following(Bench):
    def test_each_starts_when_the_attempt_before_it_has_ended(self, store: Store) -> None:
        jobs = chain(store, 3)
        assert states(store, *jobs) == [State.QUEUED, State.HELD, State.HELD]
        for one in jobs:
            (running,) = claim(store)
            assert running.id == one.id
            settle(store, running)
        assert states(store, *jobs) == [State.SUCCEEDED] * 3

    def test_a_failed_attempt_is_an_end_too(self, store: Store) -> None:
        first, second = chain(store, 2)
        settle(store, claim_one(store), Failed("no"))
        assert states(store, first, second) == [State.QUEUED, State.QUEUED]
        assert now(store, second).after is None

    def test_an_attempt_that_was_taken_back_is_none(self, store: Store) -> None:
        first, second = chain(store, 2)
        settle(store, claim_one(store), Interrupted("shutdown", started=True))
        assert states(store, first, second) == [State.QUEUED, State.HELD]

    def test_it_waits_for_its_own_request_too(self, store: Store) -> None:
        (first,) = add(store, job())
        (second,) = add(store, held(store, after=first.id))
        settle(store, claim_one(store))
        assert now(store, second) == second._replace(after=None)
        store.release([second.key]).result(PATIENCE)
        assert now(store, second).state is State.QUEUED

    def test_released_first_it_still_waits_for_the_job_before_it(self, store: Store) -> None:
        (first,) = add(store, held(store))
        (second,) = add(store, held(store, after=first.id))
        store.release([second.key]).result(PATIENCE)
        assert now(store, second) == second._replace(owner=None)

    def test_after_what_has_finished_nothing_waits(self, store: Store) -> None:
        (first,) = add(store, job())
        settle(store, claim_one(store))
        (second,) = add(store, held(store, after=first.id))
        assert second.after is None
        assert second.state is State.HELD

    def test_after_what_was_tried_once_nothing_waits(self, store: Store) -> None:
        (first,) = add(store, job())
        settle(store, claim_one(store), Failed("no"))
        (second,) = add(store, held(store, after=first.id))
        assert (second.after, second.state) == (None, State.HELD)

    def test_after_what_is_not_there_nothing_waits(self, store: Store) -> None:
        lost, queued = add(store, held(store, after="nobody"), job(state=State.HELD, after="nobody either"))
        assert (lost.after, lost.state) == (None, State.HELD)
        assert (queued.after, queued.state) == (None, State.QUEUED)

    def test_after_what_runs_it_waits(self, store: Store) -> None:
        (first,) = add(store, job())
        claim_one(store)
        (second,) = add(store, held(store, after=first.id))
        assert second.after == first.id

    def test_a_call_repeated_after_its_first_job_ended_does_not_wait_for_it(self, store: Store) -> None:
        first, second = held(store), held(store)
        add(store, first)
        store.release([now(store, first).key]).result(PATIENCE)
        settle(store, claim_one(store))
        known, created = store.add([first, second._replace(after=first.id)]).result(PATIENCE)
        assert (known.created, created.created) == (False, True)
        assert now(store, second).after is None

    def test_after_what_is_discarded_it_follows(self, store: Store) -> None:
        (first,) = add(store, held(store))
        (second,) = add(store, held(store, after=first.id))
        store.discard([first.key]).result(PATIENCE)
        assert now(store, second) == second._replace(after=None)

    def test_calls_that_meet_wait_for_each_other(self, store: Store) -> None:
        first = held(store)
        second = held(store, after=first.id)
        for pending in [store.add([first]), store.add([second])]:
            pending.result(PATIENCE)
        assert now(store, second).after == first.id
