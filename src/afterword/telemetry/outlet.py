"""Where the log lines of a worker leave it: from a thread of their own, which alone waits where nobody reads them."""

import logging
import os
import select
import threading
from collections import deque

MOST = 1000
"""Lines that wait, at most; what comes beyond them is left out, and said so when lines flow again."""

PATIENCE = 1.0
"""Seconds that a worker which ends waits for its last lines to be taken."""


class Outlet(logging.Handler):
    """Writes lines to `descriptor`, which may be a pipe that is full: whoever logs never waits for it."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._changed = threading.Condition()
        self._lines: deque[str] = deque()
        self._left_out = 0
        self._thread: threading.Thread | None = None

    @property
    def waits(self) -> bool:
        """Whether there are lines that nobody has taken yet."""
        return bool(self._lines)

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        with self._changed:
            if len(self._lines) >= MOST:
                self._left_out += 1
                return
            if self._left_out:
                self._lines.append(f"({self._left_out} lines were left out, since nobody read them)")
                self._left_out = 0
            self._lines.append(line)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="afterword-log", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until all is written, at most PATIENCE seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._lines, PATIENCE)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._lines))
                line = self._lines[0]
            write(self._descriptor, f"{line}\n".encode("utf-8", "backslashreplace"))
            with self._changed:
                self._lines.popleft()
                self._changed.notify_all()


def write(descriptor: int, data: bytes) -> None:
    """All of it, however long that takes; nothing more of it once the other end is closed."""
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:  # Whoever shares the pipe has said that it must not block.
            select.select([], [descriptor], [])
        except OSError:
            return
