"""What the jobs do, the same for every subject. Standard library only, since it runs in each subject's own environment.

`BENCH_FOLDER` names a folder that exists. Counters and the ledger lie there.
"""

import mmap
import os
import struct
import threading
import time
from pathlib import Path

_COUNTER = struct.Struct("<qqq")
_ledger = -1
_counter: mmap.mmap | None = None
_counted = 0
_first = 0
_mapping = threading.Lock()


def folder() -> Path:
    return Path(os.environ["BENCH_FOLDER"])


def noop(number: int) -> None:
    """Count, in a file that this process maps; that costs about a microsecond.

    The file `<pid>.count` holds three little-endian integers: how many, and the monotonic ns of the first and the last.
    """
    global _counted, _first
    now = time.monotonic_ns()
    counter = _counter or _map()
    _first = _first or now
    _counted += 1
    _COUNTER.pack_into(counter, 0, _counted, _first, now)


def share() -> None:
    """Let the processes that are forked from this one, never two at once, go on counting in its file.

    For workers that fork for every job: a file for each would cost more than a microsecond, and ids of processes come again.
    """
    _map()
    os.register_at_fork(after_in_child=_read)


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


def _map() -> mmap.mmap:
    """Once for all threads. What another process of the same id has counted stays counted."""
    global _counter
    with _mapping:
        if _counter is None:
            file = os.open(folder() / f"{os.getpid()}.count", os.O_RDWR | os.O_CREAT, 0o644)
            os.ftruncate(file, _COUNTER.size)
            counter = mmap.mmap(file, _COUNTER.size)
            os.close(file)
            _read(counter)
            _counter = counter
        return _counter


def _read(counter: mmap.mmap | None = None) -> None:
    global _counted, _first
    counted = counter or _counter
    if counted is not None:
        _counted, _first, _ = _COUNTER.unpack_from(counted)
