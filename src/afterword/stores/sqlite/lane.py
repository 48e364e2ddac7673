"""A thread that does what is handed to it, all at once that has gathered meanwhile."""

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

LONGEST = 1000
"""Items taken at once, at most: a transaction must end before others have waited for long."""


class Lane(Generic[T]):
    """`work` gets every item handed in, in order, in groups as large as the last group's work took time. It must not raise.

    `leave` is called at the end, on the same thread.
    """

    def __init__(self, name: str, work: Callable[[Sequence[T]], None], leave: Callable[[], None]) -> None:
        self._name = name
        self._work = work
        self._leave = leave
        self._items: queue.SimpleQueue[T | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._handed = 0
        self._done = 0

    @property
    def busy(self) -> bool:
        """Whether something that was handed in has not been done."""
        return self._handed != self._done

    def hand(self, item: T) -> bool:
        """Never blocks. False when the lane is closed: then nothing will be done."""
        with self._lock:
            if self._closed:
                return False
            if self._thread is None:
                # A daemon, since a store that nobody closed must not keep its process from ending.
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._handed += 1
            self._items.put(item)
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
        group: list[T] = []
        item = self._items.get()
        while item is not None:
            group.append(item)
            if self._items.empty() or len(group) >= LONGEST:
                break
            item = self._items.get()
        if group:
            self._work(group)
            self._done += len(group)
        return item is not None
