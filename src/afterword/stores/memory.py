"""Jobs in memory, for as long as the process lives."""

import asyncio
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import TypeVar

from afterword import events
from afterword.clock import Clock, SystemClock
from afterword.errors import StoreClosed, StoreError
from afterword.events import Event, Tell, nobody
from afterword.jobs.job import Job, State
from afterword.jobs.lifecycle import Settlement
from afterword.stores.model import Model
from afterword.stores.pending import Pending, failed, finished, resolve
from afterword.stores.store import Added, Change, Claims, Hold, Query, Verdict, Want, WorkerSeen

T = TypeVar("T")

_SYSTEM_CLOCK = SystemClock()


class Memory:
    """What several stores, each standing for a process, share: one lock over one model."""

    def __init__(self) -> None:
        self.model = Model()
        self.lock = threading.RLock()
        self.changes = 0
        self.stir: Pending[None] = Pending()

    def notice(self) -> None:
        """Something was written: wake whoever waits."""
        self.changes += 1
        stirred, self.stir = self.stir, Pending()
        resolve([(stirred, None, None)])


class MemoryStore:
    """A Store whose every call answers at once. Stores that share a `memory` stand for several processes."""

    life: str | None = None

    def __init__(
        self,
        *,
        clock: Clock = _SYSTEM_CLOCK,
        tell: Tell = nobody,
        max_queued: int = 1_000_000,
        memory: Memory | None = None,
    ) -> None:
        self.process = uuid.uuid4().hex
        self.memory = memory or Memory()
        self._clock = clock
        self._tell = tell
        self._max_queued = max_queued
        self._seen: int | None = None
        self._opened = False
        self._closed = False

    def open(self) -> None:
        with self.memory.lock:
            if self._closed:
                self.process = uuid.uuid4().hex
                self._closed = False
            self._enter()

    def close(self) -> None:
        with self.memory.lock:
            self._closed = True
            self._opened = False
            self.memory.model.leave(self.process)
            self.memory.model.living.discard(self.process)

    def add(self, jobs: Sequence[Job]) -> Pending[Sequence[Added]]:
        def facts(added: Sequence[Added]) -> Sequence[Event]:
            created = tuple(job.id for job, one in zip(jobs, added, strict=True) if one.created)
            return [events.Written(created), events.Added(created)] if created else []

        return self._write(lambda model: model.add(jobs, self._max_queued), facts)

    def release(self, keys: Sequence[int]) -> Pending[None]:
        return self._write(lambda model: model.release(keys), lambda _: [events.Released(tuple(keys))])

    def discard(self, keys: Sequence[int]) -> Pending[None]:
        released: list[int] = []
        return self._write(
            lambda model: released.extend(model.discard(keys, self.process)),
            lambda _: [events.Released(tuple(released))] if released else [],
        )

    def claim(self, want: Want) -> Pending[Claims]:
        now, steady = self._clock.now(), self._clock.steady()
        return self._write(lambda model: model.claim(want, self.process, now, steady), changed=lambda claims: bool(claims.jobs))

    def settle(self, settlements: Sequence[Settlement]) -> Pending[Sequence[Verdict]]:
        return self._write(lambda model: [model.settle(settlement) for settlement in settlements])

    def renew(self, leases: Sequence[tuple[int, int]]) -> Pending[Sequence[Hold]]:
        steady = self._clock.steady()
        return self._write(lambda model: [model.renew(key, token, steady) for key, token in leases], changed=bool)

    def rescue(self) -> Pending[Sequence[Job]]:
        return self._write(
            lambda model: model.rescue(self._clock.now(), self._clock.steady()),
            lambda rescued: [events.Rescued(job) for job in rescued],
            changed=bool,
        )

    def change(self, change: Change, ids: Sequence[str]) -> Pending[Sequence[Job | None]]:
        return self._write(lambda model: [model.change(change, id, self._clock.now()) for id in ids])

    def get(self, id: str) -> Pending[Job | None]:
        return self._read(lambda model: row.job if (row := model.row(id)) else None)

    def find(self, query: Query) -> Pending[Sequence[Job]]:
        return self._read(lambda model: model.find(query))

    def count(self) -> Pending[dict[State, int]]:
        def count(model: Model) -> dict[State, int]:
            counts = dict.fromkeys(State, 0)
            for job in model.jobs():
                counts[job.state] += 1
            return counts

        return self._read(count)

    def forget(self, before: int, limit: int) -> Pending[int]:
        return self._write(lambda model: model.forget(before, limit), changed=bool)

    def beat(self, app: str) -> Pending[None]:
        return self._write(lambda model: model.beat(self.process, app, self._clock.now(), self._clock.steady()))

    def leave(self) -> Pending[None]:
        return self._write(lambda model: model.leave(self.process))

    def workers(self) -> Pending[Sequence[WorkerSeen]]:
        steady = self._clock.steady()
        return self._read(lambda model: model.workers(steady))

    def tidy(self) -> Pending[None]:
        return self._read(lambda model: None)

    def wake(self) -> None:
        with self.memory.lock:
            self.memory.notice()

    async def wait(self, seconds: float) -> bool:
        with self.memory.lock:
            self._enter()
            stir, changes = self.memory.stir, self.memory.changes
        if changes == self._seen:
            try:
                async with asyncio.timeout(seconds):
                    await stir
            except TimeoutError:
                return False
        self._seen = self.memory.changes
        return True

    def _write(
        self,
        act: Callable[[Model], T],
        facts: Callable[[T], Sequence[Event]] = lambda _: (),
        changed: Callable[[T], bool] = lambda _: True,
    ) -> Pending[T]:
        try:
            with self.memory.lock:
                self._enter()
                answer = act(self.memory.model)
                if changed(answer):
                    self.memory.notice()
        except StoreError as error:
            return failed(error)
        for fact in facts(answer):
            self._tell(fact)
        return finished(answer)

    def _read(self, act: Callable[[Model], T]) -> Pending[T]:
        return self._write(act, changed=lambda _: False)

    def _enter(self) -> None:
        if self._closed:
            raise StoreClosed(store="memory")
        if not self._opened:
            self._opened = True
            self.memory.model.living.add(self.process)
