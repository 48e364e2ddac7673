"""How many attempts end in the time of a turn, so that as many jobs can be handed over ahead and no runner waits."""

from collections.abc import Callable

AHEAD = 60_000
"""Microseconds for which jobs are handed over ahead: a turn or two. No more, since a job waits there then instead of in the
store, where a more urgent one could still overtake it and another worker could take it."""

WINDOW = 100_000
"""Microseconds over which attempts are counted."""

MOST = 256
"""Jobs handed over ahead to one runner."""


class Pace:
    """Of one runner. `steady` is a monotonic clock in microseconds."""

    def __init__(self, steady: Callable[[], int]) -> None:
        self._steady = steady
        self._since = steady()
        self._counted = 0
        self._before = 0
        """Attempts in the window before, or none where it was not the last."""

    def note(self, ended: int) -> None:
        self._turn()
        self._counted += ended

    def ahead(self) -> int:
        """Attempts that will end within AHEAD, if they go on as in the last window; 0 where that is less than one."""
        self._turn()
        return min(MOST, max(self._counted, self._before) * AHEAD // WINDOW)

    def _turn(self) -> None:
        now = self._steady()
        passed = now - self._since
        if passed >= WINDOW:
            self._before = self._counted if passed < 2 * WINDOW else 0
            self._counted, self._since = 0, now
