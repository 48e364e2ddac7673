"""The application that the tests serve by a real uvicorn, in a folder where files say what has happened and what may."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, StreamingResponse

from afterword import Afterword, BackgroundTasks

app = FastAPI()
Afterword(app, worker=False)


def work(label: str) -> None: ...


async def until(name: str) -> None:
    while not Path(name).exists():
        await asyncio.sleep(0.01)


@app.post("/add/{count}")
async def add(count: int, background_tasks: BackgroundTasks) -> None:
    for number in range(count):
        background_tasks.add_task(work, str(number))
    Path(f"added-{count}").touch()


@app.post("/slow")
async def slow(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(work, "slow")
    Path("began").touch()
    await until("go")


@app.get("/stream")
async def stream(background_tasks: BackgroundTasks) -> StreamingResponse:
    background_tasks.add_task(work, "endpoint")

    async def body() -> AsyncIterator[bytes]:
        while True:
            background_tasks.add_task(work, "stream")
            Path("began").touch()
            yield b"x" * 65536
            await asyncio.sleep(0.01)

    return StreamingResponse(body())


@app.get("/missing")
async def missing(background_tasks: BackgroundTasks) -> FileResponse:
    background_tasks.add_task(work, "missing")
    return FileResponse("there is no such file")
