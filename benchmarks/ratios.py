"""Afterword's figures beside other figures of the same run: what is left when the machine is another one."""

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.goals import NO_TASK, OURS, SAMPLE, STOCK, STOCK_SYNC, Found, ratio, value

LIMITS = "limits"
"""The measure of the machine itself, whose subject is ""."""

FALLEN = 0.8
"""A ratio below so much of what it was has fallen."""


class Ratio(NamedTuple):
    """Of afterword's value to another; the larger the better."""

    measure: str
    value: str
    said: str
    """What it is compared with."""
    other: tuple[str, str, str] | None
    """Measure, subject, value; None: the value is a ratio already."""
    limit: bool = False
    """What it is compared with is a limit, so that the ratio is a share of it."""
    takes: bool = False
    """The value is how many ms one takes, the other how many there are in a second."""

    def theirs(self, found: Found) -> float | None:
        """The other, in the unit of ours."""
        if self.other is None:
            return None
        other = value(found, *self.other)
        return ratio(1000, other) if self.takes else other

    def of(self, found: Found) -> float | None:
        ours, theirs = value(found, self.measure, OURS, self.value), self.theirs(found)
        if self.other is None:
            return ours
        return ratio(theirs, ours) if self.takes else ratio(ours, theirs)


RATIOS: Sequence[Ratio] = (
    Ratio("A requests", "requests/s", "stock, async task", ("A requests", STOCK, "requests/s")),
    Ratio(SAMPLE, "requests/s", "stock, the documentation's sample", (SAMPLE, STOCK_SYNC, "requests/s")),
    Ratio("A requests", "requests/s", "the endpoint without a task", ("A requests", NO_TASK, "requests/s"), limit=True),
    Ratio("B bulk", "jobs/s", "rows/s of bare SQLite", (LIMITS, "", "SQLite rows/s by 1000"), limit=True),
    Ratio(
        "C drain",
        "jobs/s",
        "rows/s claimed and deleted in bare SQLite",
        (LIMITS, "", "SQLite claimed and deleted rows/s"),
        limit=True,
    ),
    Ratio("D latency", "p50 ms", "one commit of bare SQLite", (LIMITS, "", "SQLite commits/s"), limit=True, takes=True),
    Ratio("G backlog", "ratio", "the same at a short backlog", None),
)


class Change(NamedTuple):
    """A ratio now and in an earlier run."""

    ratio: Ratio
    now: float | None
    before: float | None
    tried: bool = True
    """Whether afterword was measured now."""

    @property
    def of_before(self) -> float | None:
        return ratio(self.now, self.before)

    @property
    def fallen(self) -> bool:
        """What was tried and cannot be told any more has fallen, too."""
        if self.before is None or not self.tried:
            return False
        return self.now is None or self.now < FALLEN * self.before


def changes(now: Found, before: Found) -> list[Change]:
    return [Change(each, each.of(now), each.of(before), (each.measure, OURS) in now) for each in RATIOS]
