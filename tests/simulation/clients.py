"""Clients of the simulated API, and the person who looks after its jobs."""

import asyncio
import random
from collections.abc import Sequence

from afterword.adder import Adder
from afterword.clock import Clock
from afterword.collector import Collector
from afterword.errors import StoreError
from afterword.events import nobody
from afterword.jobs.job import Job
from afterword.stores.store import Change, Store
from afterword.tasks.call import Binder, Call
from afterword.tasks.registry import Registry
from tests.simulation.kinds import APP, Kind
from tests.simulation.loop import Process
from tests.simulation.oracle import Oracle, Promise


class Noting(Adder):
    """An adder that notes what it makes, with the unique key that was set before."""

    unique_key: str | None = None

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, APP, Binder(Registry(None), 10_000), clock, nobody)
        self.made: list[Job] = []

    def job(self, call: Call, *, held: bool = False, after: str | None = None) -> Job:
        self.made.append(super().job(call, held=held, after=after)._replace(unique_key=self.unique_key))
        return self.made[-1]


class Clients:
    """Their requests, and what they were told."""

    def __init__(self, oracle: Oracle, chance: random.Random, offered: Sequence[Kind]) -> None:
        self.kinds: dict[str, Kind] = {}
        """The kind of each job."""
        self._offered = offered
        self._oracle = oracle
        self._chance = chance

    async def request(self, adder: Noting, process: Process) -> None:
        """One request, as the door goes through it: endpoint, commit, response, end."""
        collector = Collector(adder, held=True)
        promises: list[Promise] = []
        for _ in range(self._chance.randint(1, 4)):
            self._add(collector, adder, process, promises)
        if self._chance.random() < 0.1:
            collector.abandon()
            await self._fail(collector, promises)
            return
        try:
            await collector.commit()
        except StoreError:
            await collector.end(failed=True)  # Whether something was written, the client does not know.
            return
        await asyncio.sleep(0.5 * self._chance.random())
        if self._chance.random() < 0.15:
            await self._fail(collector, promises)
            return
        for promise in promises:
            promise.accepted = True
        late: list[Promise] = []
        if self._chance.random() < 0.3:
            self._add(collector, adder, process, late)
        await asyncio.sleep(self._chance.expovariate(1))
        for promise in [*promises, *late]:
            promise.over = True
        try:
            await collector.end(failed=False)
        except StoreError:
            return  # What came late is lost, and has been told.
        for promise in late:
            promise.accepted = True

    async def _fail(self, collector: Collector, promises: list[Promise]) -> None:
        for promise in promises:
            promise.failed = True
        await collector.end(failed=True)

    def _add(self, collector: Collector, adder: Noting, process: Process, promises: list[Promise]) -> None:
        kind = self._chance.choice(self._offered)
        number = len(self.kinds) + 1
        adder.unique_key = f"key {self._chance.randint(1, 3)}" if kind.unique else None
        collector.take(kind.task, (number,), {})
        job = adder.made[-1]
        self.kinds[job.id] = kind
        promise = Promise(number, process, job.after, job.at_most_once, kind.attempts)
        self._oracle.promises[job.id] = promise
        promises.append(promise)


async def wish(store: Store, ids: list[str], chance: random.Random) -> None:
    """What a person wants of one or two jobs."""
    change = chance.choice((Change.CANCEL, Change.CANCEL, Change.RETRY, Change.RETRY, Change.FORGET))
    some = dict.fromkeys(chance.choices(ids, k=2))
    try:
        await store.change(change, list(some))
    except StoreError:
        return
