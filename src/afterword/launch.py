"""What a worker process is told when it is started, and what it tells its runners: plain data, on a command line, or by the
channel between the two before its frames begin."""

import json
import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple


class Launch(NamedTuple):
    """Everything a worker needs to know."""

    store: str
    """URL of the store, absolute."""
    app: str
    """`module:name` of the application; its jobs are the only ones claimed."""
    path: tuple[str, ...]
    """`sys.path` of the application's process, so that imports mean the same in a runner."""
    runners: int = 0
    """At most so many runners share the work; 0 for one a core."""
    concurrency: int = 16
    """Attempts at a time in one runner."""
    drain: float = 30.0
    """Seconds that running attempts get when the worker is asked to stop."""
    keep: float = 7 * 86_400.0
    """Seconds that finished jobs are kept."""
    queues: tuple[str, ...] = ()
    """Labels of the jobs to claim; empty for all."""
    lifeline: int | None = None
    """Descriptor of a pipe that ends when the process that wants this worker ends; None for a worker started apart."""

    def dump(self) -> str:
        return json.dumps(self._asdict())

    @classmethod
    def load(cls, text: str) -> "Launch":
        facts = json.loads(text)
        return cls(**{**facts, "path": tuple(facts["path"]), "queues": tuple(facts["queues"])})


class RunnerLaunch(NamedTuple):
    """What a runner needs to know to import the application."""

    app: str
    path: tuple[str, ...]
    parent: int
    """Pid of its worker: a runner whose parent is another has been orphaned and ends."""
    channel: int
    """Descriptor of its end of the socket pair."""

    def dump(self) -> str:
        return json.dumps(self._asdict())

    @classmethod
    def load(cls, text: str) -> "RunnerLaunch":
        facts = json.loads(text)
        return cls(**{**facts, "path": tuple(facts["path"])})


class Post(NamedTuple):
    """What else a runner needs to know, to make attempts. It is told by the channel: the first runner of a worker begins to
    import before its worker knows it."""

    concurrency: int
    life: str | None = None
    """Lock file that says the worker's attempts still live; None where the store knows no such thing."""

    def dump(self) -> str:
        return json.dumps(self._asdict())

    @classmethod
    def load(cls, text: str) -> "Post":
        return cls(**json.loads(text))


RUNNER = "afterword.runner"
ASKED = "afterword.runner.asked"
"""The modules of a runner, and of one that is asked first."""


def command(module: str, launch: Launch | RunnerLaunch) -> list[str]:
    """The command line of a child: a new interpreter, never a fork, and the working directory kept off its `sys.path`, which
    `launch` brings along."""
    return [sys.executable, "-P", "-m", module, launch.dump()]


_LENGTH = struct.Struct(">I")


def say(stream: socket.socket, text: str, descriptors: Sequence[int] = ()) -> None:
    """Send a text, and copies of descriptors, before the frames of a channel begin. Whoever has died need not hear it."""
    data = text.encode()
    with suppress(BrokenPipeError, ConnectionResetError):
        socket.send_fds(stream, [_LENGTH.pack(len(data))], descriptors)
        stream.sendall(data)


def hear(stream: socket.socket) -> tuple[str, Sequence[int]] | None:
    """Wait for a text and its descriptors, and take no byte more; None where the other end closes without a word."""
    try:
        head, descriptors, _, _ = socket.recv_fds(stream, _LENGTH.size, 1, socket.MSG_WAITALL)
        (length,) = _LENGTH.unpack(head)
        data = stream.recv(length, socket.MSG_WAITALL)
    except (ConnectionResetError, struct.error):
        return None
    return (data.decode(), descriptors) if len(data) == length else None
