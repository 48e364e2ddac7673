"""An endpoint that adds one job."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from arq import create_pool
from fastapi import FastAPI, Request

from benchmarks.subjects.arq.tasks import REDIS, arguments


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.redis = await create_pool(REDIS)
    yield
    await app.state.redis.aclose()


app = FastAPI(lifespan=lifespan)


@app.get("/ping")
async def ping() -> dict[str, bool]:
    return {"ok": True}


@app.post("/add/{task}/{number}")
async def add(request: Request, task: str, number: int, seconds: float = 0) -> dict[str, int]:
    now = time.monotonic_ns()
    await request.app.state.redis.enqueue_job(task, *arguments(task, number, seconds))
    return {"ns": now}
