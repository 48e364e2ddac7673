"""Rows that are no jobs hold up nobody, and nothing of them is lost."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from afterword import events
from afterword.jobs.job import State
from afterword.jobs.outcome import Succeeded
from afterword.stores.rows import COLUMNS, row
from afterword.stores.sqlite.connection import Garbled
from afterword.stores.sqlite.soundness import fault
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Query
from afterword.testing.contract.bench import PATIENCE, add, claim, job, now, rescue, settle
from tests.stores.conftest import Open

IMPOSSIBLE = [
    ("state = 42", "its state is 42"),
    ("state = -1", "its state is -1"),
    ("state = 3", "its state is 3, which is not for the table jobs"),
    ("token = -1", "its token is -1"),
    ("token = 9223372036854775807", "its token is 9223372036854775807"),
    ("attempt = 9223372036854775807", "its attempt is 9223372036854775807"),
    ("crashes = -2", "its crashes is -2"),
    ("lost = -2", "its lost is -2"),
    ("run_at = -5", "its run_at is -5"),
    ("state = 2", "it runs, and nobody runs it"),
    ("state = 0", "it is held, and nobody holds it"),
    ("state = 2, owner = 'nobody'", "its owner is 'nobody', which is no process"),
]
"""What the indexes see."""

UNREADABLE = [
    ("task = CAST(x'ff' AS TEXT)", "its task is no text"),
    ("queue = CAST(x'ff' AS TEXT)", "its queue is no text"),
    ("id = CAST(x'ff' AS TEXT)", "its id is no text"),
]
"""What only a reader sees."""


def spoil(database: Path, key: int, how: str, table: str = "jobs") -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute(f"UPDATE {table} SET {how} WHERE key = ?", (key,))


def quarantined(database: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as other:
        return other.execute("SELECT origin, key, reason, content FROM quarantine ORDER BY number").fetchall()


@pytest.mark.parametrize(("how", "reason"), IMPOSSIBLE)
def test_a_rescuer_moves_what_is_impossible(store: SqliteStore, database: Path, how: str, reason: str) -> None:
    before, odd, after = add(store, job(), job(), job())
    spoil(database, odd.key, how)
    assert rescue(store) == []
    ((origin, key, why, content),) = quarantined(database)
    assert (origin, key, why) == ("jobs", odd.key, reason)
    assert json.loads(content)["id"] == odd.id
    assert json.loads(content)["arguments"] == {"blob": odd.arguments.hex()}
    assert [one.id for one in claim(store)] == [before.id, after.id]
    assert store.get(odd.id).result(PATIENCE) is None


@pytest.mark.parametrize(("how", "reason"), UNREADABLE)
def test_a_claim_moves_what_cannot_be_read(store: SqliteStore, database: Path, how: str, reason: str) -> None:
    before, odd, after = add(store, job(), job(), job())
    spoil(database, odd.key, how)
    assert [one.id for one in claim(store)] == [before.id, after.id]
    ((_, key, why, content),) = quarantined(database)
    assert (key, why) == (odd.key, reason)
    assert json.loads(content)[how.split()[0]] == {"text": "ff"}


def test_the_sign_for_what_cannot_be_read_may_stand_in_a_text(store: SqliteStore, database: Path) -> None:
    (named,) = add(store, job()._replace(queue="\N{REPLACEMENT CHARACTER}"))
    assert [one.id for one in claim(store)] == [named.id]
    assert quarantined(database) == []


def test_a_row_that_only_reads_like_another_one_is_moved_too(store: SqliteStore, database: Path) -> None:
    named, odd = add(store, *(job(queue="\N{REPLACEMENT CHARACTER}") for _ in range(2)))
    spoil(database, odd.key, "queue = CAST(x'ff' AS TEXT)")
    assert [one.id for one in claim(store)] == [named.id]
    assert [key for _, key, _, _ in quarantined(database)] == [odd.key]
    garbled, text = Garbled("\N{REPLACEMENT CHARACTER}"), "\N{REPLACEMENT CHARACTER}"
    assert (garbled == text, text == garbled, garbled != text, text != garbled) == (False, False, True, True)


@pytest.mark.parametrize(("how", "reason"), [*IMPOSSIBLE, *UNREADABLE])
def test_whoever_looks_sees_the_others(store: SqliteStore, database: Path, how: str, reason: str) -> None:
    before, odd, after = add(store, job(), job(), job())
    spoil(database, odd.key, how)
    found = [one.id for one in store.find(Query()).result(PATIENCE) if one.id != odd.id]
    assert found == [after.id, before.id]
    assert store.count().result(PATIENCE)[State.QUEUED] >= 2


def test_a_look_has_it_moved(store: SqliteStore, database: Path) -> None:
    (odd,) = add(store, job())
    spoil(database, odd.key, "task = CAST(x'ff' AS TEXT)")
    assert store.get(odd.id).result(PATIENCE) is None
    add(store, job())  # Whatever was handed in before is written by then.
    assert [key for _, key, *_ in quarantined(database)] == [odd.key]


def test_the_history_too(store: SqliteStore, database: Path) -> None:
    (kept, odd) = add(store, job(), job())
    for running in claim(store):
        settle(store, running, Succeeded(b"1"))
    spoil(database, odd.key, "state = 42", table="finished")
    assert store.count().result(PATIENCE)[State.SUCCEEDED] == 1
    assert [one.id for one in store.find(Query()).result(PATIENCE)] == [kept.id]
    rescue(store)
    assert [(origin, key) for origin, key, *_ in quarantined(database)] == [("finished", odd.key)]


def test_what_waited_for_it_follows(store: SqliteStore, database: Path) -> None:
    first, second = add(store, job(), job(state=State.HELD, after=None, owner=store.process))
    spoil(database, second.key, f"after = '{first.id}', owner = NULL")
    spoil(database, first.key, "state = 42")
    assert [one.id for one in rescue(store)] == [second.id]
    assert now(store, second).state is State.QUEUED


def test_an_attempt_whose_row_was_spoilt_keeps_no_other_from_being_settled(store: SqliteStore, database: Path) -> None:
    add(store, job(), job())
    odd, other = claim(store)
    spoil(database, odd.key, "state = 42")
    assert settle(store, odd, Succeeded(b"1")).value == "gone"
    assert settle(store, other, Succeeded(b"1")).value == "applied"


def test_it_is_told(open_store: Open, database: Path) -> None:
    told: list[events.Event] = []
    store = open_store(tell=told.append)
    (odd,) = add(store, job())
    spoil(database, odd.key, "state = 42")
    rescue(store)
    rescue(store)
    assert [event for event in told if isinstance(event, events.Quarantined)] == [
        events.Quarantined("jobs", odd.key, "its state is 42")
    ]


def test_a_row_that_was_mended_meanwhile_stays(store: SqliteStore, database: Path) -> None:
    (kept,) = add(store, job())
    spoil(database, kept.key, "state = 42")
    spoil(database, kept.key, "state = 1")
    assert rescue(store) == []
    assert [one.id for one in claim(store)] == [kept.id]
    assert quarantined(database) == []


def test_a_job_has_no_fault() -> None:
    assert fault(row(job(key=1))) is None


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("added_at", "soon", "its added_at is no number"),
        ("state", None, "its state is no number"),
        ("retry", b"x", "its retry is no text"),
        ("owner", 7, "its owner is no text"),
        ("state", 7, "its state is 7"),
    ],
)
def test_what_a_damaged_page_may_hold(column: str, value: object, said: str) -> None:
    damaged = list(row(job(key=1)))
    damaged[COLUMNS.index(column)] = value
    assert fault(damaged) == said
