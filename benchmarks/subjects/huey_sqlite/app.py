"""Adds by calling the task, which blocks: so the endpoint is a `def`, run in a thread."""

import time

from fastapi import FastAPI

from benchmarks.subjects.huey_sqlite.tasks import BY_NAME, arguments

app = FastAPI()


@app.get("/ping")
async def ping() -> dict[str, bool]:
    return {"ok": True}


@app.post("/add/{task}/{number}")
def add(task: str, number: int, seconds: float = 0) -> dict[str, int]:
    ns = time.monotonic_ns()
    BY_NAME[task](*arguments(task, number, seconds))
    return {"ns": ns}
