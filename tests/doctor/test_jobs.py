"""The jobs in the store, and who runs them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from afterword.clock import SECOND
from afterword.doctor import jobs
from afterword.doctor.finding import Finding, Level
from afterword.doctor.jobs import NONE, Census, examine, serving, slow, take, unserved
from afterword.doctor.tasks import Waiting
from afterword.jobs.outcome import Failed
from afterword.jobs.retry import Retry
from afterword.stores.sqlite.store import SqliteStore
from afterword.testing.contract.bench import APP, PATIENCE, add, claim_one, job, settle


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "jobs.db")
    store.open()
    yield store
    store.close()


def census(path: Path) -> Census | None:
    with closing(sqlite3.connect(path / "jobs.db")) as connection:
        return take(connection, APP, path / "jobs.db")


def waiting(**unfinished: int) -> Census:
    return NONE._replace(unfinished={f"{name}:app": count for name, count in unfinished.items()})


# Counting


def test_nothing_is_there(store: SqliteStore, tmp_path: Path) -> None:
    assert census(tmp_path) == NONE


def test_everything_is_counted(store: SqliteStore, tmp_path: Path) -> None:
    add(store, job(added_at=7), job(added_at=8, task="renamed", origin="main:old"), job(app="other:app", added_at=1))
    add(store, job(added_at=3, priority=9, retry=Retry(attempts=1)))
    settle(store, claim_one(store), Failed("why", retry=False))
    store.beat("other:app").result(PATIENCE)
    found = census(tmp_path)
    assert found is not None
    assert found.unfinished == {APP: 2, "other:app": 1}
    assert found.tasks == {Waiting("main:send", None), Waiting("renamed", "main:old")}
    assert (found.oldest, found.failed, found.served) == (7, 1, frozenset(["other:app"]))


def test_a_worker_that_is_gone_serves_nobody(store: SqliteStore, tmp_path: Path) -> None:
    other = SqliteStore(tmp_path / "jobs.db")
    other.beat(APP).result(PATIENCE)
    assert census(tmp_path) == NONE._replace(served=frozenset([APP]))
    other.close()
    assert census(tmp_path) == NONE


def test_a_job_that_was_tried_is_not_the_oldest(store: SqliteStore, tmp_path: Path) -> None:
    add(store, job(added_at=1), job(added_at=2))
    with closing(sqlite3.connect(tmp_path / "jobs.db")) as other:
        other.execute("UPDATE jobs SET attempt = 1 WHERE added_at = 1")
        other.commit()
    found = census(tmp_path)
    assert found is not None and found.oldest == 2


def test_a_count_that_takes_too_long(store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(store, *(job() for _ in range(100)))
    monkeypatch.setattr(jobs, "PATIENCE", -1.0)
    monkeypatch.setattr("afterword.stores.sqlite.looking._STEPS", 1)
    assert census(tmp_path) is None
    monkeypatch.undo()
    assert jobs.uncounted() == Finding(
        Level.NOTE, "The unfinished jobs could not be counted in 2 s.", "afterword jobs list counts them all."
    )


# The sentences


def test_a_worker_is_alive() -> None:
    found = waiting(main=5)._replace(served=frozenset([APP]))
    for starts in (True, False):
        assert serving(APP, found, starts_worker=starts) == Finding(Level.FINE, "A worker of main:app is alive.")


def test_none_is_alive_and_the_application_starts_one() -> None:
    assert serving(APP, NONE, starts_worker=True) == Finding(
        Level.NOTE, "No worker of main:app is alive: the application starts one when it starts."
    )
    assert serving(APP, waiting(main=1200), starts_worker=True) == Finding(
        Level.WARNING,
        "1,200 jobs wait, and no worker of main:app is alive.",
        "Start the application, which starts a worker, or start one: afterword worker main:app",
    )


def test_none_is_alive_and_nobody_starts_one() -> None:
    start = "Start one: afterword worker main:app"
    assert serving(APP, NONE, starts_worker=False) == Finding(
        Level.WARNING,
        "No worker of main:app is alive, and the application is told to start none (worker=False or AFTERWORD_WORKER=off).",
        start,
    )
    assert serving(APP, waiting(main=1), starts_worker=False) == Finding(
        Level.FAULT,
        "1 job waits, no worker of main:app is alive, and the application is told to start none (worker=False or"
        " AFTERWORD_WORKER=off).",
        start,
    )


def test_more_than_were_counted() -> None:
    found = serving(APP, waiting(main=jobs.ENOUGH), starts_worker=True)
    assert found.what == "At least 100,000 jobs wait, and no worker of main:app is alive."


def test_jobs_of_other_applications() -> None:
    found = waiting(main=1, old=3, served=2)._replace(served=frozenset(["served:app"]))
    assert list(unserved(APP, found)) == [
        Finding(
            Level.WARNING,
            "3 jobs wait for old:app, of which no worker is alive.",
            'If that is this application by another name, keep the name: Afterword(app, application="old:app"). Else start a'
            " worker for it: afterword worker old:app",
        )
    ]


def test_a_job_that_waits_for_long() -> None:
    assert list(slow(60 * SECOND)) == []
    assert list(slow(1_234 * SECOND)) == [
        Finding(
            Level.WARNING,
            "A job that was added 1,234 s ago waits still, though a worker is alive.",
            "Raise runners or concurrency, see what keeps the runners (afterword jobs list --state running), and that no worker"
            " was started for other --queues.",
        )
    ]


def levels(found: Census, **options: Any) -> list[Level]:
    return [finding.level for finding in examine(found, APP, 100 * SECOND, **{"starts_worker": True, **options})]


def test_all_of_it() -> None:
    served = NONE._replace(served=frozenset([APP]), oldest=SECOND)
    assert levels(served) == [Level.FINE, Level.WARNING]
    assert levels(served._replace(oldest=90 * SECOND)) == [Level.FINE]
    assert levels(served._replace(served=frozenset())) == [Level.NOTE]  # That nobody runs it says enough.
    *_, last = examine(NONE._replace(failed=1), APP, 0, starts_worker=True)
    assert last == Finding(Level.NOTE, "1 job has failed.", "afterword jobs list --state failed")
    *_, last = examine(NONE._replace(failed=2), APP, 0, starts_worker=True)
    assert last.what == "2 jobs have failed."
