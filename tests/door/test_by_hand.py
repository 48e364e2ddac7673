"""Lists made by hand, for `Response(background=...)`."""

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.testclient import TestClient
from starlette.background import BackgroundTask

from afterword import Afterword, BackgroundTasks, StoreError, TaskRefused, Tasks
from afterword.errors import OutsideRequest, StoreUnavailable
from afterword.jobs.job import State
from tests.door.reading import chain, labels, states
from tests.door.watched import Watched
from tests.door.work import work


@pytest.mark.parametrize("make", [Tasks, BackgroundTasks])
def test_written_when_the_response_has_been_sent(
    app: FastAPI, client: TestClient, store: Watched, notes: list[str], make: type[Tasks]
) -> None:
    @app.post("/")
    def endpoint() -> JSONResponse:
        tasks = make()
        notes.append(tasks.add_task(work, "a").id)
        tasks.add_task(work, "b")
        assert len(tasks.tasks) == 2
        return JSONResponse({}, background=tasks)

    assert client.post("/").status_code == 200
    assert notes == [store.jobs()[0].id, "add 2"]
    assert labels(store.jobs()) == ["a", "b"]
    assert states(store.adds[0])[0] is State.QUEUED
    assert chain(store.adds[0]) == [None, "a"]
    assert {job.owner for job in store.adds[0]} == {None}


def test_made_of_background_tasks_like_the_stock_list(app: FastAPI, client: TestClient, store: Watched) -> None:
    @app.post("/")
    def endpoint() -> JSONResponse:
        return JSONResponse({}, background=Tasks([BackgroundTask(work, "a"), BackgroundTask(work, label="b")]))

    assert client.post("/").status_code == 200
    assert labels(store.jobs()) == ["a", "b"]


def test_beside_an_injected_list(app: FastAPI, client: TestClient, store: Watched) -> None:
    @app.post("/")
    def endpoint(background_tasks: BackgroundTasks) -> JSONResponse:
        own = Tasks()
        own.add_task(work, "own")
        background_tasks.add_task(work, "injected")
        return JSONResponse({}, background=own)

    assert client.post("/").status_code == 200
    assert sorted(labels(store.jobs())) == ["injected", "own"]


def test_an_injected_list_as_background_is_written_once(
    app: FastAPI, client: TestClient, store: Watched, notes: list[str]
) -> None:
    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> JSONResponse:
        background_tasks.add_task(work, "a")
        await background_tasks()
        return JSONResponse({}, background=background_tasks)

    assert client.post("/").status_code == 200
    assert notes == ["add 1", "release 1"]


def test_an_injected_list_that_is_called_is_still_its_request_s(app: FastAPI, client: TestClient, notes: list[str]) -> None:
    @app.post("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "a")
        await background_tasks()
        raise HTTPException(409)

    assert client.post("/").status_code == 409
    assert notes == []


def test_what_is_added_after_it_was_written_is_written_at_once(app: FastAPI, client: TestClient, store: Watched) -> None:
    @app.post("/")
    async def endpoint() -> None:
        tasks = Tasks()
        tasks.add_task(work, "a")
        await tasks()
        tasks.add_task(work, "b")

    assert client.post("/").status_code == 200
    assert labels(store.jobs()) == ["a", "b"]
    assert chain(job for (job,) in store.adds) == [None, "a"]


def test_what_cannot_be_written_after_that_is_logged(app: FastAPI, store: Watched, caplog: pytest.LogCaptureFixture) -> None:
    @app.post("/")
    async def endpoint() -> None:
        tasks = Tasks()
        tasks.add_task(work, "a")
        await tasks()
        store.fail("add", StoreUnavailable(store="there", why="the disk is full"))
        tasks.add_task(work, "b")

    with TestClient(app) as client:
        assert client.post("/").status_code == 200

    assert "tests.door.work:work" in caplog.text and "the disk is full" in caplog.text


def test_a_write_that_fails_is_an_error_of_the_response(app: FastAPI, store: Watched) -> None:
    @app.post("/")
    def endpoint() -> PlainTextResponse:
        return PlainTextResponse("", background=Tasks([BackgroundTask(work, "a")]))

    store.fail("add", StoreUnavailable(store="there", why="the disk is full"))

    with pytest.raises(StoreError, match="the disk is full"):
        TestClient(app).post("/")


def test_refusals_come_when_a_task_is_added(app: FastAPI, client: TestClient, notes: list[str]) -> None:
    @app.post("/")
    def endpoint() -> str:
        with pytest.raises(TaskRefused):
            Tasks().add_task(lambda: None)
        with pytest.raises(TaskRefused):
            Tasks([BackgroundTask(lambda: None)])
        return "refused"

    assert client.post("/").json() == "refused"


def test_an_empty_one_writes_nothing(app: FastAPI, client: TestClient, notes: list[str]) -> None:
    @app.post("/")
    def endpoint() -> JSONResponse:
        return JSONResponse({}, background=Tasks())

    assert client.post("/").status_code == 200
    assert notes == []


def test_outside_of_a_request_it_says_what_to_do() -> None:
    tasks = Tasks()
    assert tasks.tasks == []

    with pytest.raises(OutsideRequest, match=r"await afterword\.add"):
        tasks.add_task(work, "a")


def test_the_request_that_is_over_leaves_nothing_behind(app: FastAPI, client: TestClient) -> None:
    @app.post("/")
    async def endpoint() -> None: ...

    client.post("/")

    with pytest.raises(OutsideRequest):
        Tasks().add_task(work, "a")


def test_inline_it_runs_as_the_stock_list_does(store: Watched) -> None:
    app = FastAPI()
    Afterword(app, store="inline")
    ran: list[str] = []

    @app.post("/")
    def endpoint(background_tasks: BackgroundTasks) -> JSONResponse:
        background_tasks.add_task(ran.append, "injected")
        own = Tasks([BackgroundTask(ran.append, "first")])
        own.add_task(lambda: ran.append("second"))
        return JSONResponse({}, background=own)

    assert TestClient(app).post("/").status_code == 200
    assert ran == ["first", "second"], "a response with its own background drops the injected list, as upstream does"
