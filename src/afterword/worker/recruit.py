"""A runner on its way: it imports the application, and waits to be told what its worker knows by then."""

import os
import socket
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from afterword.launch import RUNNER, RunnerLaunch, command


class Recruit(NamedTuple):
    """A child process that is told its Post by `stream`, and is a runner from then on. It ends with whoever holds `stream`."""

    process: subprocess.Popen[bytes]
    stream: socket.socket


def recruit(app: str, path: Sequence[str], module: str = RUNNER, stdout: int | None = None) -> Recruit:
    """Start one. Call it on the main thread: the child dies with the thread."""
    ours, theirs = socket.socketpair()
    try:
        told = RunnerLaunch(app, tuple(path), parent=os.getpid(), channel=theirs.fileno())
        process = subprocess.Popen(command(module, told), stdin=subprocess.DEVNULL, stdout=stdout, pass_fds=(theirs.fileno(),))
        return Recruit(process, ours)
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
