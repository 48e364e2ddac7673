"""Where several want something of the same job at once, in whatever order they come, SQLite and the model come to the same."""

from collections.abc import Sequence

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from afterword.clock import SECOND
from afterword.jobs import lifecycle
from afterword.jobs.job import Job, State
from afterword.jobs.lifecycle import Settlement
from afterword.jobs.outcome import Outcome
from afterword.stores.store import GRACE, LEASE, Change, Query, Want
from tests.stores.test_model import OUTCOMES, PATIENCE, PROCESSES, Comparison, nameless, pick, processes

LAPSE = (LEASE + GRACE) / SECOND + 0.001
"""Seconds after which a lease that nobody renewed is as good as none."""

OVER_AN_ATTEMPT = st.lists(
    st.sampled_from(["claim", "settle", "settle again", "renew", "cancel", "retry", "forget", "lapse", "rescue", "die"]),
    min_size=2,
    max_size=10,
)
OVER_A_REQUEST = st.lists(
    st.sampled_from(["release", "discard", "rescue", "die", "cancel", "retry", "claim", "settle", "add again"]),
    min_size=2,
    max_size=10,
)


class Races(Comparison):
    """Besides what the others do, two processes and a person turn to the latest jobs, again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.settled: list[tuple[Settlement, Settlement]] = []

    @rule(
        one=processes,
        apart=st.integers(1, PROCESSES - 1),
        events=OVER_AN_ATTEMPT,
        outcomes=st.lists(st.sampled_from(OUTCOMES), min_size=10, max_size=10),
        data=st.data(),
    )
    def over_an_attempt(self, one: int, apart: int, events: list[str], outcomes: list[Outcome], data: st.DataObject) -> None:
        job = self.draw_job(data, "")._replace(state=State.QUEUED, owner=None, after=None, run_at=0, priority=9, app="main:app")
        self.write(one, [job])
        self.take(one)
        for number, (event, outcome) in enumerate(zip(events, outcomes, strict=False)):
            who = one if number % 2 else (one + apart) % PROCESSES
            match event:
                case "claim":
                    self.take(who)
                case "settle":
                    self.end(who, outcome)
                case "settle again" if self.settled:
                    self.say(who, self.settled[-1])
                case "cancel" | "retry" | "forget":
                    self.change(who, [0], Change(event))
                case "lapse":
                    self.clock.advance(LAPSE)
                case "renew":
                    self.renew(who)
                case "rescue":
                    self.rescue(who)
                case "die":
                    self.die(who)
            self.all_is_the_same()

    @rule(one=processes, apart=st.integers(1, PROCESSES - 1), events=OVER_A_REQUEST, size=st.integers(1, 3), data=st.data())
    def over_a_request(self, one: int, apart: int, events: list[str], size: int, data: st.DataObject) -> None:
        jobs: list[Job] = []
        for _ in range(size):
            job = self.draw_job(data, self.pairs[one].model.process)
            chained = jobs[-1].id if jobs else None
            jobs.append(job._replace(state=State.HELD, owner=self.pairs[one].model.process, after=chained))
        self.added.append(jobs)
        self.write(one, jobs)
        latest = list(range(size))
        other = (one + apart) % PROCESSES
        for event in events:
            match event:
                case "release":
                    self.release(one, latest)
                case "discard":
                    self.discard(one, latest)
                case "rescue":
                    self.rescue(other)
                case "die":
                    self.die(one)
                case "cancel" | "retry":
                    self.change(other, latest, Change(event))
                case "claim":
                    self.take(other)
                case "settle":
                    self.end(other, OUTCOMES[0])
                case "add again":
                    self.write(one, jobs)
            self.all_is_the_same()

    @rule(process=processes, which=pick)
    def settle_again(self, process: int, which: int) -> None:
        """The answer was lost, and the very same is said once more, however much later."""
        if self.settled:
            self.say(process, self.settled[-1 - which % len(self.settled)])

    @rule(
        process=processes,
        states=st.lists(st.sampled_from(State), max_size=3, unique=True),
        task=st.sampled_from([None, None, "main:send", "main:other"]),
        id=st.sampled_from([None, None, "0", "1", "00000001", ""]),
        limit=st.integers(1, 4),
        above=st.none() | st.integers(0, 12),
    )
    def page_through(
        self, process: int, states: Sequence[State], task: str | None, id: str | None, limit: int, above: int | None
    ) -> None:
        pages = [Query(tuple(states), task=task, id=id, limit=limit)] * 2
        for _ in range(20):
            found = [store.find(page).result(PATIENCE) for store, page in zip(self.stores(process), pages, strict=True)]
            assert nameless(found[0]) == nameless(found[1])
            if not found[0]:
                return
            pages = [page._replace(before=jobs[-1].key) for page, jobs in zip(pages, found, strict=True)]
        raise AssertionError("the pages have no end")

    @rule(process=processes, app=st.sampled_from(["main:app", "other:app"]))
    def look_when_the_next_is_due(self, process: int, app: str) -> None:
        model, sqlite = (store.claim(Want(app, 0)).result(PATIENCE) for store in self.pairs[process])
        assert (list(model.jobs), model.next_due) == (list(sqlite.jobs), sqlite.next_due) == ([], model.next_due)

    @rule(process=processes, app=st.sampled_from(["main:app", "other:app"]))
    def beat(self, process: int, app: str) -> None:
        self.both(process, lambda store: store.beat(app).result(PATIENCE))

    @rule(process=processes)
    def leave(self, process: int) -> None:
        self.both(process, lambda store: store.leave().result(PATIENCE))

    @invariant()
    def the_workers_are_the_same(self) -> None:
        model, sqlite = self.pairs[0]
        assert sorted(model.workers().result()) == sorted(sqlite.workers().result(PATIENCE))

    def take(self, process: int) -> None:
        self.claim(process, 1, "main:app", ())

    def end(self, process: int, outcome: Outcome) -> None:
        if self.claimed:
            model, sqlite = self.claimed[-1]
            now = self.clock.now()
            self.settled.append((lifecycle.settle(model, outcome, now, 0.5), lifecycle.settle(sqlite, outcome, now, 0.5)))
            self.say(process, self.settled[-1])

    def say(self, process: int, settlements: tuple[Settlement, Settlement]) -> None:
        stores = self.stores(process)
        model, sqlite = (store.settle([said]).result(PATIENCE) for store, said in zip(stores, settlements, strict=True))
        assert list(model) == list(sqlite)


TestRaces = Races.TestCase
TestRaces.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
