"""An endpoint that adds one job. RQ blocks, so FastAPI is to run it in a thread."""

import os
import time

from fastapi import FastAPI
from redis import Redis
from rq import Queue

from benchmarks.subjects.rq.tasks import TASKS, arguments

queue = Queue(connection=Redis.from_url(os.environ["BENCH_REDIS"]))
app = FastAPI()


@app.get("/ping")
async def ping() -> dict[str, bool]:
    return {"ok": True}


@app.post("/add/{task}/{number}")
def add(task: str, number: int, seconds: float = 0) -> dict[str, int]:
    now = time.monotonic_ns()
    queue.enqueue(TASKS[task], *arguments(task, number, seconds))
    return {"ns": now}
