"""An endpoint that adds one job."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from benchmarks.subjects.saq.tasks import arguments, queue


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    await queue.connect()
    yield
    await queue.disconnect()


app = FastAPI(lifespan=lifespan)


@app.get("/ping")
async def ping() -> dict[str, bool]:
    return {"ok": True}


@app.post("/add/{task}/{number}")
async def add(task: str, number: int, seconds: float = 0) -> dict[str, int]:
    now = time.monotonic_ns()
    await queue.enqueue(task, **arguments(task, number, seconds))
    return {"ns": now}
