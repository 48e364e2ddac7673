"""Hints between processes: one datagram to the socket of each worker. Nothing depends on them: the file itself tells too."""

import asyncio
import enum
import os
import socket
import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path

from afterword.clock import until_round
from afterword.stores.sqlite import connection, forks

POLL = 0.2
"""Seconds between two looks at the file itself, in case a hint was lost."""

_TICK = 100_000_000
"""Nanoseconds, well above the grain of a file's time."""

_LONGEST = 100
"""Bytes that the name of a socket may have, with a little to spare."""


Version = tuple[int, int]
"""Of the file, as one watch sees it: the number of its connection, and what that says of the file (`PRAGMA data_version`): each
connection begins anew."""


class Bell:
    """Rings at every worker of this store. Never blocks, never fails."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._addresses: list[str] = []
        self._listed_at: int | None = None
        self._door: int | None = None
        self._socket: socket.socket | None = None

    def ring(self) -> None:
        with self._lock, suppress(OSError):
            # Workers come and go seldom, and each time the directory's own time changes; but only in ticks of some
            # milliseconds, so a list as young as the last change may lack what the same tick brought.
            changed_at = self._directory.stat().st_mtime_ns
            if changed_at != self._listed_at:
                self._list()
                self._listed_at = changed_at if time.time_ns() - changed_at > _TICK else None
            for address in self._addresses:
                self._send(address)

    def close(self) -> None:
        """Also for the child of a fork."""
        self._addresses, self._listed_at = [], None  # They may name the door.
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._door is not None:
            os.close(self._door)
            self._door = None

    def _list(self) -> None:
        if self._door is None:
            self._door = os.open(self._directory, os.O_RDONLY | os.O_CLOEXEC)
        self._addresses = [address(self._directory, self._door, path.name) for path in self._directory.glob("*.wake")]

    def _send(self, address: str) -> None:
        if self._socket is None:
            self._socket = _socket()
        with suppress(OSError):  # It has died, or has hints enough.
            self._socket.sendto(b"!", address)


class Watch:
    """Waits until somebody commits; for one waiter at a time."""

    def __init__(self, database: Path, directory: Path, process: str) -> None:
        self._database = database
        self._directory = directory
        self._name = f"{process}.wake"
        self._lock = threading.Lock()
        self._door: int | None = None
        self._socket: socket.socket | None = None
        self._connection: sqlite3.Connection | None = None
        self._connections = 0
        self._version: Version | None = None
        self._closed = False
        self._hurried = False
        """The last call has answered to a hint."""
        self._hinted = False

    @property
    def started(self) -> bool:
        return self._version is not None

    def hinted(self) -> bool:
        """Whether a call has answered to a hint since this was asked the last time."""
        hinted, self._hinted = self._hinted, False
        return hinted

    async def wait(self, seconds: float) -> bool:
        """True at a hint or a commit since the last call, and at the first call; False after `seconds` without.

        A hint is passed on at once, without a look at the file, since somebody waits for what it tells of. So the next look may
        tell a second time of what was committed with it.
        """
        ear = self._ear()
        hurried, self._hurried = self._hurried, False
        if not hurried and self._changed():
            return True
        heard = await self._listen(ear, seconds)
        if heard is _Heard.HINT:
            self._hurried = self._hinted = True
        return heard is not _Heard.NOTHING

    def close(self) -> None:
        """From any thread."""
        with self._lock:
            self._closed = True
            with forks.inside():
                self.disconnect()
            self.drop()
            with suppress(OSError):
                (self._directory / self._name).unlink()

    def disconnect(self) -> None:
        """Close the connection, which nobody must be using; the next look opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def drop(self) -> None:
        """Let go of the socket, and leave its file to the process that goes on listening: for the child of a fork."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._door is not None:
            os.close(self._door)
            self._door = None

    def _ear(self) -> int | None:
        """The socket's descriptor, where there is a socket."""
        with self._lock:
            if self._socket is None and not self._closed:
                self._bind()
            return self._socket.fileno() if self._socket is not None else None

    async def _listen(self, ear: int | None, seconds: float) -> "_Heard":
        """What comes first within that time."""
        # No more than a future and a timer: this stands between a job and its start. And to wake the waiter at each look at
        # the file would cost more than the look.
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[_Heard] = loop.create_future()
        until = loop.time() + seconds
        timer: asyncio.TimerHandle | None = None

        def look() -> None:
            if self._closed:
                _answer(heard, _Heard.NOTHING)
            elif self._changed():
                _answer(heard, _Heard.CHANGE)
            elif loop.time() >= until:
                _answer(heard, _Heard.NOTHING)
            else:
                look_again()

        def look_again() -> None:
            nonlocal timer
            now = loop.time()
            timer = loop.call_later(max(0.0, min(until - now, until_round(now, POLL))), look)

        look_again()
        if ear is not None:
            loop.add_reader(ear, self._heard, heard)
        try:
            return await heard
        finally:
            if timer is not None:
                timer.cancel()
            if ear is not None:
                loop.remove_reader(ear)

    def _bind(self) -> None:
        """Without a socket (its name may be too long for this system) commits are still seen, only later."""
        try:
            self._door = os.open(self._directory, os.O_RDONLY | os.O_CLOEXEC)
            self._socket = _socket()
            self._socket.bind(address(self._directory, self._door, self._name))
        except OSError:
            self.drop()

    def _heard(self, waiting: "asyncio.Future[_Heard]") -> None:
        # One of them; to find out that there is no other takes longer. Another ends the next wait.
        with self._lock, suppress(OSError):
            if self._socket is not None:
                self._socket.recv(1)
        _answer(waiting, _Heard.HINT)

    def _changed(self) -> bool:
        """Whether anybody committed since the last look. It takes some microseconds, so a busy loop can afford it."""
        before, self._version = self._version, self.version()
        return self._version is not None and before != self._version

    def version(self) -> Version | None:
        """Another one after every commit of anybody; None where it cannot be told. It takes some microseconds."""
        try:
            with self._lock, forks.inside():
                if self._closed:
                    return None
                if self._connection is None:
                    self._connection = connection.connect_reader(self._database)
                    self._connection.execute("PRAGMA busy_timeout = 0")  # This is an event loop's thread.
                    self._connections += 1
                (version,) = self._connection.execute("PRAGMA data_version").fetchone()
                return self._connections, int(version)
        except sqlite3.Error:
            return None  # Whoever reads or writes will find out what it is, and say so.


class _Heard(enum.Enum):
    HINT = "somebody has rung"
    CHANGE = "the file has changed"
    NOTHING = "nothing, in all that time"


def _answer(waiting: asyncio.Future[_Heard], answer: _Heard) -> None:
    if not waiting.done():
        waiting.set_result(answer)


def address(directory: Path, door: int, name: str) -> str:
    """A name for the socket `name` in `directory`, on which `door` is open. Sockets take no long ones, but Linux has another
    way to reach a file of an open directory."""
    path = str(directory / name)
    if len(os.fsencode(path)) <= _LONGEST:
        return path
    return f"/proc/self/fd/{door}/{name}"


def _socket() -> socket.socket:
    new = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    new.setblocking(False)
    return new
