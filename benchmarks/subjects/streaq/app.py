"""An endpoint that adds one job."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from benchmarks.subjects.streaq.tasks import call, worker


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with worker:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/ping")
async def ping() -> dict[str, bool]:
    return {"ok": True}


@app.post("/add/{task}/{number}")
async def add(task: str, number: int, seconds: float = 0) -> dict[str, int]:
    now = time.monotonic_ns()
    await call(task, number, seconds)
    return {"ns": now}
