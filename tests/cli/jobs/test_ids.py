"""From what a person pastes to the job that is meant."""

import pytest

from afterword.cli.jobs.ids import Unfound, find
from afterword.jobs.job import Job
from afterword.stores.memory import MemoryStore
from afterword.stores.store import Query
from afterword.testing.contract.bench import add, job

FIRST = "0199aaaa-0000-7000-8000-00000000beef"
SECOND = "0199aaaa-0000-7000-8000-00000000cafe"
UNKNOWN = "no job has this id, or an id that begins or ends so: `afterword jobs list` shows those there are"
NO_ID = "this is no id: give all of one, or at least 6 characters of its beginning or end"


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    add(store, job(id=FIRST), job(id=SECOND), job(id="0199bbbb-0000-7000-8000-00000000dead"))
    return store


@pytest.mark.parametrize(
    "typed", [FIRST, FIRST.upper(), f" {FIRST}\n", "00beef", "00000000beef", "0199aaaa-0000-7000-8000-00000000b"]
)
def test_a_whole_id_its_end_or_its_beginning(store: MemoryStore, typed: str) -> None:
    found = find(store, typed)
    assert isinstance(found, Job)
    assert found.id == FIRST


@pytest.mark.parametrize("typed", ["0beef", "", "zzzzzzz", "%%%%%%", "\udc80" * 6, f"{FIRST}0"])
def test_what_cannot_be_an_id(store: MemoryStore, typed: str) -> None:
    assert find(store, typed) == Unfound(typed, NO_ID)


@pytest.mark.parametrize("typed", ["123456", FIRST.replace("beef", "0000")])
def test_what_is_no_job_s(store: MemoryStore, typed: str) -> None:
    assert find(store, typed) == Unfound(typed, UNKNOWN)


def test_what_may_be_several_names_them(store: MemoryStore) -> None:
    assert find(store, "0199aaaa") == Unfound(
        "0199aaaa",
        f"several jobs have an id that begins or ends so ({SECOND}, {FIRST}): give more of it, best of its end",
    )


def test_ids_that_others_wrote_move_no_cursor(store: MemoryStore) -> None:
    add(store, job(id="eeeeee\x1b[2J"), job(id="eeeeee\x1b[3J"))
    found = find(store, "eeeeee")
    assert isinstance(found, Unfound)
    assert "(eeeeee\\x1b[3J, eeeeee\\x1b[2J)" in found.why


def test_no_more_than_five_are_named(store: MemoryStore) -> None:
    add(store, *(job(id=f"{number}99ccccc-dddddd") for number in range(6)))
    names = ", ".join(f"{number}99ccccc-dddddd" for number in (5, 4, 3, 2, 1))
    assert find(store, "dddddd") == Unfound(
        "dddddd",
        f"several jobs have an id that begins or ends so ({names} and more): give more of it, best of its end",
    )


def test_a_whole_id_is_looked_up_and_not_looked_for(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(query: Query) -> None:
        raise AssertionError(query)

    monkeypatch.setattr(store, "find", look)
    assert isinstance(find(store, FIRST), Job)
    assert find(store, FIRST.replace("beef", "0000")) == Unfound(FIRST.replace("beef", "0000"), UNKNOWN)
