"""The state machine: every transition, and what no sequence of them can break."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.jobs import lifecycle
from afterword.jobs.job import Job, State
from afterword.jobs.lifecycle import CRASH_LIMIT, LOSS_LIMIT, Settlement
from afterword.jobs.outcome import Cancelled, Crashed, Failed, HandedOff, Interrupted, Outcome, Snoozed, Succeeded
from afterword.jobs.retry import Retry, pause

NOW = 1_000_000
FINAL = (State.SUCCEEDED, State.FAILED, State.CANCELLED)


def job(**changes: Any) -> Job:
    return Job(id="1", app="main:app", task="main:f", arguments=b"{}", added_at=1, retry=Retry(attempts=3))._replace(**changes)


def running(**changes: Any) -> Job:
    start = job(state=State.QUEUED, key=7)._replace(**{k: v for k, v in changes.items() if k != "attempt"})
    claimed = lifecycle.claim(start, "worker", NOW)
    return claimed._replace(attempt=changes.get("attempt", 1))


def settle(job: Job, outcome: Outcome, draw: float = 0.5) -> Settlement:
    return lifecycle.settle(job, outcome, NOW, draw)


# Two strings hold it back


@pytest.mark.parametrize("order", [("release", "follow"), ("follow", "release")])
def test_a_held_job_is_queued_when_both_strings_are_cut(order: tuple[str, str]) -> None:
    held = job(state=State.HELD, owner="api", after="0")

    first = getattr(lifecycle, order[0])(held)
    assert first.state is State.HELD
    assert getattr(lifecycle, order[0])(first) == first

    second = getattr(lifecycle, order[1])(first)
    assert (second.state, second.owner, second.after) == (State.QUEUED, None, None)


def test_one_string_is_enough_to_cut_where_there_is_one() -> None:
    assert lifecycle.release(job(owner="api")).state is State.QUEUED
    assert lifecycle.follow(job(after="0")).state is State.QUEUED


@pytest.mark.parametrize("state", [state for state in State if state is not State.HELD])
def test_a_job_that_is_not_held_is_not_released(state: State) -> None:
    other = job(state=state, owner="worker")

    assert lifecycle.release(other) == other
    assert lifecycle.follow(other) == other


# A claim


def test_a_claim_is_an_attempt_with_a_token_of_its_own() -> None:
    queued = job(state=State.QUEUED, token=4, attempt=1, run_at=NOW - 1, error="before")

    claimed = lifecycle.claim(queued, "worker", NOW)

    assert claimed == queued._replace(state=State.RUNNING, owner="worker", token=5, attempt=2, started_at=NOW, run_at=0)


# How an attempt ends


def test_success() -> None:
    assert settle(running(token=3), Succeeded(b"5")) == Settlement(
        key=7,
        id="1",
        token=4,
        state=State.SUCCEEDED,
        run_at=0,
        attempt=1,
        crashes=0,
        alone=False,
        counted=True,
        ended_at=NOW,
        result=b"5",
        error=None,
    )


@pytest.mark.parametrize("draw", [0.0, 0.5, 0.99])
def test_a_failure_is_tried_again_after_a_pause(draw: float) -> None:
    failing = running(attempt=2)

    done = settle(failing, Failed("boom"), draw)

    assert (done.state, done.attempt, done.error, done.counted) == (State.QUEUED, 2, "boom", True)
    assert done.run_at == NOW + pause(failing.retry, 2, draw)


def test_a_failure_is_final_after_the_last_attempt() -> None:
    done = settle(running(attempt=3), Failed("boom"))

    assert (done.state, done.attempt, done.error, done.run_at) == (State.FAILED, 3, "boom", 0)


def test_a_failure_that_is_not_worth_another_attempt_is_final() -> None:
    assert settle(running(), Failed("boom", retry=False)).state is State.FAILED


def test_a_failure_without_a_pause_is_ready_at_once() -> None:
    assert settle(running(retry=Retry(attempts=3, delay=0)), Failed("boom")).run_at == 0


def test_a_snooze_does_not_count() -> None:
    done = settle(running(attempt=3), Snoozed(500, "not yet"))

    assert (done.state, done.attempt, done.run_at, done.error) == (State.QUEUED, 2, NOW + 500, "not yet")


def test_a_snooze_is_never_a_busy_loop() -> None:
    assert settle(running(), Snoozed(0, "not yet")).run_at == NOW + 1


@pytest.mark.parametrize("started", [True, False])
def test_an_interruption_gives_the_attempt_back(started: bool) -> None:
    done = settle(running(attempt=2, error="before", alone=True), Interrupted("stopping", started))

    assert (done.state, done.attempt, done.run_at, done.error) == (State.QUEUED, 1, 0, "before")
    assert not done.counted
    assert done.alone


def test_a_crash_beside_others_makes_a_suspect() -> None:
    done = settle(running(attempt=2), Crashed("segmentation fault", alone=False))

    assert (done.state, done.attempt, done.crashes, done.alone) == (State.QUEUED, 1, 0, True)
    assert (done.counted, done.error) == (False, "segmentation fault")


def test_a_crash_alone_counts() -> None:
    done = settle(running(alone=True, crashes=1), Crashed("segmentation fault", alone=True))

    assert (done.state, done.attempt, done.crashes, done.alone) == (State.QUEUED, 0, 2, True)


def test_the_last_crash_alone_is_final() -> None:
    done = settle(running(alone=True, crashes=CRASH_LIMIT - 1), Crashed("segmentation fault", alone=True))

    assert (done.state, done.crashes) == (State.FAILED, CRASH_LIMIT)
    assert done.error == "it ended its runner 3 times while nothing else ran there: segmentation fault"


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (Failed("boom"), "boom"),
        (Crashed("killed", alone=True), "killed; it runs at most once, so it is not tried again"),
        (Crashed("killed", alone=False), "killed; it runs at most once, so it is not tried again"),
        (Interrupted("its worker is stopping", started=True),
            "its worker is stopping; it runs at most once, so it is not tried again"),
    ],
)  # fmt: skip
def test_what_runs_at_most_once_is_not_tried_again(outcome: Outcome, error: str) -> None:
    done = settle(running(at_most_once=True), outcome)

    assert (done.state, done.error, done.counted) == (State.FAILED, error, True)


@pytest.mark.parametrize("outcome", [Interrupted("stopping", started=False), Snoozed(5, "not yet")])
def test_what_runs_at_most_once_may_start_later_if_it_has_not_started(outcome: Outcome) -> None:
    done = settle(running(at_most_once=True), outcome)

    assert (done.state, done.attempt) == (State.QUEUED, 0)


# Its worker is gone


def test_a_rescue_gives_the_attempt_back_and_keeps_the_token() -> None:
    lost = running(attempt=2, token=4)

    assert lifecycle.rescue(lost, NOW) == lost._replace(
        state=State.QUEUED, owner=None, attempt=1, lost=1, error="its worker died while it ran"
    )


def test_a_rescue_makes_a_suspect_only_of_what_has_lost_its_worker_again_and_again() -> None:
    assert not lifecycle.rescue(running(lost=1), NOW).alone
    assert lifecycle.rescue(running(lost=2), NOW).alone
    assert lifecycle.rescue(running(alone=True), NOW).alone


def test_the_last_rescue_is_final() -> None:
    done = lifecycle.rescue(running(lost=LOSS_LIMIT - 1), NOW)

    assert (done.state, done.lost, done.owner, done.ended_at) == (State.FAILED, LOSS_LIMIT, None, NOW)
    assert done.error == "its worker died 10 times while it ran"


def test_what_runs_at_most_once_is_not_rescued() -> None:
    done = lifecycle.rescue(running(at_most_once=True), NOW)

    assert (done.state, done.lost, done.owner, done.ended_at) == (State.FAILED, 1, None, NOW)
    assert done.error == "its worker died while it ran; it runs at most once, so it is not tried again"


# What a person may do


@pytest.mark.parametrize("state", [State.HELD, State.QUEUED])
def test_a_waiting_job_can_be_cancelled(state: State) -> None:
    waiting = job(state=state, owner="api", after="0", token=2)

    assert lifecycle.cancel(waiting, NOW) == waiting._replace(
        state=State.CANCELLED, owner=None, after=None, token=3, ended_at=NOW, error="cancelled while it waited"
    )


@pytest.mark.parametrize("state", [State.RUNNING, *FINAL])
def test_no_other_can_be_cancelled(state: State) -> None:
    assert lifecycle.cancel(job(state=state), NOW) == job(state=state)


def test_of_one_that_was_handed_off_it_is_noted_for_its_engine() -> None:
    handed = job(state=State.HANDED_OFF, token=2)

    assert lifecycle.cancel(handed, NOW) == handed._replace(unwanted=True)


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_a_failed_job_can_be_tried_again_with_all_its_attempts(state: State) -> None:
    ended = job(state=state, token=5, attempt=3, crashes=3, lost=4, started_at=1, ended_at=2, error="boom", run_at=9)

    assert lifecycle.retry(ended) == ended._replace(
        state=State.QUEUED, token=6, attempt=0, crashes=0, lost=0, started_at=None, ended_at=None, run_at=0
    )


@pytest.mark.parametrize("state", [State.HELD, State.QUEUED, State.RUNNING, State.SUCCEEDED, State.HANDED_OFF])
def test_no_other_can_be_tried_again(state: State) -> None:
    assert lifecycle.retry(job(state=state)) == job(state=state)


def test_every_state_has_a_number_and_a_word_of_its_own() -> None:
    assert {state.word: int(state) for state in State} == {
        "held": 0,
        "queued": 1,
        "running": 2,
        "succeeded": 3,
        "failed": 4,
        "cancelled": 5,
        "handed_off": 6,
    }
    assert [state for state in State if state.finished] == list(FINAL)


# What no sequence can break

OUTCOMES: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Succeeded, st.none() | st.binary()),
    st.builds(Failed, st.just("boom"), st.booleans()),
    st.builds(Snoozed, st.integers(0, 10), st.just("later")),
    st.builds(Interrupted, st.just("stopping"), st.booleans()),
    st.builds(Crashed, st.just("killed"), st.booleans()),
)
STEPS = st.one_of(
    st.sampled_from(["release", "follow", "claim", "rescue", "cancel", "retry"]).map(lambda step: (step, None)),
    st.tuples(st.just("settle"), OUTCOMES),
    st.tuples(st.just("settle late"), OUTCOMES),
)


def apply(now: Job, before: Job | None, step: str, outcome: Any) -> Job:
    """The next value of a job whose last claim looked like `before`, where the step is possible at all."""
    match step:
        case "claim" if now.state is State.QUEUED:
            return lifecycle.claim(now, "worker", NOW)
        case "rescue" if now.state is State.RUNNING:
            return lifecycle.rescue(now, NOW)
        case "settle" if now.state is State.RUNNING:
            return lifecycle.settled(now, settle(now, outcome))
        case "settle late" if before and now.state is State.QUEUED and now.token == before.token and now.lost > before.lost:
            return lifecycle.settled(now, settle(before, outcome))
        case "cancel":
            return lifecycle.cancel(now, NOW)
        case "release" | "follow" | "retry":
            return getattr(lifecycle, step)(now)  # type: ignore[no-any-return]
        case _:
            return now


@given(st.integers(1, 4), st.booleans(), st.lists(STEPS, max_size=60))
def test_no_sequence_breaks_the_limits(attempts: int, at_most_once: bool, steps: list[tuple[str, Any]]) -> None:
    now = job(owner="api", after="0", retry=Retry(attempts=attempts), at_most_once=at_most_once)
    before = None
    for step, outcome in steps:
        was, now = now, apply(now, before, step, outcome)
        if now.token > was.token and now.state is State.RUNNING:
            before = now

        assert now.token == was.token + (now != was and step in ("claim", "cancel", "retry"))
        assert 0 <= now.attempt <= attempts
        assert 0 <= now.crashes <= CRASH_LIMIT
        assert 0 <= now.lost <= LOSS_LIMIT
        assert (now.state is State.HELD) == bool(now.after or (now.owner and now.state is not State.RUNNING))
        assert (now.state is State.RUNNING) <= bool(now.owner)
        if was.state.finished and step != "retry":
            assert now == was


@given(st.integers(1, 5), st.booleans(), st.data())
def test_every_job_ends(attempts: int, at_most_once: bool, data: st.DataObject) -> None:
    """Whatever goes wrong, the number of times it is started has a bound: but for those that we take back ourselves."""
    now = job(state=State.QUEUED, retry=Retry(attempts=attempts), at_most_once=at_most_once)
    starts = 0
    while not now.state.finished:
        now = lifecycle.claim(now, "worker", NOW)
        starts += 1
        outcome = data.draw(st.sampled_from([Failed("boom"), Crashed("killed", alone=now.alone), None]))
        now = lifecycle.settled(now, settle(now, outcome)) if outcome else lifecycle.rescue(now, NOW)

    assert now.state is State.FAILED
    assert starts <= (1 if at_most_once else attempts + CRASH_LIMIT + LOSS_LIMIT + 1)


@given(STEPS, st.integers(0, 5))
def test_a_job_is_never_changed_in_place(step: tuple[str, Any], token: int) -> None:
    queued = job(state=State.QUEUED, token=token)
    copy = Job(*queued)

    apply(queued, None, *step)

    assert queued == copy


def test_what_cost_its_runner_is_tried_again_alone() -> None:
    late = settle(running(), Failed("it took too long", alone=True))

    assert (late.state, late.alone) == (State.QUEUED, True)


def test_what_was_taken_back_for_the_sake_of_another_is_made_again_alone() -> None:
    cut = settle(running(), Interrupted("its neighbour took too long", started=True, alone=True))

    assert (cut.state, cut.alone, cut.attempt) == (State.QUEUED, True, 0)


def test_a_job_that_is_handed_off_waits_there_uncounted() -> None:
    handed = settle(running(), HandedOff("receipt"))

    assert (handed.state, handed.receipt, handed.counted) == (State.HANDED_OFF, "receipt", False)
    assert lifecycle.settled(running(), handed).token == running().token + 1


def test_one_that_was_taken_back_is_cancelled_for_good() -> None:
    taken = settle(running(), Cancelled("revoked"))

    assert (taken.state, taken.error, taken.counted) == (State.CANCELLED, "revoked", True)


def test_what_is_put_off_until_one_moment_is_due_at_that_moment_whenever_it_is_settled() -> None:
    assert settle(running(), Snoozed(500, "away", until=NOW + 700)).run_at == NOW + 700
    assert settle(running(), Snoozed(500, "away", until=NOW - 1)).run_at == NOW + 1
