"""@task(durable=False): this task alone runs in the API process, while its neighbours are written down."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Annotated
from unittest.mock import create_autospec

import pytest
from fastapi import Depends, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.testclient import TestClient

from afterword import Afterword, BackgroundTasks, Task, Tasks, task
from afterword.errors import OptionsRefused
from afterword.inline import plain
from afterword.tasks.task import durable
from tests.door.watched import Watched
from tests.door.work import ran, work


@task(durable=False)
def aside(label: object) -> None:
    ran.append(f"{label} in {os.getpid()}")


@task(durable=False)
async def aside_async(label: str) -> None:
    ran.append(label)


@task(durable=False)
def fail_aside() -> None:
    raise ValueError("aside")


HERE = f"a in {os.getpid()}"


def test_it_runs_here_after_the_response_and_its_neighbours_are_written_down(
    app: FastAPI, client: TestClient, store: Watched, notes: list[str]
) -> None:
    @app.get("/")
    async def endpoint(request: Request, background_tasks: BackgroundTasks) -> list[str]:
        first = background_tasks.add_task(aside, "a").id
        second = background_tasks.add_task(work, "b").id
        background_tasks.add_task(aside_async, "c")
        assert len(background_tasks.tasks) == 3
        assert ran == []
        return [first, second]

    ids = client.get("/").json()

    assert ran == [HERE, "c"]
    assert [job.id for job in store.jobs()] == [ids[1]]
    assert ids[0] != ids[1]


def test_its_arguments_need_not_travel(app: FastAPI, client: TestClient) -> None:
    @app.get("/")
    async def endpoint(request: Request, background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(aside, request.url.path)
        background_tasks.add_task(aside, object())

    assert client.get("/").status_code == 200
    assert len(ran) == 2


def test_it_runs_although_the_response_has_a_background_of_its_own(app: FastAPI, client: TestClient) -> None:
    @app.get("/")
    async def endpoint(background_tasks: BackgroundTasks) -> Response:
        background_tasks.add_task(aside, "a")
        own = Tasks()
        own.add_task(aside_async, "by hand")
        return JSONResponse(1, background=own)

    assert client.get("/").json() == 1
    assert ran == ["by hand", HERE]


def test_it_runs_once_where_the_injected_list_is_the_background(app: FastAPI, client: TestClient) -> None:
    @app.get("/")
    async def endpoint(background_tasks: BackgroundTasks) -> Response:
        background_tasks.add_task(aside, "a")
        return JSONResponse(1, background=background_tasks)

    assert client.get("/").json() == 1
    assert ran == [HERE]


def test_what_comes_late_runs_too(app: FastAPI, client: TestClient) -> None:
    async def adding(background_tasks: BackgroundTasks) -> AsyncIterator[None]:
        yield
        background_tasks.add_task(aside_async, "after yield")

    @app.get("/")
    async def endpoint(background_tasks: BackgroundTasks, late: Annotated[None, Depends(adding)]) -> Response:
        async def body() -> AsyncIterator[str]:
            yield "a"
            background_tasks.add_task(aside_async, "in the stream")

        return StreamingResponse(body())

    assert client.get("/").text == "a"
    assert ran == ["in the stream", "after yield"]


def test_nothing_runs_for_a_request_that_failed(app: FastAPI, client: TestClient) -> None:
    @app.get("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(aside, "a")
        raise HTTPException(409)

    assert client.get("/").status_code == 409
    assert ran == []


def test_one_that_fails_keeps_no_other_from_running(
    app: FastAPI, client: TestClient, store: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(fail_aside)
        background_tasks.add_task(aside, "a")
        background_tasks.add_task(work, "b")

    client.get("/")

    assert ran == [HERE]
    assert [job.state.word for job in store.jobs()] == ["queued"]


def test_in_a_socket_it_runs_when_that_closes(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    @app.websocket("/")
    async def endpoint(socket: WebSocket, background_tasks: BackgroundTasks) -> None:
        await socket.accept()
        background_tasks.add_task(fail_aside)
        background_tasks.add_task(aside, "a")
        await socket.close()

    with TestClient(app) as client, client.websocket_connect("/"):
        pass  # The end of the application waits for what the socket has left.

    assert ran == [HERE]
    assert "fail_aside failed" in caplog.text


async def test_what_comes_after_the_request_runs_there_and_then(
    app: FastAPI, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    kept: list[Tasks] = []

    @app.get("/{way}")
    async def endpoint(way: str, background_tasks: BackgroundTasks) -> Response:
        own = Tasks() if way == "by hand" else None
        kept.append(own or background_tasks)
        kept[-1].add_task(aside, "in time")
        return JSONResponse(1, background=own)

    for way in ("injected", "by hand"):
        client.get(f"/{way}").raise_for_status()
        ran.clear()
        await asyncio.to_thread(kept[-1].add_task, aside, "from a thread")
        await asyncio.to_thread(kept[-1].add_task, aside_async, "and a coroutine")
        await asyncio.to_thread(kept[-1].add_task, fail_aside)
        assert ran == [f"from a thread in {os.getpid()}", "and a coroutine"]
        assert "fail_aside failed" in caplog.text
        caplog.clear()


def test_a_task_of_the_loop_that_outlives_its_request_has_it_run_too(app: FastAPI) -> None:
    left: list[asyncio.Task[None]] = []
    over = asyncio.Event()

    @app.get("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        async def linger() -> None:
            await over.wait()
            background_tasks.add_task(aside_async, "late")

        left.append(asyncio.create_task(linger()))

    @app.get("/over")
    async def end() -> None:
        over.set()
        await left[0]

    with TestClient(app) as client:
        client.get("/").raise_for_status()
        client.get("/over").raise_for_status()

    assert ran == ["late"]


def test_a_mock_of_a_task_is_no_task(app: FastAPI, client: TestClient, store: Watched) -> None:
    imitation = create_autospec(aside)
    assert isinstance(imitation, Task)
    assert durable(imitation), "only a task can say that it is not"
    assert plain(imitation, ("a",), {}).func is imitation


async def test_outside_of_a_request_it_runs_there_and_then(store: Watched) -> None:
    afterword = Afterword()

    await afterword.add(aside_async, "awaited")
    afterword.add_now(aside, "a")
    with pytest.raises(ValueError, match="aside"):
        await afterword.add(fail_aside)

    assert ran == ["awaited", HERE]
    assert store.jobs() == []


@pytest.mark.parametrize(
    "options", [{"queue": "mail"}, {"priority": 1}, {"at_most_once": True}, {"ordered": False}, {"unique": True}]
)
def test_it_has_no_options_that_are_written_into_a_job(options: dict[str, object]) -> None:
    with pytest.raises(OptionsRefused) as refused:
        task(durable=False, **options)(work)  # type: ignore[call-overload]
    assert str(refused.value) == (
        "The task tests.door.work:work cannot have these options: durable=False writes no job down that could have retry, "
        "timeout, at_most_once, queue, priority, ordered or unique"
    )


def test_durable_is_yes_or_no() -> None:
    with pytest.raises(OptionsRefused, match="durable must be True or False, got 'no'"):
        task(durable="no")(work)  # type: ignore[call-overload]
