"""`make demo`: the documentation's sample under a real uvicorn, then a power cut in the middle of 500 waiting tasks, with
afterword and with FastAPI's own BackgroundTasks. Takes about half a minute and leaves nothing behind."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
WAITING = 500
"""Tasks that must be waiting when the power goes."""
ORDERS = 700
PATIENCE = 30.0
"""Seconds that anything here may take before the demo calls it a failure."""
STOCK_PATIENCE = 3.0
"""Seconds given to stock FastAPI, after its restart, to come back to what it had accepted."""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="afterword-demo-") as name:
        folder = Path(name)
        show_the_sample(folder / "sample")
        ours = cut_the_power(folder / "afterword", with_afterword=True)
        stock = cut_the_power(folder / "stock", with_afterword=False)
    print_table(ours, stock)
    return 0 if ours.lost == 0 and ours.accepted == ours.run else 1


def show_the_sample(folder: Path) -> None:
    print("1. The sample of FastAPI's documentation, one import and one line changed: examples/notifications.py\n")
    folder.mkdir()
    shutil.copy(HERE / "notifications.py", folder)
    with uvicorn("notifications:app", folder) as server:
        for path in ("/notifications/ada@example.com", "/reminders/grace@example.com?about=tea"):
            print(f"   POST {path}\n        {post(server.address + path).decode()}")
        log = folder / "log.txt"
        wait_for(lambda: log.exists() and "reminded grace" in log.read_text(), "the notes")
        print("\n   log.txt, written after the responses, in another process:")
        for line in log.read_text().splitlines():
            print(f"        {line}")
        print(f"\n   uvicorn {server.process.pid}: the API, which only writes tasks down")
        for pid, role in family(server.process.pid):
            print(f"   └─ {pid}: {role}")


@dataclass(frozen=True)
class Count:
    """What came of the orders."""

    accepted: int
    run: int
    twice: int
    resumed: float | None
    """Seconds from the restart until the first that had waited was run."""
    recovered: float | None
    """Seconds from the restart until all had run."""

    @property
    def lost(self) -> int:
        return self.accepted - self.run


def cut_the_power(folder: Path, *, with_afterword: bool) -> Count:
    name = "afterword" if with_afterword else "stock FastAPI"
    print(f"\n{'2' if with_afterword else '3'}. {name}: {ORDERS} orders, 0.2 s each; SIGKILL while at least {WAITING} wait\n")
    folder.mkdir()
    sample = (HERE / "orders_demo.py").read_text()
    (folder / "orders_demo.py").write_text(sample if with_afterword else stock(sample))
    ledger = folder / "ledger.txt"
    with uvicorn("orders_demo:app", folder) as server:
        accepted = send_orders(server.address)
        wait_for(lambda: bool(read(ledger)), "the first task")
        done = len(read(ledger))
        waiting = len(accepted) - done
        killed = kill_tree(server.process.pid)
        server.process.wait()
    print(f"   accepted {len(accepted)}, run {done}, waiting {waiting}: killed {', '.join(killed)}")
    if waiting < WAITING:
        raise SystemExit(f"only {waiting} tasks were waiting: this machine is too quick for the demo's load")
    began = time.monotonic()
    with uvicorn("orders_demo:app", folder):
        resumed = seconds_until(lambda: len(read(ledger)) > done, began, PATIENCE if with_afterword else STOCK_PATIENCE)
        recovered = resumed and seconds_until(lambda: accepted <= {entry.number for entry in read(ledger)}, began, PATIENCE)
    entries = read(ledger)
    times = Counter(entry.number for entry in entries if entry.number in accepted)
    runners = sorted({entry.pid for entry in entries})
    print(f"   started again: {len(times)} of {len(accepted)} have run, in processes {', '.join(map(str, runners))}")
    return Count(len(accepted), len(times), sum(1 for count in times.values() if count > 1), resumed, recovered)


def seconds_until(happened: Callable[[], bool], began: float, patience: float) -> float | None:
    """Seconds between `began` and the event, None when it does not come."""
    while time.monotonic() < began + patience:
        if happened():
            return time.monotonic() - began
        threading.Event().wait(0.02)
    return None


def print_table(ours: Count, stock: Count) -> None:
    print("\n                        accepted    run   lost  run twice  goes on after  all run after")
    for name, count in (("afterword", ours), ("fastapi.BackgroundTasks", stock)):
        resumed, recovered = (f"{after:.1f} s" if after else "never" for after in (count.resumed, count.recovered))
        print(f"{name:<23} {count.accepted:>8} {count.run:>6} {count.lost:>6} {count.twice:>10} {resumed:>14} {recovered:>14}")


# The server


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[str]
    address: str


@contextmanager
def uvicorn(app: str, folder: Path) -> Iterator[Server]:
    """A real uvicorn in `folder` on a free port, ended by SIGTERM."""
    command = [sys.executable, "-m", "uvicorn", app, "--port", "0", "--no-access-log"]
    log = folder / "uvicorn.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, text=True)
    try:
        wait_for(lambda: "Uvicorn running on" in log.read_text() or process.poll() is not None, "uvicorn")
        found = re.search(r"http://[\d.]+:\d+", log.read_text())
        if not found:
            raise SystemExit(f"uvicorn did not start:\n{log.read_text()}")
        yield Server(process, found.group())
    finally:
        others = descendants(process.pid) if process.poll() is None else []
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        wait_for(lambda: not any(alive(pid) for pid in others), "the worker's end")


def send_orders(address: str) -> set[int]:
    """The numbers of the orders that were answered with 202."""

    def send(number: int) -> int | None:
        try:
            post(f"{address}/orders/{number}")
        except OSError:
            return None
        return number

    with ThreadPoolExecutor(16) as clients:
        return {number for number in clients.map(send, range(ORDERS)) if number is not None}


def post(url: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=PATIENCE) as response:
        body: bytes = response.read()
    return body


def stock(sample: str) -> str:
    """The same application with FastAPI's own BackgroundTasks."""
    return (
        sample.replace("from fastapi import FastAPI", "from fastapi import BackgroundTasks, FastAPI")
        .replace("from afterword import Afterword, BackgroundTasks\n", "")
        .replace("Afterword(app)\n", "")
    )


# The ledger


@dataclass(frozen=True)
class Entry:
    number: int
    pid: int


def read(ledger: Path) -> list[Entry]:
    if not ledger.exists():
        return []
    # The last line may be half written.
    lines = [line.split() for line in ledger.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return [Entry(int(number), int(pid)) for number, pid, _ in lines]


# Processes


def family(pid: int) -> list[tuple[int, str]]:
    """The processes below `pid`, and what each does."""
    roles = {
        "afterword.embedded": "worker: claims and settles, runs no user code",
        "afterword.runner": "runner: runs the tasks",
    }
    return [(child, role) for child in descendants(pid) for module, role in roles.items() if module in command_line(child)]


def kill_tree(pid: int) -> list[str]:
    """SIGKILL for a process and all below it, from the top; answers with who they were."""
    everyone = [(pid, "API"), *((child, role.partition(":")[0]) for child, role in family(pid))]
    for process, _ in everyone:
        os.kill(process, signal.SIGKILL)
    return [f"{role} {process}" for process, role in everyone]


def descendants(pid: int) -> list[int]:
    """All below `pid`, parents before children."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for ancestor in found:
        found += [child for child, parent in parents.items() if parent == ancestor]
    return found[1:]


def command_line(pid: int) -> str:
    """Empty for one that has ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def alive(pid: int) -> bool:
    return bool(command_line(pid))


def wait_for(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {PATIENCE:.0f} s in vain for {what}")
        threading.Event().wait(0.05)


if __name__ == "__main__":
    sys.exit(main())
