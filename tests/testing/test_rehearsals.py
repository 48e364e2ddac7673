"""What a test can have done with the tasks that are added: run, captured, drained."""

import asyncio
import datetime
import multiprocessing
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from fastapi import HTTPException
from fastapi.testclient import TestClient

from afterword import Afterword, ArgumentRefused, BackgroundTasks, TaskRefused, rehearsal
from afterword.adder import Adder
from afterword.errors import DrainStuck
from afterword.jobs.job import State
from afterword.testing import Captured, Drain, capture, drain, inline
from tests.testing.things import application, dated, flaky, ran, remember

DAY = datetime.date(2026, 1, 2)


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """Of an application with a store of its own, which must stay empty."""
    file = tmp_path / "jobs.db"
    yield TestClient(application(f"sqlite:///{file}"))
    assert not file.exists()


def test_inline_runs_them_after_the_response(client: TestClient, afterword_inline: None) -> None:
    client.post("/remember").raise_for_status()
    client.post("/closure").raise_for_status()
    client.post("/tuple").raise_for_status()

    assert ran == ["plain", (DAY, "x"), "closure", (1, 2)]


def test_strict_refuses_what_could_not_be_written_down(client: TestClient, afterword_strict: None) -> None:
    client.post("/remember").raise_for_status()
    assert ran == ["plain", (DAY, "x")]

    with pytest.raises(TaskRefused, match=r"The lambda in .* cannot run in another process"):
        client.post("/closure")
    with pytest.raises(ArgumentRefused, match=r"Argument `what` .* cannot be written down: got tuple"):
        client.post("/tuple")
    assert ran == ["plain", (DAY, "x")]


async def test_strict_holds_outside_of_requests_too() -> None:
    afterword = Afterword(application="tests.testing.things:app")

    with inline(strict=True):
        await afterword.add(dated, DAY)
        afterword.add_now(remember, [1])
        with pytest.raises(ArgumentRefused):
            await afterword.add(remember, (1, 2))
        with pytest.raises(TaskRefused):
            afterword.add_now(lambda: None)

    assert ran == [(DAY, ""), [1]]


def test_strict_is_a_store_too() -> None:
    client = TestClient(application("inline-strict"))

    client.post("/remember").raise_for_status()
    with pytest.raises(TaskRefused):
        client.post("/closure")

    assert ran == ["plain", (DAY, "x")]


def test_strict_hands_on_what_would_come_back() -> None:
    numbers = [1, 2]

    with inline(strict=True):
        Afterword(application="tests.testing.things:app").add_now(remember, numbers)

    assert ran == [numbers]
    assert ran[0] is not numbers


def test_captured_are_what_would_have_run(client: TestClient, afterword_captured: list[Captured]) -> None:
    client.post("/remember").raise_for_status()
    client.post("/flaky/2").raise_for_status()
    with pytest.raises(TaskRefused):
        client.post("/closure")

    assert ran == []
    assert afterword_captured == [
        Captured("tests.testing.things:remember", (), {"what": "plain"}),
        Captured("tests.testing.things:dated", (), {"day": DAY, "note": "x"}),
        Captured("mail", (), {"until": 2}),
    ]


def test_nothing_is_captured_of_a_request_that_failed() -> None:
    app = application("inline")

    @app.post("/fails")
    async def failing(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(remember, 1)
        raise HTTPException(409)

    with capture() as captured:
        assert TestClient(app).post("/fails").status_code == 409
    assert captured == []


def test_a_drain_runs_all_with_their_retries(client: TestClient, afterword_drain: Drain) -> None:
    with client:
        client.post("/remember").raise_for_status()
        id = client.post("/flaky/3").json()
        assert ran == []
    first, second, third = afterword_drain()

    assert ran == ["plain", (DAY, "x"), "tried", "tried", "tried"]
    assert [job.state for job in (first, second, third)] == [State.SUCCEEDED] * 3
    assert second.result == b'"2026-01-02 x"'
    assert (third.id, third.attempt, third.result) == (id, 3, b"5")
    assert afterword_drain() == []


def test_a_drain_tells_what_failed(client: TestClient, afterword_drain: Drain) -> None:
    client.post("/flaky/9").raise_for_status()

    (job,) = afterword_drain()

    assert (job.state, job.attempt) == (State.FAILED, 3)
    assert job.error is not None
    assert job.error.endswith("ConnectionError: the server is away\n")


async def test_a_drain_on_the_loop_of_the_test() -> None:
    afterword = Afterword(application="tests.testing.things:app")

    with drain() as waiting:
        await afterword.add(flaky, 1)
        afterword.add_now(remember, "b")
        ended = await waiting.on_loop()
        assert afterword.store is not None
        assert await afterword.store.get(ended[0].id) == ended[0]

    assert [job.task for job in ended] == ["mail", "tests.testing.things:remember"]


async def test_a_drain_that_is_called_on_a_loop_does_not_need_it() -> None:
    with drain() as waiting:
        await Afterword(application="tests.testing.things:app").add(flaky, 1)
        assert len(waiting()) == 1


def test_a_drain_says_what_can_never_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with drain() as waiting:
        Afterword(application="tests.testing.things:app").add_now(remember, 1)
        monkeypatch.setattr("tests.testing.things.remember", None)
        with pytest.raises(DrainStuck) as stuck:
            ((_, binder),) = waiting._adders
            binder.registry._by_name.clear()
            waiting()
    assert str(stuck.value) == (
        "A job of tests.testing.things:remember can never end here: No task is called tests.testing.things:remember here: "
        "the module tests.testing.things has no function remember."
    )


def test_rehearsals_nest_and_end(client: TestClient) -> None:
    with capture() as outer:
        with inline():
            client.post("/remember").raise_for_status()
        assert ran == ["plain", (DAY, "x")]
        client.post("/remember").raise_for_status()
    assert len(outer) == 2
    assert rehearsal.chosen() is None


def test_a_process_that_a_test_forks_is_real() -> None:
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    with inline():
        child = context.Process(target=_tell, args=(there,))
        child.start()
        assert here.poll(30)
        assert here.recv() == (None, False, None)
        child.join()
        assert rehearsal.under_way()


def _tell(pipe: Connection) -> None:
    pipe.send((rehearsal.chosen(), rehearsal.under_way(), rehearsal.store()))


def test_jobs_that_a_drain_holds_are_told_by_their_store() -> None:
    afterword = Afterword(application="tests.testing.things:app")
    with drain() as waiting:
        afterword.add_now(remember, 1)
        assert isinstance(afterword._parts.way(), Adder)
        assert afterword.store is not None
        assert asyncio.run(_count(afterword)) == 1
        waiting()
        assert asyncio.run(_count(afterword)) == 0


async def _count(afterword: Afterword) -> int:
    assert afterword.store is not None
    return (await afterword.store.count())[State.QUEUED]
