"""More than enough of everything: jobs, writers, and a reader that does not leave."""

import sqlite3
import statistics
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from afterword.jobs.job import State
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Want
from afterword.testing.contract.bench import job
from tests.faults.backlog import pour, wait_until_run_out
from tests.faults.conftest import Count
from tests.faults.oracle import judge
from tests.support.processes import PATIENCE, wait_until
from tests.system.site import Server, Site

MILLION = 1_000_000


@pytest.mark.fault(
    "three API processes add at a steady rate while a worker claims and settles without a pause",
    "99 of 100 are written down within 50 ms",
)
@pytest.mark.parametrize("seconds", [2, pytest.param(6, marks=pytest.mark.long)])
def test_starving_writers(site: Site, tally: Count, seconds: int) -> None:
    """The best of three spans: a machine that is busy otherwise is not what starves them."""
    servers = [site.serve("callers:app", worker=False) for _ in range(3)]
    hot = range(100_000, 100_000 + 12_000 * seconds)
    pour(site, servers[0], "add", hot)
    site.work(app="callers:app")
    site.wait_for_more(10)
    accepted = set(hot)
    spans: list[float] = []
    for turn in range(3):
        took = add_steadily(servers, 1000 * turn, seconds / 3, accepted)
        if site.ends().keys() >= set(hot):
            break  # The worker had nothing left to do in this span, so it says nothing.
        spans.append(statistics.quantiles(took, n=100)[98])
    assert spans, "the worker had nothing left to do"
    assert min(spans) <= 0.05, spans
    wait_until_run_out(site, len(accepted), 120)
    tally(judge(site, accepted))


@pytest.mark.fault(
    "a program reads the store in one transaction and does not end it",
    "adding goes on as ever, the log says what keeps the file growing, and when the reader has gone it is short again",
)
@pytest.mark.parametrize("seconds", [1, pytest.param(180, marks=pytest.mark.long)])
@pytest.mark.timeout(600)
def test_held_snapshot(site: Site, tally: Count, seconds: int) -> None:
    server = site.serve("callers:app")
    took: list[float] = []
    accepted: list[int] = []

    def add(size: int = 0) -> None:
        took.append(httpx.post(f"{server.address}/add/{len(accepted)}", params={"size": size}, timeout=PATIENCE).json())
        accepted.append(len(accepted))

    for _ in range(20):
        add()
    before = statistics.median(took)
    with closing(sqlite3.connect(site.database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM jobs").fetchone()
        began = time.monotonic()
        while "a program reads it in one transaction without end" not in server.log.read_text():
            add(size=500_000)
        took.clear()
        while time.monotonic() - began < seconds or len(took) < 20:
            add()
        meanwhile = statistics.median(took)
        held = log_size(site)
    ended = time.monotonic()

    def is_short() -> bool:
        add()
        return log_size(site) <= held / 2

    wait_until(is_short, "a short log")
    recovery = time.monotonic() - ended
    assert meanwhile <= max(0.05, 3 * before), (meanwhile, before)
    wait_until_run_out(site, len(accepted))
    tally(judge(site, accepted, recovery=recovery))


def log_size(site: Site) -> int:
    return site.database.with_name(f"{site.database.name}-wal").stat().st_size


@pytest.mark.fault(
    "a million ready jobs wait", "99 of 100 claims take no longer than twice what they take in a store with nothing else"
)
@pytest.mark.long
@pytest.mark.timeout(600)
def test_million_backlog(tmp_path: Path) -> None:
    """The best of ten each, in turn: what else the machine does meets both alike."""
    empty, full = (SqliteStore(tmp_path / name, max_queued=2 * MILLION) for name in ("empty.db", "full.db"))
    with closing(empty), closing(full):
        for store in (empty, full):
            claims_p99(store)
        fill(tmp_path / "full.db", MILLION)
        rounds = [(claims_p99(empty), claims_p99(full)) for _ in range(10)]
        assert full.count().result(PATIENCE)[State.QUEUED] == MILLION
    alone, among = (min(times) for times in zip(*rounds, strict=True))
    assert among <= 2 * alone, f"{among * 1000:.1f} ms among a million, {alone * 1000:.1f} ms alone"


def claims_p99(store: SqliteStore) -> float:
    """Seconds within which 99 of 100 claims of one job were made, each of one that was added a moment before or long ago."""
    took = []
    for _ in range(200):
        store.add([job()]).result(PATIENCE)
        began = time.perf_counter()
        claimed = store.claim(Want("main:app", 1)).result(PATIENCE)
        took.append(time.perf_counter() - began)
        assert len(claimed.jobs) == 1
    return statistics.quantiles(took, n=100)[98]


def fill(database: Path, count: int) -> None:
    """Copies of a job, ready, by SQL: to add a million would take long."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(jobs)") if row[1] not in ("key", "id")]
        names = ", ".join(columns)
        ready = {"state": str(int(State.QUEUED)), "owner": "NULL", "token": "0", "attempt": "0", "lease_until": "NULL"}
        sample = ", ".join(ready.get(column, f"sample.{column}") for column in columns)
        connection.execute(
            f"""
            WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?)
            INSERT INTO jobs (id, {names}) SELECT printf('copy-%d', number), {sample}
            FROM numbers, (SELECT * FROM jobs LIMIT 1) AS sample
            """,
            (count,),
        )


def add_steadily(servers: Sequence[Server], first: int, seconds: float, accepted: set[int]) -> list[float]:
    """Twenty a second to each server; the seconds that each took, by the server's own clock."""
    took: list[float] = []

    def add(which: int, server: Server) -> None:
        with httpx.Client(timeout=PATIENCE) as client:
            began = time.monotonic()
            for step in range(int(20 * seconds)):
                time.sleep(max(0.0, began + step / 20 - time.monotonic()))
                number = first + 10_000 * which + step
                took.append(client.post(f"{server.address}/add/{number}").raise_for_status().json())
                accepted.add(number)

    threads = [threading.Thread(target=add, args=entry) for entry in enumerate(servers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took
