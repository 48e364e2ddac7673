"""A clock that goes only when it is told to."""

from afterword.clock import microseconds

_START = 1_700_000_000_000_000
"""Some moment in 2023."""

_BOOTED = 3_600_000_000
"""This machine has been up for an hour."""


class FalseClock:
    """A Clock that stands still between calls of `advance` and `jump`, from `now` on (microseconds since the epoch)."""

    def __init__(self, now: int = _START) -> None:
        self._now = now
        self._steady = _BOOTED

    def now(self) -> int:
        return self._now

    def steady(self) -> int:
        return self._steady

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self._now += microseconds(seconds)
        self._steady += microseconds(seconds)

    def advance_to(self, now: int) -> None:
        """Time passes until then, if that is ahead."""
        passed = max(0, now - self._now)
        self._now += passed
        self._steady += passed

    def jump(self, seconds: float) -> None:
        """Somebody sets the clock, forward or (negative) back; no time passes."""
        self._now += microseconds(seconds)
