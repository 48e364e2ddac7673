"""How a drain runs what waits in it: as a runner would, and without getting in the way of the test."""

import asyncio
import threading

import pytest
from fastapi import FastAPI

from afterword import Afterword, ArgumentsTooLarge, Retry, task
from afterword.clock import SystemClock
from afterword.jobs.job import State
from afterword.testing import Drain
from tests.testing.things import ran, remember

begun = threading.Event()


@task
async def for_ever() -> None:
    begun.set()
    await asyncio.Event().wait()


@task(retry=Retry(attempts=1))
async def cancel_itself() -> None:
    running = asyncio.current_task()
    assert running
    running.cancel()
    await asyncio.sleep(0)


@task(timeout=0.05, retry=Retry(attempts=2, delay=60.0))
def dawdle(seconds: float) -> None:
    ran.append("dawdled")
    begun.wait(seconds)


@pytest.fixture
def afterword() -> Afterword:
    ran.clear()
    begun.clear()
    return Afterword(application="tests.testing.things:app")


async def test_a_test_that_is_cancelled_ends_and_leaves_the_job(afterword: Afterword, afterword_drain: Drain) -> None:
    reference = await afterword.add(for_ever)
    draining = asyncio.create_task(afterword_drain.on_loop())
    await asyncio.to_thread(begun.wait, 30)

    draining.cancel()

    with pytest.raises(asyncio.CancelledError):
        await draining
    assert afterword.store
    job = await afterword.store.get(reference.id)
    assert job
    assert (job.state, job.attempt) == (State.QUEUED, 0)


async def test_the_time_limit_of_a_test_is_none_of_the_task_s(afterword: Afterword, afterword_drain: Drain) -> None:
    await afterword.add(for_ever)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await afterword_drain.on_loop()


async def test_a_task_that_cancels_itself_cancels_no_test(afterword: Afterword, afterword_drain: Drain) -> None:
    await afterword.add(cancel_itself)
    await afterword.add(remember, "next")

    first, second = await afterword_drain.on_loop()

    assert (first.state, second.state) == (State.FAILED, State.SUCCEEDED)
    running = asyncio.current_task()
    assert running
    assert running.cancelling() == 0


def test_a_function_that_takes_too_long_has_failed(afterword: Afterword, afterword_drain: Drain) -> None:
    afterword.add_now(dawdle, 0.2)
    begun.clear()

    (job,) = afterword_drain()

    assert (job.state, job.attempt, job.error) == (State.FAILED, 2, "it took longer than its timeout of 0.05 s")
    assert ran == ["dawdled", "dawdled"]


def test_one_that_is_in_time_has_not(afterword: Afterword, afterword_drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemClock, "steady", lambda clock: 1)  # However slow this machine is.
    afterword.add_now(dawdle, 0.0)

    (job,) = afterword_drain()

    assert job.state is State.SUCCEEDED


@pytest.mark.parametrize("generous_first", [True, False])
def test_two_applications_of_one_factory_keep_their_own_limits(afterword_drain: Drain, generous_first: bool) -> None:
    ran.clear()

    def make(limit: int) -> Afterword:
        return Afterword(FastAPI(), max_arguments=limit, application="tests.testing.things:app")

    generous, strict = make(1000), make(20)
    if generous_first:
        generous.add_now(remember, "x" * 50)
    with pytest.raises(ArgumentsTooLarge):
        strict.add_now(remember, "x" * 50)
    if not generous_first:
        generous.add_now(remember, "x" * 50)

    assert len(afterword_drain()) == 1
    assert ran == ["x" * 50]
