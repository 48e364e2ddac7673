"""Migrations run once, in order, all or none."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from afterword.errors import SchemaTooNew, StoreError
from afterword.jobs.job import State
from afterword.jobs.outcome import Failed
from afterword.stores import migrations
from afterword.stores.migrations import Migration, ahead, split
from afterword.stores.sqlite import connection
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Change
from afterword.testing.contract.bench import PATIENCE, add, claim_one, job, now, settle
from tests.stores.conftest import Open
from tests.stores.stage import ROOT

NOW = len(connection._MIGRATIONS)

NEXT = Migration(NOW + 1, ["ALTER TABLE jobs ADD COLUMN colour TEXT", "CREATE TABLE colours (name TEXT)"])


class Deadly(Sequence[str]):
    """Statements after the first of which the process is dead."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: object) -> str:
        if index == 0:
            return "CREATE TABLE colours (name TEXT)"
        os.kill(os.getpid(), signal.SIGKILL)
        raise IndexError


def schema(database: Path) -> tuple[int, set[str]]:
    with closing(sqlite3.connect(database)) as other:
        (version,) = other.execute("PRAGMA user_version").fetchone()
        return version, {name for (name,) in other.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, this code knows one migration more."""
    monkeypatch.setattr(connection, "_MIGRATIONS", [*connection._MIGRATIONS, NEXT])


def test_an_older_schema_is_brought_up_to_date(
    store: SqliteStore, database: Path, open_store: Open, request: pytest.FixtureRequest
) -> None:
    (kept,) = add(store, job())
    request.getfixturevalue("newer")
    assert now(open_store(), kept) == kept
    version, tables = schema(database)
    assert version == NOW + 1
    assert "colours" in tables
    add(store, job())  # Whoever was open before goes on.
    open_store().open()


def test_a_migration_that_fails_changes_nothing(
    store: SqliteStore, database: Path, open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kept,) = add(store, job())
    before = schema(database)
    wrong = Migration(NOW + 1, [*NEXT.statements, "CREATE NONSENSE"])
    monkeypatch.setattr(connection, "_MIGRATIONS", [*connection._MIGRATIONS, wrong])
    with pytest.raises(StoreError, match="NONSENSE"):
        open_store().open()
    assert schema(database) == before
    assert now(store, kept) == kept


def test_jobs_from_before_unique_keys_go_on(database: Path, open_store: Open) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as old:
        for migration in connection._MIGRATIONS[:2]:
            for statement in migration.statements:
                old.execute(statement)
        old.execute(f"PRAGMA application_id = {connection._APPLICATION}")
        old.execute("PRAGMA user_version = 2")
        old.executemany(
            "INSERT INTO jobs (id, app, task, arguments, added_at, retry, state, queue, priority, run_at)"
            " VALUES (?, 'main:app', 'main:send', X'7B7D', 1, '[1,1,1,1,0]', 1, 'default', 0, 0)",
            [("old",), ("older",)],
        )
    store = open_store()
    settle(store, claim_one(store), Failed("no"))
    assert [now(store, job(id=id)).unique_key for id in ("old", "older")] == [None, None]
    (again,) = store.change(Change.RETRY, ["old"]).result(PATIENCE)
    assert again is not None
    assert again.state is State.QUEUED


@pytest.mark.process
def test_a_kill_in_the_middle_changes_nothing(store: SqliteStore, database: Path, open_store: Open) -> None:
    (kept,) = add(store, job())
    before = schema(database)
    program = (
        "import sys; from afterword.stores.migrations import Migration; from afterword.stores.sqlite import connection, store;"
        "from tests.stores.test_migrations import Deadly;"
        "connection._MIGRATIONS = [*connection._MIGRATIONS, Migration(len(connection._MIGRATIONS) + 1, Deadly())];"
        "store.SqliteStore(sys.argv[1]).open()"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(database)], cwd=ROOT, check=False, timeout=PATIENCE)
    assert killed.returncode == -signal.SIGKILL
    assert schema(database) == before
    assert now(open_store(), kept) == kept


@pytest.mark.process
def test_two_that_open_a_new_file_at_once_make_one_schema(database: Path) -> None:
    program = (
        "import sys; from afterword.stores.sqlite.store import SqliteStore;"
        "store = SqliteStore(sys.argv[1]); sys.stdin.readline(); store.open(); store.count().result(30); store.close()"
    )
    command = [sys.executable, "-c", program, str(database)]
    openers = [subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, text=True) for _ in range(4)]
    for opener in openers:
        opener.communicate("go\n", timeout=PATIENCE)
    assert [opener.returncode for opener in openers] == [0] * 4
    assert schema(database)[0] == NOW


def test_only_what_lacks_is_ahead() -> None:
    steps = [Migration(1, []), Migration(2, []), Migration(3, [])]
    assert list(ahead(steps, 0, "x")) == steps
    assert list(ahead(steps, 2, "x")) == steps[2:]
    assert list(ahead(steps, 3, "x")) == []
    with pytest.raises(SchemaTooNew):
        ahead(steps, 4, "x")


def test_a_script_is_split_at_the_end_of_each_statement() -> None:
    script = """
    -- One; with a semicolon in its remark.
    CREATE TABLE a (
        b TEXT DEFAULT ';' -- And another;
    );
    CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM a; SELECT 1; END;
    SELECT 1;
    """
    statements = split(script)
    assert len(statements) == 3
    with closing(sqlite3.connect(":memory:")) as other:
        for statement in statements:
            other.execute(statement)


def test_migrations_are_numbered_without_gaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "numbered" / "migrations"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "0001_first.sql").write_text("SELECT 1;")
    (folder / "0002_second.sql").write_text("SELECT 2;\nSELECT 3;")
    monkeypatch.syspath_prepend(tmp_path)
    assert migrations.read("numbered") == [Migration(1, ["SELECT 1;"]), Migration(2, ["SELECT 2;", "SELECT 3;"])]
    (folder / "0004_fourth.sql").write_text("SELECT 4;")
    with pytest.raises(ValueError, match=r"without gaps, got \[1, 2, 4\]"):
        migrations.read("numbered")
