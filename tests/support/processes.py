"""Real processes, looked at from outside."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PATIENCE = 30.0
"""Seconds after which anything that was to happen is taken not to."""


def wait_until(happened: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Look again and again, a hundred times a second; AssertionError when it has not happened by then."""
    deadline = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < deadline, f"waited {patience:.0f} s in vain for {what}"
        time.sleep(0.01)


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, parents before children."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for ancestor in found:
        found += [child for child, parent in parents.items() if parent == ancestor]
    return found[1:]


def command_line(pid: int) -> str:
    """Empty for a process that has ended, reaped or not."""
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_text()
    except OSError:
        return ""


def alive(pid: int) -> bool:
    return bool(command_line(pid))


def lives_in(pid: int, folder: Path) -> bool:
    """Whether it lives and works in `folder`: then it is the one that was started there, not a stranger with its pid."""
    try:
        return alive(pid) and (Path("/proc") / str(pid) / "cwd").readlink() == folder
    except OSError:
        return False


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
