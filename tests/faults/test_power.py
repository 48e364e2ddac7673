"""The power goes, at any moment."""

import fcntl
import os
import random
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.faults import disks
from tests.faults.conftest import Count
from tests.faults.oracle import judge
from tests.faults.test_kills import wait_for_a_start_after
from tests.support.processes import PATIENCE
from tests.system.site import Server, Site

FRAME = 24 + 4096
"""Bytes of a page in the log, with its head."""

HEAD = 32
"""Bytes before the first."""


@contextmanager
def still(database: Path) -> Iterator[None]:
    """Nobody writes or checkpoints meanwhile: the gate is ours."""
    descriptor = os.open(f"{database}.run/gate.lock", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")


class Copy:
    """Whatever a disk might hold after the power went, to be opened."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "copy.db"

    def holds(self, database: bytes, log: bytes, accepted: set[int]) -> None:
        """It opens, it is sound, and what was accepted is there."""
        for path in self.database.parent.glob("copy.db-*"):
            path.unlink()
        self.database.write_bytes(database)
        log_of(self.database).write_bytes(log)
        with closing(sqlite3.connect(self.database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            found = connection.execute(
                "SELECT json_extract(CAST(arguments AS TEXT), '$.number') FROM jobs"
                " UNION SELECT json_extract(CAST(arguments AS TEXT), '$.number') FROM finished"
            )
            there = {number for (number,) in found}
        gone = accepted - there
        assert not gone, f"L1: accepted and gone: {len(gone)} of {len(accepted)}, for example {min(gone)}"


def add_and_watch(server: Server, database: Path, numbers: range) -> dict[int, int]:
    """For each number, how long the log was when its success had arrived."""
    sizes = {}
    for number in numbers:
        server.add("sleep", number)
        sizes[number] = log_of(database).stat().st_size
    return sizes


def go_on(site: Site, database: bytes, log: bytes) -> float:
    """With these files, as after a restart of the machine; the seconds until a task started."""
    site.clear()
    shutil.rmtree(f"{site.database}.run")
    site.database.write_bytes(database)
    log_of(site.database).write_bytes(log)
    site.database.with_name("afterword.db-shm").unlink(missing_ok=True)
    moment = time.monotonic()
    site.work()
    return wait_for_a_start_after(site, moment)


@pytest.mark.fault(
    "the log is cut at every frame, torn inside of frames, and followed by garbage", "what was accepted before that is there"
)
@pytest.mark.parametrize("adds", [8, pytest.param(60, marks=pytest.mark.long)])
def test_power_loss(site: Site, tmp_path_factory: pytest.TempPathFactory, tally: Count, adds: int) -> None:
    server = site.serve(worker=False)
    sizes = add_and_watch(server, site.database, range(adds))
    with still(site.database):
        database, log = site.database.read_bytes(), log_of(site.database).read_bytes()
    copy, chance = Copy(tmp_path_factory.mktemp("copy")), random.Random(adds)
    for length in range(HEAD, len(log), FRAME):
        accepted = {number for number, size in sizes.items() if size <= length}
        torn = length + chance.randrange(1, FRAME)
        copy.holds(database, log[:length], accepted)
        copy.holds(database, log[:torn], accepted)
        copy.holds(database, log[:length] + chance.randbytes(FRAME), accepted)
        # The disk may have written the later of two frames and not the earlier.
        copy.holds(database, log[:length] + bytes(FRAME) + log[length + FRAME :], accepted)
    half = sizes[adds // 2]
    accepted = {number for number, size in sizes.items() if size <= half}
    recovery = go_on(site, database, log[:half])
    site.wait_until_finished(len(accepted))
    tally(judge(site, accepted, recovery=recovery))


@pytest.mark.long
@pytest.mark.fault(
    "the power goes in the middle of a checkpoint, and while the log is begun anew", "what was accepted is there"
)
def test_power_loss_in_checkpoint(site: Site, tmp_path_factory: pytest.TempPathFactory, tally: Count) -> None:
    server = site.serve(worker=False)
    server.add("sleep", 1000, count=1000)
    early = set(range(1000, 2000))
    while log_of(site.database).stat().st_size < 4 << 20:
        early |= {number + max(early) + 1 for number in range(1000)}
        server.add("sleep", max(early) - 999, count=1000)
    with still(site.database):
        before, log = site.database.read_bytes(), log_of(site.database).read_bytes()
    checkpoint(site)
    with still(site.database):
        after, unchanged = site.database.read_bytes(), log_of(site.database).read_bytes()
    assert (log, before) != (log, after) and unchanged == log
    copy, chance = Copy(tmp_path_factory.mktemp("copy")), random.Random(0)
    for share in (0.02, 0.3, 0.7, 0.98):
        copy.holds(mixed(before, after, share, chance), log, early)
    late = add_and_watch(server, site.database, range(12))
    with still(site.database):
        assert site.database.read_bytes() == after
        anew = log_of(site.database).read_bytes()
    changed = max(place for place in range(0, len(log), FRAME) if anew[place : place + FRAME] != log[place : place + FRAME])
    for length in range(HEAD, changed + FRAME, FRAME):
        torn = length + chance.randrange(FRAME)
        copy.holds(after, anew[:torn] + log[torn:], early)
    copy.holds(after, anew, early | set(late))
    recovery = go_on(site, after, anew)
    site.clear()
    tally(judge(site, early | set(late), unfinished=True, recovery=recovery))


def checkpoint(site: Site) -> None:
    """By a process that leaves at once, and leaves the log, since the server has it open."""
    program = (
        "import sys; from afterword.stores.sqlite.store import SqliteStore; store = SqliteStore(sys.argv[1]);"
        "store.tidy().result(); store.close()"
    )
    process, log = site.run("-c", program, str(site.database))
    assert process.wait(PATIENCE) == 0, log.read_text()


def mixed(before: bytes, after: bytes, share: float, chance: random.Random) -> bytes:
    """A database file of which that share of pages was written, in any order."""
    pages = []
    for place in range(0, len(after), 4096):
        written = chance.random() < share or place >= len(before)
        pages.append((after if written else before)[place : place + 4096])
    return b"".join(pages)


@pytest.mark.fault(
    "the disk's power goes under load, on a file system that was empty before", "what was accepted is there, names of files too"
)
@pytest.mark.parametrize("adds", [1, pytest.param(40, marks=pytest.mark.long)])
def test_power_loss_of_disk(site: Site, tmp_path: Path, tally: Count, adds: int) -> None:
    with disks.ext4(tmp_path / "disk") as disk:
        site.database = disk.path / "afterword.db"
        server = site.serve(worker=adds > 1)
        for number in range(adds):
            server.add("sleep", number)
        disk.cut_the_power()
        site.clear()
        disk.unmount()
        disk.mount()
        moment = time.monotonic()
        site.serve()
        site.wait_until_finished(adds)
        tally(judge(site, range(adds), twice_at_most=adds, unwritten=True, recovery=time.monotonic() - moment))
        site.clear()
