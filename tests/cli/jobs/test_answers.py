"""What became of a wish, for every state."""

import pytest

from afterword.cli.jobs.answers import Answer, answer, unfound
from afterword.cli.jobs.ids import Unfound
from afterword.jobs import lifecycle
from afterword.jobs.job import Job, State
from afterword.stores.store import Change
from afterword.testing.contract.bench import job

STATES = tuple(State)


def wish(change: Change, state: State) -> tuple[Job, Job]:
    """A job of this state, before and after."""
    before = job(id="an-id", state=state, via="celery")
    match change:
        case Change.CANCEL:
            return before, lifecycle.cancel(before, 1)
        case Change.RETRY:
            return before, lifecycle.retry(before)
        case Change.FORGET:
            return before, before


WHY = {
    Change.CANCEL: {
        State.RUNNING: "it is running, and running jobs cannot be cancelled yet; wait until this attempt has ended",
        State.SUCCEEDED: "it has ended already (succeeded)",
        State.FAILED: "it has ended already (failed)",
        State.CANCELLED: "it has ended already (cancelled)",
    },
    Change.RETRY: {
        State.HELD: "it is held, and will run without that",
        State.QUEUED: "it is queued, and will run without that",
        State.RUNNING: "it is running; wait until this attempt has ended",
        State.SUCCEEDED: "it has succeeded; to run it again, add it again",
        State.HANDED_OFF: "celery has it; wait for its end, or cancel it first",
    },
    Change.FORGET: {
        State.HELD: "it is held; only finished jobs can be forgotten, so cancel it first",
        State.QUEUED: "it is queued; only finished jobs can be forgotten, so cancel it first",
        State.RUNNING: "it is running; only finished jobs can be forgotten, so wait for its end",
        State.HANDED_OFF: "celery has it; wait for its end, or cancel it first",
    },
}


@pytest.mark.parametrize("change", Change)
@pytest.mark.parametrize("state", STATES)
def test_a_job_of_every_state(change: Change, state: State) -> None:
    before, after = wish(change, state)
    why = WHY[change].get(state)
    assert answer(change, before, after) == Answer("an-id", why is None, why, "main:send", after.state.word)


def test_an_engine_is_told_of_what_it_has() -> None:
    cancelled = answer(Change.CANCEL, *wish(Change.CANCEL, State.HANDED_OFF))
    assert cancelled.line(Change.CANCEL) == "an-id main:send: its engine is told to cancel it"


def test_a_job_that_somebody_else_queued_first_was_not_queued_by_us() -> None:
    before = job(state=State.QUEUED, token=3)
    assert not answer(Change.RETRY, before, before).done


def test_a_job_that_came_back_to_the_queue_meanwhile_was_cancelled() -> None:
    before = job(state=State.RUNNING)
    assert answer(Change.CANCEL, before, before._replace(state=State.CANCELLED)).done


def test_a_job_that_was_forgotten_meanwhile() -> None:
    told = answer(Change.RETRY, job(id="an-id"), None)
    assert told.line(Change.RETRY) == "an-id main:send: not retried: somebody has forgotten it meanwhile"


def test_a_job_whose_unique_key_was_taken_a_moment_ago() -> None:
    failed = job(id="an-id", state=State.FAILED, unique_key="report-7")
    assert answer(Change.RETRY, failed, failed).why == (
        "another job had its unique key 'report-7', and has ended since; try once more"
    )


def test_a_line_each() -> None:
    done = Answer("an-id", True, None, "main:send", "cancelled")
    assert [done.line(change) for change in Change] == [
        "an-id main:send: cancelled",
        "an-id main:send: queued again",
        "an-id main:send: forgotten",
    ]
    lost = unfound(Unfound("abc", "no such job"))
    assert [lost.line(change) for change in Change] == [
        "abc: not cancelled: no such job",
        "abc: not retried: no such job",
        "abc: not forgotten: no such job",
    ]
