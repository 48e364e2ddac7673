"""What the file store says when the file cannot be used, and that it goes on when it can."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from afterword.errors import SchemaTooNew, StoreError, StoreUnavailable, WriteRefused
from afterword.stores.sqlite import connection
from afterword.stores.sqlite.connection import meaning, meets_all
from afterword.stores.sqlite.store import SqliteStore
from afterword.testing.contract.bench import PATIENCE, add, job, now
from tests.stores.conftest import Open

KNOWN = len(connection._MIGRATIONS)


def sqlite_error(path: Path, cause: Callable[[sqlite3.Connection], object]) -> sqlite3.Error:
    """The error that `cause` meets on a real file."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:
        other.execute("CREATE TABLE IF NOT EXISTS things (thing UNIQUE)")
        try:
            cause(other)
        except sqlite3.Error as error:
            return error
        raise AssertionError("nothing went wrong")


def fill(other: sqlite3.Connection) -> None:
    other.execute("PRAGMA max_page_count = 4")
    other.execute("INSERT INTO things VALUES (zeroblob(100000))")


def write_read_only(other: sqlite3.Connection) -> None:
    other.execute("PRAGMA query_only = ON")
    other.execute("INSERT INTO things VALUES (1)")


def meet_a_writer(other: sqlite3.Connection) -> None:
    (file,) = [row[2] for row in other.execute("PRAGMA database_list")]
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        other.execute("INSERT INTO things VALUES (1)")


def break_a_rule(other: sqlite3.Connection) -> None:
    other.execute("INSERT INTO things VALUES (1), (1)")


def open_a_directory(other: sqlite3.Connection) -> None:
    other.execute("ATTACH '/' AS elsewhere")


@pytest.mark.parametrize(
    ("cause", "kind", "words", "all"),
    [
        (fill, StoreUnavailable, "the disk is full (SQLITE_FULL)", False),
        (write_read_only, StoreUnavailable, "read-only (SQLITE_READONLY)", True),
        (meet_a_writer, StoreUnavailable, "another program is writing to it", True),
        (open_a_directory, StoreUnavailable, "it cannot be opened", True),
        (break_a_rule, WriteRefused, "UNIQUE constraint failed", False),
    ],
)
def test_every_error_of_sqlite_becomes_a_sentence(
    tmp_path: Path, cause: Callable[[sqlite3.Connection], object], kind: type[StoreError], words: str, all: bool
) -> None:
    error = sqlite_error(tmp_path / "other.db", cause)
    said = meaning(error, tmp_path / "jobs.db")
    assert type(said) is kind
    assert words in str(said)
    assert str(tmp_path / "jobs.db") in str(said)
    assert meets_all(error) is all


def test_a_directory_that_is_not_there_is_named_and_may_come_later(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "later" / "jobs.db")
    with pytest.raises(StoreUnavailable, match=r"the folder .*later does not exist: create it"):
        store.open()
    with pytest.raises(StoreUnavailable, match="does not exist"):
        store.get("x").result(PATIENCE)
    (tmp_path / "later").mkdir()
    add(store, job())
    store.close()


@pytest.mark.parametrize("content", [b"not a database, but long enough to be taken for one" * 100, b"short"])
def test_a_file_that_is_no_database_is_left_alone(database: Path, open_store: Open, content: bytes) -> None:
    database.write_bytes(content)
    with pytest.raises(StoreUnavailable, match="not a SQLite database"):
        open_store().open()
    assert database.read_bytes() == content


def test_a_file_of_another_program_is_left_alone(database: Path, open_store: Open) -> None:
    with closing(sqlite3.connect(database)) as other:
        other.execute("CREATE TABLE jobs (name)")
    content = database.read_bytes()
    with pytest.raises(StoreUnavailable, match="tables of another program"):
        open_store().open()
    assert database.read_bytes() == content


def test_another_program_that_writes_for_too_long_is_said(
    store: SqliteStore, open_store: Open, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY", 0.1)
    impatient = open_store()
    impatient.open()
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="another program is writing to it"):
            impatient.add([job()]).result(PATIENCE)
        other.execute("ROLLBACK")
    add(impatient, job())


def test_a_network_file_system_is_refused_and_says_what_to_do(open_store: Open, database: Path) -> None:
    store = open_store(file_system=lambda directory: "nfs4")
    with pytest.raises(StoreUnavailable, match=r"network file system \(nfs4\).* PostgreSQL"):
        store.open()
    assert not database.exists()
    assert not database.with_name("jobs.db.run").exists()


def test_what_cannot_be_told_is_not_refused(open_store: Open) -> None:
    add(open_store(file_system=lambda directory: None), job())


def test_an_error_is_each_callers_own(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "nowhere" / "jobs.db")
    errors = []
    for pending in [store.add([job()]) for _ in range(3)]:
        with pytest.raises(StoreUnavailable) as raised:
            pending.result(PATIENCE)
        errors.append(raised.value)
    assert len(set(map(id, errors))) == 3


def test_a_newer_schema_is_refused_and_left_alone(store: SqliteStore, open_store: Open, database: Path) -> None:
    kept = add(store, job())
    store.close()
    with closing(sqlite3.connect(database)) as newer:
        newer.execute("PRAGMA user_version = 99")
    content = database.read_bytes()
    late = open_store()
    with pytest.raises(SchemaTooNew, match=f"has schema 99, this afterword knows {KNOWN}: nothing was changed"):
        late.open()
    for pending in (late.add([job()]), late.get(kept[0].id)):
        with pytest.raises(SchemaTooNew):
            pending.result(PATIENCE)
    late.close()
    assert database.read_bytes() == content
    assert sorted(path.name for path in database.parent.iterdir()) == ["jobs.db", "jobs.db.run"]


def test_a_database_without_its_log_gets_one_again(store: SqliteStore, open_store: Open, database: Path) -> None:
    """As after a backup was put back."""
    (kept,) = add(store, job())
    store.close()
    with closing(sqlite3.connect(database)) as other:
        assert other.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    again = open_store()
    assert now(again, kept) == kept
    assert Path(f"{database}-wal").exists()
