"""A log that nobody reads."""

import fcntl
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.faults.conftest import Count
from tests.faults.oracle import judge
from tests.faults.strangers import APP
from tests.support.processes import PATIENCE, wait_until
from tests.system.site import Site


class Unread:
    """A server whose output goes into a pipe of one page, of which only the address is read; `read` reads on."""

    def __init__(self, site: Site) -> None:
        self._reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        command = [sys.executable, "-m", "uvicorn", APP, "--port", "0", "--no-access-log"]
        environment = {**os.environ, "AFTERWORD_RUNNERS": "2"}
        self.process = subprocess.Popen(
            command, cwd=site.folder, stdin=subprocess.DEVNULL, stdout=writing, stderr=writing, env=environment
        )
        os.close(writing)
        said = ""
        while not (found := re.search(r"http://127\.0\.0\.1:\d+", said)):
            said += os.read(self._reading, 4096).decode()
        self.address = found.group()
        self.said = 0
        self._reads = False

    def add(self, name: str, number: int) -> None:
        httpx.post(f"{self.address}/add/{name}/{number}", timeout=PATIENCE).raise_for_status()

    def read(self) -> None:
        """Everything from now on."""
        if self._reads:
            return
        self._reads = True

        def read() -> None:
            while said := os.read(self._reading, 65536):
                self.said += len(said)
            os.close(self._reading)

        threading.Thread(target=read, daemon=True).start()


@contextmanager
def unread(site: Site) -> Iterator[Unread]:
    server = Unread(site)
    try:
        yield server
    finally:
        server.read()
        server.process.terminate()
        server.process.wait(PATIENCE)


@pytest.mark.fault(
    "standard output and error of API, worker and runners are a full pipe that nobody reads",
    "requests are answered, jobs claimed and settled; what prints waits alone, until somebody reads",
)
def test_log_blocked(site: Site, tally: Count) -> None:
    with unread(site) as server:
        server.add("chatter", 0)
        site.wait_for([0], "start")
        for number in range(1, 6):
            server.add("fail", number)  # Each is a line of the log that is longer than the pipe.
        wait_until(lambda: sum(site.jobs()[n].state.finished for n in range(1, 6)) == 5, "the end of those that are logged")
        moment = time.monotonic()
        for number in range(6, 16):
            server.add("sleep", number)
        site.wait_for(range(6, 16))
        assert not site.ends()[0]
        server.read()
        site.wait_for([0])
        site.wait_until_finished(16)
    recovery = min(entry.at for entry in site.ledger() if entry.number == 6) / 1e9 - moment
    tally(judge(site, range(16), failing=range(1, 6), recovery=recovery))
    assert server.said > 5 * 12_000
