"""Unique keys: while a job with one is unfinished, no second is added."""

import pytest

from afterword.errors import BacklogFull
from afterword.events import Added, Event, Released, Written
from afterword.jobs.job import Job, State
from afterword.jobs.outcome import Failed, Succeeded
from afterword.jobs.retry import Retry
from afterword.stores.store import Change, Query, Store, Verdict
from afterword.testing.clock import FalseClock
from afterword.testing.contract.bench import (
    PATIENCE,
    Bench,
    Kill,
    Make,
    add,
    claim_one,
    held,
    job,
    now,
    rescue,
    settle,
    states,
)

ONCE = Retry(attempts=1)


def refused(store: Store, *jobs: Job) -> list[str]:
    """Add these in one call, of which none is written; answers with the ids of those that stand."""
    answers = store.add(jobs).result(PATIENCE)
    for added, given in zip(answers, jobs, strict=True):
        assert not added.created
        assert store.get(given.id).result(PATIENCE) is None
        standing = store.get(added.id).result(PATIENCE)
        assert standing is not None
        assert standing.key == added.key
    return [added.id for added in answers]


class Unique(Bench):
    def test_a_second_job_with_the_key_is_not_added(self, store: Store) -> None:
        (first,) = add(store, job(unique_key="a"))
        assert refused(store, job(unique_key="a"), job(unique_key="a", task="main:other")) == [first.id, first.id]
        assert store.find(Query()).result(PATIENCE) == [first]

    def test_whatever_state_the_unfinished_one_is_in(self, store: Store, clock: FalseClock) -> None:
        jobs = add(
            store,
            job(unique_key="running"),
            held(store, unique_key="held"),
            job(unique_key="later", run_at=clock.now() + 1),
        )
        running = claim_one(store)
        follower, *_ = add(store, job(unique_key="behind", state=State.HELD, after=running.id))
        for standing in (*jobs, follower):
            assert refused(store, job(unique_key=standing.unique_key)) == [standing.id]

    def test_other_keys_none_and_other_applications_do_not_matter(self, store: Store) -> None:
        add(store, job(unique_key="a"), job(unique_key="b"), job(unique_key="a", app="other:app"), job(), job())
        add(store, job(unique_key="c"), job(unique_key="b", app="other:app"), job())

    def test_a_finished_one_does_not_count(self, store: Store) -> None:
        for outcome in (Succeeded(), Failed("no", retry=False)):
            add(store, job(unique_key="a"))
            settle(store, claim_one(store), outcome)
        (last,) = add(store, job(unique_key="a"))
        store.change(Change.CANCEL, [last.id]).result(PATIENCE)
        add(store, job(unique_key="a"))

    def test_one_that_is_to_be_tried_again_is_unfinished(self, store: Store) -> None:
        (first,) = add(store, job(unique_key="a"))
        settle(store, claim_one(store), Failed("no"))
        assert refused(store, job(unique_key="a")) == [first.id]

    def test_of_those_in_one_call_the_first_stands(self, store: Store) -> None:
        jobs = [job(unique_key=key) for key in ("a", "b", "a", None, "b", "a")]
        answers = store.add(jobs).result(PATIENCE)
        assert [answer.created for answer in answers] == [True, True, False, True, False, False]
        assert [answer.id for answer in answers] == [jobs[place].id for place in (0, 1, 0, 3, 1, 0)]
        assert [answer.key for answer in answers] == [now(store, jobs[place]).key for place in (0, 1, 0, 3, 1, 0)]

    def test_of_many_in_one_call_too(self, store: Store) -> None:
        jobs = [job(unique_key=f"{number % 150}") for number in range(400)]
        answers = store.add(jobs).result(PATIENCE)
        assert [answer.created for answer in answers] == [number < 150 for number in range(400)]
        assert [answer.id for answer in answers] == [jobs[number % 150].id for number in range(400)]

    def test_of_those_in_calls_that_meet_one_stands(self, store: Store, worker: Store) -> None:
        pending = [one.add([job(unique_key="a")]) for one in (store, worker) * 20]
        answers = [answer.result(PATIENCE)[0] for answer in pending]
        assert len({answer.id for answer in answers}) == 1
        assert sum(answer.created for answer in answers) == 1

    def test_an_id_that_is_there_is_told_as_ever(self, store: Store) -> None:
        (old,) = add(store, job(unique_key="a"))
        settle(store, claim_one(store))
        (first,) = add(store, job(unique_key="a"))
        new = job(unique_key="a")
        answers = store.add([old, first, new]).result(PATIENCE)
        assert answers == [(old.key, False, old.id), (first.key, False, first.id), (first.key, False, first.id)]

    def test_only_what_is_written_is_told_of(self, make: Make) -> None:
        told: list[Event] = []
        store = make(tell=told.append)
        first, second = job(unique_key="a"), job(unique_key="a")
        store.add([first, second]).result(PATIENCE)
        assert told == [Written((first.id,)), Added((first.id,))]

    def test_it_can_be_found_by_its_key(self, store: Store) -> None:
        (old,) = add(store, job(unique_key="a"))
        settle(store, claim_one(store))
        new, other = add(store, job(unique_key="a"), job(unique_key="b"))
        assert store.find(Query(unique_key="a")).result(PATIENCE) == [new, now(store, old)]
        assert store.find(Query(unique_key="a", states=(State.QUEUED,))).result(PATIENCE) == [new]
        assert store.find(Query(unique_key="b")).result(PATIENCE) == [other]

    # Room

    def test_in_a_full_store_it_needs_no_room(self, make: Make) -> None:
        store = make(max_queued=2)
        first, _ = add(store, job(unique_key="a"), job())
        assert refused(store, job(unique_key="a")) == [first.id]
        with pytest.raises(BacklogFull):
            store.add([job(unique_key="b")]).result(PATIENCE)

    def test_of_one_call_only_those_that_stand_need_room(self, make: Make) -> None:
        store = make(max_queued=2)
        answers = store.add([job(unique_key="a"), job(unique_key="a"), job(), job(unique_key="a")]).result(PATIENCE)
        assert [answer.created for answer in answers] == [True, False, True, False]

    # What comes after it

    def test_what_comes_after_it_waits_for_what_it_would_have_waited_for(self, store: Store) -> None:
        add(store, job(unique_key="a", run_at=1 << 60))
        first = job()
        left_out = job(unique_key="a", state=State.HELD, after=first.id)
        another = job(unique_key="a", state=State.HELD, after=left_out.id)
        last = job(state=State.HELD, after=another.id)
        store.add([first, left_out, another, last]).result(PATIENCE)
        assert now(store, last).after == first.id
        settle(store, claim_one(store))
        assert states(store, last) == [State.QUEUED]

    def test_what_comes_after_it_and_after_nothing_else_does_not_wait(self, store: Store) -> None:
        add(store, job(unique_key="a", run_at=1 << 60))
        left_out = held(store, unique_key="a")
        last = held(store, after=left_out.id)
        store.add([left_out, last]).result(PATIENCE)
        assert (now(store, last).after, now(store, last).state) == (None, State.HELD)

    def test_what_comes_after_it_comes_after_the_one_of_the_same_call_that_stands(self, store: Store) -> None:
        first = job(unique_key="a")
        second = job(state=State.HELD, after=first.id)
        left_out = job(unique_key="a", state=State.HELD, after=second.id)
        last = job(state=State.HELD, after=left_out.id)
        store.add([first, second, left_out, last]).result(PATIENCE)
        assert now(store, last).after == second.id

    def test_what_comes_after_it_in_another_call_does_not_wait(self, store: Store) -> None:
        add(store, job(unique_key="a"))
        left_out = job(unique_key="a")
        store.add([left_out]).result(PATIENCE)
        (last,) = add(store, job(state=State.HELD, after=left_out.id))
        assert (last.after, last.state) == (None, State.QUEUED)

    # Two requests

    def test_what_another_request_counts_on_is_released_when_its_own_fails(self, make: Make, worker: Store) -> None:
        told: list[Event] = []
        store = make(tell=told.append)
        (first,) = add(store, held(store, unique_key="a"))
        assert refused(worker, held(worker, unique_key="a")) == [first.id]
        store.discard([first.key]).result(PATIENCE)
        assert now(store, first) == first._replace(state=State.QUEUED, owner=None)
        assert told[-1] == Released((first.key,))
        assert claim_one(worker).id == first.id

    def test_it_still_waits_for_the_job_before_it(self, store: Store) -> None:
        before, first = add(store, held(store), held(store, unique_key="a", after="nobody"))
        (second,) = add(store, held(store, unique_key="b", after=before.id))
        refused(store, job(unique_key="b"))
        store.discard([second.key]).result(PATIENCE)
        assert now(store, second) == second._replace(owner=None)
        store.discard([before.key, first.key]).result(PATIENCE)
        assert states(store, second) == [State.QUEUED]

    def test_what_only_its_own_request_adds_twice_is_discarded(self, store: Store) -> None:
        first, second = held(store, unique_key="a"), held(store, unique_key="a")
        for _ in range(2):  # The same call, repeated after a lost answer, is no other request.
            store.add([first, second]).result(PATIENCE)
        store.discard([now(store, first).key]).result(PATIENCE)
        assert store.get(first.id).result(PATIENCE) is None

    def test_when_its_process_dies_it_is_released_as_ever(self, store: Store, worker: Store, kill: Kill) -> None:
        (first,) = add(store, held(store, unique_key="a"))
        refused(worker, held(worker, unique_key="a"))
        kill(store)
        assert [one.id for one in rescue(worker)] == [first.id]
        assert refused(worker, job(unique_key="a")) == [first.id]
        assert claim_one(worker).id == first.id

    def test_a_discarded_key_is_free(self, store: Store) -> None:
        (first,) = add(store, held(store, unique_key="a"))
        store.discard([first.key]).result(PATIENCE)
        add(store, job(unique_key="a"))

    # Ways back

    def test_a_finished_job_whose_key_is_taken_is_not_tried_again(self, store: Store) -> None:
        (first,) = add(store, job(unique_key="a", retry=ONCE))
        settle(store, claim_one(store), Failed("no"))
        (second,) = add(store, job(unique_key="a"))
        failed = now(store, first)
        assert store.change(Change.RETRY, [first.id]).result(PATIENCE) == [failed]
        assert [now(store, first), now(store, second)] == [failed, second]

    def test_of_several_that_are_tried_again_the_first_takes_the_key(self, store: Store) -> None:
        jobs = []
        for _ in range(2):
            jobs += add(store, job(unique_key="a", retry=ONCE))
            settle(store, claim_one(store), Failed("no"))
        store.change(Change.RETRY, [one.id for one in jobs]).result(PATIENCE)
        assert states(store, *jobs) == [State.QUEUED, State.FAILED]
        assert refused(store, job(unique_key="a")) == [jobs[0].id]

    def test_a_key_that_only_another_application_has_is_free(self, store: Store) -> None:
        (first,) = add(store, job(unique_key="a", retry=ONCE))
        settle(store, claim_one(store), Failed("no"))
        add(store, job(unique_key="a", app="other:app"))
        store.change(Change.RETRY, [first.id]).result(PATIENCE)
        assert states(store, first) == [State.QUEUED]

    def test_a_late_outcome_takes_no_key_back(self, store: Store, worker: Store, kill: Kill) -> None:
        add(store, job(unique_key="a", at_most_once=True))
        running = claim_one(worker)
        kill(worker)
        rescue(store)
        (second,) = add(store, job(unique_key="a"))
        assert settle(store, running, Failed("no")) is Verdict.APPLIED
        assert settle(store, running, Succeeded()) is Verdict.APPLIED
        assert now(store, running).unique_key == "a"
        assert refused(store, job(unique_key="a")) == [second.id]

    def test_a_late_outcome_after_a_rescue_frees_the_key(self, store: Store, worker: Store, kill: Kill) -> None:
        (first,) = add(store, job(unique_key="a"))
        running = claim_one(worker)
        kill(worker)
        rescue(store)
        assert refused(store, job(unique_key="a")) == [first.id]
        assert settle(store, running, Succeeded()) is Verdict.APPLIED
        add(store, job(unique_key="a"))
