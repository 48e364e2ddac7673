"""Who lives: each process locks a file of its own, and the kernel unlocks it when the process ends in any way.

These are POSIX record locks: a forked child does not inherit them, so nothing that a process leaves behind keeps it alive.
They have two edges. A process loses its lock when it closes *any* descriptor of that file, so its own files are opened once and
never again. And a process cannot see its own locks, so its own are known by name.

A process that was stopped keeps its lock. So a worker also writes into its file when its heart beat last. That is no matter of
the database, where a full disk or somebody stopped in the middle of writing would silence all hearts at once.
"""

import fcntl
import os
import re
import struct
import sys
import threading
from contextlib import suppress
from pathlib import Path

from afterword import locks
from afterword.stores.sqlite import forks

_own: dict[str, int | None] = {}
"""Processes of ours, and when their hearts beat last (a test may have several stores, each a process to the others)."""

_changing = threading.Lock()
"""Held while one of our own files is opened, closed or written to, or one that might be is removed."""

_BEAT = 20
"""Bytes in which the last beat is written, in digits."""

_LOCK_FILE = re.compile(r"([0-9a-f]{32})\.lock")

# struct flock, for a lock on the whole file.
if sys.platform == "darwin":
    _FLOCK = struct.Struct("qqihh")
    _WHOLE = _FLOCK.pack(0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET)
    _TYPE = 3
else:
    _FLOCK = struct.Struct("hhqqi4x")
    _WHOLE = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    _TYPE = 0


class ProcessLock:
    """The lock that says that a process lives. Who acts for it locks another byte of the same file."""

    def __init__(self, path: Path, process: str) -> None:
        self._path = path
        self._process = process
        self._descriptor: int | None = None

    def take(self) -> None:
        with _changing:
            _own.setdefault(self._process, None)
            while self._descriptor is None:
                descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                fcntl.lockf(descriptor, fcntl.LOCK_EX, 1)
                # A sweeper that came between these two has taken the file away: then this lock is on a file without a name.
                if _is_at(descriptor, self._path):
                    self._descriptor = descriptor
                else:
                    os.close(descriptor)

    def beat(self, now: int) -> None:
        """The heart beats, at `now` (microseconds of the steady clock)."""
        with _changing:
            if self._descriptor is not None:
                _own[self._process] = now
                with suppress(OSError):
                    os.pwrite(self._descriptor, str(now).encode().ljust(_BEAT), 0)

    def free(self) -> None:
        """Die, to the eyes of others. The file goes too, unless somebody still acts for this process."""
        if self._descriptor is not None:
            if not _locked(self._descriptor):
                with suppress(OSError):
                    self._path.unlink()
            self.drop()

    def drop(self) -> None:
        """Let go of the lock and leave the file, as a death does, and as the child of a fork must."""
        with _changing:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None
            _own.pop(self._process, None)


def lives(process: str, directory: Path) -> bool:
    """Whether a process holds its lock in `directory`."""
    path = directory / f"{process}.lock"
    if not _LOCK_FILE.fullmatch(path.name):
        return False  # Whoever wrote that was none of us.
    if process in _own or locks.held(path):
        return True
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return _locked(descriptor)
    finally:
        os.close(descriptor)


def last_beat(process: str, directory: Path) -> int | None:
    """When the heart of a living process beat last, in microseconds of the steady clock; None where that cannot be told."""
    path = directory / f"{process}.lock"
    if process in _own:
        return _own[process]
    if locks.held(path):
        return None  # We act for it: to open the file and close it again would cost us our own lock.
    try:
        written = path.read_bytes()
    except OSError:
        return None
    return int(written) if written.strip().isdigit() else None


def sweep(directory: Path) -> None:
    """Remove the files of dead processes. One without a file is as dead as one whose file is not locked."""
    for path in directory.iterdir():
        match = _LOCK_FILE.fullmatch(path.name)
        if match:
            with _changing:
                if match[1] not in _own and not locks.held(path):
                    _remove(path)


def _remove(path: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            # Locked while it is removed: a process that is about to lock it waits, then sees that the file has gone.
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(descriptor, path):
                path.with_suffix(".wake").unlink(missing_ok=True)
                path.unlink()
        finally:
            os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Whether another process has locked any byte of the file. To ask takes no lock, so it misleads nobody else."""
    answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, _WHOLE)
    return bool(_FLOCK.unpack(answer)[_TYPE] != fcntl.F_UNLCK)


def _is_at(descriptor: int, path: Path) -> bool:
    ours = os.fstat(descriptor)
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


class _Child:
    """What a forked child forgets: the lives of its parent, whose locks it has not inherited."""

    def about_to_fork(self) -> None:
        pass

    def forked(self) -> None:
        global _changing
        _changing = threading.Lock()
        _own.clear()


_child = _Child()
forks.remember(_child)
