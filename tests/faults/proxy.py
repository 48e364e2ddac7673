"""A way to a server that can be cut, and that can lose a reply."""

import socket
import threading
from contextlib import suppress


class Proxy:
    """Passes on to `port` what comes in at its own. `cut` ends every connection and takes no other, until `open`."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._lock = threading.Lock()
        self._replies = 0
        self._sockets: list[socket.socket] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        threading.Thread(target=self._accept, args=(self._door,), daemon=True).start()

    def lose_replies(self, count: int) -> None:
        """This many of the next publications reach the server, and the connection ends instead of its reply."""
        self._replies = count

    @property
    def left(self) -> int:
        """Replies that are still to be lost."""
        return self._replies

    def cut(self) -> None:
        with self._lock:
            gone, self._sockets = [self._door, *self._sockets], []
        for one in gone:
            _close(one)

    def open(self) -> None:
        self._door = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._door,), daemon=True).start()

    def _accept(self, door: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = door.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                with self._lock:
                    self._sockets += [client, server]
                published = threading.Event()
                for way in ((client, server, published, True), (server, client, published, False)):
                    threading.Thread(target=self._pass_on, args=way, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, published: threading.Event, request: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if request and _publishes(data):
                    published.set()
                elif not request and published.is_set() and not data.startswith(b"-NOSCRIPT"):
                    published.clear()
                    if self._lose_one():
                        break  # It has been done there, and nobody hears of it.
                target.sendall(data)
        _close(source)
        _close(target)

    def _lose_one(self) -> bool:
        with self._lock:
            lost = self._replies > 0
            self._replies -= lost
            return lost


def _publishes(data: bytes) -> bool:
    """Whether it puts something into a queue of Celery's or RQ's; the latter by a script."""
    return b"PUSH" in data or (b"EVALSHA" in data and b"rq:queue:" in data)


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
