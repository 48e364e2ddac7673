"""What was promised to clients, what has run, and what each call of a store changed: held against the laws at every step.

The letters are those of docs/reliability.md. The oracle sees the store from outside, through `find` alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from afterword.clock import SECOND, Clock
from afterword.jobs.job import Job, State
from afterword.jobs.lifecycle import CRASH_LIMIT, LOSS_LIMIT
from afterword.jobs.outcome import Outcome, Succeeded
from afterword.stores.store import Change, Verdict
from tests.simulation.laws import Known, Lease, answers_truly, lawful, until
from tests.simulation.line import Step
from tests.simulation.loop import Process


class Broken(AssertionError):
    """A law was broken."""


@dataclass
class Promise:
    """One job as its client knows it."""

    number: int
    process: Process
    """The API process that added it."""
    after: str | None
    at_most_once: bool
    attempts: int
    """How many are made where nothing goes wrong."""
    accepted: bool = False
    """The client saw a success."""
    failed: bool = False
    """The client saw a failure, and its API process means to leave nothing in the store."""
    refused: bool = False
    """And nothing was left there."""
    stands: str | None = None
    """Id of the earlier job with the same unique key that runs instead."""
    over: bool = False
    """The request has ended."""


@dataclass
class Oracle:
    """`look` says what is in the store; `broken` is called with the first law that was broken."""

    clock: Clock
    look: Callable[[], Iterable[Job]]
    broken: Callable[[Broken], None]
    promises: dict[str, Promise] = field(default_factory=dict)
    known: Known = field(default_factory=Known)
    jobs: dict[str, Job] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    starts: dict[Lease, Process] = field(default_factory=dict)
    ends: dict[Lease, Outcome] = field(default_factory=dict)
    lives: dict[str, int] = field(default_factory=dict)
    """Token of each job's last retry by a person."""
    changed: set[str] = field(default_factory=set)
    """Jobs that a person has cancelled or had tried again: they are his now, whatever became of their requests."""
    trace: list[str] = field(default_factory=list)
    rescues: int = 0
    unheard: set[str] = field(default_factory=set)
    """Jobs that were added, and their clients told that they were not."""

    def saw(self, step: Step) -> None:
        """A store was asked, and has answered."""
        before, now, steady = self.jobs, self.clock.now(), self.clock.steady()
        after = self.jobs = {job.id: job for job in self.look()}
        changed = [id for id in {**before, **after} if before.get(id) != after.get(id)]
        self._tell(step, [(before.get(id), after.get(id)) for id in changed])
        if step.error is not None:
            self._hold(not changed, f"a {step.verb} that failed has changed {changed}")
            return
        self._note(step, before)
        for id in changed:
            old, new = before.get(id), after.get(id)
            self._hold(
                lawful(step, old, new, self.known, now, steady), f"{_law(step)}: {step.verb} made {new}\n of {old}\n by {step}"
            )
            if new is not None:
                self._within_limits(new)
        self._learn(step, before, steady)
        unique = Counter((job.app, job.unique_key) for job in after.values() if job.unique_key and not job.state.finished)
        self._hold(all(count == 1 for count in unique.values()), f"L8: unfinished jobs with one unique key: {unique}")
        wrong = answers_truly(step, before, after)
        self._hold(wrong is None, f"{wrong}: {step}")

    def started(self, job: Job, process: Process) -> None:
        """A runner begins an attempt."""
        lease, promise = (job.id, job.token), self.promises[job.id]
        self.note(f"{process} starts {promise.number} with token {job.token}")
        self._hold(lease not in self.starts, f"L5: {promise.number} starts twice with token {job.token}")
        self._hold(not promise.refused, f"L2: {promise.number} was refused, and starts")
        # Whoever has a cancelled job tried again wants it now.
        wanted = job.id in self.lives or job.id in self.known.shared
        over = promise.over or not promise.process.alive or wanted
        self._hold(over, f"P3: {promise.number} starts before its request has ended")
        after = promise.after
        while after is not None and self.promises[after].stands is not None:
            after = self.promises[after].after
        first = after is None or after in self.known.ended or after not in self.jobs or wanted
        self._hold(first, f"P1: {promise.number} starts before the one before it has ended")
        for (id, token), other in self.starts.items():
            beside = id == job.id and other.alive and (id, token) not in self.ends
            explained = not self.known.lapsed.isdisjoint({(id, token), lease})
            self._hold(not beside or explained, f"L5: {promise.number} runs twice, as {token} and {job.token}")
        again = [token for id, token in self.starts if id == job.id and token > self.lives.get(id, 0)]
        self._hold(not promise.at_most_once or not again, f"L6: {promise.number} is to run at most once, and starts again")
        self.starts[lease] = process

    def ended(self, job: Job, outcome: Outcome) -> None:
        """The function has returned or raised."""
        self.note(f"{self.promises[job.id].number} ends with token {job.token}: {outcome}")
        self.ends[job.id, job.token] = outcome

    def note(self, what: str) -> None:
        self.trace.append(f"{self.clock.steady() / SECOND:.6f} {what}")

    def done(self) -> bool:
        """Whether all that was accepted has come to its end."""
        return all(id not in self.jobs or self.jobs[id].state.finished for id in self.accepted())

    def accepted(self) -> set[str]:
        """The jobs that were promised to somebody. One whose own request was answered with an error since the store's answer
        was lost is held until its process ends, and so is whatever shares its key."""
        accepted = {promise.stands or id for id, promise in self.promises.items() if promise.accepted}
        return {id for id in accepted if self.promises[id].accepted or id not in self.unheard}

    def judge(self, counts: Mapping[State, int]) -> None:
        """What must be true at the end."""
        accepted = self.accepted()
        for id, promise in self.promises.items():
            job = self.jobs.get(id)
            if id in accepted:
                self._hold(job is not None or id in self.forgotten, f"L1: {promise.number} was accepted, and is gone")
            if promise.refused or (promise.failed and promise.process.alive and id not in self.changed | self.known.shared):
                self._hold(job is None, f"L2: {promise.number} was refused, and is there all the same: {job}")
            if job is None or id not in accepted:
                continue
            self._hold(job.state.finished, f"L3: {promise.number} never came to an end: {job}")
            if job.state is State.SUCCEEDED:
                said = self.ends.get((id, job.token))
                self._hold(isinstance(said, Succeeded) and said.result == job.result, f"L4: {said} is stored as {job}")
        true = Counter(job.state for job in self.jobs.values())
        self._hold({s: n for s, n in counts.items() if n} == dict(true), f"L10: it counts {counts}, and there are {true}")

    def _note(self, step: Step, before: Mapping[str, Job]) -> None:
        """What must be known before the changes are judged: for whom nobody waits any more."""
        for id in before.keys() - self.jobs.keys():
            self.known.ended.add(id)
            if step.verb == "discard":
                self.promises[id].refused = True
            else:
                self.forgotten.add(id)
        if step.verb == "add":
            for job, one in zip(step.given, step.answer, strict=True):
                if not step.heard:
                    self.unheard.add(job.id)
                if one.id != job.id:
                    self.promises[job.id].stands = one.id
                    if one.id not in [other.id for other in step.given]:
                        self.known.shared.add(one.id)
                    self.known.ended.add(job.id)
        if step.verb == "settle":
            applied = [s for s, verdict in zip(step.given, step.answer, strict=True) if verdict is Verdict.APPLIED]
            self.known.ended.update(settlement.id for settlement in applied if settlement.counted)
        self.known.ended.update(id for id, job in self.jobs.items() if job.state.finished)
        for id, job in self.jobs.items():
            # No job waits for one that has never been there.
            if job.after is not None and job.after not in self.jobs:
                self.known.ended.add(job.after)
            if step.verb == "add" and (waits_for := self.promises[id].after) and waits_for not in self.jobs:
                self.known.ended.add(waits_for)

    def _learn(self, step: Step, before: Mapping[str, Job], steady: int) -> None:
        """What the next step is judged by."""
        match step.verb:
            case "claim":
                self.known.leases.update(((job.id, job.token), until(steady)) for job in step.answer.jobs)
            case "renew":
                kept = {lease for lease, hold in zip(step.given, step.answer, strict=True) if hold.value == "kept"}
                renewed = [(job.id, job.token) for job in self.jobs.values() if (job.key, job.token) in kept]
                self.known.leases.update((lease, until(steady)) for lease in renewed)
            case "settle":
                for settlement, verdict in zip(step.given, step.answer, strict=True):
                    if verdict is Verdict.APPLIED:
                        self.known.settled.add((settlement.id, settlement.token))
            case "rescue":
                self.rescues += len(step.answer)
                for job in step.answer:
                    owner = before[job.id].owner
                    if owner is not None and owner not in self.known.dead:
                        self.known.lapsed.add((job.id, job.token))
            case "change":
                changed = [job for job in step.answer if job is not None and before.get(job.id) != job]
                self.changed.update(job.id for job in changed)
                if step.given[0] is Change.RETRY:
                    self.lives.update((job.id, job.token) for job in changed)

    def _within_limits(self, job: Job) -> None:
        held = job.attempt <= job.retry.attempts and job.crashes <= CRASH_LIMIT and job.lost <= LOSS_LIMIT
        self._hold(held, f"L6: beyond its limits: {job}")

    def _tell(self, step: Step, changes: Iterable[tuple[Job | None, Job | None]]) -> None:
        for old, new in changes:
            job = new or old
            assert job is not None
            was = f"{old.state.word}/{old.token}" if old else "nothing"
            now = f"{new.state.word}/{new.token}" if new else "nothing"
            self.note(f"{step.verb}: {self.promises[job.id].number} was {was}, is {now}")

    def _hold(self, holds: bool, otherwise: str) -> None:
        if not holds:
            broken = Broken(otherwise)
            self.broken(broken)
            raise broken


def _law(step: Step) -> str:
    return {"add": "L1", "discard": "L2", "claim": "L7", "forget": "L1"}.get(step.verb, "L4")
