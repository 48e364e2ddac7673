"""The gate: one writer at a time, among all processes of a store.

SQLite's own way of waiting starves: a process that finds the file locked sleeps for up to 100 ms, and meanwhile others that
come later get it. `flock` wakes its waiters when the lock is free.
"""

import fcntl
import mmap
import os
import threading
from contextlib import suppress
from pathlib import Path

from afterword.errors import StoreUnavailable

PATIENCE = 10.0
"""Seconds to wait for the gate. Its holder needs milliseconds, unless it was stopped."""

_NUMBER = 20
"""Bytes in which the holder's pid is written, in digits."""


class Gate:
    """For one thread of one process at a time.

    `flock` either does not wait or waits without a bound, and a holder that was stopped (SIGSTOP) may hold for ever. So it is
    first tried without waiting; where that fails, a thread of its own waits, and this one waits for that one, with a bound. A
    thread that was given up goes on waiting, and what it gets at last serves whoever comes next.
    """

    def __init__(self, path: Path, store: str, patience: float) -> None:
        self._path = path
        self._store = store
        self._patience = patience
        self._descriptor: int | None = None
        self._signature: mmap.mmap | None = None
        self._granted: threading.Event | None = None

    def take(self) -> None:
        """Raises StoreUnavailable, naming the holder, when the gate stays shut for too long."""
        descriptor = self._opened()
        if self._granted is None and not _try(descriptor):
            self._granted = _wait(descriptor)
        if self._granted is not None:
            if not self._granted.wait(self._patience):
                raise StoreUnavailable(
                    store=self._store, why=f"process {self._holder()} has kept it from all others for {self._patience:g} s"
                )
            self._granted = None
        self._sign(descriptor)

    def free(self) -> None:
        """Let the next one in."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Also for the child of a fork: its copy of the descriptor would hold the gate for the parent, even a dead one."""
        if self._signature is not None:
            self._signature.close()
            self._signature = None
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self._granted = None

    def _opened(self) -> int:
        if self._descriptor is None:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if os.fstat(descriptor).st_size < _NUMBER:
                os.pwrite(descriptor, b"".ljust(_NUMBER), 0)
            self._signature = mmap.mmap(descriptor, _NUMBER, access=mmap.ACCESS_READ)
            self._descriptor = descriptor
        return self._descriptor

    def _sign(self, descriptor: int) -> None:
        """Write down who holds it."""
        # A lone process finds its own signature. To look in memory costs nothing; a system call would hand the interpreter
        # over, and a busy event loop gives it back only after milliseconds.
        mine = str(os.getpid()).encode().ljust(_NUMBER)
        if self._signature is None or self._signature[:] != mine:
            with suppress(OSError):
                os.pwrite(descriptor, mine, 0)

    def _holder(self) -> str:
        return os.pread(self._opened(), _NUMBER, 0).decode().strip() or "unknown"


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(descriptor: int) -> threading.Event:
    granted = threading.Event()

    def wait() -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        granted.set()

    threading.Thread(target=wait, name="afterword-gate", daemon=True).start()
    return granted
