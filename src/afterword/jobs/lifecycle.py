"""The whole state machine, as pure functions from a job to the next one. Stores write down what these say.

Two strings hold a job back: its request (`owner`, while HELD) and the job before it (`after`). It is QUEUED when both are
gone. `release` cuts the first, `follow` the second.
"""

from typing import Any, NamedTuple, assert_never

from afterword.clock import SECOND
from afterword.jobs.job import Job, State
from afterword.jobs.outcome import Cancelled, Crashed, Failed, HandedOff, Interrupted, Outcome, Snoozed, Succeeded
from afterword.jobs.retry import pause

CRASH_LIMIT = 3
"""Runner deaths that a job alone may cause before it is failed."""

LOSS_LIMIT = 10
"""Worker deaths that a job may be part of before it is failed; larger, since most of them are deploys and restarts."""


LOSSES_FORGIVEN = 3
"""Worker deaths after which a job is a suspect. Before, it is tried again beside others: a worker has many in hand when it is
killed or the power goes, and nearly always none of them is to blame."""


_CLAIMED = ("state", "run_at", "owner", "token", "attempt", "started_at")
_STATE, _RUN_AT, _OWNER, _TOKEN, _ATTEMPT, _STARTED_AT = (Job._fields.index(name) for name in _CLAIMED)


class Settlement(NamedTuple):
    """What is to be written for an attempt that ended. Applies to the row `key` only while it still carries `token`."""

    key: int
    id: str
    token: int
    state: State
    run_at: int
    attempt: int
    crashes: int
    alone: bool
    counted: bool
    """Whether the attempt has ended for good, so that the job after it may start."""
    ended_at: int
    result: bytes | None
    error: str | None
    receipt: str | None = None


def release(job: Job) -> Job:
    """The request has ended: the job may start as soon as no job before it is in the way."""
    if job.state is not State.HELD:
        return job
    return job._replace(owner=None, state=State.HELD if job.after else State.QUEUED)


def follow(job: Job) -> Job:
    """The attempt before it has ended: the job may start as soon as its request has."""
    if job.state is not State.HELD:
        return job._replace(after=None)
    return job._replace(after=None, state=State.HELD if job.owner else State.QUEUED)


def claim(job: Job, worker: str, now: int) -> Job:
    """`worker` takes it for one attempt."""
    # By place, which takes a third of the time, and is done for every job.
    claimed: list[Any] = [*job]
    claimed[_RUN_AT], claimed[_OWNER], claimed[_STARTED_AT] = 0, worker, now
    claimed[_STATE], claimed[_TOKEN], claimed[_ATTEMPT] = State.RUNNING, job.token + 1, job.attempt + 1
    return Job._make(claimed)


def late(timeout: int) -> str:
    """What became of an attempt that took longer than `timeout` microseconds."""
    return f"it took longer than its timeout of {timeout / SECOND:g} s"


def settle(job: Job, outcome: Outcome, now: int, draw: float) -> Settlement:
    """What becomes of a running `job` after `outcome`; `draw` in [0, 1) is the jitter's chance."""
    match outcome:
        case Succeeded(result):
            return _finish(job, State.SUCCEEDED, now, result=result)
        case Failed(error, retry, alone):
            if retry and not job.at_most_once and job.attempt < job.retry.attempts:
                return _again(job, now, after=pause(job.retry, job.attempt, draw), error=error, alone=alone)
            return _finish(job, State.FAILED, now, error=error)
        case Snoozed(delay, reason, until):
            delay = delay if until is None else until - now
            return _again(job, now, after=max(delay, 1), error=reason, attempt=job.attempt - 1)
        case Interrupted(reason, started, alone):
            if started and job.at_most_once:
                return _finish(job, State.FAILED, now, error=f"{reason}; it runs at most once, so it is not tried again")
            return _again(job, now, error=job.error, attempt=job.attempt - 1, alone=job.alone or alone, counted=False)
        case Crashed(cause, alone):
            return _crash(job, cause, alone, now)
        case Cancelled(reason):
            return _finish(job, State.CANCELLED, now, error=reason)
        case HandedOff(receipt):
            return _again(job, now, error=None, alone=job.alone, counted=False)._replace(
                state=State.HANDED_OFF, receipt=receipt
            )
        case _:
            assert_never(outcome)


def settled(job: Job, settlement: Settlement) -> Job:
    """The job once its settlement is written down. `ended_at` is set where it has finished."""
    return job._replace(
        state=settlement.state,
        owner=None,
        # What is in an engine's hands is another claim: an outcome from there must not be taken for this one again.
        token=job.token + (settlement.state is State.HANDED_OFF),
        run_at=settlement.run_at,
        attempt=settlement.attempt,
        crashes=settlement.crashes,
        alone=settlement.alone,
        ended_at=settlement.ended_at if settlement.state.finished else job.ended_at,
        result=settlement.result,
        error=settlement.error,
        receipt=settlement.receipt,
    )


def rescue(job: Job, now: int) -> Job:
    """The worker that ran it is gone: make it ready for another.

    The token stays, so that a late success which nobody has overtaken still counts.
    """
    lost = job.lost + 1
    if job.at_most_once:
        return _end(job, "its worker died while it ran; it runs at most once, so it is not tried again", now)
    if lost >= LOSS_LIMIT:
        return _end(job, f"its worker died {lost} times while it ran", now)
    return job._replace(
        state=State.QUEUED,
        owner=None,
        attempt=job.attempt - 1,
        lost=lost,
        alone=job.alone or lost >= LOSSES_FORGIVEN,
        error="its worker died while it ran",
    )


def cancel(job: Job, now: int) -> Job:
    """A person takes a waiting job back. Of one that was handed off, its engine is to be told. A running or finished one stays
    as it is."""
    if job.state is State.HANDED_OFF:
        return job._replace(unwanted=True)
    if job.state not in (State.HELD, State.QUEUED):
        return job
    return job._replace(
        state=State.CANCELLED, owner=None, after=None, token=job.token + 1, ended_at=now, error="cancelled while it waited"
    )


def retry(job: Job) -> Job:
    """A person wants a failed or cancelled job tried again, with all its attempts. Any other stays as it is."""
    if job.state not in (State.FAILED, State.CANCELLED):
        return job
    return job._replace(
        state=State.QUEUED,
        owner=None,
        after=None,
        run_at=0,
        token=job.token + 1,
        attempt=0,
        crashes=0,
        lost=0,
        alone=False,
        started_at=None,
        ended_at=None,
        unwanted=False,
        receipt=None,
    )


def _crash(job: Job, cause: str, alone: bool, now: int) -> Settlement:
    if job.at_most_once:
        return _finish(job, State.FAILED, now, error=f"{cause}; it runs at most once, so it is not tried again")
    if not alone:
        return _again(job, now, error=cause, attempt=job.attempt - 1, alone=True, counted=False)
    crashes = job.crashes + 1
    if crashes >= CRASH_LIMIT:
        error = f"it ended its runner {crashes} times while nothing else ran there: {cause}"
        return _finish(job._replace(crashes=crashes, attempt=job.attempt - 1), State.FAILED, now, error=error)
    return _again(job._replace(crashes=crashes), now, error=cause, attempt=job.attempt - 1, alone=True)


def _again(
    job: Job,
    now: int,
    *,
    after: int = 0,
    error: str | None,
    attempt: int | None = None,
    alone: bool = False,
    counted: bool = True,
) -> Settlement:
    return Settlement(
        key=job.key,
        id=job.id,
        token=job.token,
        state=State.QUEUED,
        run_at=now + after if after else 0,
        attempt=job.attempt if attempt is None else attempt,
        crashes=job.crashes,
        alone=alone,
        counted=counted,
        ended_at=now,
        result=None,
        error=error,
    )


def _finish(job: Job, state: State, now: int, *, result: bytes | None = None, error: str | None = None) -> Settlement:
    counted = True
    return Settlement(job.key, job.id, job.token, state, 0, job.attempt, job.crashes, job.alone, counted, now, result, error)


def _end(job: Job, error: str, now: int) -> Job:
    return job._replace(state=State.FAILED, owner=None, lost=job.lost + 1, ended_at=now, error=error)
