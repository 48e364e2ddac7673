"""The gate: one writer at a time, among all processes of a store.

SQLite's own way of waiting starves: a process that finds the file locked sleeps for up to 100 ms, and meanwhile others that
come later get it. `flock` wakes its waiters when the lock is free.
"""

import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path

from afterword.errors import StoreUnavailable

PATIENCE = 10.0
"""Seconds to wait for the gate. Its holder needs milliseconds, unless it was stopped."""

_LOCKS = Path("/proc/locks")


class Gate:
    """For one thread of one process at a time.

    `flock` either does not wait or waits without a bound, and a holder that was stopped (SIGSTOP) may hold for ever. So it is
    first tried without waiting; where that fails, a stand-in waits, and this thread waits for that one, with a bound.
    """

    def __init__(self, path: Path, store: str, patience: float) -> None:
        self._path = path
        self._store = store
        self._patience = patience
        self._descriptor: int | None = None
        self._stand_in: _StandIn | None = None

    def take(self) -> None:
        """Raises StoreUnavailable, naming the holder, when the gate stays shut for too long."""
        descriptor = self._opened()
        if self._stand_in is None:
            self._stand_in = _StandIn(descriptor)
        # While the stand-in still waits from the last time, the lock comes to it, and not to us.
        if (self._stand_in.waits or not _try(descriptor)) and not self._stand_in.wait(self._patience):
            raise StoreUnavailable(
                store=self._store, why=f"process {self._holder()} has kept it from all others for {self._patience:g} s"
            )

    def free(self) -> None:
        """Let the next one in."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Also for the child of a fork: its copy of the descriptor would hold the gate for the parent, even a dead one."""
        if self._descriptor is not None:
            if self._stand_in is not None:
                self._stand_in.closed = True  # Its descriptor may soon be that of another file.
                self._stand_in = None
            os.close(self._descriptor)
            self._descriptor = None

    def _opened(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._descriptor

    def _holder(self) -> str:
        """The pid, as the kernel knows it. A holder that wrote itself down could be stopped a moment before it did."""
        inode = os.fstat(self._opened()).st_ino
        with suppress(OSError):
            for line in _LOCKS.read_text().splitlines():
                # A line with an arrow, after its number, tells of somebody who waits.
                _, kind, _, _, pid, file, *_ = line.split()
                if kind == "FLOCK" and file.endswith(f":{inode}"):
                    return pid
        return "unknown"


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class _StandIn:
    """A thread that waits for the lock on `descriptor` in another's stead, for as long as that takes.

    When the other has given up by then, it lets the lock go at once: whoever gave up may not come again for hours.
    """

    def __init__(self, descriptor: int) -> None:
        self.waits = False
        self.closed = False
        self._descriptor = descriptor
        self._changed = threading.Condition()
        self._wanted = False
        self._granted = False

    def wait(self, seconds: float) -> bool:
        """Whether the lock was granted in that time."""
        with self._changed:
            self._wanted, self._granted = True, False
            if not self.waits:
                self.waits = True
                threading.Thread(target=self._run, name="afterword-gate", daemon=True).start()
            granted = self._changed.wait_for(lambda: self._granted, seconds)
            self._wanted = False
            return granted

    def _run(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        with self._changed:
            self.waits = False
            if self._wanted:
                self._granted = True
                self._changed.notify_all()
            elif not self.closed:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
