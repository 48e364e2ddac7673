"""Which of an application's processes keeps its worker: the one that holds a lock which the kernel frees when it ends."""

import fcntl
import hashlib
import os
from pathlib import Path

from afterword import locks


class Election:
    """One election for each store and application, in `directory`."""

    def __init__(self, directory: Path, app: str) -> None:
        self._path = directory / f"worker-{hashlib.sha256(app.encode()).hexdigest()[:16]}.lock"
        self._descriptor: int | None = None

    def win(self) -> bool:
        """Whether this candidate has, or has just won, the post."""
        if self._descriptor is not None:
            return True
        if locks.held(self._path):
            return False
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # A record lock, not flock: a forked child must not inherit it and keep the post after we are gone.
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        locks.remember(self._path)
        return True

    def leave(self) -> None:
        """Give the post up, if it is held."""
        if self._descriptor is not None:
            locks.forget(self._path)
            os.close(self._descriptor)
            self._descriptor = None
