"""What lies between a process and its store: here it is where calls fail, answers get lost, and both take their time."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from afterword.errors import StoreError, StoreUnavailable
from afterword.jobs.job import Job, State
from afterword.jobs.lifecycle import Settlement
from afterword.stores.pending import Pending, resolve
from afterword.stores.store import Added, Change, Claims, Hold, Query, Store, Verdict, Want, WorkerSeen
from tests.simulation.loop import Lane, VirtualLoop

PATIENCE = 30.0


@dataclass
class Faults:
    """How often what goes wrong, from 0 to 1."""

    before: float = 0.0
    """The call fails, and nothing was done."""
    after: float = 0.0
    """It was done, and the caller is told that it failed."""
    slow: float = 0.0
    """Call and answer take seconds, while others act."""
    deaf: float = 0.0
    """A hint gets lost."""

    def cease(self) -> None:
        """All goes well from here on, but for hints: none of them comes through, and all must come to its end without."""
        self.before = self.after = self.slow = 0.0
        self.deaf = 1.0


class Step(NamedTuple):
    """One call that a store has answered."""

    process: str
    verb: str
    given: Any
    answer: Any
    error: StoreError | None
    heard: bool
    """Whether the answer reaches the caller."""


class Line:
    """A Store whose calls are made by a thread of its process, a while after they were asked for."""

    def __init__(
        self,
        store: Store,
        lane: Lane,
        loop: VirtualLoop,
        chance: random.Random,
        faults: Faults,
        saw: Callable[[Step], None],
    ) -> None:
        self.store = store
        self.process = store.process
        self.life = store.life
        self._lane = lane
        self._loop = loop
        self._chance = chance
        self._faults = faults
        self._saw = saw

    def open(self) -> None:
        self.store.open()

    def close(self) -> None:
        self.store.close()

    def add(self, jobs: Sequence[Job]) -> Pending[Sequence[Added]]:
        return self._call("add", tuple(jobs), lambda: self.store.add(jobs))

    def release(self, keys: Sequence[int]) -> Pending[None]:
        return self._call("release", tuple(keys), lambda: self.store.release(keys))

    def discard(self, keys: Sequence[int]) -> Pending[None]:
        return self._call("discard", tuple(keys), lambda: self.store.discard(keys))

    def claim(self, want: Want) -> Pending[Claims]:
        return self._call("claim", want, lambda: self.store.claim(want))

    def settle(self, settlements: Sequence[Settlement]) -> Pending[Sequence[Verdict]]:
        return self._call("settle", tuple(settlements), lambda: self.store.settle(settlements))

    def renew(self, leases: Sequence[tuple[int, int]]) -> Pending[Sequence[Hold]]:
        return self._call("renew", tuple(leases), lambda: self.store.renew(leases))

    def rescue(self) -> Pending[Sequence[Job]]:
        return self._call("rescue", None, lambda: self.store.rescue())

    def change(self, change: Change, ids: Sequence[str]) -> Pending[Sequence[Job | None]]:
        return self._call("change", (change, tuple(ids)), lambda: self.store.change(change, ids))

    def get(self, id: str) -> Pending[Job | None]:
        return self._call("get", id, lambda: self.store.get(id))

    def find(self, query: Query) -> Pending[Sequence[Job]]:
        return self._call("find", query, lambda: self.store.find(query))

    def count(self) -> Pending[dict[State, int]]:
        return self._call("count", None, lambda: self.store.count())

    def forget(self, before: int, limit: int) -> Pending[int]:
        return self._call("forget", (before, limit), lambda: self.store.forget(before, limit))

    def beat(self, app: str) -> Pending[None]:
        return self._call("beat", app, lambda: self.store.beat(app))

    def leave(self) -> Pending[None]:
        return self._call("leave", None, lambda: self.store.leave())

    def workers(self) -> Pending[Sequence[WorkerSeen]]:
        return self._call("workers", None, lambda: self.store.workers())

    def tidy(self) -> Pending[None]:
        return self._call("tidy", None, lambda: self.store.tidy())

    def wake(self) -> None:
        self.store.wake()

    async def wait(self, seconds: float) -> bool:
        until = self._loop.time() + seconds
        heard = await self.store.wait(seconds)
        while heard and self._chance.random() < self._faults.deaf and (left := until - self._loop.time()) > 0:
            heard = await self.store.wait(left)
        await asyncio.sleep(self._pause())
        return heard

    def _call(self, verb: str, given: Any, act: Callable[[], Pending[Any]]) -> Pending[Any]:
        answer: Pending[Any] = Pending()
        fails = self._chance.random()
        before = fails < self._faults.before
        after = not before and fails < self._faults.before + self._faults.after
        self._loop.later(self._lane, self._pause(), self._make, verb, given, act, answer, before, after)
        return answer

    def _make(
        self, verb: str, given: Any, act: Callable[[], Pending[Any]], answer: Pending[Any], before: bool, after: bool
    ) -> None:
        said: Any = None
        error: StoreError | None = None
        if before:
            error = StoreUnavailable(store="simulation", why="it fails now and then")
        else:
            try:
                said = act().result(PATIENCE)
            except StoreError as refusal:
                error = refusal
            self._saw(Step(self.process, verb, given, said, error, heard=not after))
        if after and error is None:
            error = StoreUnavailable(store="simulation", why="its answer got lost")
        self._loop.later(self._lane, self._pause(), resolve, [(answer, said, error)])

    def _pause(self) -> float:
        if self._chance.random() < self._faults.slow:
            return self._chance.choice((0.3, 2.0, 6.0)) * self._chance.random()
        return 0.002 * self._chance.random()
