"""Adds from every kind of place in which somebody may add. /<place>/<number> has task <number> on its way when it answers."""

import asyncio
import threading
import time

from fastapi import Depends, FastAPI, Request, Response, WebSocket
from ledger import note

from afterword import Afterword, BackgroundTasks, Tasks

app = FastAPI()
afterword = Afterword(app)


def work(number: int, text: str = "") -> None:
    note(number, "start")
    note(number, "end")


@app.middleware("http")
async def around(request: Request, call_next):
    place, _, number = request.url.path.strip("/").partition("/")
    if place == "middleware":
        await afterword.add(work, int(number))
        return Response()
    return await call_next(request)


@app.post("/coroutine/{number}")
async def coroutine(number: int, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work, number)


@app.post("/function/{number}")
def function(number: int, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work, number)


async def before(number: int, background_tasks: BackgroundTasks):
    background_tasks.add_task(work, number)
    yield


@app.post("/before_yield/{number}", dependencies=[Depends(before)])
async def before_yield(number: int) -> None: ...


def after(number: int, background_tasks: BackgroundTasks):
    yield
    background_tasks.add_task(work, number)


@app.post("/after_yield/{number}", dependencies=[Depends(after, scope="function")])
async def after_yield(number: int) -> None: ...


@app.post("/by_hand/{number}")
async def by_hand(number: int) -> Response:
    tasks = Tasks()
    tasks.add_task(work, number)
    return Response(background=tasks)


@app.websocket("/websocket/{number}")
async def websocket(websocket: WebSocket, number: int, background_tasks: BackgroundTasks) -> None:
    await websocket.accept()
    background_tasks.add_task(work, number)


@app.post("/add/{number}")
async def add(number: int, size: int = 0) -> float:
    """Answers with the seconds that it took."""
    began = time.perf_counter()
    await afterword.add(work, number, "x" * size)
    return time.perf_counter() - began


@app.post("/add_now/{number}")
def add_now(number: int) -> None:
    afterword.add_now(work, number)


@app.post("/thread/{number}")
def thread(number: int) -> None:
    run_in_a_thread(lambda: afterword.add_now(work, number))


@app.post("/thread_of_the_request/{number}")
def thread_of_the_request(number: int, background_tasks: BackgroundTasks) -> None:
    run_in_a_thread(lambda: background_tasks.add_task(work, number))


@app.post("/other_loop/{number}")
def other_loop(number: int) -> None:
    run_in_a_thread(lambda: asyncio.run(afterword.add(work, number)))


@app.get("/places")
def places() -> list[str]:
    """Those that are asked by POST."""
    paths = [str(getattr(route, "path", "")) for route in app.routes]
    return ["middleware", *(path.split("/")[1] for path in paths if path.endswith("{number}") and "websocket" not in path)]


def run_in_a_thread(what) -> None:
    thread = threading.Thread(target=what)
    thread.start()
    thread.join()
