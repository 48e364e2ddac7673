"""Time, in whole microseconds: the only part of the world that tests may falsify."""

import math
import time
from typing import Protocol

SECOND = 1_000_000


class Clock(Protocol):
    """What the rest of the house asks for the time."""

    def now(self) -> int:
        """Microseconds since the epoch, for people and for `run_at`; may jump when somebody sets the clock."""
        ...

    def steady(self) -> int:
        """Microseconds since this boot, equal in all processes of the machine; never jumps; for leases."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> int:
        return time.time_ns() // 1000

    def steady(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def microseconds(seconds: float) -> int:
    """Seconds as a person writes them, in the unit that stores and clocks use."""
    return round(seconds * SECOND)


_EARLY = 0.1
"""Share of a period by which a timer may be too early, and has come round all the same."""


def until_round(now: float, period: float) -> float:
    """Seconds from `now` until the next multiple of `period`. All that keeps to such moments comes round together, so that a
    process at rest is woken once for all of it, and the machine once for all its workers."""
    return (math.floor(now / period + _EARLY) + 1) * period - now
