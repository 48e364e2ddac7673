"""Processes that the harness starts, and what they leave in the site's folder."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from afterword.demo.processes import descendants

Command = Sequence[str]

PATIENCE = 10.0
"""Seconds between asking a process to stop and killing it."""

_COUNTER = struct.Struct("<qqq")


class Count(NamedTuple):
    """Of the no-ops that were run: how many, and the monotonic times of the first and the last."""

    ran: int
    first_ns: int
    last_ns: int

    @property
    def per_second(self) -> float:
        """0 when fewer than two were run."""
        took = self.last_ns - self.first_ns
        return (self.ran - 1) / (took / 1e9) if took > 0 else 0.0


class Entry(NamedTuple):
    """A line of the ledger."""

    number: int
    phase: str
    """"start" or "end"."""
    ns: int
    """Monotonic."""
    pid: int


def start(
    command: Command, folder: Path, environment: Mapping[str, str], log: Path, *, user: str | None = None
) -> subprocess.Popen[bytes]:
    """In a session of its own; its output is appended to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            user=user,
            extra_groups=[] if user else None,
        )


def run(command: Command, folder: Path, environment: Mapping[str, str], patience: float) -> str:
    """What it has printed. RuntimeError with all it said when it fails or takes longer than `patience` seconds."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        said, complained = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{' '.join(command)} took longer than {patience:.0f} s") from None
    finally:
        end(process, signal.SIGKILL)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{(said + complained).decode()[-4000:]}")
    return said.decode()


def end(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal it; by SIGKILL its whole tree goes at once, otherwise what is left of the tree when it has ended, or PATIENCE."""
    tree = _tree(process)
    if number is not signal.SIGKILL and process.poll() is None:
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
    _kill_all({**tree, **_tree(process)})
    process.wait()


def sweep(folder: Path) -> None:
    """SIGKILL for all that were started with this BENCH_FOLDER, wherever they have gone; RuntimeError if some live on."""
    mark = f"BENCH_FOLDER={folder}".encode()

    def none_left() -> bool:
        left = {pid: _born(pid) for pid in _all() if mark in _read(pid, "environ").split(b"\0")}
        _kill_all(left)
        return not left

    if not wait(none_left, PATIENCE):
        raise RuntimeError(f"Processes of {folder} could not be ended.")


def wait(condition: Callable[[], bool], patience: float, every: float = 0.005) -> bool:
    """Look every so many seconds for `patience` seconds; say whether it became true."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def until_answers(url: str, process: subprocess.Popen[bytes], log: Path, patience: float = 60) -> None:
    """RuntimeError with the end of the log when the server ends, or does not answer for `patience` seconds."""

    def answers() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return True
        except OSError:
            return False

    if not wait(lambda: process.poll() is not None or answers(), patience) or process.poll() is not None:
        raise RuntimeError(f"{url} does not answer:\n{tail(log)}")


def tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:] if log.exists() else ""


def free_port() -> int:
    """A port that nobody listens on, for servers that cannot say which one they took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def count(folder: Path) -> Count:
    counters = []
    for path in folder.glob("*.count"):
        with contextlib.suppress(struct.error):  # It is empty for a moment when it is made.
            counters.append(_COUNTER.unpack(path.read_bytes()))
    counters = [counter for counter in counters if counter[0]]
    if not counters:
        return Count(0, 0, 0)
    counts, firsts, lasts = zip(*counters, strict=True)
    return Count(sum(counts), min(firsts), max(lasts))


def ledger(folder: Path) -> list[Entry]:
    try:
        lines = (folder / "ledger").read_text().splitlines()
    except FileNotFoundError:
        return []
    entries = []
    for line in lines:
        number, phase, ns, pid = line.split()
        entries.append(Entry(int(number), phase, int(ns), int(pid)))
    return entries


def cpu_seconds(pid: int) -> float:
    """What all threads of the process have spent in user and system mode; of its children nothing."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _tree(process: subprocess.Popen[bytes]) -> dict[int, bytes]:
    """Its descendants, and all of its session: what was orphaned is still of the session. With the times of their births."""
    pids = {process.pid} if process.poll() is None else set()
    pids |= {pid for pid in _all() if _stat(pid)[3:4] == [str(process.pid).encode()]}
    for pid in list(pids):
        pids.update(descendants(pid))
    return {pid: _born(pid) for pid in pids}


def _kill_all(pids: Mapping[int, bytes]) -> None:
    """Return when they are dead. All are stopped first, so that none can start another when it sees one die. A pid that has a
    new owner is left alone."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid, born in pids.items():
            if born and _born(pid) == born:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
    wait(lambda: not any(born and _born(pid) == born for pid, born in pids.items()), PATIENCE)


def _all() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _born(pid: int) -> bytes:
    """Ticks after the boot; empty for one that has ended."""
    stat = _stat(pid)
    return stat[19] if stat and stat[0] != b"Z" else b""


def _stat(pid: int) -> list[bytes]:
    """From its state on: the third field of `/proc/PID/stat`."""
    return _read(pid, "stat").rpartition(b")")[2].split()


def _read(pid: int, name: str) -> bytes:
    """Empty for one that is gone, or that belongs to another user."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
