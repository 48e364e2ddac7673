"""What the adder keeps until it has succeeded."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from afterword import adder
from afterword.adder import Adder
from afterword.clock import SystemClock
from afterword.errors import StoreUnavailable
from afterword.events import Event, StoreFailed
from afterword.jobs.job import State
from afterword.tasks.call import Binder
from afterword.tasks.registry import Registry
from tests.door.reading import states
from tests.door.watched import Watched
from tests.door.work import work
from tests.support.processes import PATIENCE

UNAVAILABLE = StoreUnavailable(store="there", why="the disk is full")


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def ours(store: Watched, told: list[Event], monkeypatch: pytest.MonkeyPatch) -> Adder:
    monkeypatch.setattr(adder, "REST", 0.01)
    registry = Registry(Path(__file__).parents[2])
    return Adder(store, "main:app", Binder(registry, 1000), SystemClock(), told.append)


async def held(ours: Adder, label: str) -> int:
    """The key of a new job that is held."""
    job = ours.job(ours.bind(work, [label], {}), held=True)
    return (await ours.add([job]))[0].key


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not happened():
            await asyncio.sleep(0.001)


async def test_a_release_that_fails_is_tried_until_it_succeeds(ours: Adder, store: Watched, told: list[Event]) -> None:
    store.fail("release", UNAVAILABLE, UNAVAILABLE, UNAVAILABLE)
    key = await held(ours, "a")

    ours.release([key])
    assert states(store.jobs()) == [State.HELD]

    await until(lambda: states(store.jobs()) == [State.QUEUED])
    assert [event for event in told if isinstance(event, StoreFailed)] == [StoreFailed("release", UNAVAILABLE)] * 3


async def test_a_discard_that_fails_is_tried_until_it_succeeds(ours: Adder, store: Watched, told: list[Event]) -> None:
    store.fail("discard", UNAVAILABLE)
    key = await held(ours, "a")

    ours.discard([key])
    assert states(store.jobs()) == [State.HELD]

    await until(lambda: store.jobs() == [])
    assert told[-1] == StoreFailed("discard", UNAVAILABLE)


async def test_what_failed_goes_with_the_next(ours: Adder, store: Watched, notes: list[str]) -> None:
    store.fail("release", UNAVAILABLE)
    keys = [await held(ours, label) for label in "abc"]

    ours.release(keys[:2])
    ours.release(keys[2:])

    assert notes[-2:] == ["release fails", "release 3"]


def test_what_failed_on_a_loop_that_has_ended_goes_with_the_next_on_another(
    ours: Adder, store: Watched, notes: list[str]
) -> None:
    async def ending(label: str) -> None:
        ours.release([await held(ours, label)])

    store.fail("release", UNAVAILABLE)
    asyncio.run(ending("a"))
    asyncio.run(ending("b"))

    assert notes == ["add 1", "release fails", "add 1", "release 2"]


async def test_closing_tries_once_more(ours: Adder, store: Watched, notes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adder, "REST", 100)
    store.fail("release", UNAVAILABLE)
    ours.release([await held(ours, "a")])

    await ours.close()

    assert notes == ["add 1", "release fails", "release 1"]
    assert states(store.jobs()) == [State.QUEUED]


async def test_closing_waits_for_what_is_under_way(ours: Adder, store: Watched) -> None:
    done: list[str] = []

    async def slow() -> None:
        await asyncio.sleep(0.05)
        done.append("slow")

    ours.see_through(slow())
    await ours.close()

    assert done == ["slow"]
