"""Which commits wait for the disk: those that would be missed if power were lost."""

from typing import Any

import pytest

from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Want
from afterword.testing.contract.bench import APP, PATIENCE, add, claim_one, held, job, settle
from tests.stores.conftest import Open
from tests.stores.test_statements import statements

__all__ = ["statements"]


@pytest.fixture
def store(open_store: Open, statements: list[str]) -> SqliteStore:
    return open_store()


def waits(statements: list[str]) -> bool:
    """Whether the last commit waited: what was said last before it counts, and a connection begins with FULL."""
    last = max(place for place, statement in enumerate(statements) if statement.startswith(("COMMIT", "INSERT", "UPDATE")))
    said = switches(statements[:last])
    return not said or said[-1].endswith("FULL")


def switches(statements: list[str]) -> list[str]:
    return [statement for statement in statements if statement.startswith("PRAGMA synchronous")]


def test_adding_waits_and_releasing_does_not(store: SqliteStore, statements: list[str]) -> None:
    (one,) = add(store, held(store))
    assert waits(statements)
    store.release([one.key]).result(PATIENCE)
    assert not waits(statements)
    add(store, job())
    assert waits(statements)


def test_after_a_release_adding_need_not_be_got_ready_for(store: SqliteStore, statements: list[str]) -> None:
    (one,) = add(store, held(store))
    store.release([one.key]).result(PATIENCE)
    store.open()  # Its answer comes after all that the release left to do.
    statements.clear()
    add(store, job())
    assert switches(statements) == []


def test_after_settling_a_claim_need_not_be_got_ready_for(store: SqliteStore, statements: list[str]) -> None:
    add(store, job(), job())
    settle(store, claim_one(store))
    store.open()
    statements.clear()
    claim_one(store)
    assert switches(statements) == []


def test_what_comes_after_a_release_waits_if_it_must_though_another_switch_was_foreseen(
    store: SqliteStore, statements: list[str]
) -> None:
    kept, last = add(store, held(store), held(store))
    for one in (kept, last):
        store.release([one.key]).result(PATIENCE)
        assert not waits(statements)


def test_discarding_waits(store: SqliteStore, statements: list[str]) -> None:
    kept, thrown = add(store, held(store), held(store))
    store.release([kept.key]).result(PATIENCE)
    store.discard([thrown.key]).result(PATIENCE)
    assert waits(statements)


def test_a_claim_does_not_wait_but_settling_does(store: SqliteStore, statements: list[str]) -> None:
    add(store, job())
    running = claim_one(store)
    assert not waits(statements)
    store.renew([(running.key, running.token)]).result(PATIENCE)
    assert not waits(statements)
    settle(store, running)
    assert waits(statements)


@pytest.mark.parametrize("fields", [{"at_most_once": True}, {"via": "celery"}])
def test_a_claim_of_what_must_not_be_claimed_again_waits(
    store: SqliteStore, statements: list[str], fields: dict[str, Any]
) -> None:
    add(store, job(), job(**fields))
    claim_one(store)
    assert not waits(statements)
    claim_one(store)
    assert waits(statements)


def test_the_look_for_them_does_not_go_beyond_what_is_claimed(store: SqliteStore, statements: list[str]) -> None:
    add(store, job(), job(), job())
    statements.clear()
    store.claim(Want(APP, 1)).result(PATIENCE)
    (look,) = [statement for statement in statements if "SELECT at_most_once" in statement]
    assert look.endswith("LIMIT 1")
