"""Store.add"""

import pytest

from afterword.errors import BacklogFull
from afterword.events import Added, Event, Written
from afterword.jobs.job import State
from afterword.jobs.retry import Retry
from afterword.stores.store import Store
from afterword.testing.contract.bench import NEW_FIELDS, PATIENCE, Bench, Make, add, claim_one, held, job, now, settle


class Adding(Bench):
    def test_a_job_comes_back_as_it_was_added(self, store: Store) -> None:
        given = job(
            queue="mail",
            priority=-3,
            run_at=5,
            retry=Retry(7, 0.5, 3.0, 60.0, 0.0),
            arguments='{"to":"Zoë \\u0000"}'.encode(),
            at_most_once=True,
            timeout=1_500_000,
            unique_key="report-7",
            origin="main:send_it",
        )
        (added,) = store.add([given]).result(PATIENCE)
        assert now(store, given) == given._replace(key=added.key)

    @pytest.mark.parametrize("differing", sorted(NEW_FIELDS))
    def test_jobs_that_differ_in_one_thing_come_back_as_they_were_added(self, store: Store, differing: str) -> None:
        plain = [job(id=f"{number:032x}") for number in range(5)]
        given = [*plain[:3], plain[3]._replace(**{differing: NEW_FIELDS[differing]}), plain[4]]
        added = store.add(given).result(PATIENCE)
        assert [now(store, one) for one in given] == [one._replace(key=new.key) for one, new in zip(given, added, strict=True)]

    def test_held_stays_held_and_queued_stays_queued(self, store: Store) -> None:
        waiting, ready = add(store, held(store), job())
        assert (waiting.state, waiting.owner) == (State.HELD, store.process)
        assert (ready.state, ready.owner) == (State.QUEUED, None)

    def test_token_and_counts_begin_at_nought(self, store: Store) -> None:
        (added,) = add(
            store, job(key=77, token=5, attempt=2, crashes=1, lost=1, alone=True, error="x", result=b"1", ended_at=1)
        )
        assert added.key != 77
        assert (added.token, added.attempt, added.crashes, added.lost, added.alone) == (0, 0, 0, 0, False)
        assert (added.error, added.result, added.started_at, added.ended_at) == (None, None, None, None)

    def test_answers_come_in_the_order_given_and_keys_grow(self, store: Store) -> None:
        jobs = [job() for _ in range(300)]
        answers = store.add(jobs).result(PATIENCE)
        keys = [answer.key for answer in answers]
        assert keys == sorted(set(keys))
        assert [now(store, one).key for one in (jobs[0], jobs[150], jobs[299])] == [keys[0], keys[150], keys[299]]

    def test_nothing_to_add_is_nothing(self, store: Store) -> None:
        assert list(store.add([]).result(PATIENCE)) == []

    def test_another_process_sees_it(self, store: Store, worker: Store) -> None:
        (added,) = add(store, job())
        assert worker.get(added.id).result(PATIENCE) == added

    def test_an_id_that_is_there_is_not_added_again(self, store: Store) -> None:
        (first,) = add(store, job())
        (again,) = store.add([first._replace(task="main:other")]).result(PATIENCE)
        assert again == (first.key, False, first.id)
        assert now(store, first) == first

    def test_an_id_of_the_history_is_not_added_again(self, store: Store) -> None:
        (first,) = add(store, job())
        settle(store, claim_one(store))
        new = job()
        known, created = store.add([first, new]).result(PATIENCE)
        assert known == (first.key, False, first.id)
        assert created == (now(store, new).key, True, new.id)
        assert now(store, first).state is State.SUCCEEDED

    def test_known_and_new_ids_in_one_call_are_told_apart(self, store: Store) -> None:
        known = add(store, job(), job())
        new = [job(), job(), job()]
        answers = store.add([new[0], known[1], new[1], known[0], new[2]]).result(PATIENCE)
        assert [answer.created for answer in answers] == [True, False, True, False, True]
        assert [answer.key for answer in answers] == [
            now(store, one).key for one in (new[0], known[1], new[1], known[0], new[2])
        ]

    def test_an_id_twice_in_one_call_is_added_once(self, store: Store) -> None:
        twice = job()
        first, second = store.add([twice, twice]).result(PATIENCE)
        assert (first.created, second.created) == (True, False)
        assert first.key == second.key
        assert store.count().result(PATIENCE)[State.QUEUED] == 1

    def test_calls_that_meet_are_answered_each_with_its_own(self, store: Store) -> None:
        calls = [[job() for _ in range(size)] for size in (3, 1, 2)]
        pending = [store.add(call) for call in calls]
        for call, answer in zip(calls, pending, strict=True):
            assert [added.key for added in answer.result(PATIENCE)] == [now(store, one).key for one in call]

    def test_a_full_store_refuses_the_whole_call_and_keeps_nothing_of_it(self, make: Make) -> None:
        store = make(max_queued=3)
        add(store, job(), job())
        refused = [job(), job()]
        with pytest.raises(BacklogFull, match="3 jobs"):
            store.add(refused).result(PATIENCE)
        assert [store.get(one.id).result(PATIENCE) for one in refused] == [None, None]
        assert store.count().result(PATIENCE)[State.QUEUED] == 2

    def test_a_full_store_refuses_only_what_does_not_fit(self, make: Make) -> None:
        store = make(max_queued=3)
        store.open()
        large, small = store.add([job() for _ in range(4)]), store.add([job() for _ in range(3)])
        with pytest.raises(BacklogFull):
            large.result(PATIENCE)
        assert len(small.result(PATIENCE)) == 3

    def test_room_comes_back_when_jobs_finish(self, make: Make) -> None:
        store = make(max_queued=1)
        for _ in range(3):
            add(store, job())
            with pytest.raises(BacklogFull):
                store.add([job()]).result(PATIENCE)
            settle(store, claim_one(store))

    def test_a_full_store_still_knows_what_it_has(self, make: Make) -> None:
        store = make(max_queued=2)
        first, second = add(store, job(), job())
        answers = store.add([first, second]).result(PATIENCE)
        assert [answer.created for answer in answers] == [False, False]

    def test_it_tells_of_what_is_new_first_before_and_then_after_it_is_on_disk(self, make: Make) -> None:
        told: list[Event] = []
        store = make(tell=told.append)
        one, two = add(store, job(), job())
        assert told == [Written((one.id, two.id)), Added((one.id, two.id))]
        store.add([one]).result(PATIENCE)
        assert not [event for event in told[2:] if isinstance(event, Added)]
