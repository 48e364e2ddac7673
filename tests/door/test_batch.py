"""`Afterword.batch`: many jobs in one transaction."""

import pytest

from afterword import Afterword, StoreError, TaskRefused, task
from afterword.errors import StoreUnavailable
from afterword.jobs.job import State
from tests.door.reading import chain, labels, states
from tests.door.watched import Watched
from tests.door.work import ran, work, work_async


@task(durable=False)
def here(label: str) -> None:
    ran.append(label)


async def test_all_are_written_at_once_ready_to_run_in_any_order(store: Watched, notes: list[str]) -> None:
    afterword = Afterword(worker=False)

    async with afterword.batch() as tasks:
        references = [tasks.add_task(work_async, label=label) for label in "abc"]
        assert store.jobs() == []

    assert notes == ["add 3"]
    assert [job.id for job in store.jobs()] == [reference.id for reference in references]
    assert labels(store.jobs()) == ["a", "b", "c"]
    assert states(store.jobs()) == [State.QUEUED] * 3
    assert chain(store.jobs()) == [None] * 3


async def test_a_block_that_raises_adds_nothing(store: Watched, notes: list[str]) -> None:
    with pytest.raises(TaskRefused):
        async with Afterword(worker=False).batch() as tasks:
            tasks.add_task(work, "a")
            tasks.add_task(lambda: None)

    assert notes == []


async def test_a_store_that_fails_is_told_and_has_none_of_them(store: Watched) -> None:
    store.fail("add", StoreUnavailable(store="there", why="the disk is full"))

    with pytest.raises(StoreError, match="the disk is full"):
        async with Afterword(worker=False).batch() as tasks:
            tasks.add_task(work, "a")
            tasks.add_task(work, "b")

    assert store.jobs() == []


async def test_an_empty_one_writes_nothing(store: Watched, notes: list[str]) -> None:
    async with Afterword(worker=False).batch():
        pass

    assert notes == []


async def test_what_is_not_durable_runs_at_the_end_of_the_block(store: Watched, notes: list[str]) -> None:
    async with Afterword(worker=False).batch() as tasks:
        tasks.add_task(here, "a")
        tasks.add_task(work, "b")
        assert ran == []

    assert ran == ["a"]
    assert labels(store.jobs()) == ["b"]


async def test_inline_they_run_at_the_end_of_the_block() -> None:
    async with Afterword(store="inline").batch() as tasks:
        tasks.add_task(work, "a")
        tasks.add_task(work_async, "b")
        assert ran == []

    assert ran == ["a", "b"]
