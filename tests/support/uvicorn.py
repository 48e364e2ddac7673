"""A real uvicorn in a folder of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import PATIENCE, wait_until

_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        """A plain connection, for clients that do not behave."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def said(self) -> str:
        return self.log.read_text()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send it the signal, and wait for its end."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)


@contextmanager
def serve(folder: Path, app: str = "main:app", *options: str, **environment: str) -> Iterator[Server]:
    """The application in `folder`, once it listens on a free port; gone at the end, however that comes."""
    log = folder / "uvicorn.log"
    command = [sys.executable, "-m", "uvicorn", app, "--port", "0", *options]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, **environment}
        )
    try:
        wait_until(lambda: bool(_ADDRESS.search(log.read_text())) or process.poll() is not None, "uvicorn")
        found = _ADDRESS.search(log.read_text())
        assert found, log.read_text()
        yield Server(process, int(found.group(1)), log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
