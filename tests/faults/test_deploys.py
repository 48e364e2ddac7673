"""Old and new code meet at one database, and migrations are made while everybody works."""

import itertools
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import afterword
from afterword.stores import migrations
from tests.faults.conftest import Count
from tests.faults.oracle import judge
from tests.faults.strangers import holds_the_gate
from tests.faults.test_disk import add, processor
from tests.faults.test_kills import kill, wait_for_a_start_after
from tests.support.processes import PATIENCE, alive, wait_until, workers
from tests.system.site import Server, Site, terminate

KNOWN = migrations.read("afterword.stores.sqlite")

NEXT = len(KNOWN) + 1

COLOURS = """
ALTER TABLE jobs ADD COLUMN colour TEXT;
ALTER TABLE finished ADD COLUMN colour TEXT;
CREATE INDEX jobs_colour ON jobs (colour) WHERE colour IS NOT NULL;
CREATE TABLE colours (name TEXT) STRICT;
"""

SLOW = """
INSERT INTO colours SELECT count(*) FROM (
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT 10000000) SELECT n FROM numbers
);
"""
"""Some seconds for which nobody else can write."""


class Newer:
    """The code of the next release: this one's, with one migration more."""

    def __init__(self, folder: Path, script: str) -> None:
        package = Path(afterword.__file__).parent
        shutil.copytree(package, folder / "afterword", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "afterword" / "stores" / "sqlite" / "migrations" / f"{NEXT:04}_colours.sql").write_text(script)
        self.folder = folder


@pytest.fixture
def newer(tmp_path_factory: pytest.TempPathFactory) -> Newer:
    return Newer(tmp_path_factory.mktemp("newer"), COLOURS)


@pytest.fixture
def slower(tmp_path_factory: pytest.TempPathFactory) -> Newer:
    return Newer(tmp_path_factory.mktemp("slower"), COLOURS + SLOW)


class Load:
    """Adds one task after the other, until it is stopped."""

    def __init__(self, server: Server, first: int) -> None:
        self.accepted: set[int] = set()
        self.refused: set[int] = set()
        self.longest = 0.0
        """Seconds that one of them took."""
        self._stopped = threading.Event()
        self._numbers = itertools.count(first)
        self._server = server
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.is_set():
            number, began = next(self._numbers), time.monotonic()
            (self.accepted if add(self._server, number) else self.refused).add(number)
            self.longest = max(self.longest, time.monotonic() - began)

    def stop(self) -> None:
        """The last one has been answered when this returns."""
        self._stopped.set()
        self._thread.join()

    def wait_for_more(self) -> None:
        """Until five more were accepted."""
        before = len(self.accepted)
        wait_until(lambda: len(self.accepted) >= before + 5, "more to be accepted")


@contextmanager
def load(server: Server, first: int) -> Iterator[Load]:
    adding = Load(server, first)
    try:
        adding.wait_for_more()
        yield adding
    finally:
        adding.stop()


def schema(site: Site) -> tuple[int, bool]:
    """Its number, and whether what the migration makes is there."""
    with closing(sqlite3.connect(site.database)) as other:
        (number,) = other.execute("PRAGMA user_version").fetchone()
        return number, bool(other.execute("SELECT 1 FROM sqlite_master WHERE name = 'colours'").fetchone())


def wait_until_all_have_ended(site: Site, count: int) -> None:
    def ended() -> bool:
        with closing(sqlite3.connect(site.database)) as other:
            found = other.execute("SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM finished)").fetchone()
            return bool(found == (0, count))

    wait_until(ended, f"the end of {count} jobs")


def wait_and_let_the_oracle_read(site: Site, count: int) -> None:
    """It is of the older code, which would refuse the schema, and can read the rows all the same."""
    wait_until_all_have_ended(site, count)
    with closing(sqlite3.connect(site.database, isolation_level=None)) as other:
        other.execute(f"PRAGMA user_version = {NEXT - 1}")


def assert_old_code_is_refused(site: Site) -> None:
    process, log = site.run("-m", "uvicorn", "main:app", "--port", "0")
    assert process.wait(PATIENCE) != 0
    said = " ".join(log.read_text().split())
    assert f"has schema {NEXT}, this afterword knows {NEXT - 1}: nothing was changed. Upgrade afterword." in said


@pytest.mark.fault(
    "under load, processes of new code come beside old ones, which go one by one", "all go on, nothing is refused or lost"
)
def test_rolling_deploy(site: Site, newer: Newer, tally: Count) -> None:
    old = site.serve()
    with load(old, first=0) as before:
        new = site.serve(PYTHONPATH=str(newer.folder))
        assert schema(site) == (NEXT, True)
        with load(new, first=10_000) as after:
            before.wait_for_more()  # Whoever was open before goes on.
            before.stop()
            (worker,) = workers(old.pid)
            moment = time.monotonic()
            old.process.terminate()
            wait_until(lambda: not alive(worker), "the end of the old worker")
            recovery = wait_for_a_start_after(site, moment)
            after.wait_for_more()
    wait_and_let_the_oracle_read(site, len(before.accepted) + len(after.accepted))
    assert not before.refused | after.refused
    tally(judge(site, before.accepted | after.accepted, recovery=recovery))


@pytest.mark.fault(
    "under load, old code is started on a database that new code has migrated",
    "it refuses to start, says why and changes nothing",
)
def test_rolling_deploy_backwards(site: Site, newer: Newer, tally: Count) -> None:
    new = site.serve(PYTHONPATH=str(newer.folder))
    with load(new, first=0) as adding:
        assert_old_code_is_refused(site)
        worker, log = site.run("-m", "afterword", "worker", "main:app")
        assert worker.wait(PATIENCE) != 0
        assert "Upgrade afterword" in log.read_text()
        adding.wait_for_more()
    wait_until_all_have_ended(site, len(adding.accepted))
    terminate(new.process)
    content = site.database.read_bytes()
    assert_old_code_is_refused(site)
    assert site.database.read_bytes() == content
    wait_and_let_the_oracle_read(site, len(adding.accepted))
    tally(judge(site, adding.accepted))


@pytest.mark.fault("new code opens a database of the first schema, in which jobs wait", "it is migrated, and they run")
def test_rolling_deploy_from_the_first_schema(site: Site, tally: Count) -> None:
    with closing(sqlite3.connect(site.database, isolation_level=None)) as first:
        for statement in KNOWN[0].statements:
            first.execute(statement)
        first.execute("PRAGMA journal_mode = WAL")
        first.execute("PRAGMA application_id = 0x61667477")
        first.execute("PRAGMA user_version = 1")
        for number in range(20):
            first.execute(
                "INSERT INTO jobs (id, app, task, arguments, added_at, retry, state, queue, priority, run_at)"
                " VALUES (?, 'main:app', 'main:sleep', ?, 1, '[3,1,2,3600,0]', 1, 'default', 0, 0)",
                (f"{number:032x}", f'{{"number":{number}}}'.encode()),
            )
    moment = time.monotonic()
    site.serve()
    recovery = wait_for_a_start_after(site, moment)
    site.wait_until_finished(20)
    assert schema(site) == (NEXT - 1, False)
    tally(judge(site, range(20), recovery=recovery))


OPEN = """
import sys
sys.path.insert(0, sys.argv[2])
from afterword.stores.sqlite.store import SqliteStore
store = SqliteStore(sys.argv[1])
store.open()
store.close()
"""


@pytest.mark.long
@pytest.mark.fault(
    "a migration keeps all others from writing for seconds, under load",
    "requests wait, and none is refused; old processes go on",
)
def test_migrate_under_load(site: Site, slower: Newer, tally: Count) -> None:
    server = site.serve()
    with load(server, first=0) as adding:
        migrating, log = site.run("-c", OPEN, str(site.database), str(slower.folder))
        assert migrating.wait(PATIENCE) == 0, log.read_text()
        assert schema(site) == (NEXT, True)
        adding.wait_for_more()
    wait_and_let_the_oracle_read(site, len(adding.accepted))
    assert not adding.refused
    tally(judge(site, adding.accepted, recovery=adding.longest))


@pytest.mark.fault(
    "SIGKILL in the middle of a migration, under load",
    "nothing of it is there, all others go on, and the next one makes it whole",
)
def test_kill9_migrating(site: Site, slower: Newer, tally: Count) -> None:
    server = site.serve()
    with load(server, first=0) as adding:
        migrating, log = site.run("-c", OPEN, str(site.database), str(slower.folder))
        wait_until(lambda: holds_the_gate(migrating.pid, site), "the migration to begin")
        begun = processor(migrating.pid)
        wait_until(lambda: processor(migrating.pid) > begun + 0.2, "its middle")
        assert holds_the_gate(migrating.pid, site) and migrating.poll() is None
        moment = time.monotonic()
        kill(migrating.pid)
        migrating.wait()
        adding.wait_for_more()
        recovery = time.monotonic() - moment
        assert schema(site) == (NEXT - 1, False)
        migrating, log = site.run("-c", OPEN, str(site.database), str(slower.folder))
        assert migrating.wait(PATIENCE) == 0, log.read_text()
        assert schema(site) == (NEXT, True)
        adding.wait_for_more()
    wait_and_let_the_oracle_read(site, len(adding.accepted))
    # On a machine that is busy otherwise, a request may have waited for both of them longer than it is let wait.
    tally(judge(site, adding.accepted, refused=adding.refused, recovery=recovery))
