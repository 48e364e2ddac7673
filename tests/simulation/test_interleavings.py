"""One job, two workers, a rescuer and a person, in every order in which their steps can come."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from afterword.jobs.job import State
from afterword.jobs.outcome import Failed, Outcome, Succeeded
from afterword.stores.memory import Memory, MemoryStore
from afterword.stores.model import Model
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Store
from afterword.testing import FalseClock
from tests.simulation.broken import Backward, Credulous, Shared
from tests.simulation.scene import Scene, Script, interleavings, job

CASES: dict[str, list[Script]] = {
    "a late outcome against another attempt": [
        ["A claims", "A settles", "A settles again"],
        ["B claims", "B renews", "B settles"],
        ["time passes", "B rescues"],
    ],
    "a person against an attempt": [
        ["A claims", "A settles", "A settles again"],
        ["B claims", "B settles"],
        ["a cancels", "a retries"],
    ],
    "a person against a late outcome": [
        ["A claims", "A settles", "A settles again"],
        ["time passes", "B rescues", "B claims"],
        ["a cancels", "a retries"],
    ],
    "a claim whose answer is lost": [
        ["A claims unheard", "A claims", "A settles"],
        ["B claims", "B settles"],
        ["time passes", "B rescues"],
    ],
}
ALL: list[Script] = [
    ["A claims", "A renews", "A settles", "A settles again"],
    ["B claims", "B settles"],
    ["time passes", "B rescues"],
    ["a cancels", "a retries"],
]
OUTCOMES: list[tuple[Outcome, Outcome]] = [
    (Succeeded(b'"A"'), Succeeded(b'"B"')),
    (Failed("no"), Succeeded(b'"B"')),
    (Failed("never", retry=False), Succeeded(b'"B"')),
    (Succeeded(b'"A"'), Failed("never", retry=False)),
]


def in_memory(model: type[Model] = Model) -> tuple[dict[str, Store], FalseClock]:
    clock, memory = FalseClock(), Memory()
    memory.model = model()
    return {name: MemoryStore(clock=clock, memory=memory) for name in ("A", "B")}, clock


@pytest.mark.parametrize("at_most_once", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_every_order_comes_to_one_legal_outcome(case: str, at_most_once: bool) -> None:
    for outcomes in OUTCOMES:
        play_all(CASES[case], outcomes, at_most_once)


def test_every_order_of_all_of_them() -> None:
    play_all(ALL, OUTCOMES[0], at_most_once=False)


@pytest.mark.process  # For its length.
@pytest.mark.parametrize("at_most_once", [False, True])
@pytest.mark.parametrize("outcomes", OUTCOMES[1:])
def test_every_order_of_all_of_them_with_other_outcomes(outcomes: tuple[Outcome, Outcome], at_most_once: bool) -> None:
    play_all(ALL, outcomes, at_most_once)


def play_all(scripts: Sequence[Script], outcomes: tuple[Outcome, Outcome], at_most_once: bool) -> None:
    for steps in interleavings(scripts):
        stores, clock = in_memory()
        scene = Scene(stores, dict(zip("AB", outcomes, strict=True)), clock, job(1, at_most_once=at_most_once))
        try:
            end = scene.play(steps)
        except AssertionError as error:
            error.add_note(f"{steps}, {outcomes}: {scene.seen}")
            raise
        assert end.state in (State.QUEUED, State.RUNNING, State.SUCCEEDED, State.FAILED, State.CANCELLED)


def test_there_are_as_many_orders_as_there_should_be() -> None:
    assert len(list(interleavings([["a", "b"], ["c", "d"], ["e"]]))) == 30
    assert set(interleavings([["a", "b"], ["c"]])) == {("a", "b", "c"), ("a", "c", "b"), ("c", "a", "b")}


@pytest.mark.parametrize("broken", [Credulous, Shared, Backward])
def test_a_broken_store_is_found_out(broken: type[Model]) -> None:
    with pytest.raises(AssertionError):
        for case in CASES.values():
            for steps in interleavings(case):
                stores, clock = in_memory(broken)
                Scene(stores, dict(zip("AB", OUTCOMES[2], strict=True)), clock, job(1)).play(steps)


@pytest.fixture
def in_sqlite(tmp_path: Path) -> Iterator[tuple[dict[str, Store], FalseClock]]:
    clock = FalseClock()
    stores: dict[str, Store] = {name: SqliteStore(tmp_path / "jobs.db", clock=clock) for name in ("A", "B")}
    yield stores, clock
    for store in stores.values():
        store.close()


@pytest.mark.parametrize("case", CASES)
def test_sqlite_comes_to_the_same_in_a_sample(case: str, in_sqlite: tuple[dict[str, Store], FalseClock]) -> None:
    chance = random.Random(case)
    orders = list(interleavings(CASES[case]))
    stores, clock = in_sqlite
    for number, steps in enumerate(chance.sample(orders, 40), 1):
        outcomes = dict(zip("AB", chance.choice(OUTCOMES), strict=True))
        one = job(number, at_most_once=chance.random() < 0.3)
        memory = Memory()
        model_clock = FalseClock(clock.now())
        models: dict[str, Store] = {name: MemoryStore(clock=model_clock, memory=memory) for name in ("A", "B")}
        here, there = Scene(models, outcomes, model_clock, one), Scene(stores, outcomes, clock, one)
        here.play(steps)
        there.play(steps)
        assert here.seen == there.seen
