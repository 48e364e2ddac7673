"""What a measure is given: a Bench, and for each subject a Site, in which its servers, API and workers run."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from benchmarks import environments, processes, servers
from benchmarks.figures import Figure
from benchmarks.processes import Count, Entry
from benchmarks.subject import Server as ServerName
from benchmarks.subject import Subject

__all__ = ["Bench", "Count", "Entry", "Figure", "Measure", "Server", "Site"]

ROOT = Path(__file__).resolve().parent.parent


def place() -> Path:
    """Where the sites lie: not in /tmp, which is memory on many machines, since a disk is measured."""
    disk = Path("/var/tmp")
    return disk if disk.is_dir() else Path(tempfile.gettempdir())


class Server(NamedTuple):
    """A uvicorn that answers."""

    address: str
    """"http://127.0.0.1:PORT"."""
    pid: int
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])


class Measure(Protocol):
    """A module of `benchmarks.measures`."""

    NAME: str
    """Letter and name: "A requests"."""

    def applies(self, subject: Subject) -> bool: ...

    def measure(self, bench: "Bench", subject: Subject, *, quick: bool) -> Iterator[Figure]: ...


class InTurns(Measure, Protocol):
    """One that measures some subjects together, so that a moment in which the machine is slow strikes all of them."""

    TOGETHER: Sequence[str]
    """Their names, in the order of their turns."""

    def measure_together(self, bench: "Bench", subjects: Sequence[Subject], *, quick: bool) -> Iterator[Figure]:
        """`subjects` are those of TOGETHER that are asked for."""
        ...


@dataclass(frozen=True)
class Bench:
    store: str = "sqlite"
    """Which store afterword is measured on."""
    say: Callable[[str], None] = lambda _: None
    """Is told what happens, for whoever waits."""

    @contextmanager
    def site(self, subject: Subject, **settings: str) -> Iterator["Site"]:
        """A fresh folder, the servers it needs, its preparations made; all is ended and deleted at the end. `settings`
        are more environment variables."""
        python = environments.python(subject, self.say)
        folder = Path(tempfile.mkdtemp(prefix="bench-", dir=place()))
        try:
            with servers.running(_needs(subject, self.store), folder / "servers") as addresses:
                site = Site(subject, folder, python, _environment(subject, folder, python, self.store, addresses, settings))
                try:
                    for command in subject.prepare:
                        site.run(command)
                    yield site
                finally:
                    site.close()
        finally:
            processes.sweep(folder)
            shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Site:
    subject: Subject
    folder: Path
    """Is BENCH_FOLDER, and the working directory of all that runs."""
    python: Path
    """Of the subject's environment."""
    environment: dict[str, str]
    _servers: list[Server] = field(default_factory=list)
    _workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """What all that runs here has written to its standard output and error output."""
        return self.folder / "log"

    def uvicorn(self, **settings: str) -> Server:
        """One process that serves the subject's app, once `GET /ping` answers; `settings` are more environment variables."""
        address = f"http://127.0.0.1:{processes.free_port()}"
        module = f"benchmarks.subjects.{self.subject.name}.app:app"
        options = ["--port", address.rpartition(":")[2], "--no-access-log", "--log-level", "warning"]
        process = self.start(["python", "-m", "uvicorn", module, *options], **settings)
        server = Server(address, process.pid, process)
        self._servers.append(server)
        processes.until_answers(f"{address}/ping", process, self.log)
        return server

    def end(self, server: Server) -> None:
        """Ask it to stop; what remains of it and of its children after 10 s is killed."""
        self._servers = [other for other in self._servers if other.pid != server.pid]
        processes.end(server.process, signal.SIGTERM)

    def start_workers(self, **settings: str) -> list[subprocess.Popen[bytes]]:
        """Start the subject's workers, and return at once: they have hardly begun to import."""
        started = [self.start(command, **settings) for command in self.subject.workers]
        self._workers += started
        return started

    def kill_workers(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End each worker with its whole tree: by SIGKILL all at once, by others the worker is asked, and after 10 s killed."""
        ended, self._workers = self._workers, []
        for process in ended:
            processes.end(process, number)

    def fill(self, task: str, count: int, seconds: float = 0, *, patience: float = 300) -> float:
        """Add jobs 0 to `count` - 1 by the fastest documented way. Return the seconds that adding took."""
        module = f"benchmarks.subjects.{self.subject.name}.fill"
        said = self.run(["python", "-m", module, task, str(count), str(seconds)], patience)
        return float(json.loads(said.strip().splitlines()[-1])["seconds"])

    def count(self) -> Count:
        """How many no-ops were run, and the monotonic ns of the first and the last."""
        return processes.count(self.folder)

    def ledger(self) -> list[Entry]:
        """What `stamp`, `rest` and `burn` have noted, in that order."""
        return processes.ledger(self.folder)

    def forget(self) -> None:
        """Delete counters and ledger; not while jobs run."""
        for path in [*self.folder.glob("*.count"), self.folder / "ledger"]:
            path.unlink(missing_ok=True)

    def wait(self, condition: Callable[[], bool], patience: float, every: float = 0.005) -> bool:
        """Look every so many seconds for `patience` seconds; say whether it became true."""
        return processes.wait(condition, patience, every)

    def start(self, command: processes.Command, **settings: str) -> subprocess.Popen[bytes]:
        """Run a command of the subject's environment, in a session of its own; it is ended with the site at the latest."""
        environment = {**self.environment, **settings}
        return processes.start(environments.spelt(command, self.python, environment), self.folder, environment, self.log)

    def run(self, command: processes.Command, patience: float = 120) -> str:
        """What the command has printed. RuntimeError with its output when it fails."""
        spelt = environments.spelt(command, self.python, self.environment)
        return processes.run(spelt, self.folder, self.environment, patience)

    def close(self) -> None:
        self.kill_workers()
        for server in list(self._servers):
            self.end(server)


def _environment(
    subject: Subject, folder: Path, python: Path, store: str, addresses: dict[str, str], settings: dict[str, str]
) -> dict[str, str]:
    """Little of this process's own, so that nothing of it is measured."""
    environment = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ") if name in os.environ}
    environment |= {
        "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "BENCH_FOLDER": str(folder),
        **addresses,
    }
    if _ours(subject):
        environment["AFTERWORD_STORE"] = _store(store, folder, addresses)
    given = {**subject.settings, **settings}
    return environment | {name: environments.filled_in(value, environment) for name, value in given.items()}


def _ours(subject: Subject) -> bool:
    return (subject.environment or subject.name) == "afterword" and subject.stores_itself


def _needs(subject: Subject, store: str) -> frozenset[ServerName]:
    return subject.needs | {"postgres"} if _ours(subject) and store == "postgres" else subject.needs


def _store(store: str, folder: Path, addresses: dict[str, str]) -> str:
    return addresses["BENCH_POSTGRES"] if store == "postgres" else f"sqlite:///{folder}/jobs.db"
