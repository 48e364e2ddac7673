"""An API that adds jobs to procrastinate, with its own pool of connections."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from benchmarks.subjects.procrastinate.tasks import BY_NAME, arguments
from benchmarks.subjects.procrastinate.tasks import app as jobs


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with jobs.open_async():
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/ping")
async def ping() -> dict[str, bool]:
    return {"ok": True}


@app.post("/add/{task}/{number}")
async def add(task: str, number: int, seconds: float = 0) -> dict[str, int]:
    now = time.monotonic_ns()
    await BY_NAME[task].defer_async(**arguments(task, number, seconds))
    return {"ns": now}
