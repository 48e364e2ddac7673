"""The witness, and responses that begin before the endpoint's dependencies are done."""

import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from afterword import Afterword, BackgroundTasks, StoreError
from afterword.errors import BacklogFull, SchemaTooNew, StoreUnavailable
from afterword.jobs.job import State
from afterword.witness import EXCHANGE, Exchange, Witness, present
from tests.door.reading import labels, states
from tests.door.watched import Watched
from tests.door.work import work

UNAVAILABLE = StoreUnavailable(store="there", why="the disk is full")


async def test_it_sees_the_response_begin_and_changes_nothing() -> None:
    seen: list[object] = []
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope[EXCHANGE]
        assert present.get() is exchange
        seen.append((exchange.find(), exchange.started))
        await send({"type": "http.response.start", "status": 200})
        seen.append(exchange.started)
        await send({"type": "http.response.body", "body": b"x"})

    await Witness(app, lambda: "found")({"type": "http"}, _receive, _into(sent))

    assert seen == [("found", False), True]
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert present.get(None) is None


async def test_a_response_that_is_cut_off_at_its_first_word_has_begun() -> None:
    async def gone(message: Message) -> None:
        raise OSError

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(OSError):
            await send({"type": "http.response.start", "status": 200})
        assert scope[EXCHANGE].started

    await Witness(app, lambda: None)({"type": "http"}, _receive, gone)


@pytest.mark.parametrize(("failure", "seconds"), [(UNAVAILABLE, "1"), (BacklogFull(limit=1000), "5")])
def test_what_an_endpoint_cannot_add_is_503(
    app: FastAPI, client: TestClient, store: Watched, caplog: pytest.LogCaptureFixture, failure: StoreError, seconds: str
) -> None:
    @app.post("/")
    async def endpoint(request: Request) -> None:
        await request.app.state.afterword.add(work, "a")

    store.fail("add", failure)

    answer = client.post("/")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, seconds)
    assert answer.json() == {"detail": "A background task of this request could not be written down. Try again."}
    assert caplog.messages == [f"A request was refused, a background task could not be written down: {failure}"]
    assert client.post("/").status_code == 200


def test_an_applications_own_handler_of_it_comes_first(app: FastAPI, client: TestClient, store: Watched) -> None:
    @app.exception_handler(StoreError)
    async def handle(request: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse("later", 418)

    @app.post("/")
    async def endpoint(request: Request) -> None:
        await request.app.state.afterword.add(work, "a")

    store.fail("add", UNAVAILABLE)

    assert client.post("/").status_code == 418


async def test_where_no_503_is_possible_or_of_use_it_comes_through() -> None:
    async def fail(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("begun"):
            await send({"type": "http.response.start", "status": 200})
        raise scope["failure"]

    for scope in (
        {"type": "http", "failure": SchemaTooNew(store="there", found=2, known=1)},
        {"type": "http", "failure": UNAVAILABLE, "begun": True},
        {"type": "websocket", "failure": UNAVAILABLE},
    ):
        with pytest.raises(StoreError):
            await Witness(fail, lambda: None)(scope, _receive, _into([]))


async def test_lifespans_and_sockets_pass_through() -> None:
    sends: list[Send] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        sends.append(send)
        assert (EXCHANGE in scope) is (scope["type"] == "websocket")

    send = _into([])
    await Witness(app, lambda: None)({"type": "lifespan"}, _receive, send)
    await Witness(app, lambda: None)({"type": "websocket"}, _receive, send)

    assert sends == [send, send]


def sends_by_itself(app: FastAPI) -> None:
    """An endpoint that answers before it is done, as routes of app.frontend() do."""

    @app.get("/")
    async def endpoint(request: Request, background_tasks: BackgroundTasks) -> PlainTextResponse:
        background_tasks.add_task(work, "a")
        response = PlainTextResponse("answer")
        await response(request.scope, request.receive, request._send)

        class Sent(PlainTextResponse):
            async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

        return Sent()


def test_no_success_is_told_before_the_commit(app: FastAPI, client: TestClient, store: Watched, notes: list[str]) -> None:
    sends_by_itself(app)

    assert client.get("/").text == "answer"
    assert notes == ["add 1", "release 1"]
    assert states(store.jobs()) == [State.QUEUED]


def test_nor_when_the_commit_fails(app: FastAPI, client: TestClient, store: Watched) -> None:
    sends_by_itself(app)
    store.fail("add", StoreUnavailable(store="there", why="the disk is full"))

    assert client.get("/").status_code >= 500
    assert store.jobs() == []


def test_an_endpoint_that_lets_another_application_answer(
    app: FastAPI, client: TestClient, store: Watched, notes: list[str]
) -> None:
    inner = FastAPI()

    @inner.get("/")
    async def answering(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "inner")

    class Passing(PlainTextResponse):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    @app.get("/")
    async def endpoint(request: Request, background_tasks: BackgroundTasks) -> PlainTextResponse:
        background_tasks.add_task(work, "outer")

        async def noting(message: Message) -> None:
            await request._send(message)
            notes.append(message["type"])

        await inner(dict(request.scope), request.receive, noting)
        return Passing()

    assert client.get("/").status_code == 200
    assert notes[:3] == ["add 1", "add 1", "http.response.start"]
    assert sorted(labels(store.jobs())) == ["inner", "outer"]
    assert states(store.jobs()) == [State.QUEUED] * 2


@pytest.mark.skipif(not hasattr(FastAPI, "frontend"), reason="this FastAPI has no app.frontend()")
def test_dependencies_of_a_frontend(store: Watched, notes: list[str], tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "index.html").write_text("hello")

    def audit(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(work, "audit")

    app = FastAPI(dependencies=[Depends(audit)])
    Afterword(app, worker=False)
    app.frontend("/", directory=folder)

    assert TestClient(app).get("/").text == "hello"
    assert labels(store.jobs()) == ["audit"]
    assert notes == ["add 1", "release 1"]


async def _receive() -> Message:
    return {"type": "http.request"}


def _into(sent: list[Message]) -> Send:
    async def send(message: Message) -> None:
        sent.append(message)

    return send
