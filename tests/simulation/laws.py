"""Which changes of a job a call may make: decisions only, for the oracle. Nothing here asks a store how it came to them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from afterword.jobs import lifecycle
from afterword.jobs.job import Job, State
from afterword.stores.store import GRACE, LEASE, Change, Verdict
from tests.simulation.line import Step

Lease = tuple[str, int]
"""Id and token."""


@dataclass
class Known:
    """What was seen so far."""

    dead: set[str] = field(default_factory=set)
    """Processes that have died, runners and all, or were closed."""
    leases: dict[Lease, int] = field(default_factory=dict)
    """Until when each is good, by the one true clock."""
    settled: set[Lease] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    """Jobs whose counted attempt has ended, or that are finished or gone: nobody waits for them."""
    shared: set[str] = field(default_factory=set)
    """Jobs that others run instead of their own, for their unique keys."""
    lapsed: set[Lease] = field(default_factory=set)
    """Those that were rescued from a living process."""

    def has_lapsed(self, lease: Lease, steady: int) -> bool:
        return self.leases.get(lease, 0) + GRACE < steady


def lawful(step: Step, old: Job | None, new: Job | None, known: Known, now: int, steady: int) -> bool:
    """Whether `step` may have made `new` of `old` (None: it is not there)."""
    if old is None:
        return new is not None and _may_come(step, new)
    if new is None:
        return _may_go(step, old, known)
    if new.token < old.token:
        return False
    reached = [old, *_PATHS[step.verb](step, old, known, now, steady)] if step.verb in _PATHS else [old]
    return new in reached or (_may_follow(old, known) and new in [lifecycle.follow(job) for job in reached])


def _may_come(step: Step, new: Job) -> bool:
    if step.verb != "add":
        return False
    closed: dict[str | None, str | None] = {}
    for job, one in zip(step.given, step.answer, strict=True):
        asked = job._replace(after=closed.get(job.after, job.after), key=new.key)
        if one.id != job.id:
            closed[job.id] = asked.after  # Whoever waits for a job that was not written waits for the one before it.
        elif job.id == new.id:
            return new in (asked, lifecycle.follow(asked))
    return False


def _may_go(step: Step, old: Job, known: Known) -> bool:
    match step.verb:
        case "discard":
            mine = old.state is State.HELD and old.owner == step.process and old.key in step.given
            return mine and old.id not in known.shared
        case "forget":
            return old.state.finished and old.ended_at is not None and old.ended_at < step.given[0]
        case "change":
            return step.given[0] is Change.FORGET and old.id in step.given[1] and old.state.finished
        case _:
            return False


def _may_follow(old: Job, known: Known) -> bool:
    return old.after is not None and old.after in known.ended


def _release(step: Step, old: Job, known: Known, now: int, steady: int) -> Iterable[Job]:
    return [lifecycle.release(old)] if old.key in step.given else []


def _discard(step: Step, old: Job, known: Known, now: int, steady: int) -> Iterable[Job]:
    mine = old.state is State.HELD and old.owner == step.process and old.key in step.given
    return [lifecycle.release(old)] if mine and old.id in known.shared else []


def _claim(step: Step, old: Job, known: Known, now: int, steady: int) -> Iterable[Job]:
    if old.state is not State.QUEUED or old.run_at > now or old.app != step.given.app:
        return []
    claimed = lifecycle.claim(old, step.process, now)
    return [old._replace(run_at=0), *([claimed] if claimed in step.answer.jobs else [])]


def _settle(step: Step, old: Job, known: Known, now: int, steady: int) -> Iterable[Job]:
    return [
        lifecycle.settled(old, settlement)
        for settlement, verdict in zip(step.given, step.answer, strict=True)
        if (settlement.key, settlement.id, settlement.token) == (old.key, old.id, old.token)
        and verdict is Verdict.APPLIED
        and (old.id, old.token) not in known.settled
        and old.state not in (State.HELD, State.SUCCEEDED, State.CANCELLED)
        and (not old.state.finished or settlement.state.finished)
    ]


def _rescue(step: Step, old: Job, known: Known, now: int, steady: int) -> Iterable[Job]:
    if old.state is State.HELD and old.owner in known.dead:
        return [lifecycle.release(old)]
    if old.state is State.RUNNING and (old.owner in known.dead or known.has_lapsed((old.id, old.token), steady)):
        return [lifecycle.rescue(old, now)]
    return []


def _change(step: Step, old: Job, known: Known, now: int, steady: int) -> Iterable[Job]:
    change, ids = step.given
    if old.id not in ids:
        return []
    return {Change.CANCEL: [lifecycle.cancel(old, now)], Change.RETRY: [lifecycle.retry(old)]}.get(change, [])


_PATHS: Mapping[str, Callable[[Step, Job, Known, int, int], Iterable[Job]]] = {
    "release": _release,
    "discard": _discard,
    "claim": _claim,
    "settle": _settle,
    "rescue": _rescue,
    "change": _change,
}


def answers_truly(step: Step, before: Mapping[str, Job], after: Mapping[str, Job]) -> str | None:
    """What is wrong with the answer of a call that was made; None where nothing is."""
    match step.verb:
        case "claim":
            ids = [job.id for job in step.answer.jobs]
            if len(ids) > step.given.limit + step.given.ahead:
                return f"L4: it asked for {step.given.limit} and {step.given.ahead} ahead, and got {len(ids)}"
            if len(set(ids)) < len(ids):
                return "L4: it got the same job twice"
            if any(after.get(job.id) != job for job in step.answer.jobs):
                return "L4: what was claimed is not what is stored"
        case "renew":
            keys = {job.key: job for job in after.values()}
            for (key, token), hold in zip(step.given, step.answer, strict=True):
                good = key in keys and keys[key].state is State.RUNNING and keys[key].token == token
                if good != (hold.value == "kept"):
                    return f"L4: the lease on {key} with token {token} is said to be {hold.value}"
        case "rescue":
            freed = {id for id, job in after.items() if job not in (before[id], lifecycle.follow(before[id]))}
            said = [job.id for job in step.answer]
            if len(said) > len(set(said)) or not freed.issubset(said) or any(after[id] == before[id] for id in said):
                return "L3: what was rescued is not what it answers with"
        case _:
            return None
    return None


def until(steady: int) -> int:
    """Until when a lease given now is good."""
    return steady + LEASE
