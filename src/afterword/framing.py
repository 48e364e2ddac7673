"""Frames as bytes.

A length (4 bytes, big-endian, of what follows), a kind (1 byte), the length of a header (4 bytes), the header (JSON), then
blobs, whose lengths stand in the header.
"""

import json
import struct
from collections.abc import Generator, Sequence
from typing import Any

from afterword.errors import FrameError

LONGEST = 1 << 30
"""Bytes; a longer frame is taken for garbage."""

_LENGTH = struct.Struct("!I")
_HEAD = struct.Struct("!cI")
_JSON = json.JSONEncoder(separators=(",", ":"))


class Blobs:
    """The bytes behind a header, taken one after the other. ValueError for more than there is, and for less at the end."""

    def __init__(self, body: bytes, start: int) -> None:
        self._body = body
        self._at = start

    def take(self, length: int) -> bytes:
        if length < 0 or self._at + length > len(self._body):
            raise ValueError("it ends inside its data")
        blob = self._body[self._at : self._at + length]
        self._at += length
        return blob

    def finish(self) -> None:
        if self._at < len(self._body):
            raise ValueError(f"{len(self._body) - self._at} bytes are left over")


def pack(kind: bytes, header: Any, blobs: Sequence[bytes] = ()) -> bytes:
    """A whole frame."""
    head = _JSON.encode(header).encode()
    length = _HEAD.size + len(head) + sum(map(len, blobs))
    return b"".join([_LENGTH.pack(length), _HEAD.pack(kind, len(head)), head, *blobs])


def unpack(body: bytes) -> tuple[bytes, Any, Blobs]:
    """Kind, header and blobs of a frame without its length. Raises ValueError or struct.error for what `pack` does not make."""
    kind, size = _HEAD.unpack_from(body)
    start = _HEAD.size + size
    if start > len(body):
        raise ValueError("it ends inside its header")
    return kind, json.loads(body[_HEAD.size : start]), Blobs(body, start)


class Cutter:
    """Cuts a stream of bytes into the bodies of frames."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes | memoryview) -> Generator[bytes, None, None]:
        """The bodies that `data` completes. Raises FrameError where the stream is garbage."""
        self._rest += data
        start = 0
        try:
            while len(self._rest) - start >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(self._rest, start)
                if length > LONGEST:
                    raise FrameError(why=f"it claims to be {length} bytes long")
                end = start + _LENGTH.size + length
                if len(self._rest) < end:
                    break
                body = bytes(self._rest[start + _LENGTH.size : end])
                start = end
                yield body
        finally:  # Also when the reader stops halfway: what it has read is not read again.
            del self._rest[:start]
