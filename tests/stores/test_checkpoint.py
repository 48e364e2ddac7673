"""The write-ahead log stays short."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from afterword.events import LogGrows
from afterword.jobs.job import State
from afterword.stores.sqlite.checkpoint import DUE, OVERDUE
from afterword.stores.sqlite.store import SqliteStore
from afterword.testing.contract.bench import PATIENCE, add, claim, job, settle
from tests.stores.conftest import Open, held_up

LARGE = b'"' + b"x" * 30_000 + b'"'
"""Arguments of some eight pages."""

COMMIT = 20 * 35_000
"""Bytes that a commit of twenty such jobs takes, at most."""


def log_size(database: Path) -> int:
    return Path(f"{database}-wal").stat().st_size


def write(store: SqliteStore, times: int, after_each: Callable[[], object]) -> int:
    """Many times more than a checkpoint's worth; the greatest length of the log meanwhile."""
    longest = 0
    for _ in range(times):
        add(store, *(job(arguments=LARGE) for _ in range(20)))
        after_each()
        longest = max(longest, log_size(Path(store._session._path)))
    return longest


def test_a_worker_that_tidies_keeps_the_log_short(store: SqliteStore, open_store: Open, database: Path) -> None:
    worker = open_store()
    longest = write(store, 60, lambda: worker.tidy().result(PATIENCE))
    assert database.stat().st_size > 4 * DUE
    assert longest <= DUE + 2 * COMMIT
    assert store.count().result(PATIENCE)[State.QUEUED] == 60 * 20


def test_it_stays_short_with_work_and_readers_too(store: SqliteStore, open_store: Open, database: Path) -> None:
    worker = open_store()

    def work() -> None:
        for running in claim(worker, 10):
            settle(worker, running)
        worker.count().result(PATIENCE)
        worker.tidy().result(PATIENCE)

    assert write(store, 40, work) <= DUE + 3 * COMMIT


def test_without_a_worker_the_writer_sees_to_it(store: SqliteStore, database: Path) -> None:
    longest = write(store, 300, lambda: None)
    assert OVERDUE < longest <= OVERDUE + 65 * COMMIT
    settled = log_size(database)
    write(store, 30, lambda: None)
    assert log_size(database) <= max(settled, OVERDUE + 65 * COMMIT)


def test_to_find_nothing_to_tidy_waits_for_nobody(store: SqliteStore, database: Path) -> None:
    add(store, job())
    with held_up(database):
        adding = store.add([job()])
        store.tidy().result(0)
    adding.result(PATIENCE)


def test_there_is_nothing_to_tidy_twice(store: SqliteStore, database: Path) -> None:
    write(store, 10, lambda: None)
    store.tidy().result(PATIENCE)
    with held_up(database):
        store.tidy().result(PATIENCE)


def test_a_reader_that_stays_lets_the_log_grow_only_while_it_stays(store: SqliteStore, database: Path) -> None:
    def tidy() -> None:
        store.tidy().result(PATIENCE)

    add(store, job())
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM jobs").fetchone()
        assert write(store, 25, tidy) > DUE + 5 * COMMIT
    write(store, 3, tidy)
    assert log_size(database) <= DUE + 2 * COMMIT


def test_it_is_told_when_a_reader_lets_the_log_grow_and_again_when_it_has_doubled(open_store: Open, database: Path) -> None:
    told: list[LogGrows] = []
    store = open_store(tell=lambda event: told.append(event) if isinstance(event, LogGrows) else None)

    def tidy() -> None:
        store.tidy().result(PATIENCE)

    def write_under_a_reader(times: int) -> None:
        with closing(sqlite3.connect(database, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM jobs").fetchone()
            write(store, times, tidy)

    add(store, job())
    write(store, 60, tidy)
    assert told == [], "a long log is no news as long as it can be copied"
    write_under_a_reader(60)
    first, second = told
    assert OVERDUE < first.size <= OVERDUE + 2 * COMMIT
    assert 2 * first.size < second.size <= 2 * first.size + 2 * COMMIT
    assert {event.store for event in told} == {str(database)}
    write(store, 3, tidy)
    write_under_a_reader(30)
    assert len(told) == 3


@pytest.mark.parametrize("last", [True, False])
def test_closing_loses_nothing(store: SqliteStore, open_store: Open, database: Path, last: bool) -> None:
    other = open_store()
    if not last:
        other.open()
    write(store, 3, lambda: None)
    store.close()
    assert Path(f"{database}-wal").exists() is not last
    assert other.count().result(PATIENCE)[State.QUEUED] == 60
