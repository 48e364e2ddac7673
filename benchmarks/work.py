"""What the jobs do, the same for every subject. Standard library only, since it runs in each subject's own environment.

`BENCH_FOLDER` names a folder that exists. Counters and the ledger lie there.
"""

import mmap
import os
import struct
import time
from pathlib import Path

_COUNTER = struct.Struct("<qqq")
_ledger = -1
_counter: mmap.mmap | None = None
_counted = 0
_first = 0


def folder() -> Path:
    return Path(os.environ["BENCH_FOLDER"])


def noop(number: int) -> None:
    """Count, in a file that this process maps; that costs about a microsecond.

    The file `<pid>.count` holds three little-endian integers: how many, and the monotonic times in ns of the first and the last.
    """
    global _counter, _counted, _first
    now = time.monotonic_ns()
    if _counter is None:
        _counter, _first = _map(folder() / f"{os.getpid()}.count"), now
    _counted += 1
    _COUNTER.pack_into(_counter, 0, _counted, _first, now)


def stamp(number: int) -> None:
    """Note when it starts."""
    _note(number, "start")


def rest(number: int, seconds: float) -> None:
    """Start, sleep, end."""
    _note(number, "start")
    time.sleep(seconds)
    _note(number, "end")


def burn(number: int, seconds: float) -> None:
    """Start, keep a core busy in pure Python for that long, end."""
    _note(number, "start")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        sum(range(1000))
    _note(number, "end")


def _note(number: int, phase: str) -> None:
    """One line of `ledger`: number, phase, monotonic time in ns, pid."""
    global _ledger
    if _ledger < 0:
        _ledger = os.open(folder() / "ledger", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(_ledger, f"{number} {phase} {time.monotonic_ns()} {os.getpid()}\n".encode())


def _map(path: Path) -> mmap.mmap:
    with path.open("w+b") as file:
        file.truncate(_COUNTER.size)
        return mmap.mmap(file.fileno(), _COUNTER.size)
