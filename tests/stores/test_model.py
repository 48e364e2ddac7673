"""Whatever is asked of them in whatever order, the store in SQLite and the model come to the same."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from afterword.clock import SECOND
from afterword.errors import BacklogFull
from afterword.jobs import lifecycle
from afterword.jobs.job import Job, State
from afterword.jobs.outcome import Crashed, Failed, Interrupted, Outcome, Snoozed, Succeeded
from afterword.jobs.retry import Retry
from afterword.stores.memory import Memory, MemoryStore
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Added, Change, Query, Store, Want
from afterword.testing import FalseClock

PATIENCE = 30.0
PROCESSES = 3
ROOM = 12

OUTCOMES: tuple[Outcome, ...] = (
    Succeeded(b"1"),
    Failed("no"),
    Failed("never", retry=False),
    Snoozed(2 * SECOND, "busy"),
    Interrupted("shutdown", started=True),
    Interrupted("shutdown", started=False),
    Crashed("segmentation fault", alone=False),
    Crashed("segmentation fault", alone=True),
)

processes = st.integers(0, PROCESSES - 1)
pick = st.integers(0, 1_000_000)
picks = st.lists(pick, min_size=1, max_size=4)


class Pair(NamedTuple):
    """One process, in the model and in SQLite."""

    model: MemoryStore
    sqlite: SqliteStore


class Comparison(RuleBasedStateMachine):
    """Three processes, each in the model and in SQLite under the same name; every call is made to both."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = FalseClock()
        self.memory = Memory()
        self.graves: list[SqliteStore] = []
        self.ids: list[str] = []
        self.added: list[Sequence[Job]] = []
        self.claimed: list[tuple[Job, Job]] = []
        self.pairs = [self.process() for _ in range(PROCESSES)]

    def process(self) -> Pair:
        model = MemoryStore(clock=self.clock, max_queued=ROOM, memory=self.memory)
        sqlite = SqliteStore(Path(self.folder.name) / "jobs.db", clock=self.clock, max_queued=ROOM)
        model.process = sqlite.process
        model.open()
        sqlite.open()
        return Pair(model, sqlite)

    def teardown(self) -> None:
        for store in [*(pair.sqlite for pair in self.pairs), *self.graves]:
            store.close()
        self.folder.cleanup()

    @rule(process=processes, data=st.data(), size=st.integers(1, 3))
    def add(self, process: int, data: st.DataObject, size: int) -> None:
        jobs: list[Job] = []
        for _ in range(size):
            jobs.append(self.draw_job(data, self.pairs[process].model.process))
        self.added.append(jobs)
        self.write(process, jobs)

    @rule(process=processes, which=pick)
    def add_again(self, process: int, which: int) -> None:
        if self.added:
            self.write(process, self.added[which % len(self.added)])

    @rule(process=processes, which=picks)
    def release(self, process: int, which: list[int]) -> None:
        self.both(process, lambda store: store.release(self.keys(store, which)).result(PATIENCE))

    @rule(process=processes, which=picks)
    def discard(self, process: int, which: list[int]) -> None:
        self.both(process, lambda store: store.discard(self.keys(store, which)).result(PATIENCE))

    @rule(
        process=processes,
        limit=st.integers(1, 3),
        app=st.sampled_from(["main:app", "other:app"]),
        queues=st.sampled_from([(), (), ("default",), ("mail", "slow")]),
    )
    def claim(self, process: int, limit: int, app: str, queues: tuple[str, ...]) -> None:
        model, sqlite = (store.claim(Want(app, limit, queues)).result(PATIENCE) for store in self.pairs[process])
        assert nameless(model.jobs) == nameless(sqlite.jobs)
        assert model.next_due == sqlite.next_due
        self.claimed += zip(model.jobs, sqlite.jobs, strict=True)

    @rule(process=processes, which=picks, outcome=st.sampled_from(OUTCOMES))
    def settle(self, process: int, which: list[int], outcome: Outcome) -> None:
        if self.claimed:
            chosen = [self.claimed[-1 - one % len(self.claimed)] for one in which]
            settled = [
                store.settle(
                    [lifecycle.settle(pair[side], outcome, self.clock.now(), 0.5) for pair in chosen],
                ).result(PATIENCE)
                for side, store in enumerate(self.stores(process))
            ]
            assert list(settled[0]) == list(settled[1])

    @rule(process=processes)
    def renew(self, process: int) -> None:
        leases = [[(pair[side].key, pair[side].token) for pair in self.claimed] for side in (0, 1)]
        model, sqlite = (store.renew(leases[side]).result(PATIENCE) for side, store in enumerate(self.stores(process)))
        assert list(model) == list(sqlite)

    @rule(process=processes)
    def rescue(self, process: int) -> None:
        model, sqlite = (store.rescue().result(PATIENCE) for store in self.pairs[process])
        assert sorted(nameless(model)) == sorted(nameless(sqlite))

    @rule(process=processes, which=picks, change=st.sampled_from(Change))
    def change(self, process: int, which: list[int], change: Change) -> None:
        ids = list(dict.fromkeys(self.chosen(which)))
        model, sqlite = (store.change(change, ids).result(PATIENCE) for store in self.pairs[process])
        assert [job and job._replace(key=0) for job in model] == [job and job._replace(key=0) for job in sqlite]

    @rule(process=processes, limit=st.integers(1, 3), age=st.integers(0, 3))
    def forget(self, process: int, limit: int, age: int) -> None:
        self.both(process, lambda store: store.forget(self.clock.now() - age * SECOND, limit).result(PATIENCE))

    @rule(seconds=st.sampled_from([0.5, 1.0, 2.0, 20.0, 70.0]))
    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([-5.0, 5.0]))
    def jump(self, seconds: float) -> None:
        self.clock.jump(seconds)

    @rule(process=processes)
    def die(self, process: int) -> None:
        model, sqlite = self.pairs[process]
        self.memory.model.living.discard(model.process)
        sqlite._session._lock.drop()
        self.graves.append(sqlite)
        self.pairs[process] = self.process()

    @invariant()
    def all_is_the_same(self) -> None:
        model, sqlite = self.pairs[0]
        everything = Query(limit=1000)
        assert nameless(model.find(everything).result()) == nameless(sqlite.find(everything).result(PATIENCE))
        assert model.count().result() == sqlite.count().result(PATIENCE)

    def draw_job(self, data: st.DataObject, process: str) -> Job:
        number = len(self.ids)
        id = f"{number:032x}"
        earlier = st.sampled_from(self.ids) if self.ids else st.none()
        self.ids.append(id)
        held = data.draw(st.booleans())
        return Job(
            id=id,
            app=data.draw(st.sampled_from(["main:app", "main:app", "main:app", "other:app"])),
            task="main:send",
            arguments=b"{}",
            added_at=self.clock.now(),
            retry=Retry(attempts=2, delay=1.0, jitter=0.0),
            state=State.HELD if held else State.QUEUED,
            owner=process if held else None,
            queue=data.draw(st.sampled_from(["default", "mail"])),
            priority=data.draw(st.integers(-1, 1)),
            run_at=data.draw(st.sampled_from([0, 0, self.clock.now() + SECOND])),
            after=data.draw(st.none() | earlier) if held else None,
            at_most_once=data.draw(st.booleans()),
            unique_key=data.draw(st.sampled_from([None, None, "a", "b"])),
        )

    def write(self, process: int, jobs: Sequence[Job]) -> None:
        model, sqlite = (outcome_of(store, jobs) for store in self.pairs[process])
        assert model == sqlite

    def both(self, process: int, act: Callable[[Store], Any]) -> None:
        model, sqlite = (act(store) for store in self.pairs[process])
        assert model == sqlite

    def stores(self, process: int) -> tuple[Store, Store]:
        model, sqlite = self.pairs[process]
        return model, sqlite

    def chosen(self, which: list[int]) -> list[str]:
        """Of the ids that are known, mostly the latest."""
        return [self.ids[-1 - one % len(self.ids)] for one in which] if self.ids else []

    def keys(self, store: Store, which: list[int]) -> list[int]:
        found = [store.get(id).result(PATIENCE) for id in self.chosen(which)]
        return [job.key for job in found if job is not None]


def outcome_of(store: Store, jobs: Sequence[Job]) -> list[tuple[bool, str]] | str:
    """Which were created, and which stand for those that were not; or why none was."""
    try:
        answers: Sequence[Added] = store.add(jobs).result(PATIENCE)
    except BacklogFull as full:
        return str(full)
    return [(answer.created, answer.id) for answer in answers]


def nameless(jobs: Sequence[Job]) -> list[Job]:
    """Without keys, which each store gives as it likes; they are in order all the same."""
    return [job._replace(key=0) for job in jobs]


TestComparison = Comparison.TestCase
TestComparison.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
