"""Stores that are wrong, each in one way: an oracle that sees nothing in them is worth nothing."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from afterword.clock import SECOND
from afterword.events import Event
from afterword.jobs.job import Job, State
from afterword.jobs.lifecycle import Settlement
from afterword.stores.memory import MemoryStore
from afterword.stores.model import Model
from afterword.stores.pending import Pending
from afterword.stores.store import Added, Change, Claims, Store, Verdict, Want
from afterword.testing import FalseClock
from tests.simulation.towns import Found, InMemory

T = TypeVar("T")


class Credulous(Model):
    """It takes any outcome for the present attempt's."""

    def settle(self, settlement: Settlement) -> Verdict:
        row = self.live.get(settlement.key) or self.history.get(settlement.key)
        return super().settle(settlement._replace(token=row.job.token) if row else settlement)


class Greedy(Model):
    """It claims one more than was asked for."""

    def claim(self, want: Want, worker: str, now: int, steady: int) -> Claims:
        return super().claim(want._replace(limit=want.limit + 1), worker, now, steady)


class Doubling(Model):
    """It hands out what it claims twice."""

    def claim(self, want: Want, worker: str, now: int, steady: int) -> Claims:
        jobs, next_due = super().claim(want._replace(limit=(want.limit + 1) // 2), worker, now, steady)
        return Claims([*jobs, *jobs][: want.limit], next_due)


class Shared(Model):
    """It lets two workers claim the same job."""

    def claim(self, want: Want, worker: str, now: int, steady: int) -> Claims:
        for row in self.live.values():
            if row.job.state is State.RUNNING and row.job.owner != worker:
                row.job = row.job._replace(state=State.QUEUED)
                break
        return super().claim(want, worker, now, steady)


class Hasty(Model):
    """It does not wait until a job is due."""

    def claim(self, want: Want, worker: str, now: int, steady: int) -> Claims:
        return super().claim(want, worker, now + 60 * SECOND, steady)


class Suspicious(Model):
    """It takes jobs from the living as soon as their leases have run out."""

    def rescue(self, now: int, steady: int) -> Sequence[Job]:
        return super().rescue(now, steady + 50 * SECOND)


class Careless(Model):
    """It loses the last of several jobs that are added at once."""

    def add(self, jobs: Sequence[Job], room: int) -> Sequence[Added]:
        answers = super().add(jobs, room)
        if len(jobs) > 2:
            lost = self.live.pop(answers[-1].key)
            del self.keys[lost.job.id]
        return answers


class Rash(Model):
    """It discards whatever a process holds, of other requests too."""

    def discard(self, keys: Iterable[int], owner: str) -> Sequence[int]:
        return super().discard([key for key, row in self.live.items() if row.job.owner == owner], owner)


class Impatient(Model):
    """It lets a request's jobs start before it has ended."""

    def add(self, jobs: Sequence[Job], room: int) -> Sequence[Added]:
        return super().add([job._replace(state=State.HELD if job.after else State.QUEUED) for job in jobs], room)


class Unordered(Model):
    """It forgets what a job waits for."""

    def add(self, jobs: Sequence[Job], room: int) -> Sequence[Added]:
        return super().add([job._replace(after=None) for job in jobs], room)


class Backward(Model):
    """It gives a job that is tried again its first token."""

    def change(self, change: Change, id: str, now: int) -> Job | None:
        job = super().change(change, id, now)
        if change is Change.RETRY and job is not None and job.state is State.QUEUED:
            self.live[job.key].job = job = job._replace(token=0)
        return job


class Heartless(Model):
    """It leaves with the dead what they ran."""

    def rescue(self, now: int, steady: int) -> Sequence[Job]:
        return []


class Deaf(MemoryStore):
    """It waits for the hint that something was added or released, however long that takes."""

    def add(self, jobs: Sequence[Job]) -> Pending[Sequence[Added]]:
        answer = super().add(jobs)
        self.memory.notice()
        return answer

    def release(self, keys: Sequence[int]) -> Pending[None]:
        answer = super().release(keys)
        self.memory.notice()
        return answer

    async def wait(self, seconds: float) -> bool:
        return await super().wait(seconds + 1_000_000)

    def _write(
        self,
        act: Callable[[Model], T],
        facts: Callable[[T], Sequence[Event]] = lambda _: (),
        changed: Callable[[T], bool] = lambda _: True,
    ) -> Pending[T]:
        return super()._write(act, facts, lambda _: False)


class OwnClock:
    """The clock of one process, which is wrong."""

    def __init__(self, clock: FalseClock, off: int) -> None:
        self._clock = clock
        self._off = off

    def now(self) -> int:
        return self._clock.now() + self._off

    def steady(self) -> int:
        return self._clock.steady() + self._off


class Clocks(InMemory):
    """Each process writes its leases, and judges those of others, by its own wrong clock."""

    def __init__(self, clock: FalseClock) -> None:
        super().__init__(clock)
        self._chance = random.Random(1)

    def make(self) -> Store:
        store = MemoryStore(clock=OwnClock(self._clock, self._chance.randint(-90, 90) * SECOND), memory=self._memory)
        store.open()
        return store


@dataclass(frozen=True)
class Fault:
    """How a store is broken, and the letter of the law that it breaks first."""

    found: Found
    laws: tuple[str, ...]


def _model(model: Callable[[], Model], *laws: str) -> Fault:
    return Fault(lambda clock: InMemory(clock, model), laws)


BROKEN: dict[str, Fault] = {
    "no token check": _model(Credulous, "L4"),
    "leases by one's own clock": Fault(Clocks, ("L4", "L7")),
    "a lost hint is never made good": Fault(lambda clock: InMemory(clock, store=Deaf), ("L3",)),
    "more than was asked for": _model(Greedy, "L4"),
    "the same job twice": _model(Doubling, "L4"),
    "two owners": _model(Shared, "L4", "L7"),
    "not waiting until it is due": _model(Hasty, "L7"),
    "rescued from the living": _model(Suspicious, "L4"),
    "added and gone": _model(Careless, "L1"),
    "discarded with another request": _model(Rash, "L2"),
    "started within its request": _model(Impatient, "L1", "P3"),
    "out of order": _model(Unordered, "L1", "P1"),
    "a token that falls": _model(Backward, "L4"),
    "nobody rescued": _model(Heartless, "L3"),
}
