"""What ends the demo before its time, and the waiting that may end so."""

import time
from collections.abc import Callable

from afterword.errors import AfterwordError

PATIENCE = 60.0
"""Seconds that anything here may take before the demo gives it up."""


class DemoFailed(AfterwordError):
    """The demo cannot go on: {why}"""


def wait_until(happened: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Look twenty times a second. Raises DemoFailed when `what` has not happened after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not happened():
        if time.monotonic() > deadline:
            raise DemoFailed(why=f"waited {patience:.0f} s in vain for {what}.")
        time.sleep(0.05)
