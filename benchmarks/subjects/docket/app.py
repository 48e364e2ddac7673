"""An API that adds jobs to docket."""

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from docket import Docket
from fastapi import FastAPI

from benchmarks.subjects.docket.tasks import BY_NAME, TIMED


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with Docket(name="bench", url=os.environ["BENCH_REDIS"]) as docket:
        app.state.docket = docket
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/ping")
async def ping() -> dict[str, bool]:
    return {"ok": True}


@app.post("/add/{task}/{number}")
async def add(task: str, number: int, seconds: float = 0) -> dict[str, int]:
    arguments = (number, seconds) if task in TIMED else (number,)
    now = time.monotonic_ns()
    await app.state.docket.add(BY_NAME[task])(*arguments)
    return {"ns": now}
