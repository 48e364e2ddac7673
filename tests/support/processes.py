"""Real processes, looked at from outside."""

import socket
import time
from collections.abc import Callable

from afterword.demo.processes import alive, command_line, descendants, lives_in

__all__ = [
    "PATIENCE",
    "alive",
    "command_line",
    "descendants",
    "free_port",
    "listens",
    "lives_in",
    "runners",
    "wait_until",
    "workers",
]

PATIENCE = 30.0
"""Seconds after which anything that was to happen is taken not to."""


def wait_until(happened: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Look again and again, a hundred times a second; AssertionError when it has not happened by then."""
    deadline = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < deadline, f"waited {patience:.0f} s in vain for {what}"
        time.sleep(0.01)


def workers(pid: int) -> list[int]:
    return [child for child in descendants(pid) if "afterword.embedded" in command_line(child)]


def runners(pid: int) -> list[int]:
    return [child for child in descendants(pid) if "afterword.runner" in command_line(child)]


def free_port() -> int:
    """A port that nobody listens on, for servers that cannot say which one they took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
