"""Unique keys at the door: whose id is told, and that what one client was promised does not go with the request of another."""

import threading
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, WebSocket
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from fastapi.testclient import TestClient

from afterword import Afterword, BackgroundTasks, Reference, Tasks, UniqueKeyRefused, task
from afterword.jobs.job import State
from afterword.testing import drain, inline
from tests.door.reading import labels, states
from tests.door.watched import Watched
from tests.door.work import ran, work


@task(name="report", unique=lambda label: f"report-{label}")
def report(label: str) -> None:
    ran.append(label)


@task(name="wrong", unique=lambda **_: 7)  # type: ignore[arg-type]
def wrong(label: str) -> None: ...


@pytest.fixture
def afterword(app: FastAPI) -> Afterword:
    found = app.state.afterword
    assert isinstance(found, Afterword)
    return found


@pytest.fixture
def references(app: FastAPI) -> list[Reference]:
    """Of what GET /report/LABEL added, between two others. It answers with the id before its commit and after."""
    references: list[Reference] = []

    @app.get("/report/{label}")
    async def endpoint(label: str, background_tasks: BackgroundTasks) -> StreamingResponse:
        background_tasks.add_task(work, f"before {label}")
        reference = background_tasks.add_task(report, label)
        background_tasks.add_task(work, f"after {label}")
        references.append(reference)
        before = reference.id

        async def body() -> AsyncIterator[str]:
            yield f"{before} {reference.id}"

        return StreamingResponse(body())

    return references


def test_the_second_client_is_told_the_id_of_the_first(client: TestClient, store: Watched, references: list[Reference]) -> None:
    first, second = (client.get("/report/a").text.split() for _ in range(2))
    assert first == [first[0], first[0]]
    assert second == [second[0], first[0]]
    assert second[0] != first[0]
    assert [reference.id for reference in references] == [first[0], first[0]]
    assert labels(store.jobs()) == ["before a", "a", "after a", "before a", "after a"]
    before, after = store.jobs()[3:]
    assert after.after == before.id


async def test_the_second_request_does_not_release_what_the_first_holds(
    app: FastAPI, store: Watched, references: list[Reference]
) -> None:
    within: list[State] = []

    @app.get("/")
    async def endpoint(background_tasks: BackgroundTasks) -> StreamingResponse:
        background_tasks.add_task(report, "a")

        async def body() -> AsyncIterator[str]:
            assert (await client.get("/report/a")).status_code == 200
            within.append(store.jobs()[0].state)
            yield ""

        return StreamingResponse(body())

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        assert (await client.get("/")).status_code == 200
    assert within == [State.HELD]
    assert states(store.jobs())[0] is State.QUEUED
    assert references[0].id == store.jobs()[0].id


def test_what_the_second_was_promised_is_not_deleted_with_the_first(
    app: FastAPI, client: TestClient, afterword: Afterword, store: Watched, notes: list[str]
) -> None:
    promised: list[Reference] = []

    async def another_request() -> AsyncIterator[None]:
        try:
            yield
        finally:
            promised.append(await afterword.add(report, "a"))

    @app.get("/")
    async def endpoint(
        background_tasks: BackgroundTasks, another: Annotated[None, Depends(another_request, scope="request")]
    ) -> FileResponse:
        background_tasks.add_task(work, "alone")
        background_tasks.add_task(report, "a")
        return FileResponse("/there/is/no/such/file")

    assert client.get("/").status_code == 500
    assert notes == ["add 2", "add 1", "discard 2"]
    assert labels(store.jobs()) == ["a"]
    assert states(store.jobs()) == [State.QUEUED]
    assert promised[0].id == store.jobs()[0].id


async def test_add_and_add_now_tell_who_stands(afterword: Afterword, store: Watched) -> None:
    first = await afterword.add(report, "a")
    assert (await afterword.add(report, "a")).id == first.id
    assert afterword.add_now(report, "a").id == first.id
    assert (await afterword.add(report, "b")).id != first.id
    assert len(store.jobs()) == 2
    assert repr(first) == f"Reference(id='{first.id}')"


def test_a_list_made_by_hand_tells_it_too(app: FastAPI, client: TestClient, afterword: Afterword, store: Watched) -> None:
    references: list[Reference] = []

    @app.get("/")
    async def endpoint() -> JSONResponse:
        tasks = Tasks()
        references.append(tasks.add_task(report, "a"))
        return JSONResponse({}, background=tasks)

    first = afterword.add_now(report, "a")
    assert client.get("/").status_code == 200
    assert references[0].id == first.id
    assert len(store.jobs()) == 1


def test_what_is_added_after_the_end_tells_it_too(
    app: FastAPI, client: TestClient, afterword: Afterword, store: Watched
) -> None:
    lists: list[Tasks] = []
    references: list[Reference] = []

    @app.get("/")
    async def endpoint(background_tasks: BackgroundTasks) -> None:
        lists.append(background_tasks)

    first = afterword.add_now(report, "a")
    client.get("/")
    thread = threading.Thread(target=lambda: references.append(lists[0].add_task(report, "a")))
    thread.start()
    thread.join()
    assert references[0].id == first.id


def test_in_a_socket_what_comes_after_it_waits_for_what_came_before_it(
    app: FastAPI, client: TestClient, afterword: Afterword, store: Watched
) -> None:
    references: list[Reference] = []

    @app.websocket("/")
    async def endpoint(socket: WebSocket, background_tasks: BackgroundTasks) -> None:
        await socket.accept()
        background_tasks.add_task(work, "before")
        references.append(background_tasks.add_task(report, "a"))
        await afterword.add(work, "meanwhile")  # One thread writes, in order: what was added before is written.
        background_tasks.add_task(work, "after")
        await socket.close()

    first = afterword.add_now(report, "a")
    with client.websocket_connect("/") as socket:
        assert socket.receive()["type"] == "websocket.close"
    by_label = dict(zip(labels(store.jobs()), store.jobs(), strict=True))
    assert by_label["after"].after == by_label["before"].id
    assert references[0].id == first.id
    assert len(by_label) == 4


def test_what_comes_late_waits_for_what_was_written_last_however_many_stood_already(
    app: FastAPI, client: TestClient, afterword: Afterword, store: Watched
) -> None:
    @app.get("/")
    async def endpoint(background_tasks: BackgroundTasks) -> StreamingResponse:
        background_tasks.add_task(work, "before")
        background_tasks.add_task(report, "a")
        background_tasks.add_task(report, "a")

        async def body() -> AsyncIterator[str]:
            background_tasks.add_task(work, "after")
            yield ""

        return StreamingResponse(body())

    afterword.add_now(report, "a")
    client.get("/")
    by_label = dict(zip(labels(store.jobs()), store.jobs(), strict=True))
    assert by_label["after"].after == by_label["before"].id


def test_what_makes_no_key_is_refused_at_once(app: FastAPI, client: TestClient, store: Watched) -> None:
    @app.get("/")
    async def endpoint(background_tasks: BackgroundTasks) -> str:
        with pytest.raises(UniqueKeyRefused):
            background_tasks.add_task(wrong, "a")
        return "refused"

    assert client.get("/").json() == "refused"
    assert store.jobs() == []


def test_inline_it_does_not_matter(app: FastAPI, client: TestClient, references: list[Reference]) -> None:
    with inline():
        client.get("/report/a")
        client.get("/report/a")
    assert ran.count("a") == 2


def test_inline_but_strict_it_does_not_matter_if_it_is_sound(
    client: TestClient, afterword: Afterword, references: list[Reference]
) -> None:
    with inline(strict=True):
        client.get("/report/a")
        client.get("/report/a")
        with pytest.raises(UniqueKeyRefused):
            afterword.add_now(wrong, "a")
    assert ran.count("a") == 2


def test_drained_it_does(client: TestClient, references: list[Reference]) -> None:
    with drain() as ended:
        client.get("/report/a")
        client.get("/report/a")
        ended()
        client.get("/report/a")
        ended()
    assert ran.count("a") == 2
