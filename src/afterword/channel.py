"""Both ends of the pipe between a worker and a runner: frames in and out, without ever blocking the loop."""

import asyncio
import socket
from collections.abc import Callable

from afterword.errors import FrameError
from afterword.frames import Frame, Splitter, encode

_READ = 1 << 16
"""Bytes read at once, at most: into memory that stays, since to get so much and give it back costs more than a short read."""


class Channel:
    """A connected stream socket that carries frames.

    `received` is called with each frame, `ended` once when the other side is gone or sends garbage (then with the FrameError).
    """

    def __init__(
        self, stream: socket.socket, received: Callable[[Frame], None], ended: Callable[[FrameError | None], None]
    ) -> None:
        stream.setblocking(False)
        self._stream = stream
        self._received = received
        self._ended = ended
        self._splitter = Splitter()
        self._buffer = bytearray(_READ)
        self._unsent = bytearray()
        self._open = True
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(stream, self._read)

    def send(self, frame: Frame) -> None:
        """Sends at once what the socket takes and the rest as soon as it takes more. A no-op once the channel has ended."""
        if not self._open:
            return
        data = encode(frame)
        if self._unsent:
            self._unsent += data
            return
        sent = self._write(data)
        if sent < len(data) and self._open:
            self._unsent += data[sent:]
            self._loop.add_writer(self._stream, self._write_rest)

    def drain(self) -> None:
        """Read what has arrived already: a dead process may have left its last words in the socket."""
        while self._open and self._read():
            pass

    def close(self) -> None:
        """End it from this side; `ended` is not called."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._stream)
            self._loop.remove_writer(self._stream)
            self._stream.close()

    def _read(self) -> bool:
        try:
            length = self._stream.recv_into(self._buffer)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            length = 0
        if not length:
            self._end(None)
            return False
        try:
            for frame in self._splitter.feed(memoryview(self._buffer)[:length]):
                self._received(frame)
        except FrameError as error:
            self._end(error)
            return False
        return True

    def _write_rest(self) -> None:
        del self._unsent[: self._write(self._unsent)]
        if not self._unsent and self._open:
            self._loop.remove_writer(self._stream)

    def _write(self, data: bytes | bytearray) -> int:
        try:
            return self._stream.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            return len(data)  # The reading side sees the end and says so.

    def _end(self, error: FrameError | None) -> None:
        self.close()
        self._ended(error)
