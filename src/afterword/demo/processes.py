"""Processes, looked at from outside: in /proc, which only Linux has."""

import os
import signal
from contextlib import suppress
from pathlib import Path

from afterword.demo.failure import wait_until

PROC = Path("/proc")

ROLES = {"afterword.embedded": "worker", "afterword.runner": "runner"}
"""What a process is, by a word on its command line."""


def family(pid: int) -> dict[int, str]:
    """The process of the API and those below it, with what each is, parents before children."""
    below = {child: _role(child) for child in descendants(pid)}
    return {pid: "API", **{child: role for child, role in below.items() if role}}


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, parents before children."""
    parents = {}
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for ancestor in found:
        found += [child for child, parent in parents.items() if parent == ancestor]
    return found[1:]


def command_line(pid: int) -> str:
    """Empty for a process that has ended, reaped or not."""
    try:
        return (PROC / str(pid) / "cmdline").read_text()
    except OSError:
        return ""


def alive(pid: int) -> bool:
    return bool(command_line(pid))


def lives_in(pid: int, folder: Path) -> bool:
    """Whether it lives and works in `folder`: then it is the one that was started there, not a stranger with its pid."""
    try:
        return alive(pid) and (PROC / str(pid) / "cwd").readlink() == folder
    except OSError:
        return False


def living_in(folder: Path) -> list[int]:
    """All that live and work in `folder`."""
    return [pid for pid in map(int, (entry.name for entry in PROC.glob("[0-9]*"))) if lives_in(pid, folder)]


def kill(pids: list[int]) -> None:
    """SIGKILL, one after the other."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def sweep(folder: Path) -> None:
    """SIGKILL for all that work in `folder`, until none is left."""

    def gone() -> bool:
        left = living_in(folder)
        kill(left)
        return not left

    wait_until(gone, f"the end of the processes in {folder}")


def _role(pid: int) -> str | None:
    told = command_line(pid)
    return next((role for word, role in ROLES.items() if word in told), None)
