"""An RQ queue on a real Valkey, with real workers, and our end of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import redis
import rq
from rq.decorators import job
from rq.job import Job
from rq.serializers import JSONSerializer

from afterword.handoff.engine import Handed, Offer, Sighting, Underway
from afterword.handoff.rq import RQ, of
from afterword.tasks.call import new_id
from tests.handoff.rq.project import shop
from tests.support.processes import descendants, wait_until

PROJECT = Path(shop.__file__).parent

LEASE = 3.0


class Bench:
    def __init__(self, folder: Path, url: str, as_json: bool = False) -> None:
        self.url = url
        self.ledger = folder / "ledger"
        self.client = redis.Redis.from_url(url)
        self._told = ["--serializer", "rq.serializers.JSONSerializer"] if as_json else []
        self.queue = rq.Queue("work", connection=self.client, serializer=JSONSerializer if as_json else None)
        self.engine = RQ(self.queue, lease=LEASE)
        self._workers: list[subprocess.Popen[bytes]] = []
        self._decorated: list[Any] = []

    # Workers

    def worker(self, *told: str) -> subprocess.Popen[bytes]:
        """An RQ worker that is ready."""
        number = len(list(self.ledger.parent.glob("worker-*.log")))
        log = self.ledger.with_name(f"worker-{number}.log")
        environment = {**os.environ, "SHOP_LEDGER": str(self.ledger)}
        name = f"{self.ledger.parent.name}-{number}"
        command = [sys.executable, "-m", "rq.cli", "worker", "--url", self.url, "--name", name, *self._told, *told, "work"]
        with log.open("wb") as output:
            worker = subprocess.Popen(
                command, cwd=PROJECT, env=environment, stdout=output, stderr=output, start_new_session=True
            )
        self._workers.append(worker)
        wait_until(lambda: b"istening on" in log.read_bytes() or worker.poll() is not None, "an RQ worker")
        assert worker.poll() is None, log.read_text()
        return worker

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """The worker and its horse, at once."""
        horses = descendants(worker.pid)
        os.kill(worker.pid, signal.SIGSTOP)  # So that it does not see its horse die.
        for pid in (*horses, worker.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        worker.wait()
        self._workers.remove(worker)

    def close(self) -> None:
        for worker in list(self._workers):
            if worker.poll() is None:
                self.kill(worker)
        for function in self._decorated:
            vars(function).clear()
        self.engine.close()
        self.client.close()

    # Jobs

    def an_offer(self, task: str, *, id: str | None = None, token: int = 1, attempt: int = 1, **arguments: Any) -> Offer:
        data = json.dumps(arguments).encode()
        origin = f"shop:{'raise_' if task == 'raise' else task}"
        # Other projects of the tests have tasks of these names.
        name = f"{task} in rq" if task in ("raise", "hold_once") else origin
        return Offer(id or new_id(), token, attempt, "shop:app", name, origin, None, False, data)

    def offer(self, task: str, **told: Any) -> Handed:
        """Hand one of our tasks off."""
        return self.submit(self.an_offer(task, **told))

    def their_offer(self, task: str, *args: Any, id: str | None = None, token: int = 1, **kwargs: Any) -> Offer:
        data = json.dumps({"args": args, "kwargs": kwargs}).encode()
        return Offer(id or new_id(), token, 1, "shop:app", f"shop.{task}", f"{shop.__name__}:{task}", None, True, data)

    def submit(self, offer: Offer, engine: RQ | None = None) -> Handed:
        return Handed(offer.id, offer.token, offer.foreign, (engine or self.engine).submit(offer), time.time_ns() // 1000)

    def decorate(self, name: str, **options: Any) -> RQ:
        """The engine that a function of theirs brings along."""
        function: Any = getattr(shop, name)
        self._decorated.append(function)
        return of(job(options.pop("queue", "work"), connection=self.client, **options)(function))

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

    def job(self, handed: Handed) -> Any:
        """RQ's own."""
        return Job.fetch(handed.id, connection=self.client, serializer=self.queue.serializer)

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

    def _noted(self) -> list[str]:
        return self.ledger.read_text().splitlines() if self.ledger.exists() else []


@contextmanager
def bench(folder: Path, url: str, as_json: bool = False) -> Iterator[Bench]:
    made = Bench(folder, url, as_json)
    try:
        yield made
    finally:
        made.close()
