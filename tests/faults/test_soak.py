"""Everything at once, for as long as one likes: AFTERWORD_TEST_SOAK is the seconds, AFTERWORD_TEST_SEED chooses the faults."""

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.faults.conftest import Count
from tests.faults.oracle import judge
from tests.faults.strangers import APP, go_on
from tests.faults.test_kills import kill
from tests.support.processes import PATIENCE, runners, wait_until, workers
from tests.system.site import Server, Site

SECONDS = float(os.environ.get("AFTERWORD_TEST_SOAK", "60"))
SEED = int(os.environ.get("AFTERWORD_TEST_SEED", "0")) or random.randrange(1, 1_000_000)

PAUSE = 1.0
"""Seconds between two faults, on average."""

MOST = 90_000
"""Requests in all, spread over the time if that is long: they are counted one by one at the end."""

ROOM = 24 << 20
"""Bytes by which a process's memory may grow between the end of its youth and the end of the soak: what Python's allocator
makes of the same work differs by a few."""

LOG = 32 << 20
"""Bytes that the write-ahead log may take: it is kept at 4 MiB, and what a fault holds up comes on top."""


@dataclass
class Load:
    """What the client has asked for, and what came of it."""

    server: Server
    chance: random.Random
    accepted: set[int] = field(default_factory=set)
    failing: set[int] = field(default_factory=set)
    last: int = 0

    def add(self) -> None:
        """One request; nearly always with a task that ends well."""
        self.last += 1
        name = self.chance.choices(["sleep", "fail_once", "fail", "segfault"], [90, 6, 3, 1])[0]
        extra = {"seconds": self.chance.choice([0.0, 0.0, 0.01, 0.1])} if name == "sleep" else {}
        answer = httpx.post(f"{self.server.address}/add/{name}/{self.last}", params=extra, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        self.accepted.add(self.last)
        if name in ("fail", "segfault"):
            self.failing.add(self.last)


@dataclass
class Body:
    """How much the server takes, at each look."""

    memory: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    log: list[int] = field(default_factory=list)

    def look(self, site: Site, pid: int) -> None:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        self.memory.append(pages * os.sysconf("SC_PAGE_SIZE"))
        self.descriptors.append(len(list(Path(f"/proc/{pid}/fd").iterdir())))
        log = site.folder / "afterword.db-wal"
        self.log.append(log.stat().st_size if log.exists() else 0)

    def check(self) -> None:
        """Flat, but for the first quarter, in which it warms up."""
        warm = len(self.memory) // 4
        assert max(self.memory[warm:]) - self.memory[warm] < ROOM, self.memory
        assert max(self.descriptors[warm:]) - min(self.descriptors[warm:]) < 40, self.descriptors
        assert max(self.log) < LOG, self.log


def kill_a_runner(server: Server, chance: random.Random) -> None:
    kill(*chance.sample(found, 1) if (found := runners(server.pid)) else ())


def kill_the_worker(server: Server, chance: random.Random) -> None:
    kill(*workers(server.pid))


def end_the_worker(server: Server, chance: random.Random) -> None:
    for pid in workers(server.pid):
        os.kill(pid, signal.SIGTERM)


def stop_for_a_moment(server: Server, chance: random.Random) -> None:
    for pid in chance.sample(found, 1) if (found := [*workers(server.pid), *runners(server.pid)]) else []:
        try:
            os.kill(pid, signal.SIGSTOP)
        except ProcessLookupError:
            continue
        time.sleep(chance.uniform(0.0, 0.3))
        go_on(pid)


FAULTS: list[tuple[Callable[[Server, random.Random], None], int]] = [
    (kill_a_runner, 6),
    (stop_for_a_moment, 6),
    (kill_the_worker, 1),
    (end_the_worker, 1),
]


@pytest.mark.long
@pytest.mark.timeout(SECONDS * 2 + 300)
@pytest.mark.fault(
    f"a mixed load for {SECONDS:g} s, with runners and workers killed, stopped and ended at random",
    "all promises hold; memory, descriptors and the write-ahead log stay flat",
)
def test_soak(site: Site, tally: Count) -> None:
    print(f"AFTERWORD_TEST_SEED={SEED}")
    chance = random.Random(SEED)
    server = site.serve(APP)
    load, body = Load(server, chance), Body()
    begun = time.monotonic()
    next_fault = begun + PAUSE
    faults = 0
    while time.monotonic() - begun < SECONDS:
        for _ in range(10):
            load.add()
        body.look(site, server.pid)
        if time.monotonic() >= next_fault:
            fault = chance.choices([fault for fault, _ in FAULTS], [weight for _, weight in FAULTS])[0]
            fault(server, chance)
            faults += 1
            next_fault = time.monotonic() + chance.expovariate(1 / PAUSE)
        wait_until(lambda: backlog(site) < 500, "the tasks", 120)
        time.sleep(max(0.0, begun + load.last * SECONDS / MOST - time.monotonic()))
    wait_until(lambda: backlog(site) == 0, "the end of all tasks", 240)
    # A kill explains what was in hand; of a runner that is as much as it takes at once.
    tally(judge(site, load.accepted, failing=load.failing, twice_at_most=32 * faults))
    body.check()


def backlog(site: Site) -> int:
    """How many are unfinished."""
    with site.store() as store:
        counts = store.count().result(PATIENCE)
    return sum(count for state, count in counts.items() if not state.finished)
