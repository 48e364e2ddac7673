"""The database is damaged, taken away, or copied."""

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.conftest import Count
from tests.faults.oracle import Tally, judge
from tests.faults.test_disk import add, assert_it_rests
from tests.faults.test_kills import wait_for_a_start_after
from tests.support.processes import PATIENCE, alive, wait_until, workers
from tests.system.site import Site, terminate

COMPANIONS = ("", "-wal", "-shm")


def delete(database: Path) -> None:
    for end in COMPANIONS:
        database.with_name(database.name + end).unlink(missing_ok=True)


def rename_another_over_it(database: Path) -> None:
    """As a restore does: first a copy is made beside it, then that takes its name."""
    copy = database.with_name("copy.db")
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    copy.replace(database)
    for end in COMPANIONS[1:]:
        database.with_name(database.name + end).unlink(missing_ok=True)


def delete_the_locks(database: Path) -> None:
    shutil.rmtree(f"{database}.run")


@pytest.mark.fault(
    "the database is deleted, replaced by a copy, or its lock files are deleted, under living processes",
    "within a second API and worker stop writing, and say so; a restart goes on with the file that is there",
)
@pytest.mark.parametrize("happens", [delete, rename_another_over_it, pytest.param(delete_the_locks, marks=pytest.mark.long)])
def test_database_replaced(site: Site, tally: Count, happens: Callable[[Path], None]) -> None:
    server = site.serve()
    early = set(range(20))
    for number in early:
        server.add("sleep", number, seconds=0.05)
    (worker,) = workers(server.pid)
    site.wait_for([0], "start")
    happens(site.database)
    moment = time.monotonic()
    if happens is delete_the_locks:
        time.sleep(0.2)  # They are looked at ten times a second. What is added meanwhile is in the right file.
    refused = {number for number in range(100, 105) if not add(server, number)}
    assert len(refused) == 5
    wait_until(lambda: not alive(worker), "the worker's end", patience=2.0)
    noticed = time.monotonic() - moment
    said = server.log.read_text()
    assert "the worker ends: " in said and "nothing more is written to the store" in said and "Restart the application" in said
    assert_it_rests(server.pid, log=server.log)
    assert server.process.poll() is None and not workers(server.pid)
    terminate(server.process)
    kept = set() if happens is delete else early
    run_before = forget_what_the_copy_does_not_know(site) if happens is rename_another_over_it else set()
    site.serve().add("sleep", 200)
    site.wait_until_finished(len(kept) + 1)
    found = judge(site, {200, *kept}, refused=refused, twice_at_most=len(early), recovery=noticed)
    tally(replace(found, twice=found.twice + len(run_before & site.ends().keys())))


def forget_what_the_copy_does_not_know(site: Site) -> set[int]:
    """Claims since it was made are not in it, nor their tokens. The numbers that had run since."""
    ran = site.ends().keys()
    done = {number for number, job in site.jobs().items() if job.state.finished}
    ledger = site.folder / "ledger.txt"
    lines = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join(line for line in lines if int(line.split()[0]) in done))
    return ran - done


@pytest.mark.long
@pytest.mark.fault(
    "a page of the jobs is overwritten with garbage while nobody runs",
    "503 and log lines that name the damage, no empty queue; a backup that is put back runs",
)
def test_corrupt_page(site: Site, tally: Count) -> None:
    server = site.serve(worker=False)
    for number in range(100):
        server.add("sleep", number)
    terminate(server.process)
    shutil.copy(site.database, site.folder / "backup.db")
    with closing(sqlite3.connect(site.database)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'jobs'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with site.database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xde\xad\xbe\xef" * (size // 4))
    server = site.serve()
    refused = {number for number in range(200, 205) if not add(server, number)}
    assert len(refused) == 5
    wait_until(lambda: bool(workers(server.pid)), "a worker")
    (worker,) = workers(server.pid)
    wait_until(lambda: "the store failed at claiming jobs" in server.log.read_text(), "the worker to say it")
    assert "the file is damaged (SQLITE_CORRUPT" in server.log.read_text()
    assert_it_rests(server.pid, worker, log=server.log)
    process, told = site.run("-m", "afterword", "doctor", "main:app")
    assert process.wait(PATIENCE) == 1
    assert "is damaged" in told.read_text() and "put back a backup" in told.read_text()
    process, told = site.run("-m", "afterword", "jobs", "list")
    assert process.wait(PATIENCE) != 0
    assert "the file is damaged" in " ".join(told.read_text().split())
    terminate(server.process)
    delete(site.database)
    shutil.copy(site.folder / "backup.db", site.database)
    moment = time.monotonic()
    site.serve()
    recovery = wait_for_a_start_after(site, moment)
    site.wait_until_finished(100)
    tally(judge(site, range(100), refused=refused, recovery=recovery))


BACKUP = (
    "import sqlite3, sys; source, target = sqlite3.connect(sys.argv[1]), sqlite3.connect(sys.argv[2]);"
    "source.backup(target, pages=8, sleep=0.001); target.close()"
)
VACUUM = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('VACUUM INTO ?', sys.argv[2:])"


@pytest.mark.fault(
    "another process copies the database under load (sqlite3's backup, VACUUM INTO), and the copy is served elsewhere",
    "the copy is sound; in it, what waited runs, and what ran at that moment runs again",
)
@pytest.mark.parametrize(
    "program", [pytest.param(BACKUP, id="backup"), pytest.param(VACUUM, id="vacuum", marks=pytest.mark.long)]
)
def test_backup_live(site: Site, tmp_path_factory: pytest.TempPathFactory, tally: Count, program: str) -> None:
    server = site.serve(AFTERWORD_RUNNERS="1", AFTERWORD_CONCURRENCY="4")
    early = set(range(200))
    server.add("sleep_unordered", 0, count=len(early), seconds=0.2)  # More than are done while the copy is made.
    site.wait_for([0], "start")
    copying, log = site.run("-c", program, str(site.database), str(site.folder / "copy.db"))
    late: set[int] = set()
    while copying.poll() is None or len(late) < 10:
        server.add("sleep", 1000 + len(late))
        late.add(1000 + len(late))
    assert copying.wait(PATIENCE) == 0, log.read_text()
    site.clear()
    judge(site, early | late, unfinished=True)  # The original has not suffered.
    again = Site(tmp_path_factory.mktemp("again"))
    try:
        shutil.copy(site.folder / "copy.db", again.database)
        again.check()
        done = {number for number, job in again.jobs().items() if job.state.finished}
        assert any(job.state.word == "running" for job in again.jobs().values())
        assert any(job.state.word == "queued" for job in again.jobs().values())
        moment = time.monotonic()
        again.work()
        recovery = wait_for_a_start_after(again, moment)
        jobs = again.wait_until_finished(len(early))
        assert set(again.ends()) == jobs.keys() - done
        tally(judge_copy(again, early, done, recovery))
    finally:
        again.clear()


def judge_copy(site: Site, accepted: set[int], done: set[int], recovery: float) -> Tally:
    """What was done in the original has no line in this ledger."""
    for number in done:
        with (site.folder / "ledger.txt").open("a") as ledger:
            ledger.write(f"{number} start 0 0 0\n{number} end 0 0 0\n")
    return judge(site, accepted, recovery=recovery)


SPOILT = {
    100: "state = 42",
    101: "token = -1",
    102: "attempt = 9223372036854775807",
    103: "token = 9223372036854775807",
    104: "task = CAST(x'ff' AS TEXT)",
    105: "run_at = -1",
    106: "retry = 'garbage', arguments = x'ff'",
    107: "state = 2",
}
"""By number, what somebody writes into the row. All but one are no jobs; that one fails, as its arguments say nothing."""


@pytest.mark.fault(
    "impossible numbers, text that is none and garbage in rows of waiting jobs",
    "these rows are put into quarantine with their bytes; the others run, and whoever looks sees them",
)
def test_corrupt_row(site: Site, tally: Count) -> None:
    server = site.serve(worker=False)
    sound = set(range(20))
    ids = {number: server.add("sleep", number)["ids"][0] for number in (*range(10), *SPOILT, *range(10, 20))}
    with closing(sqlite3.connect(site.database, isolation_level=None)) as other:
        for number, how in SPOILT.items():
            other.execute(f"UPDATE jobs SET {how} WHERE id = ?", (ids[number],))
    moment = time.monotonic()
    worker, log = site.run("-m", "afterword", "worker", "main:app")
    recovery = wait_for_a_start_after(site, moment)
    site.wait_for(sorted(sound))
    wait_until(lambda: quarantined(site.database) == len(SPOILT) - 1, "the quarantine of all that are no jobs")
    assert "is no job (its state is 42): it was put into quarantine" in log.read_text()
    examining, told = site.run("-m", "afterword", "doctor", "main:app")
    examining.wait(PATIENCE)
    assert f"{len(SPOILT) - 1} rows are in quarantine, being no jobs: " in " ".join(told.read_text().split())
    listing, listed = site.run("-m", "afterword", "jobs", "list", "--state", "failed")
    assert listing.wait(PATIENCE) == 0 and " 1 failed" in listed.read_text()
    with closing(sqlite3.connect(site.database, isolation_level=None)) as other:  # It has no number any more.
        other.execute("DELETE FROM finished WHERE arguments = x'ff'")
        (last,) = server.add("sleep", 300)["ids"]
        site.wait_until_finished(len(sound) + 1)
        other.execute("UPDATE finished SET state = 42 WHERE id = ?", (last,))
    listing, listed = site.run("-m", "afterword", "jobs", "list", "--limit", "100")
    assert listing.wait(PATIENCE) == 0, listed.read_text()
    assert f" {len(sound)} succeeded" in listed.read_text()
    wait_until(lambda: quarantined(site.database) == len(SPOILT), "its quarantine")
    assert worker.poll() is None
    tally(judge(site, sound, recovery=recovery))


def quarantined(database: Path) -> int:
    with closing(sqlite3.connect(database)) as other:
        return int(other.execute("SELECT count(*) FROM quarantine").fetchone()[0])
