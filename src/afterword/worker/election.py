"""Which of an application's processes keeps its worker: the one that holds a lock which the kernel frees when it ends."""

import fcntl
import hashlib
import os
from pathlib import Path

_held: set[Path] = set()
"""Lock files held by this process. A record lock does not keep out its own process, and is lost when any descriptor of the
file is closed, so a second candidate in the same process must not even open it."""


class Election:
    """One election for each store and application, in `directory`."""

    def __init__(self, directory: Path, app: str) -> None:
        self._path = directory / f"worker-{hashlib.sha256(app.encode()).hexdigest()[:16]}.lock"
        self._descriptor: int | None = None

    def win(self) -> bool:
        """Whether this candidate has, or has just won, the post."""
        if self._descriptor is not None:
            return True
        if self._path in _held:
            return False
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # A record lock, not flock: a forked child must not inherit it and keep the post after we are gone.
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        _held.add(self._path)
        return True

    def leave(self) -> None:
        """Give the post up, if it is held."""
        if self._descriptor is not None:
            _held.discard(self._path)
            os.close(self._descriptor)
            self._descriptor = None
