"""Wishes, on a store."""

import json

import pytest

from afterword.cli.jobs import changing
from afterword.cli.jobs.answers import Answer
from afterword.cli.jobs.changing import change, forget_older, retry_failed, tell
from afterword.jobs.job import Job, State
from afterword.jobs.outcome import Failed
from afterword.jobs.retry import Retry
from afterword.stores.memory import MemoryStore
from afterword.stores.store import Change
from afterword.testing.contract.bench import add, claim, claim_one, job, settle, states


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def failed(store: MemoryStore, *at: int, task: str = "main:send") -> list[Job]:
    """Jobs that failed at these times."""
    jobs = add(store, *(job(task=task, retry=Retry(attempts=1)) for _ in at))
    for one, time in zip(claim(store), at, strict=True):
        settle(store, one, Failed("no"), at=time)
    return jobs


def test_each_is_done_once_and_answered_in_order(store: MemoryStore) -> None:
    first, second = failed(store, 1, 2)
    told = change(store, Change.RETRY, [second.id, "123456", first.id[-6:], second.id])
    assert [(one.id, one.done) for one in told] == [(second.id, True), ("123456", False), (first.id, True)]
    assert states(store, first, second) == [State.QUEUED, State.QUEUED]


def test_one_job_under_two_names(store: MemoryStore) -> None:
    (one,) = failed(store, 1)
    assert [told.done for told in change(store, Change.FORGET, [one.id, one.id[-6:]])] == [True, True]


def test_nothing_known_is_nothing_changed(store: MemoryStore) -> None:
    assert [one.done for one in change(store, Change.CANCEL, ["123456"])] == [False]


def test_a_job_whose_unique_key_is_taken_is_left_and_told_who_has_it(store: MemoryStore) -> None:
    (first,) = add(store, job(unique_key="report-7", retry=Retry(attempts=1)))
    settle(store, claim_one(store), Failed("no"))
    add(store, job(unique_key="report-7", app="other:app"))
    (second,) = add(store, job(unique_key="report-7"))
    (told,) = change(store, Change.RETRY, [first.id])
    assert told.line(Change.RETRY) == (
        f"{first.id} main:send: not retried: the unfinished job {second.id} has its unique key 'report-7'; wait for that one's"
        " end, or cancel it"
    )
    assert retry_failed(store, None) == 0
    assert [one.done for one in change(store, Change.CANCEL, [second.id])] == [True]
    assert [one.done for one in change(store, Change.RETRY, [first.id])] == [True]


def test_what_was_not_done_is_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    told = [Answer("first", True, None, "main:send", "queued"), Answer("second", False, "no such job")]
    assert tell(told, Change.RETRY, as_json=False) == 1
    out, err = capsys.readouterr()
    assert out == "first main:send: queued again\n"
    assert err == "second: not retried: no such job\n"
    assert tell(told[:1], Change.RETRY, as_json=False) == 0


def test_all_of_it_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    told = [Answer("first", True, None, "main:send", "queued"), Answer("second", False, "no such job")]
    assert tell(told, Change.RETRY, as_json=True) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out) == [
        {"id": "first", "done": True, "why": None, "task": "main:send", "state": "queued"},
        {"id": "second", "done": False, "why": "no such job", "task": None, "state": None},
    ]


def test_all_failed_ones_page_by_page(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changing, "_PAGE", 3)
    jobs = failed(store, *range(10))
    (other,) = failed(store, 1, task="main:other")
    add(store, job(priority=1))
    settle(store, claim_one(store))
    assert retry_failed(store, "main:send") == 10
    assert set(states(store, *jobs)) == {State.QUEUED}
    assert states(store, other) == [State.FAILED]
    assert retry_failed(store, None) == 1
    assert retry_failed(store, None) == 0


def test_all_that_finished_before(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changing, "_BATCH", 3)
    old = failed(store, *range(10))
    new = failed(store, 10, 11)
    assert forget_older(store, 10, ()) == 10
    assert [store.get(one.id).result() for one in old] == [None] * 10
    assert set(states(store, *new)) == {State.FAILED}


def test_only_those_of_a_state(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changing, "_PAGE", 2)
    old, new = failed(store, *range(5)), failed(store, 10)
    (succeeded,) = add(store, job())
    settle(store, claim_one(store), at=1)
    assert forget_older(store, 10, [State.FAILED]) == 5
    assert [store.get(one.id).result() for one in old] == [None] * 5
    assert states(store, *new, succeeded) == [State.FAILED, State.SUCCEEDED]
