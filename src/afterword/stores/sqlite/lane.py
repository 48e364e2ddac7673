"""A thread that does what is handed to it, all at once that has gathered meanwhile."""

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

LONGEST = 1000
"""Items taken at once, at most: a transaction must end before others have waited for long."""

CROWD = 4
"""Items in one group from which on more are sure to come soon."""

PATIENCE = 0.005
"""Seconds for which what can wait does wait, in a crowd, for others that it may go along with."""


class _Nudge:
    """There is something that can wait."""


_NUDGE = _Nudge()


class Lane(Generic[T]):
    """`work` gets every item handed in, in order, in groups as large as the last group's work took time. It must not raise.

    What `can_wait` goes along with the next item that cannot, or by itself where none comes soon: else it would keep that one
    waiting. `leave` is called at the end, on the same thread.
    """

    def __init__(self, name: str, work: Callable[[Sequence[T]], None], leave: Callable[[], None]) -> None:
        self._name = name
        self._work = work
        self._leave = leave
        self._items: queue.SimpleQueue[T | _Nudge | None] = queue.SimpleQueue()
        self._waiting: list[T] = []
        self._crowded = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._handed = 0
        self._done = 0

    @property
    def busy(self) -> bool:
        """Whether something that was handed in has not been done."""
        return self._handed != self._done

    def hand(self, item: T, can_wait: bool = False) -> bool:
        """Never blocks. False when the lane is closed: then nothing will be done."""
        with self._lock:
            if self._closed:
                return False
            if self._thread is None:
                # A daemon, since a store that nobody closed must not keep its process from ending.
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._handed += 1
            if not can_wait:
                self._items.put(item)
                return True
            self._waiting.append(item)
            if len(self._waiting) == 1:  # Each waking of the thread costs the others some time.
                self._items.put(_NUDGE)
            return True

    def close(self) -> None:
        """Return when all that was handed in has been done. Safe to call twice, and from any thread."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._items.put(None)
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while self._turn():
            pass
        self._leave()

    def _turn(self) -> bool:
        """Whether there will be another."""
        first = self._items.get()
        if first is _NUDGE and self._crowded:
            first = self._next(PATIENCE)
        group, going_on = self._gather(first)
        self._crowded = len(group) >= CROWD
        with self._lock:
            group += self._waiting
            self._waiting = []
        if group:
            self._work(group)
            self._done += len(group)
        return going_on

    def _gather(self, item: T | _Nudge | None) -> tuple[list[T], bool]:
        """From `item` on, what has come that cannot wait; and whether more may come."""
        group: list[T] = []
        while item is not None:
            if not isinstance(item, _Nudge):
                group.append(item)
            if self._items.empty() or len(group) >= LONGEST:
                return group, True
            item = self._items.get()
        return group, False

    def _next(self, seconds: float) -> T | _Nudge | None:
        try:
            return self._items.get(timeout=seconds)
        except queue.Empty:
            return _NUDGE
