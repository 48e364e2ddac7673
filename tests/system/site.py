"""A folder with an application, served by real processes, and the oracle that says what became of its tasks."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from afterword.jobs.job import Job
from afterword.launch import Launch
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Query
from tests.support.processes import PATIENCE, descendants, free_port, listens, lives_in, wait_until

PROJECT = Path(__file__).parent / "project"


@dataclass(frozen=True)
class Entry:
    """One line of the ledger."""

    number: int
    phase: str
    at: int
    """Nanoseconds of the machine's monotonic clock."""
    pid: int
    parent: int


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    address: str
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def add(self, name: str, number: int, **options: Any) -> dict[str, Any]:
        """Have a task added; AssertionError unless it was accepted."""
        response = httpx.post(f"{self.address}/add/{name}/{number}", params=options, timeout=PATIENCE)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Site:
    """Everything happens in `folder`, unless the `database` is put elsewhere before anything starts. Whatever was started is
    gone when `clear` returns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "afterword.db"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._seen: set[int] = set()
        self._logs = 0
        shutil.copytree(PROJECT, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))

    # Processes

    def serve(self, app: str = "main:app", *options: str, worker: bool = True, **environment: str) -> Server:
        """A real uvicorn, once it listens."""
        # Of several processes that share a port none says which one it is.
        port = free_port() if "--workers" in options else 0
        command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log", *options]
        process, log = self._start(command, **{"AFTERWORD_WORKER": "on" if worker else "off", **environment})
        pattern = re.compile(r"http://127\.0\.0\.1:\d+")
        wait_until(lambda: bool(pattern.search(log.read_text())) or process.poll() is not None, "uvicorn")
        found = pattern.search(log.read_text())
        assert found, log.read_text()
        if port:
            wait_until(lambda: listens(port), "uvicorn's processes")
        return Server(process, found.group(), log)

    def work(self, crash: str = "", app: str = "main:app", **launch: Any) -> subprocess.Popen[bytes]:
        """A worker started apart; `crash` names an event and its count at which it kills itself."""
        path = (str(self.folder), *(entry for entry in sys.path if entry))
        told = Launch(store=self.url, app=app, path=path, **launch)
        process, _ = self._start([sys.executable, "crashing_worker.py", told.dump(), crash])
        return process

    def run(self, *arguments: str) -> tuple[subprocess.Popen[bytes], Path]:
        """Any Python program, in the folder."""
        return self._start([sys.executable, *arguments])

    def clear(self) -> None:
        for process in self._processes:
            self._seen.update([process.pid, *descendants(process.pid)])
        for process in self._processes:
            process.kill()
            process.wait()
        for pid in self._seen:
            if lives_in(pid, self.folder):
                with suppress(ProcessLookupError):  # It was about to go.
                    os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(lives_in(pid, self.folder) for pid in self._seen), f"the end of {self._seen}")

    def remember(self, pids: Sequence[int]) -> None:
        """These must be gone at the end as well."""
        self._seen.update(pids)

    def _start(self, command: list[str], **environment: str) -> tuple[subprocess.Popen[bytes], Path]:
        self._logs += 1
        log = self.folder / f"log-{self._logs}.txt"
        if self.database.parent != self.folder:
            environment.setdefault("AFTERWORD_STORE", self.url)
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # What is killed may leave temporary files: they go with the folder.
                env={**os.environ, "TMPDIR": str(self.folder), **environment},
            )
        self._processes.append(process)
        return process, log

    # What became of the tasks

    @property
    def url(self) -> str:
        return f"sqlite:///{self.database}"

    def ledger(self) -> list[Entry]:
        path = self.folder / "ledger.txt"
        lines = path.read_text().splitlines() if path.exists() else []
        return [Entry(int(n), phase, int(at), int(pid), int(parent)) for n, phase, at, pid, parent in map(str.split, lines)]

    def ends(self) -> Counter[int]:
        """How often each number ran to its end."""
        return Counter(entry.number for entry in self.ledger() if entry.phase == "end")

    def starts(self) -> Counter[int]:
        return Counter(entry.number for entry in self.ledger() if entry.phase == "start")

    def wait_for(self, numbers: Sequence[int], phase: str = "end", patience: float = PATIENCE) -> None:
        """Until each number has come to that phase at least once."""

        def missing() -> set[int]:
            return set(numbers) - {entry.number for entry in self.ledger() if entry.phase == phase}

        wait_until(lambda: not missing(), f"the {phase} of {len(numbers)} tasks", patience)

    def wait_for_more(self, before: int) -> None:
        """Until more numbers have started than `before`."""
        wait_until(lambda: len(self.starts()) > before, "another start")

    def by_number(self) -> dict[int, list[Entry]]:
        entries = defaultdict(list)
        for entry in self.ledger():
            entries[entry.number].append(entry)
        return entries

    @contextmanager
    def store(self) -> Iterator[SqliteStore]:
        store = SqliteStore(self.database)
        try:
            yield store
        finally:
            store.close()

    def jobs(self) -> dict[int, Job]:
        """All jobs, by the number in their arguments."""
        with self.store() as store:
            found = store.find(Query(limit=100_000)).result(PATIENCE)
        return {number_of(job): job for job in found}

    def wait_until_finished(self, count: int) -> dict[int, Job]:
        """Until so many jobs are in a final state, and none is in another."""

        def settled() -> bool:
            jobs = self.jobs().values()
            return len(jobs) >= count and all(job.state.finished for job in jobs)

        wait_until(settled, f"the end of {count} jobs")
        return self.jobs()

    def check(self) -> None:
        """The file is sound."""
        with sqlite3.connect(self.database) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()


def number_of(job: Job) -> int:
    """The first argument of a job of the project."""

    def first(value: Any) -> int | None:
        match value:
            case bool():
                return None
            case int():
                return value
            case dict():
                return next((n for n in map(first, value.values()) if n is not None), None)
            case list():
                return next((n for n in map(first, value) if n is not None), None)
            case _:
                return None

    number = first(json.loads(job.arguments))
    assert number is not None
    return number


def terminate(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(PATIENCE)
