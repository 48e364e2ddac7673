"""Whatever stands in a row: every call answers, with jobs or with an error that has a name, and the jobs beside it run."""

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afterword.errors import AfterwordError
from afterword.jobs import lifecycle
from afterword.jobs.job import Job, State
from afterword.jobs.outcome import Failed, Outcome, Succeeded
from afterword.jobs.retry import Retry
from afterword.stores.pending import Pending
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import GRACE, LEASE, Change, Query, Store, Verdict, Want
from afterword.testing import FalseClock

PATIENCE = 30.0
APP = "main:app"
LAPSE = (LEASE + GRACE) / 1e6 + 1

NUMBERS = (
    st.none() | st.sampled_from([-1, 0, 1, 2, 3, 6, 7, 99, 1 << 31, 1 << 53, (1 << 63) - 1, -(1 << 63)]) | st.integers(0, 9)
)
TEXTS = (
    st.none()
    | st.sampled_from(["", "\0", "x" * 5000, "[1]", "null", "%s {0}", "[" * 3000, "NaN", "ü\u2028"])
    | st.text(st.characters(codec="utf-8"), max_size=9)
)
BLOBS = st.none() | st.binary(max_size=40) | st.sampled_from([b"{", b"\xff\xfe", b"null", b"[" * 4000])
NOT_UTF8 = st.binary(min_size=1, max_size=6).map(lambda data: b"\xff" + data)


def columns(table: str) -> dict[str, str]:
    """The columns of a table and their types, as a fresh store makes it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.db"
        store = SqliteStore(path)
        store.open()
        store.close()
        with closing(sqlite3.connect(path)) as connection:
            return {row[1]: row[2] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "key"}


COLUMNS = [(table, name, kind) for table in ("jobs", "finished") for name, kind in columns(table).items()]


def job(number: int, **fields: Any) -> Job:
    plain = {"added_at": 1, "retry": Retry(attempts=1), "state": State.QUEUED, "arguments": b"{}", "task": "main:send"}
    return Job(**{"id": f"{number:032x}", "app": APP, **plain, **fields})


def damage(path: Path, table: str, column: str, value: Any, as_text: bool, which: int) -> bool:
    """Whether the database takes this value."""
    place = "CAST(? AS TEXT)" if as_text else "?"
    with closing(sqlite3.connect(path)) as connection:
        try:
            with connection:
                connection.execute(f"UPDATE {table} SET {column} = {place} WHERE key = ?", (value, which))
        except sqlite3.IntegrityError:
            return False
    return True


def ask(act: Callable[[], Pending[Any]]) -> Any:
    """The answer, None for an error that has a name. Whatever else is raised, or no answer, is a failure."""
    try:
        return act().result(PATIENCE)
    except AfterwordError as error:
        assert str(error)
        return None


def ask_everything(store: Store) -> None:
    ask(store.rescue)
    assert sum(store.count().result(PATIENCE).values()) >= len(store.find(Query()).result(PATIENCE)) > 0
    for state in State:
        assert all(job.state is state for job in store.find(Query(states=(state,), limit=2)).result(PATIENCE))
    for number in range(1, 8):
        ask(lambda: store.get(f"{number:032x}"))  # noqa: B023
    ask(lambda: store.find(Query(id="0", task="main:send")))
    ask(store.workers)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(column=st.sampled_from(COLUMNS), data=st.data())
def test_an_odd_value_holds_up_nobody(column: tuple[str, str, str], data: st.DataObject) -> None:
    damage_and_go_on(*column, data)


@pytest.mark.process  # For its length.
@pytest.mark.parametrize(("table", "column", "kind"), COLUMNS, ids=[f"{table}.{name}" for table, name, _ in COLUMNS])
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_column_is_left_out(table: str, column: str, kind: str, data: st.DataObject) -> None:
    damage_and_go_on(table, column, kind, data)


def damage_and_go_on(table: str, column: str, kind: str, data: st.DataObject) -> None:
    as_text = kind == "TEXT" and data.draw(st.booleans())
    value = data.draw(NOT_UTF8 if as_text else {"INTEGER": NUMBERS, "TEXT": TEXTS, "BLOB": BLOBS}[kind])
    which = data.draw(st.integers(1, 4) if table == "jobs" else st.integers(5, 6))
    with tempfile.TemporaryDirectory() as folder:
        path, clock = Path(folder) / "jobs.db", FalseClock()
        api, worker, other = (SqliteStore(path, clock=clock) for _ in range(3))
        try:
            fill(api, worker)
            if not damage(path, table, column, value, as_text, which):
                return
            good = job(100)
            ask_everything(other)
            (added,) = other.add([good]).result(PATIENCE)
            assert added.created
            assert_runs(other, good, clock)
            for change in Change:
                for number in range(1, 8):
                    ask(lambda: other.change(change, [f"{number:032x}"]))  # noqa: B023
            clock.advance(LAPSE)
            ask_everything(other)
            last = job(101)
            other.add([last]).result(PATIENCE)
            assert_runs(other, last, clock)
            ask(lambda: other.forget(clock.now() + 1, 100))
            assert ask(lambda: other.get(last.id)) is None
        finally:
            for store in (api, worker, other):
                store.close()


def fill(api: Store, worker: Store) -> None:
    """One held job (key 1), one that follows it (2), one that runs (3), one that waits (4), one that succeeded and one that
    failed (5 and 6)."""
    held = job(1, state=State.HELD, owner=api.process, unique_key="a")
    follows = job(2, state=State.HELD, owner=api.process, after=held.id)
    done = [job(5, priority=9), job(6, priority=8)]
    api.add([held, follows, job(3, priority=7), job(4, timeout=1_000_000), *done]).result(PATIENCE)
    claimed = worker.claim(Want(APP, 3)).result(PATIENCE).jobs
    outcomes: list[Outcome] = [Succeeded(b"1"), Failed("no")]
    said = [lifecycle.settle(one, outcome, 5, 0.5) for one, outcome in zip(claimed, outcomes, strict=False)]
    assert list(worker.settle(said).result(PATIENCE)) == [Verdict.APPLIED] * 2


def assert_runs(store: Store, good: Job, clock: FalseClock) -> None:
    """It is claimed within a few claims, and its outcome is written, together with those of the jobs beside it."""
    for _ in range(5):
        claims = ask(lambda: store.claim(Want(APP, 10)))
        claimed = list(claims.jobs) if claims else []
        said = [lifecycle.settle(one, Succeeded(b"2"), clock.now(), 0.5) for one in claimed]
        ask(lambda: store.settle(said))  # noqa: B023
        ask(lambda: store.renew([(one.key, one.token) for one in claimed]))  # noqa: B023
        now = store.get(good.id).result(PATIENCE)
        if now is not None and now.state is State.SUCCEEDED:
            return
    raise AssertionError("it does not run")
