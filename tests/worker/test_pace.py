"""How much is claimed ahead."""

import pytest

from afterword.clock import SECOND
from afterword.testing.clock import FalseClock
from afterword.worker.pace import AHEAD, MOST, WINDOW, Pace


@pytest.fixture
def clock() -> FalseClock:
    return FalseClock()


def test_nothing_ahead_before_anything_has_ended(clock: FalseClock) -> None:
    assert Pace(clock.steady).ahead() == 0


def test_slow_attempts_leave_nothing_to_claim_ahead(clock: FalseClock) -> None:
    pace = Pace(clock.steady)
    for _ in range(10):
        pace.note(WINDOW // AHEAD)
        clock.advance(WINDOW / SECOND)
    assert pace.ahead() == 0


def test_as_many_as_end_in_that_time(clock: FalseClock) -> None:
    pace = Pace(clock.steady)
    pace.note(300)
    clock.advance(WINDOW / SECOND)
    assert pace.ahead() == 300 * AHEAD // WINDOW
    pace.note(100)
    assert pace.ahead() == 300 * AHEAD // WINDOW


def test_a_pause_ends_it(clock: FalseClock) -> None:
    pace = Pace(clock.steady)
    pace.note(1000)
    clock.advance(2 * WINDOW / SECOND)
    assert pace.ahead() == 0


def test_never_more_than_the_most(clock: FalseClock) -> None:
    pace = Pace(clock.steady)
    pace.note(1_000_000)
    assert pace.ahead() == MOST
