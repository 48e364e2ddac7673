"""A glance asks all that a store can be asked, and leaves no trace."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from afterword.errors import SchemaTooNew, SchemaTooOld, StoreError, StoreUnavailable, StoreUnreadable
from afterword.jobs.outcome import Succeeded
from afterword.stores.migrations import Migration
from afterword.stores.sqlite import connection, looking
from afterword.stores.sqlite.looking import Glance
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Query
from afterword.testing.contract.bench import PATIENCE, add, claim_one, ids, job, settle
from tests.stores.conftest import Open
from tests.stores.test_quarantine import spoil

ADD_AND_DIE = """
import os, sys
from afterword.stores.sqlite.store import SqliteStore
from afterword.testing.contract.bench import add, job
add(SqliteStore(sys.argv[1]), job())
os._exit(0)
"""


def there(folder: Path) -> dict[str, tuple[bytes, int]]:
    """All files below it, with their bytes and times; of the shared memory, which holds locks, only that it is there."""
    return {
        str(file): (b"", 0) if file.name.endswith("-shm") else (file.read_bytes(), file.stat().st_mtime_ns)
        for file in folder.rglob("*")
        if file.is_file()
    }


def look_at_all(glance: Glance, id: str) -> None:
    """Each question once."""
    glance.get(id).result()
    glance.find(Query()).result()
    glance.count().result()
    glance.workers().result()


def older(database: Path) -> None:
    with closing(sqlite3.connect(database)) as other:
        other.execute("PRAGMA user_version = 1")


def test_it_answers_as_the_store_does(store: SqliteStore, database: Path) -> None:
    added = add(store, job(), job(), job())
    settle(store, claim_one(store), Succeeded(b"1"))
    store.beat("main:app").result(PATIENCE)
    glance = Glance(database)
    for query in (Query(), Query(limit=1), Query(id=added[1].id[-8:])):
        assert glance.find(query).result() == store.find(query).result(PATIENCE)
    assert [glance.get(one.id).result() for one in added] == [store.get(one.id).result(PATIENCE) for one in added]
    assert glance.count().result() == store.count().result(PATIENCE)
    assert [seen.process for seen in glance.workers().result()] == [store.process]


def test_a_file_that_nobody_has_open_stays_alone(open_store: Open, database: Path) -> None:
    store = open_store()
    (added,) = add(store, job())
    store.close()
    for file in (database.parent / "jobs.db.run").iterdir():
        file.unlink()
    (database.parent / "jobs.db.run").rmdir()
    before = there(database.parent)
    look_at_all(Glance(database), added.id)
    assert [file.name for file in database.parent.iterdir()] == ["jobs.db"]
    assert there(database.parent) == before


def test_what_a_dead_process_has_left_in_the_log_is_seen_and_left_there(database: Path) -> None:
    subprocess.run([sys.executable, "-c", ADD_AND_DIE, str(database)], check=True, timeout=60)
    before = there(database.parent)
    (found,) = Glance(database).find(Query()).result()
    look_at_all(Glance(database), found.id)
    assert there(database.parent) == before


def test_what_is_written_and_closed_during_a_look_is_seen(open_store: Open, database: Path) -> None:
    first = open_store()
    add(first, job())
    first.close()
    asked = 0

    def ask(connection: sqlite3.Connection) -> int:
        nonlocal asked
        asked += 1
        if asked == 1:
            other = SqliteStore(database)
            add(other, job())
            other.close()
        ((count,),) = connection.execute("SELECT count(*) FROM jobs").fetchall()
        return int(count)

    assert looking.look(database, ask) == 2


def test_a_copy_with_a_rollback_journal_stays_one(open_store: Open, database: Path, tmp_path: Path) -> None:
    store = open_store()
    (added,) = add(store, job())
    store.close()
    with closing(sqlite3.connect(database)) as other:
        assert other.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    before = database.read_bytes()
    assert ids(Glance(database).find(Query()).result()) == [added.id]
    assert database.read_bytes() == before


def test_a_schema_that_is_older_is_left_and_said(open_store: Open, database: Path) -> None:
    store = open_store()
    (added,) = add(store, job())
    store.close()
    older(database)
    before = there(database.parent)
    glance = Glance(database)
    for ask in (lambda: glance.get(added.id), lambda: glance.find(Query()), glance.count, glance.workers):
        with pytest.raises(SchemaTooOld) as told:
            ask()
        assert str(told.value) == (
            f"The store at {database} has schema 1, this afterword reads {len(connection._MIGRATIONS)}, and whoever looks"
            " changes nothing. Start the application, which brings it up to date."
        )
    assert there(database.parent) == before


def test_one_that_is_newer_too(open_store: Open, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store().open()
    monkeypatch.setattr(connection, "_MIGRATIONS", [*connection._MIGRATIONS[:-1]])
    with pytest.raises(SchemaTooNew):
        Glance(database).count()


def test_a_file_of_others_is_refused_and_left(database: Path) -> None:
    with closing(sqlite3.connect(database)) as other:
        other.execute("CREATE TABLE songs (name TEXT)")
    before = there(database.parent)
    for ask in (Glance(database).schema, Glance(database).count):
        with pytest.raises(StoreUnavailable, match="the file holds tables of another program"):
            ask()
    assert there(database.parent) == before


def test_what_is_no_database_and_what_is_not_there(database: Path) -> None:
    with pytest.raises(StoreUnavailable, match="it cannot be opened"):
        Glance(database).count()
    assert not database.exists()
    database.write_bytes(b"no database at all" * 1000)
    with pytest.raises(StoreUnavailable, match="not a SQLite database"):
        Glance(database).count()


def test_a_row_that_is_no_job_is_passed_by_and_left(store: SqliteStore, database: Path) -> None:
    kept, odd = add(store, job(), job())
    spoil(database, odd.key, "state = 42")
    assert ids(Glance(database).find(Query()).result()) == [kept.id]
    assert Glance(database).get(odd.id).result() is None
    with closing(sqlite3.connect(database)) as other:
        assert other.execute("SELECT state FROM jobs WHERE key = ?", (odd.key,)).fetchone() == (42,)


def test_locks_that_may_not_be_looked_at_cost_the_workers_alone(
    store: SqliteStore, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("afterword.stores.sqlite.reading.workers", refuse)
    assert Glance(database).workers().result() == ()


def test_a_question_that_fails_is_not_told_as_a_write(store: SqliteStore, database: Path) -> None:
    """Neither by a glance nor by an open store."""
    told: list[StoreError] = []
    for find in (Glance(database).find, store.find):
        with pytest.raises(StoreUnreadable) as failed:
            find(Query(limit=1 << 64)).result(PATIENCE)
        told.append(failed.value)
    assert {str(error) for error in told} == {
        f"The store at {database} cannot be read: OverflowError: Python int too large to convert to SQLite INTEGER."
    }


def test_migrations_are_for_those_who_write(open_store: Open, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store().open()
    more = Migration(len(connection._MIGRATIONS) + 1, ["CREATE TABLE colours (name TEXT)"])
    monkeypatch.setattr(connection, "_MIGRATIONS", [*connection._MIGRATIONS, more])
    with pytest.raises(SchemaTooOld):
        Glance(database).count()
    open_store().open()
    assert sum(Glance(database).count().result().values()) == 0
