"""Engines as a team runs them, beside a site: a broker that forgets all when it dies, and real workers of Celery and RQ."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.processes import PATIENCE, descendants, wait_until
from tests.support.valkey import Valkey, valkey
from tests.system.site import Site

QUICK = ("--without-gossip", "--without-mingle", "--without-heartbeat")


class Engines:
    """Of the project's application `handing:app`, whose processes find the broker in $BROKER."""

    def __init__(self, site: Site, broker: Valkey) -> None:
        self.site = site
        self.broker = broker

    def celery(self, *options: str, concurrency: int = 2, name: str = "one") -> subprocess.Popen[bytes]:
        """A Celery worker with processes of its own, once it is ready."""
        told = ["-A", "mill", "worker", "-c", str(concurrency), "-n", f"{name}@mill", "-l", "INFO", *QUICK, *options]
        worker, log = self.site.run("-m", "celery", *told)
        wait_until(lambda: " ready." in log.read_text() or worker.poll() is not None, "a Celery worker")
        assert worker.poll() is None, log.read_text()
        return worker

    def rq(self) -> subprocess.Popen[bytes]:
        """An RQ worker, once it listens."""
        worker, log = self.site.run("-m", "rq.cli", "worker", "--url", self.broker.url, "reports")
        wait_until(lambda: "istening on" in log.read_text() or worker.poll() is not None, "an RQ worker")
        assert worker.poll() is None, log.read_text()
        return worker

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """The worker and all its processes, at once."""
        for pid in (worker.pid, *descendants(worker.pid)):
            os.kill(pid, signal.SIGKILL)
        worker.wait(PATIENCE)


@contextmanager
def engines(site: Site) -> Iterator[Engines]:
    with valkey() as broker:
        os.environ["BROKER"] = broker.url
        try:
            yield Engines(site, broker)
        finally:
            del os.environ["BROKER"]
