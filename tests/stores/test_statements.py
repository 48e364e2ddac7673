"""What the statements cost does not grow with what they do not ask for."""

import itertools
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from afterword.jobs import lifecycle
from afterword.jobs.job import State
from afterword.jobs.outcome import Failed, Succeeded
from afterword.stores.sqlite import connection
from afterword.stores.sqlite.reading import _COUNT_LIVE, _COUNT_OLD
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Change, Query, Store, Want
from afterword.testing import FalseClock
from afterword.testing.contract.bench import PATIENCE, add, claim, held, job, now, rescue, settle, settlement, states
from tests.stores.conftest import Open, held_up

SCAN = re.compile(r"\bSCAN (jobs|finished|before)\b(?! USING (COVERING INDEX (jobs_owner|jobs_after)|INDEX \w+_unsound))")


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that stores opened from now on execute, as SQLite expanded it."""
    seen: list[str] = []
    connect = connection.connect

    def traced(path: Path) -> sqlite3.Connection:
        opened = connect(path)
        opened.set_trace_callback(seen.append)
        return opened

    monkeypatch.setattr(connection, "connect", traced)
    monkeypatch.setattr("afterword.stores.sqlite.entry.connect", traced)
    return seen


def plans(database: Path, statements: list[str]) -> Iterator[tuple[str, str]]:
    with closing(sqlite3.connect(database)) as other:
        for statement in statements:
            if statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "INSERT", "WITH")):
                steps = other.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
                yield statement, "\n".join(step[3] for step in steps)


def go_through_a_life(store: Store) -> None:
    first, *_ = add(store, job(), held(store), job(run_at=5))
    add(store, held(store, after=first.id))
    store.release([first.key]).result(PATIENCE)
    store.discard([2]).result(PATIENCE)
    running = claim(store)
    claim(store, queues=("mail",))
    store.renew([(one.key, one.token) for one in running]).result(PATIENCE)
    settle(store, running[0], Succeeded(b"1"))
    settle(store, running[1], Failed("no"))
    store.settle([settlement(running[0], Succeeded(b"1"))]).result(PATIENCE)
    store.get(first.id).result(PATIENCE)
    store.find(Query()).result(PATIENCE)
    store.find(Query(states=(State.FAILED,))).result(PATIENCE)
    rescue(store)
    store.beat("main:app").result(PATIENCE)
    store.forget(100, 100).result(PATIENCE)
    store.change(Change.CANCEL, [first.id]).result(PATIENCE)
    store.change(Change.RETRY, [running[1].id]).result(PATIENCE)
    store.change(Change.FORGET, [running[0].id]).result(PATIENCE)
    (unique,) = add(store, held(store, unique_key="a"))
    left_out = held(store, unique_key="a", after=first.id)
    store.add([left_out, held(store, after=left_out.id)]).result(PATIENCE)
    store.discard([unique.key]).result(PATIENCE)
    store.change(Change.RETRY, [unique.id]).result(PATIENCE)


def test_no_verb_looks_at_all_jobs(open_store: Open, database: Path, statements: list[str]) -> None:
    store = open_store()
    go_through_a_life(store)
    explained = list(plans(database, statements))
    assert len(explained) > 25
    for statement, plan in explained:
        if "count(*)" not in statement and "ORDER BY key DESC" not in statement:
            assert not SCAN.search(plan), f"{statement}\n{plan}"


def test_a_claim_reads_only_what_it_takes_in_the_order_it_takes_it(
    open_store: Open, database: Path, statements: list[str]
) -> None:
    store = open_store()
    add(store, job())
    statements.clear()
    claim(store, 10)
    (plan,) = [plan for statement, plan in plans(database, statements) if statement.startswith("SELECT id, app")]
    assert plan == "SEARCH jobs USING INDEX jobs_ready (app=?)"


def test_counting_the_unfinished_reads_no_rows(open_store: Open, database: Path) -> None:
    store = open_store()
    store.open()
    with closing(sqlite3.connect(database)) as other:
        for statement in (_COUNT_LIVE, _COUNT_OLD):
            steps = [step[3] for step in other.execute(f"EXPLAIN QUERY PLAN {statement}")]
            looks = [step for step in steps if step.startswith(("SCAN", "SEARCH")) and "CONSTANT ROW" not in step]
            assert looks
            assert all("COVERING INDEX" in look for look in looks), looks


def test_who_has_a_unique_key_is_found_at_once(open_store: Open, database: Path, statements: list[str]) -> None:
    store = open_store()
    add(store, job(unique_key="a"))
    statements.clear()
    store.find(Query(unique_key="a", states=tuple(state for state in State if not state.finished))).result(PATIENCE)
    ((_, plan),) = plans(database, statements)
    assert plan.splitlines() == ["SEARCH jobs USING INDEX jobs_unique (unique_key=?)", "USE TEMP B-TREE FOR ORDER BY"]


def executed(statements: list[str]) -> list[str]:
    """The first word of each, without those that a trigger repeats."""
    return [word for word, _ in itertools.groupby(statement.split()[0] for statement in statements)]


@pytest.mark.parametrize(("unique_key", "expected"), [(None, ["INSERT"]), ("a", ["BEGIN", "INSERT", "COMMIT"])])
def test_to_add_is_one_statement_with_a_unique_key_and_without(
    open_store: Open, statements: list[str], unique_key: str | None, expected: list[str]
) -> None:
    store = open_store()
    store.add([job()]).result(PATIENCE)
    statements.clear()
    store.add([job(unique_key=unique_key), job(), job()]).result(PATIENCE)
    assert executed(statements) == expected


@pytest.mark.parametrize(
    ("query", "finished"),
    [
        (Query(), ["SCAN finished"]),  # From its newest end, and LIMIT ends it.
        (Query(before=9), ["SEARCH finished USING INTEGER PRIMARY KEY (rowid<?)"]),
        (Query(task="main:rare", before=9, above=3), ["SEARCH finished USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"]),
        (
            Query(states=(State.FAILED,), task="main:rare", before=9, above=3),
            ["SEARCH finished USING INDEX finished_state (state=? AND rowid>? AND rowid<?)"],
        ),
        (Query(states=(State.FAILED,)), ["SEARCH finished USING INDEX finished_state (state=?)"]),
        (Query(states=(State.FAILED,), task="main:send"), ["SEARCH finished USING INDEX finished_state (state=?)"]),
        (Query(states=(State.FAILED,), before=9), ["SEARCH finished USING INDEX finished_state (state=? AND rowid<?)"]),
        (
            Query(id="0199ab"),
            [
                "SEARCH finished USING INTEGER PRIMARY KEY (rowid=?)",
                "LIST SUBQUERY 2",
                "COMPOUND QUERY",
                "LEFT-MOST SUBQUERY",
                "SEARCH finished USING COVERING INDEX sqlite_autoindex_finished_1 (id>? AND id<?)",
                "UNION ALL",
                "SCAN finished USING COVERING INDEX sqlite_autoindex_finished_1",
            ],
        ),
    ],
)
def test_a_page_is_read_in_its_order_and_no_further(
    open_store: Open, database: Path, statements: list[str], query: Query, finished: list[str]
) -> None:
    store = open_store()
    store.open()
    statements.clear()
    store.find(query).result(PATIENCE)
    (plan,) = [plan for statement, plan in plans(database, statements) if "FROM finished" in statement]
    assert plan.splitlines() == finished


def test_a_claim_beside_a_large_history_and_a_large_future_is_like_any_other(open_store: Open, database: Path) -> None:
    """Counted in steps of SQLite's machine, not in time."""
    clock = FalseClock()
    store = open_store(clock=clock)

    def steps_of_a_claim() -> int:
        add(store, *(job() for _ in range(10)))
        return steps(store, lambda: claim(store, 10))

    few = steps_of_a_claim()
    add(store, *(job(run_at=clock.now() + 1_000_000) for _ in range(2000)))
    add(store, *(held(store) for _ in range(2000)))
    for _ in range(4):
        add(store, *(job() for _ in range(500)))
        done = [lifecycle.settle(one, Succeeded(), 1, 0.5) for one in claim(store, 500)]
        store.settle(done).result(PATIENCE)
    assert steps_of_a_claim() < few * 1.5


def steps(store: SqliteStore, act: Callable[[], object]) -> int:
    """How many hundred instructions the writing connection's machine makes meanwhile."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    writing = store._session._entry._connection
    assert writing is not None
    writing.set_progress_handler(tick, 100)
    act()
    writing.set_progress_handler(None, 0)
    return count


def test_a_job_whose_predecessor_has_vanished_is_set_free(store: SqliteStore, database: Path) -> None:
    """Nothing here makes it vanish; a person with a database tool can."""
    (first,) = add(store, held(store))
    (second,) = add(store, held(store, after=first.id))
    store.release([second.key]).result(PATIENCE)
    with closing(sqlite3.connect(database, isolation_level=None)) as tool:
        tool.execute("DELETE FROM jobs WHERE id = ?", (first.id,))
    assert rescue(store) == [now(store, second)]
    assert states(store, second) == [State.QUEUED]


def test_however_many_wait_a_rescue_lets_follow_who_waited_for_what_it_failed(open_store: Open) -> None:
    store, worker = open_store(), open_store()
    (alive,) = add(store, job(run_at=1 << 60))
    add(store, *(held(store, after=alive.id) for _ in range(1100)))
    (failing,) = add(store, job(at_most_once=True))
    (waiting,) = add(store, job(state=State.HELD, after=failing.id))
    claim(worker)
    worker.close()
    rescue(store)
    assert states(store, failing, waiting) == [State.FAILED, State.QUEUED]


def test_a_rescue_leaves_nothing_that_the_next_look_would_find(store: SqliteStore, open_store: Open, database: Path) -> None:
    worker = open_store()
    worker.beat("main:app").result(PATIENCE)
    worker._session._lock.drop()
    rescue(store)
    with held_up(database):
        assert list(rescue(store)) == []


def test_every_commit_is_on_disk_when_it_is_answered(store: SqliteStore) -> None:
    add(store, job())
    writing = store._session._entry._connection
    assert writing is not None
    assert writing.execute("PRAGMA synchronous").fetchone() == (2,)
    assert writing.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_more_jobs_than_one_statement_takes(store: SqliteStore) -> None:
    jobs = [job() for _ in range(3000)]
    answers = store.add(jobs).result(PATIENCE)
    assert [answer.key for answer in answers] == list(range(1, 3001))
    assert len(store.claim(Want("main:app", 5000)).result(PATIENCE).jobs) == 3000


def test_many_that_have_become_due_at_once_are_all_claimed(open_store: Open) -> None:
    clock = FalseClock()
    store = open_store(clock=clock)
    add(store, *(job(run_at=clock.now() + 1) for _ in range(1500)))
    clock.advance(1)
    claimed = 0
    while jobs := claim(store, 400):
        claimed += len(jobs)
    assert claimed == 1500
