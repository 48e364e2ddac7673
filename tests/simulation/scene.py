"""Two workers, a rescuer, a person and one job: what each does, one step at a time, and what must be true after each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from afterword.clock import SECOND
from afterword.jobs import lifecycle
from afterword.jobs.job import Job, State
from afterword.jobs.lifecycle import Settlement
from afterword.jobs.outcome import Outcome
from afterword.jobs.retry import Retry
from afterword.stores.store import GRACE, LEASE, Change, Hold, Store, Verdict, Want
from afterword.testing import FalseClock

PATIENCE = 30.0

Script = Sequence[str]
"""What one of them does, in this order."""


def interleavings(scripts: Sequence[Script]) -> Iterator[tuple[str, ...]]:
    """All orders in which the steps of these can come."""
    if not any(scripts):
        yield ()
    for index, script in enumerate(scripts):
        if script:
            rest = [*scripts[:index], script[1:], *scripts[index + 1 :]]
            for after in interleavings(rest):
                yield (script[0], *after)


@dataclass
class Scene:
    """The job, and what was seen of it. Steps are words: "A claims", "A settles", "a person cancels"."""

    stores: Mapping[str, Store]
    """By the name of the worker."""
    outcomes: Mapping[str, Outcome]
    """How the attempts of each end."""
    clock: FalseClock
    job: Job
    claimed: dict[str, Job] = field(default_factory=dict)
    said: dict[str, Settlement] = field(default_factory=dict)
    written: dict[int, Settlement] = field(default_factory=dict)
    """By token, what was accepted."""
    seen: list[str] = field(default_factory=list)
    """Answers, for comparing stores."""

    def play(self, steps: Sequence[str]) -> Job:
        """Take these steps; AssertionError where something was not right. The job as it is at the end."""
        (added,) = self.stores["A"].add([self.job]).result(PATIENCE)
        assert added.created
        self.job = self._now()
        for step in steps:
            before, self.job = self.job, self._step(step)
            self._check(step, before, self.job)
            self.seen.append(f"{step}: {self.job._replace(key=0, owner=None)}")
        return self.job

    def _step(self, step: str) -> Job:
        who, _, what = step.partition(" ")
        match what:
            case "claims":
                self._claim(who, heard=True)
            case "claims unheard":
                self._claim(who, heard=False)
            case "settles" if who in self.claimed:
                self.said[who] = lifecycle.settle(self.claimed[who], self.outcomes[who], self.clock.now(), 0.5)
                self._settle(who)
            case "settles again" if who in self.said:
                self._settle(who)
            case "renews" if who in self.claimed:
                self._renew(who)
            case "passes":
                self.clock.advance((LEASE + GRACE) / SECOND + 0.001)
            case "rescues":
                for job in self.stores["B"].rescue().result(PATIENCE):
                    assert job.id != self.job.id or self.job.state is State.RUNNING
            case "cancels":
                self.stores["A"].change(Change.CANCEL, [self.job.id]).result(PATIENCE)
            case "retries":
                self.stores["A"].change(Change.RETRY, [self.job.id]).result(PATIENCE)
        return self._now()

    def _claim(self, who: str, heard: bool) -> None:
        claims = self.stores[who].claim(Want(self.job.app, 2)).result(PATIENCE)
        assert len(claims.jobs) == (self.job.state is State.QUEUED and self.job.run_at <= self.clock.now())
        if claims.jobs and heard:
            self.claimed[who] = claims.jobs[0]

    def _settle(self, who: str) -> None:
        settlement = self.said[who]
        (verdict,) = self.stores[who].settle([settlement]).result(PATIENCE)
        self.seen.append(verdict.value)
        assert verdict is not Verdict.GONE
        if verdict is Verdict.APPLIED:
            assert settlement.token == self.job.token
            known = self.written.setdefault(settlement.token, settlement)
            assert known is settlement or _same(known, settlement), "two outcomes of one attempt"

    def _renew(self, who: str) -> None:
        job = self.claimed[who]
        (hold,) = self.stores[who].renew([(job.key, job.token)]).result(PATIENCE)
        mine = self.job.state is State.RUNNING and self.job.token == job.token
        assert hold is (Hold.KEPT if mine else Hold.LOST)

    def _now(self) -> Job:
        job = self.stores["B"].get(self.job.id).result(PATIENCE)
        assert job is not None
        return job

    def _check(self, step: str, before: Job, after: Job) -> None:
        assert after.token >= before.token, "the token has fallen"
        if before.state in (State.SUCCEEDED, State.CANCELLED) and after.state is not before.state:
            assert before.state is State.CANCELLED and step.endswith("retries"), "what has ended does not go on by itself"
        if after.state is State.SUCCEEDED:
            assert after.token in self.written, "it has succeeded, and nobody said so"
        if after.token in self.written and before.token == after.token:
            said = self.written[after.token]
            assert (after.state, after.result) == (said.state, said.result), "the outcome of the highest token does not stand"


def _same(one: Settlement, other: Settlement) -> bool:
    """Whether they say the same, but for when."""
    return one._replace(ended_at=0, run_at=0) == other._replace(ended_at=0, run_at=0)


def job(number: int, *, at_most_once: bool = False) -> Job:
    """One of an application of its own, so that nobody else claims it."""
    return Job(
        id=f"{number:032x}",
        app=f"main:app_{number}",
        task="main:send",
        arguments=b"{}",
        added_at=0,
        retry=Retry(attempts=2, delay=0.0, jitter=0.0),
        state=State.QUEUED,
        at_most_once=at_most_once,
    )
