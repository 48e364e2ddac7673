"""What is in the file; and that looking at it changes nothing."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

import pytest

from afterword.doctor import contents
from afterword.doctor.finding import Finding, Level
from afterword.errors import StoreError
from afterword.stores import migrations
from afterword.stores.migrations import Migration
from afterword.stores.sqlite.looking import bounded, cut_short, look
from afterword.stores.sqlite.store import SqliteStore
from afterword.testing.contract.bench import add, job

KNOWN = len(migrations.read("afterword.stores.sqlite"))

COUNT = "SELECT count(*) FROM jobs"

ADD_AND_DIE = """
import os, sys
from afterword.stores.sqlite.store import SqliteStore
from afterword.testing.contract.bench import add, job
add(SqliteStore(sys.argv[1]), job())
os._exit(0)
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """With one job, and closed."""
    path = tmp_path / "jobs.db"
    store = SqliteStore(path)
    add(store, job())
    store.close()
    return path


def there(path: Path) -> dict[str, tuple[bytes, int]]:
    """All files beside it, with their bytes and times; of the shared memory, which holds locks, only that it is there."""
    return {
        file.name: (b"", 0) if file.name.endswith("-shm") else (file.read_bytes(), file.stat().st_mtime_ns)
        for file in path.parent.iterdir()
        if file.is_file()
    }


def count(connection: Connection) -> int:
    ((number,),) = connection.execute(COUNT).fetchall()
    return int(number)


def examine(path: Path) -> list[Finding]:
    try:
        return look(path, lambda connection: list(contents.examine(connection, path)))
    except (sqlite3.Error, StoreError) as error:
        return [contents.unreadable(error, path)]


def test_a_look_at_a_closed_store_leaves_nothing_behind(database: Path) -> None:
    before = there(database)
    assert list(before) == ["jobs.db"]
    assert look(database, count) == 1
    assert there(database) == before


def test_a_look_at_what_a_killed_process_left_changes_nothing(database: Path) -> None:
    subprocess.run([sys.executable, "-c", ADD_AND_DIE, str(database)], check=True)
    before = there(database)
    assert set(before) == {"jobs.db", "jobs.db-wal", "jobs.db-shm"}
    assert look(database, count) == 2  # One of them is in the log alone.
    assert there(database) == before


def test_a_look_at_an_open_store_sees_what_is_in_its_log(database: Path) -> None:
    store = SqliteStore(database)
    add(store, job())
    assert look(database, count) == 2
    add(store, job())  # It can go on.
    store.close()
    assert sorted(there(database)) == ["jobs.db"]


def test_whoever_opens_it_meanwhile_is_seen(database: Path) -> None:
    store = SqliteStore(database)
    answers = []

    def ask(connection: Connection) -> int:
        answers.append(count(connection))
        if len(answers) == 1:
            add(store, job())
        return answers[-1]

    assert look(database, ask) == 2
    assert answers == [1, 2]
    store.close()


def test_a_damaged_look_at_what_is_opened_meanwhile_is_repeated(database: Path) -> None:
    store = SqliteStore(database)

    def ask(connection: Connection) -> int:
        if not database.with_name("jobs.db-wal").exists():
            add(store, job())
            raise sqlite3.DatabaseError("database disk image is malformed")
        return count(connection)

    assert look(database, ask) == 2
    store.close()


def test_nothing_can_be_written(database: Path) -> None:
    for keep_open in (False, True):
        with closing(sqlite3.connect(database)) as other:
            if keep_open:
                other.execute(COUNT)
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                look(database, lambda connection: connection.execute("DELETE FROM jobs"))


def test_a_long_look_is_cut_short(database: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"

    def ask(connection: Connection) -> bool:
        with pytest.raises(sqlite3.OperationalError) as cut, bounded(connection, 0.01):
            connection.execute(endless).fetchall()
        count(connection)  # It bounds nothing more.
        return cut_short(cut.value)

    assert look(database, ask)


# The sentences


def test_a_store_that_is_well(database: Path) -> None:
    size = f"{database.stat().st_size / 1000:.1f} kB"
    assert examine(database) == [
        Finding(Level.FINE, f"The store at {database} ({size}) has schema {KNOWN}."),
        Finding(Level.FINE, f"The store at {database} is sound."),
    ]


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    assert contents.absent(tmp_path / "jobs.db") == Finding(
        Level.NOTE,
        f"There is no file {tmp_path}/jobs.db yet: it is made when the application starts or adds its first job.",
    )


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "jobs.db").touch()
    assert examine(tmp_path / "jobs.db") == [
        Finding(Level.NOTE, f"The file {tmp_path}/jobs.db is empty: its tables are made when the application starts.")
    ]


def change(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as other:
        other.execute(statement)


def test_an_older_schema(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = [*migrations.read("afterword.stores.sqlite"), Migration(KNOWN + 1, [])]
    monkeypatch.setattr(migrations, "read", lambda package: newer)
    assert examine(database)[1] == Finding(
        Level.NOTE, f"The store at {database} has schema {KNOWN}: the next start brings it to schema {KNOWN + 1}."
    )


def test_a_newer_schema(database: Path) -> None:
    change(database, "PRAGMA user_version = 99")
    assert examine(database) == [
        Finding(
            Level.FAULT,
            f"The store at {database} has schema 99, this afterword knows {KNOWN}.",
            "Upgrade afterword, or give this one a file of its own.",
        )
    ]


def test_a_file_of_another_program(tmp_path: Path) -> None:
    change(tmp_path / "jobs.db", "CREATE TABLE things (name)")
    assert examine(tmp_path / "jobs.db") == [
        Finding(
            Level.FAULT,
            f"The store at {tmp_path}/jobs.db cannot be used: the file holds tables of another program.",
            "Give the jobs a file of their own.",
        )
    ]


def test_no_database(tmp_path: Path) -> None:
    (tmp_path / "jobs.db").write_bytes(b"no database, but long enough to be taken for one" * 100)
    assert examine(tmp_path / "jobs.db") == [
        Finding(
            Level.FAULT,
            f"The store at {tmp_path}/jobs.db cannot be used: the file is not a SQLite database (SQLITE_NOTADB).",
            'Give the jobs a file of their own, for example store="sqlite:///afterword.db".',
        )
    ]


def test_damage(database: Path) -> None:
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)
    (found,) = [finding for finding in examine(database) if finding.level is Level.FAULT]
    assert found.what.startswith(f"The store at {database} is damaged: ")
    assert found.mend == (
        "Stop the application, put the file and its -wal aside, and put back a backup, or save what can be read:"
        f" sqlite3 {database} .recover | sqlite3 recovered.db"
    )


def test_a_file_too_large_to_look_through(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "PATIENCE", -1.0)
    monkeypatch.setattr("afterword.stores.sqlite.looking._STEPS", 1)
    assert examine(database)[-1] == Finding(
        Level.NOTE,
        f"The store at {database} is too large to be checked for damage in -1 s; up to there it is sound.",
        f"To check all of it, stop the application first: sqlite3 {database} 'PRAGMA quick_check'",
    )


@pytest.mark.parametrize(
    ("code", "why", "mend"),
    [
        (
            sqlite3.SQLITE_BUSY,
            "another program is writing to it, and did not stop for 5 s",
            "Find the program that keeps it, and have it let go.",
        ),
        (sqlite3.SQLITE_IOERR, "its disk failed", "Look at the disk: the system's log says what failed."),
        (
            sqlite3.SQLITE_READONLY,
            "the file or its directory is read-only",
            "Mend that, or give the jobs a file of their own with store=.",
        ),
    ],
)
def test_other_troubles(code: int, why: str, mend: str) -> None:
    error = sqlite3.OperationalError("trouble")
    error.sqlite_errorcode = code
    found = contents.unreadable(error, Path("/srv/jobs.db"))
    assert found == Finding(Level.FAULT, f"The store at /srv/jobs.db cannot be used: {why} (trouble).", mend)


def test_rows_in_quarantine_are_told(database: Path) -> None:
    rows = [("its state is 42",), ("its token is -1",), ("its state is 42",)]
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.executemany(
            "INSERT INTO quarantine (origin, key, reason, content, found_at) VALUES ('jobs', 1, ?, '{}', 1)", rows
        )
    assert examine(database)[-1] == Finding(
        Level.WARNING,
        "3 rows are in quarantine, being no jobs: its state is 42 (2 times); its token is -1.",
        f"Find out who else writes to the file, and look at them: sqlite3 {database} 'SELECT * FROM quarantine'."
        " Delete them there when they are of no more use.",
    )
