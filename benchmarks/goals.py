"""What afterword wants to reach, as data, and whether it does."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from benchmarks.figures import Figure

OURS = "afterword"
STOCK = "stock"
STOCK_SYNC = "stock_sync"
NO_TASK = "no_task"

SAMPLE = "A requests of the sample"
WITH_WORKER = "A requests with its worker"

Found = Mapping[tuple[str, str], Figure]
"""By measure and subject."""


class Against(NamedTuple):
    """Another value that the bound is multiplied by."""

    measure: str
    subject: str
    value: str
    said: str
    """"stock's": whose."""


class Goal(NamedTuple):
    """A bound of one value, or of the sum of some."""

    measure: str
    values: Sequence[str]
    sense: Literal["at least", "at most"]
    bound: float
    against: Against | None = None
    """None: the bound is absolute."""


class Judgement(NamedTuple):
    """What became of a goal."""

    goal: Goal
    ours: float | None
    """None: could not be measured."""
    other: float | None = 1.0
    """What the bound is multiplied by."""

    @property
    def got(self) -> float | None:
        """What stands against the bound."""
        return self.ours if self.other == 0 else ratio(self.ours, self.other)

    @property
    def reached(self) -> bool | None:
        """None: nobody knows."""
        if self.ours is None or self.other is None:
            return None
        bound = self.goal.bound * self.other
        return self.ours >= bound if self.goal.sense == "at least" else self.ours <= bound


_FASTEST = Against("A requests", STOCK, "requests/s", "stock's")
_SAMPLE = Against(SAMPLE, STOCK_SYNC, "requests/s", "stock's")
_STEADY = Against("A requests", STOCK, "p99 ms", "stock's")
_IDLE = Against("E ping", OURS, "idle p99 ms", "its own when idle")
_IN_FLIGHT = Against("F crash", OURS, "orphans", "the orphans")

GOALS: Sequence[Goal] = (
    Goal("A requests", ["requests/s"], "at least", 0.80, _FASTEST),
    Goal("A requests", ["p99 ms"], "at most", 2.0, _STEADY),
    Goal(SAMPLE, ["requests/s"], "at least", 2.0, _SAMPLE),
    Goal("B bulk", ["jobs/s"], "at least", 40_000),
    Goal("C drain", ["jobs/s"], "at least", 16_000),
    Goal("D latency", ["p50 ms"], "at most", 2.0),
    Goal("D latency", ["p99 ms"], "at most", 8.0),
    Goal("E ping", ["busy p99 ms"], "at most", 3.0, _IDLE),
    Goal("F crash", ["lost"], "at most", 0),
    Goal("F crash", ["orphans s"], "at most", 1.0),
    Goal("F crash", ["finished twice"], "at most", 0),
    Goal("F crash", ["started twice"], "at most", 1, _IN_FLIGHT),
    Goal("G backlog", ["ratio"], "at least", 0.95),
    Goal("H footprint", ["import ms"], "at most", 30),
    Goal("H footprint", ["memory MB"], "at most", 120),
    Goal("H footprint", ["API CPU %", "worker CPU %"], "at most", 0.5),
    Goal("H footprint", ["first job s"], "at most", 0.8),
)


def judge(goals: Iterable[Goal], found: Found) -> list[Judgement]:
    """What became of each goal."""
    return [Judgement(goal, _ours(goal, found), _other(goal.against, found)) for goal in goals]


def value(found: Found, measure: str, subject: str, name: str) -> float | None:
    """One value, or None where it was not measured."""
    figure = found.get((measure, subject))
    return None if figure is None else figure.values.get(name)


def ratio(one: float | None, other: float | None) -> float | None:
    """How many times `other` is `one`; None where that cannot be told."""
    return None if one is None or not other else one / other


def _ours(goal: Goal, found: Found) -> float | None:
    parts = [value(found, goal.measure, OURS, name) for name in goal.values]
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _other(against: Against | None, found: Found) -> float | None:
    return 1.0 if against is None else value(found, against.measure, against.subject, against.value)
