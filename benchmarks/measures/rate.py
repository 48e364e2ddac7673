"""How often something can be done. Standard library only, since it runs in other environments too."""

import time
from collections.abc import Callable

BATCH = 100
"""Rows of one commit, where many are written."""

ROW = "x" * 200
"""About as much as a job with small arguments."""


def rate(step: Callable[[], int], seconds: float) -> float:
    """The sum of what `step` returns, a second; it is called until the seconds are over."""
    done, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        done += step()
    return done / took
