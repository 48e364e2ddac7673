"""An API that adds jobs to litequeue."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from benchmarks.subjects.litequeue.queue import data, opened


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.queue = opened()
    yield
    app.state.queue.close()


app = FastAPI(lifespan=lifespan)


@app.get("/ping")
async def ping() -> dict[str, bool]:
    return {"ok": True}


@app.post("/add/{task}/{number}")
async def add(task: str, number: int, seconds: float = 0) -> dict[str, int]:
    """On the event loop, as it takes some ten microseconds without fsync; a thread would cost more than it gives."""
    now = time.monotonic_ns()
    app.state.queue.put(data(task, number, seconds))
    return {"ns": now}
