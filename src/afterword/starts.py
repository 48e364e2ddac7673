"""The map of starts: shared memory in which a runner marks each attempt it begins.

The pipe cannot tell it: what a dying runner had to say may never have been sent. A byte in shared memory is there as soon as
it is written, so the worker can tell the started attempts of a dead runner (suspects) from those that had not begun.
"""

import mmap
import os
import tempfile

_BEGUN = 1
_IN_THREAD = 2


class Starts:
    """One byte a slot: not 0 while the attempt in that slot has begun and is not known to have ended."""

    def __init__(self, descriptor: int) -> None:
        self._map = mmap.mmap(descriptor, 0)  # All that there is.

    def mark(self, slot: int) -> None:
        """Runner: user code is about to run."""
        self._map[slot] = _BEGUN

    def mark_thread(self, slot: int) -> None:
        """Runner: it runs in a thread, so that nothing but the end of the runner ends it."""
        self._map[slot] = _IN_THREAD

    def clear(self, slot: int) -> None:
        """Worker: the slot is free for another attempt."""
        self._map[slot] = 0

    def marked(self, slot: int) -> bool:
        return self._map[slot] != 0

    def in_thread(self, slot: int) -> bool:
        return self._map[slot] == _IN_THREAD

    def close(self) -> None:
        self._map.close()


def create(slots: int) -> int:
    """A descriptor of fresh shared memory for so many slots; the caller closes it."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("afterword-starts", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, max(slots, 1))
    return descriptor
