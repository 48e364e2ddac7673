"""The tasks of the simulated application, and how their attempts end."""

import random
from dataclasses import dataclass, replace
from typing import Any

from afterword.clock import SECOND
from afterword.jobs.lifecycle import CRASH_LIMIT
from afterword.jobs.outcome import Crashed, Failed, Outcome, Snoozed, Succeeded
from afterword.jobs.retry import Retry
from afterword.tasks.task import Options, Task

APP = "main:app"
POLICY = Retry(attempts=3, delay=0.5, jitter=0.0)


def work(number: int) -> None:
    """Never called: how an attempt goes is said by its kind."""


@dataclass(frozen=True)
class Kind:
    """A task, and what its attempts come to, one after the other; the last of them for all that follow. None: it succeeds."""

    task: Task[..., Any]
    outcomes: tuple[Outcome | None, ...] = (None,)
    seconds: float = 0.5
    """An attempt takes up to so long."""
    attempts: int = 1
    """How many are made where nothing goes wrong."""
    unique: bool = False
    """Whether its jobs have unique keys."""

    def attempt(self, number: int, token: int, chance: random.Random) -> tuple[float, Outcome]:
        """Seconds and outcome of the attempt before which there were `number`."""
        outcome = self.outcomes[min(number, len(self.outcomes) - 1)]
        return chance.random() * self.seconds, outcome or Succeeded(b"%d" % token)


def _kind(name: str, *outcomes: Outcome | None, seconds: float = 0.5, attempts: int = 1, **options: Any) -> Kind:
    return Kind(Task(work, name, Options(**{"retry": POLICY, **options})), outcomes or (None,), seconds, attempts)


PLAIN = _kind("plain")
SLOW = _kind("slow", seconds=30.0)
UNORDERED = _kind("unordered", ordered=False)
URGENT = _kind("urgent", priority=5)
UNIQUE = replace(_kind("unique", seconds=5.0), unique=True)
ONCE = _kind("once", at_most_once=True, seconds=2.0)
RECOVERS = _kind("recovers", Failed("no"), Failed("no"), None, attempts=3)
FAILS = _kind("fails", Failed("never"), attempts=3)
SNOOZES = _kind("snoozes", Snoozed(2 * SECOND, "busy"), None, attempts=2)
CRASHES = _kind("crashes", Crashed("segmentation fault", alone=False), None, attempts=2)
KILLER = _kind("killer", Crashed("segmentation fault", alone=False), attempts=1 + CRASH_LIMIT)

HARMLESS = (PLAIN, PLAIN, PLAIN, SLOW, UNORDERED, URGENT, UNIQUE, UNIQUE, ONCE, RECOVERS, FAILS, SNOOZES)
"""Those that leave their neighbours alone."""

ALL = (*HARMLESS, CRASHES, KILLER)
