"""The disk is full, read-only, broken, or not here."""

import os
import resource
import time
from collections.abc import Iterable
from pathlib import Path

import httpx
import pytest

from tests.faults import disks, remote
from tests.faults.conftest import Count
from tests.faults.oracle import Tally, judge
from tests.support.processes import PATIENCE, wait_until, workers
from tests.system.site import Server, Site

WINDOW = 1.0
"""Seconds for which a trouble is watched."""


def add(server: Server, number: int) -> bool:
    """Whether it was accepted. If not, the client is told so, and when to try again."""
    response = httpx.post(f"{server.address}/add/sleep/{number}", timeout=PATIENCE)
    if response.status_code == 200:
        return True
    assert response.status_code == 503, response.text
    assert int(response.headers["Retry-After"]) >= 1
    assert "could not be written down" in response.text
    return False


def add_until_refused(server: Server, numbers: Iterable[int]) -> tuple[set[int], set[int]]:
    """The numbers that were accepted, and the first three that were not."""
    accepted: set[int] = set()
    refused: set[int] = set()
    for number in numbers:
        (accepted if add(server, number) else refused).add(number)
        if len(refused) == 3:
            return accepted, refused
    raise AssertionError("nothing was refused")


def assert_it_rests(*pids: int, log: Path) -> None:
    """For a while they use little processor time, and say little."""
    before, lines = [processor(pid) for pid in pids], len(log.read_text().splitlines())
    time.sleep(WINDOW)
    used = [processor(pid) - earlier for pid, earlier in zip(pids, before, strict=True)]
    assert max(used) < WINDOW / 2, f"it spins: {used} s of processor time in {WINDOW} s"
    said = log.read_text().splitlines()[lines:]
    # Each kind of trouble at most once a second; the kinds are the worker's duties, and the API's.
    assert len(said) < 15 * WINDOW, "\n".join(said)


def processor(pid: int) -> float:
    """Seconds of processor time that it has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def assert_still_alive(server: Server, worker: int) -> None:
    assert server.process.poll() is None
    assert workers(server.pid) == [worker]


@pytest.mark.fault(
    "not a byte is left on the disk, then there is room again",
    "requests get a 503 with Retry-After; the worker rests, and goes on by itself",
)
def test_disk_full(site: Site, tmp_path: Path, tally: Count) -> None:
    with disks.memory(tmp_path / "disk", "3M") as disk:
        site.database = disk.path / "afterword.db"
        server = site.serve()
        for number in range(10):
            server.add("sleep_unordered", number, seconds=0.5)
        site.wait_for([0], "start")
        (worker,) = workers(server.pid)
        disk.fill()
        accepted, refused = add_until_refused(server, range(100, 1000))
        assert "the disk is full (SQLITE_FULL)" in server.log.read_text()
        assert_it_rests(server.pid, worker, log=server.log)
        moment = time.monotonic()
        disk.make_room()
        wait_until(lambda: add(server, 2000), "the first that is accepted again")
        recovery = time.monotonic() - moment
        accepted |= {2000, *range(10)}
        site.wait_until_finished(len(accepted))
        assert_still_alive(server, worker)
        tally(judge(site, accepted, refused=refused, recovery=recovery))
        site.clear()


@pytest.mark.long
@pytest.mark.fault(
    "the file system becomes read-only under living processes, and is so still when they start again",
    "requests get a 503; a start is refused in words; once it can be written to, all runs",
)
def test_disk_readonly(site: Site, tmp_path: Path, tally: Count) -> None:
    with disks.ext4(tmp_path / "disk") as disk:
        site.database = disk.path / "afterword.db"
        server = site.serve()
        for number in range(10):
            server.add("sleep", number, seconds=0.2)
        (worker,) = workers(server.pid)
        site.wait_for([0], "start")
        disk.become_read_only()
        accepted, refused = add_until_refused(server, range(100, 1000))
        assert_it_rests(server.pid, worker, log=server.log)
        assert_still_alive(server, worker)
        site.clear()
        disk.unmount()
        disk.mount()
        disk.remount("ro")
        process, log = site.run("-m", "uvicorn", "main:app", "--port", "0")
        assert process.wait(PATIENCE) != 0
        assert "StoreUnavailable: The store at" in log.read_text()
        assert "Read-only file system" in log.read_text()
        disk.remount("rw")
        accepted |= set(range(10))
        moment = time.monotonic()
        site.serve()
        site.wait_until_finished(len(accepted))
        tally(judge(site, accepted, refused=refused, twice_at_most=10, unwritten=True, recovery=time.monotonic() - moment))
        site.clear()


@pytest.mark.fault(
    "every call to the disk fails (EIO) under living processes, until it is mounted anew",
    "requests get a 503; the worker says so and rests; after a restart all runs",
)
def test_io_error(site: Site, tmp_path: Path, tally: Count) -> None:
    with disks.ext4(tmp_path / "disk") as disk:
        site.database = disk.path / "afterword.db"
        server = site.serve()
        for number in range(10):
            server.add("sleep", number, seconds=0.2)
        (worker,) = workers(server.pid)
        site.wait_for([0], "start")
        disk.cut_the_power()
        accepted, refused = add_until_refused(server, range(100, 1000))
        assert_it_rests(server.pid, worker, log=server.log)
        assert_still_alive(server, worker)
        site.clear()
        disk.unmount()
        disk.mount()
        accepted |= set(range(10))
        moment = time.monotonic()
        site.serve()
        site.wait_until_finished(len(accepted))
        tally(judge(site, accepted, refused=refused, twice_at_most=10, unwritten=True, recovery=time.monotonic() - moment))
        site.clear()


@pytest.mark.fault(
    "writes fail in the middle of the log (RLIMIT_FSIZE of API and worker), then succeed again",
    "requests get a 503 with Retry-After; the worker goes on by itself",
)
def test_io_error_that_passes(site: Site, tally: Count) -> None:
    server = site.serve()
    for number in range(10):
        server.add("sleep_unordered", number, seconds=0.5)
    site.wait_for([0], "start")
    (worker,) = workers(server.pid)
    size = site.database.with_name("afterword.db-wal").stat().st_size
    for pid in (server.pid, worker):
        # In the middle of a frame.
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size + 5000, resource.RLIM_INFINITY))
    accepted, refused = add_until_refused(server, range(100, 1000))
    assert "its disk failed (SQLITE_IOERR_WRITE)" in server.log.read_text()
    assert_it_rests(server.pid, worker, log=server.log)
    moment = time.monotonic()
    for pid in (server.pid, worker):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_until(lambda: add(server, 2000), "the first that is accepted again")
    recovery = time.monotonic() - moment
    accepted |= {2000, *range(10)}
    site.wait_until_finished(len(accepted))
    assert_still_alive(server, worker)
    tally(judge(site, accepted, refused=refused, recovery=recovery))


@pytest.mark.fault(
    "the store is on a network file system (FUSE, mounted as sshfs mounts it)", "API and worker refuse to start, and say why"
)
def test_network_file_system(site: Site, tmp_path: Path, tally: Count) -> None:
    with remote.sshfs(tmp_path / "elsewhere"):
        site.database = tmp_path / "elsewhere" / "afterword.db"
        server, server_log = site.run("-m", "uvicorn", "main:app", "--port", "0")
        worker, worker_log = site.run("-m", "afterword", "worker", "main:app")
        for process, log in ((server, server_log), (worker, worker_log)):
            assert process.wait(PATIENCE) != 0
            said = " ".join(log.read_text().split())
            assert "its directory is on a network file system (fuse.sshfs), where the processes of several machines" in said
            assert "Put the file on a local disk, or use PostgreSQL" in said
    assert not list((tmp_path / "elsewhere").iterdir())
    tally(Tally(accepted=0, run=0, lost=0, twice=0))


@pytest.mark.long
@pytest.mark.fault("the disk is full before there is a store", "a start is refused in words, and leaves nothing open")
def test_disk_full_at_the_start(site: Site, tmp_path: Path, tally: Count) -> None:
    with disks.memory(tmp_path / "disk", "1M") as disk:
        site.database = disk.path / "afterword.db"
        disk.fill()
        process, log = site.run("-m", "uvicorn", "main:app", "--port", "0")
        assert process.wait(PATIENCE) != 0
        assert "the disk is full" in log.read_text()
        disk.make_room()
        server = site.serve()
        server.add("sleep", 1)
        site.wait_until_finished(1)
        tally(judge(site, [1]))
        site.clear()
