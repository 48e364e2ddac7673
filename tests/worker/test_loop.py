"""Duties that come round again and again."""

import asyncio

import pytest

from afterword.clock import until_round
from afterword.errors import StoreUnavailable
from afterword.events import Event, StoreFailed, nobody
from afterword.worker import loop
from afterword.worker.loop import every


class Enough(Exception):
    """The loop has been watched for long enough."""


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """When somebody went to rest, and for how long; at the third time it is enough."""
    seen: list[tuple[float, float]] = []

    async def sleep(seconds: float) -> None:
        seen.append((asyncio.get_running_loop().time(), seconds))
        if len(seen) == 3:
            raise Enough

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return seen


async def nothing() -> None:
    pass


@pytest.mark.parametrize("period", [0.1, 0.5, 30.0])
def test_duties_come_round_at_moments_that_all_share(rests: list[tuple[float, float]], period: float) -> None:
    with pytest.raises(Enough):
        asyncio.run(every(period, nothing, nobody))

    assert all(0 < seconds <= 1.1 * period for _, seconds in rests)
    assert all((now + seconds) / period == pytest.approx(round((now + seconds) / period), abs=0.02) for now, seconds in rests)


def test_what_has_no_period_is_done_again_at_once(rests: list[tuple[float, float]]) -> None:
    with pytest.raises(Enough):
        asyncio.run(every(0.0, nothing, nobody))

    assert [seconds for _, seconds in rests] == [0.0] * 3


def test_a_store_that_fails_is_given_a_rest(rests: list[tuple[float, float]]) -> None:
    told: list[Event] = []

    async def ask() -> None:
        raise StoreUnavailable(store="jobs.db", why="it is away")

    with pytest.raises(Enough):
        asyncio.run(every(0.0, ask, told.append))

    assert all(seconds >= loop.REST for _, seconds in rests)
    assert [event.doing for event in told if isinstance(event, StoreFailed)] == ["ask"] * 3


@pytest.mark.parametrize(
    ("now", "period", "seconds"), [(0.0, 0.5, 0.5), (0.2, 0.5, 0.3), (0.5, 0.5, 0.5), (0.499, 0.5, 0.501), (61.0, 60.0, 59.0)]
)
def test_a_timer_that_is_a_little_early_has_come_round(now: float, period: float, seconds: float) -> None:
    assert until_round(now, period) == pytest.approx(seconds)
