"""A Celery application on a real broker, with real workers, and our end of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from afterword.handoff.celery import Celery
from afterword.handoff.engine import Handed, Offer, Sighting, Underway
from afterword.tasks.call import new_id
from tests.handoff.celery.project import shop
from tests.support.processes import wait_until

PROJECT = Path(shop.__file__).parent


class Bench:
    """`settings` are those of `shop.make`."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.settings = settings
        self.ledger = folder / "ledger"
        self._workers: list[subprocess.Popen[bytes]] = []
        self.app = shop.make(**settings)
        self.engine = Celery(self.app, search_every=0.0)

    # Workers

    def worker(self, *told: str, **changed: Any) -> subprocess.Popen[bytes]:
        """A Celery worker that is ready."""
        log = self.ledger.with_name(f"worker-{len(self._workers)}.log")
        environment = {
            **os.environ,
            "SHOP": json.dumps({**self.settings, **changed}),
            "SHOP_LEDGER": str(self.ledger),
            "TMPDIR": str(self.ledger.parent),  # A pool that is killed leaves folders there.
        }
        quick = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "INFO"]
        name = f"w{len(self._workers)}@shop"
        command = [sys.executable, "-m", "celery", "-A", "shop", "worker", "-c", "1", "-n", name, *quick, *told]
        with log.open("wb") as output:
            worker = subprocess.Popen(
                command, cwd=PROJECT, env=environment, stdout=output, stderr=output, start_new_session=True
            )
        self._workers.append(worker)
        wait_until(lambda: b" ready." in log.read_bytes() or worker.poll() is not None, "a Celery worker")
        assert worker.poll() is None, log.read_text()
        return worker

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """The worker and its children, at once."""
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        self._workers.remove(worker)

    def close(self) -> None:
        for worker in list(self._workers):
            if worker.poll() is None:
                self.kill(worker)
        self.engine.close()

    # Jobs

    def offer(
        self, task: str, *, id: str | None = None, token: int = 1, timeout: int | None = None, **arguments: Any
    ) -> Handed:
        """Hand one of our tasks off."""
        data = json.dumps(arguments).encode()
        origin = f"shop:{'raise_' if task == 'raise' else task}"
        name = task if task in ("raise", "hold_once") else origin
        return self.submit(Offer(id or new_id(), token, 1, "shop:celery_app", name, origin, timeout, False, data))

    def theirs(self, task: str, *args: Any, id: str | None = None, token: int = 1) -> Handed:
        """Hand a task of Celery's off."""
        data = json.dumps({"args": args, "kwargs": {}}).encode()
        return self.submit(Offer(id or new_id(), token, 1, "shop:celery_app", task, None, None, True, data))

    def submit(self, offer: Offer) -> Handed:
        return Handed(offer.id, offer.token, offer.foreign, self.engine.submit(offer), time.time_ns() // 1000)

    def look(self, handed: Handed) -> Sighting:
        [sighting] = self.engine.look([handed])
        return sighting

    def end(self, handed: Handed, patience: float = 40.0) -> Sighting:
        """What is seen of it when it is no longer under way."""
        seen: list[Sighting] = []

        def ended() -> bool:
            seen.append(self.look(handed))
            return not isinstance(seen[-1], Underway)

        wait_until(ended, f"the end of {handed.id}", patience)
        return seen[-1]

    # The world of the tasks

    def lines(self) -> list[str]:
        """What tasks noted, without process ids."""
        return [line.rpartition(" ")[0] for line in self._noted()]

    def pid(self, line: str) -> int:
        """The process that noted it."""
        return int(next(noted for noted in self._noted() if noted.rpartition(" ")[0] == line).rpartition(" ")[2])

    def let_go(self, name: str) -> None:
        self.ledger.with_name(name).touch()

    def wait_for(self, line: str, times: int = 1) -> None:
        wait_until(lambda: self.lines().count(line) >= times, f"{line!r}", 40.0)

    def log(self, text: str) -> Callable[[], bool]:
        """Whether a worker has logged it."""
        return lambda: any(text in log.read_text() for log in self.ledger.parent.glob("worker-*.log"))

    def _noted(self) -> list[str]:
        return self.ledger.read_text().splitlines() if self.ledger.exists() else []


@contextmanager
def bench(folder: Path, **settings: Any) -> Iterator[Bench]:
    made = Bench(folder, **settings)
    try:
        yield made
    finally:
        made.close()
