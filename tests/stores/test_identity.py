"""A file that is taken away from under a living process."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from afterword.errors import StoreReplaced
from afterword.stores.sqlite import identity
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Query
from afterword.testing.contract.bench import PATIENCE, add, job, now, rescue
from afterword.testing.contract.waking import settled
from tests.stores.conftest import Open


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look counts, so that nothing here depends on time."""
    monkeypatch.setattr(identity, "FRESH", 0.0)


def delete(database: Path) -> None:
    for path in database.parent.glob("jobs.db*"):
        if path.is_file():
            path.unlink()


def move(database: Path) -> None:
    database.rename(database.with_name("elsewhere.db"))


def replace(database: Path) -> None:
    SqliteStore(database.with_name("other.db")).open()
    database.with_name("other.db").replace(database)


def put_a_copy_in_its_place(database: Path) -> None:
    shutil.copy(database, database.with_name("copy.db"))
    database.with_name("copy.db").replace(database)


def delete_the_locks(database: Path) -> None:
    shutil.rmtree(f"{database}.run")


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (delete, "jobs.db was moved or deleted"),
        (move, "jobs.db was moved or deleted"),
        (replace, "jobs.db was replaced"),
        (put_a_copy_in_its_place, "jobs.db was replaced"),
        (delete_the_locks, r"\.lock was moved or deleted"),
    ],
)
def test_nothing_more_is_written_or_read(
    store: SqliteStore, open_store: Open, database: Path, happens: Callable[[Path], None], said: str
) -> None:
    add(store, job())
    happens(database)
    for pending in (store.add([job()]), store.find(Query()), store.rescue(), store.add([job()])):
        with pytest.raises(StoreReplaced, match=rf"{said} while this process had it open, so nothing more is written"):
            pending.result(PATIENCE)


@pytest.mark.parametrize("happens", [delete, move, replace, put_a_copy_in_its_place, delete_the_locks])
def test_a_worker_at_rest_notices(store: SqliteStore, database: Path, happens: Callable[[Path], None]) -> None:
    asyncio.run(settled(store))
    rescue(store)
    assert store.rescue().done, "it does not rest"
    happens(database)
    for _ in range(2):
        with pytest.raises(StoreReplaced):
            rescue(store)


def test_the_sentence_says_what_to_do() -> None:
    assert str(StoreReplaced(store="jobs.db", what="jobs.db", how="replaced")) == (
        "jobs.db was replaced while this process had it open, so nothing more is written to the store at jobs.db. Restart the"
        " application and its workers: they go on with the file that is there then."
    )


def test_what_was_committed_into_a_file_that_is_gone_is_refused(
    store: SqliteStore, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody looked before, for a look was made a moment ago: so it is the look after the commit that finds it."""
    add(store, job())
    monkeypatch.setattr(identity, "FRESH", 3600.0)
    move(database)
    with pytest.raises(StoreReplaced):
        store.add([job()]).result(PATIENCE)


def test_no_empty_file_takes_the_place_of_one_that_was_deleted(store: SqliteStore, database: Path) -> None:
    add(store, job())
    delete(database)
    store.about_to_fork()
    store._session.about_to_fork()  # As a fork does: every connection is closed, and opened again by the next write.
    for pending in (store.add([job()]), store.find(Query())):
        with pytest.raises(StoreReplaced):
            pending.result(PATIENCE)
    assert not database.exists()


def test_a_file_that_came_back_is_the_same(store: SqliteStore, database: Path) -> None:
    (kept,) = add(store, job())
    move(database)
    with pytest.raises(StoreReplaced):
        store.get(kept.id).result(PATIENCE)
    database.with_name("elsewhere.db").rename(database)
    assert now(store, kept) == kept
    add(store, job())


def test_the_new_file_is_for_the_next_session(store: SqliteStore, open_store: Open, database: Path) -> None:
    add(store, job())
    replace(database)
    fresh = open_store()
    (kept,) = add(fresh, job())
    store.close()
    assert now(fresh, kept) == kept
